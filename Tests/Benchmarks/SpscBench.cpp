#include "SpscBench.h"
#include "Threads.h"

#include <rt_queues/rt_queues.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <readerwriterqueue/readerwriterqueue.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

extern "C"
{
#include <ck_cc.h>
#include <ck_md.h>
#include <ck_pr.h>
#include <ck_stdbool.h>
#include <ck_string.h>

// This header is C: it returns false where it should return a null pointer, which C++ takes no offence at when it is 0.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define false 0
#include <ck_ring.h>
#undef false
}

namespace bench
{

namespace
{
using Item = std::uint64_t;
constexpr std::size_t capacity = 1024;

// Every contender below is a `tryPush (Item)` and a `tryPop (Item&)`, called by one thread each.

/** Ours with a fixed stock of nodes, which the consumer sends back: no allocation on either side. */
class Ours
{
public:
    bool tryPush (Item item) noexcept
    {
        auto node = store.take();

        if (! node)
            return false;

        queue.emplace (std::move (node), item);
        return true;
    }

    bool tryPop (Item& item) noexcept
    {
        auto node = queue.pop();

        if (! node)
            return false;

        item = *node;
        store.give (std::move (node));
        return true;
    }

private:
    rt::NodeStore<Item> store{ capacity };
    rt::NodeQueue<Item> queue;
};

/** Ours on one thread: the node that was popped is pushed again. */
class OursRecycling
{
public:
    bool tryPush (Item item) noexcept
    {
        queue.emplace (std::move (node), item);
        return true;
    }

    bool tryPop (Item& item) noexcept
    {
        node = queue.pop();
        item = *node;
        return true;
    }

private:
    rt::NodePtr<Item> node = rt::makeNode<Item> (0u);
    rt::NodeQueue<Item> queue;
};

/** Ours with a node allocated for each push and freed after each pop: what a careless user gets. */
class OursAllocating
{
public:
    bool tryPush (Item item)
    {
        queue.push (rt::makeNode<Item> (item));
        return true;
    }

    bool tryPop (Item& item) noexcept
    {
        const auto node = queue.pop();

        if (! node)
            return false;

        item = *node;
        return true;
    }

private:
    rt::NodeQueue<Item> queue;
};

class Boost
{
public:
    bool tryPush (Item item) { return queue.push (item); }
    bool tryPop (Item& item) { return queue.pop (item); }

private:
    boost::lockfree::spsc_queue<Item, boost::lockfree::capacity<capacity>> queue;
};

class Moodycamel
{
public:
    bool tryPush (Item item) { return queue.try_enqueue (item); }
    bool tryPop (Item& item) { return queue.try_dequeue (item); }

private:
    moodycamel::ReaderWriterQueue<Item> queue{ capacity };
};

/** Its ring carries pointers, so the item is one. */
class Ck
{
public:
    Ck() { ck_ring_init (&ring, capacity); }

    bool tryPush (Item item) { return ck_ring_enqueue_spsc (&ring, slots.data(), reinterpret_cast<void*> (item)); }

    bool tryPop (Item& item)
    {
        void* pointer = nullptr;

        if (! ck_ring_dequeue_spsc (&ring, slots.data(), &pointer))
            return false;

        item = reinterpret_cast<Item> (pointer);
        return true;
    }

private:
    ck_ring_t ring{};
    std::array<ck_ring_buffer_t, capacity> slots{};
};

/** No queue: what the loop costs by itself. Nothing gets from one end to the other. */
class Nothing
{
public:
    bool tryPush (Item item) noexcept
    {
        pushed = item;
        keep (pushed);
        return true;
    }

    bool tryPop (Item& item) noexcept
    {
        keep (popped);
        item = popped;
        return true;
    }

private:
    alignas (128) Item pushed = 0;
    alignas (128) Item popped = 0;
};

/** One thread: an item pushed and popped again. */
template <typename Queue>
std::vector<Value> measurePair()
{
    constexpr Item numPairs = 3'000'000;
    const auto queue = std::make_unique<Queue>();
    Item sum = 0;
    const auto start = Clock::now();

    for (Item i = 0; i < numPairs; ++i)
    {
        Item item = 0;
        queue->tryPush (i);
        keep (*queue);
        queue->tryPop (item);
        sum += item;
    }

    const auto nanoseconds = nanosecondsSince (start);
    keep (sum);
    return { { "ns_per_op", nanoseconds / static_cast<double> (numPairs) } };
}

/** Two threads, one pushing and one popping as fast as they can. */
template <typename Queue>
std::vector<Value> measureThroughput()
{
    constexpr Item numItems = 1'000'000;
    const auto queue = std::make_unique<Queue>();

    const auto consume = [&]
    {
        for (Item i = 0; i < numItems; ++i)
        {
            Item item = 0;
            spinUntil ([&] { return queue->tryPop (item); });
            keep (item);
        }
    };

    const auto produce = [&]
    {
        for (Item i = 0; i < numItems; ++i)
            spinUntil ([&] { return queue->tryPush (i); });
    };

    return { { "ops_per_s", 1e9 * static_cast<double> (numItems) / runOnTwoCores (consume, produce) } };
}

/** Two threads: an item there and back, one at a time. `ask` and `answer` send; the others say whether it came. */
template <typename Ask, typename HasCome, typename Answer, typename HasReturned>
std::vector<Value> measureRoundTrips (Ask ask, HasCome hasCome, Answer answer, HasReturned hasReturned)
{
    constexpr std::size_t numTrips = 50'000;
    std::vector<double> trips (numTrips);

    const auto play = [&]
    {
        auto last = Clock::now();

        for (auto& trip : trips)
        {
            ask();
            spinUntil (hasReturned);

            const auto now = Clock::now();
            trip = std::chrono::duration<double, std::nano> (now - last).count();
            last = now;
        }
    };

    const auto reply = [&]
    {
        for (std::size_t i = 0; i < numTrips; ++i)
        {
            spinUntil (hasCome);
            answer();
        }
    };

    runOnTwoCores (play, reply);
    std::sort (trips.begin(), trips.end());

    const auto percentile = [&] (double share) { return trips[static_cast<std::size_t> (share * (numTrips - 1))]; };

    return { { "p50", percentile (0.5) },
             { "p99", percentile (0.99) },
             { "p999", percentile (0.999) },
             { "p9999", percentile (0.9999) } };
}

/** Through two of a rival's queues. */
template <typename Queue>
std::vector<Value> measureQueueTrips()
{
    const auto there = std::make_unique<Queue>();
    const auto back = std::make_unique<Queue>();
    alignas (128) Item asked = 1; // one thread's, and the other's
    alignas (128) Item answered = 0;

    return measureRoundTrips ([&] { there->tryPush (asked); }, [&] { return there->tryPop (answered); },
                              [&] { back->tryPush (answered); }, [&] { return back->tryPop (asked); });
}

/** Through two of ours: the answer travels in the question's node. */
std::vector<Value> measureNodeTrips()
{
    rt::NodeQueue<Item> there, back;
    alignas (128) auto asked = rt::makeNode<Item> (1u); // one thread's, and the other's
    alignas (128) rt::NodePtr<Item> answered;

    const auto take = [] (auto& queue, auto& node)
    {
        node = queue.pop();
        return node.get() != nullptr;
    };

    return measureRoundTrips ([&] { there.push (std::move (asked)); }, [&] { return take (there, answered); },
                              [&] { back.push (std::move (answered)); }, [&] { return take (back, asked); });
}

/** No queue: a cache line there and back. */
std::vector<Value> measureLineTrips()
{
    alignas (128) std::atomic<Item> line{ 0 };

    return measureRoundTrips (
        [&] { line.store (1, std::memory_order_release); }, [&] { return line.load (std::memory_order_acquire) == 1; },
        [&] { line.store (2, std::memory_order_release); }, [&] { return line.load (std::memory_order_acquire) == 2; });
}
} // namespace

std::vector<Bench> getSpscBenches()
{
    return {
        { "spsc.pair",
          false,
          { { "ours", measurePair<OursRecycling> },
            { "ours/allocating", measurePair<OursAllocating> },
            { "boost", measurePair<Boost> },
            { "moodycamel-rwq", measurePair<Moodycamel> },
            { "ck", measurePair<Ck> },
            { "loop", measurePair<Nothing> } } },
        { "spsc.throughput",
          true,
          { { "ours", measureThroughput<Ours> },
            { "ours/allocating", measureThroughput<OursAllocating> },
            { "boost", measureThroughput<Boost> },
            { "moodycamel-rwq", measureThroughput<Moodycamel> },
            { "ck", measureThroughput<Ck> },
            { "loop", measureThroughput<Nothing> } } },
        { "spsc.rtt",
          true,
          { { "ours", measureNodeTrips },
            { "boost", measureQueueTrips<Boost> },
            { "moodycamel-rwq", measureQueueTrips<Moodycamel> },
            { "ck", measureQueueTrips<Ck> },
            { "loop", measureLineTrips } } },
    };
}

} // namespace bench
