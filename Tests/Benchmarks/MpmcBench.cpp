#include "MpmcBench.h"
#include "CkFifo.h"
#include "Threads.h"

#include <rt_queues/CrTurnQueue.h>

#include <boost/lockfree/queue.hpp>
#include <cds/container/msqueue.h>
#include <cds/gc/hp.h>
#include <cds/init.h>
#include <concurrentqueue/concurrentqueue.h>
#include <tbb/concurrent_queue.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace bench
{

namespace
{
using Item = std::uint64_t;
constexpr std::size_t reserved = 1024; // items that a queue has room for before it allocates, where that can be chosen

// Every contender below is a queue with a `Use`, which each thread makes for itself, outside of what is timed. A Use has
// `bool tryPush (Item)` and `bool tryPop (Item&)`; both may be refused, and are then tried again.

class Ours
{
public:
    class Use
    {
    public:
        explicit Use (Ours& owner) : queue (owner.queue), slot (queue.attach (reserved)) {}

        bool tryPush (Item item)
        {
            queue.enqueue (slot, std::move (item));
            return true;
        }

        bool tryPop (Item& item)
        {
            const auto taken = queue.tryDequeue (slot);
            item = taken.value_or (item);
            return taken.has_value();
        }

    private:
        rt::CrTurnQueue<Item>& queue;
        rt::CrTurnQueue<Item>::Slot slot;
    };

private:
    rt::CrTurnQueue<Item> queue;
};

/** A queue that threads use without being known to it. */
template <typename Queue>
class Anonymous
{
public:
    class Use
    {
    public:
        explicit Use (Anonymous& owner) : queue (owner.queue) {}

        bool tryPush (Item item) { return queue.tryPush (item); }
        bool tryPop (Item& item) { return queue.tryPop (item); }

    private:
        Queue& queue;
    };

private:
    Queue queue;
};

class Boost
{
public:
    bool tryPush (Item item) { return queue.push (item); }
    bool tryPop (Item& item) { return queue.pop (item); }

private:
    boost::lockfree::queue<Item> queue{ reserved };
};

class Moodycamel
{
public:
    bool tryPush (Item item) { return queue.enqueue (item); }
    bool tryPop (Item& item) { return queue.try_dequeue (item); }

private:
    moodycamel::ConcurrentQueue<Item> queue{ reserved };
};

class Tbb
{
public:
    bool tryPush (Item item)
    {
        queue.push (item);
        return true;
    }

    bool tryPop (Item& item) { return queue.try_pop (item); }

private:
    tbb::concurrent_queue<Item> queue;
};

class Mutex
{
public:
    bool tryPush (Item item)
    {
        const std::lock_guard lock (mutex);
        items.push_back (item);
        return true;
    }

    bool tryPop (Item& item)
    {
        const std::lock_guard lock (mutex);

        if (items.empty())
            return false;

        item = items.front();
        items.pop_front();
        return true;
    }

private:
    std::mutex mutex;
    std::deque<Item> items;
};

class Ck
{
public:
    class Use
    {
    public:
        explicit Use (Ck& owner) : thread (joinCkFifo (owner.queue.get())) {}

        bool tryPush (Item item) { return pushCkFifo (thread.get(), item); }
        bool tryPop (Item& item) { return popCkFifo (thread.get(), &item); }

    private:
        struct Leave
        {
            void operator() (CkFifoThread* t) const { leaveCkFifo (t); }
        };

        std::unique_ptr<CkFifoThread, Leave> thread;
    };

private:
    struct Free
    {
        void operator() (CkFifo* q) const { freeCkFifo (q); }
    };

    std::unique_ptr<CkFifo, Free> queue{ makeCkFifo() };
};

/** Michael and Scott's queue with hazard pointers. */
class Libcds
{
public:
    class Use
    {
    public:
        explicit Use (Libcds& owner) : queue (owner.queue) { cds::threading::Manager::attachThread(); }
        ~Use() { cds::threading::Manager::detachThread(); }
        Use (const Use&) = delete;
        Use& operator= (const Use&) = delete;

        bool tryPush (Item item) { return queue.enqueue (item); }
        bool tryPop (Item& item) { return queue.dequeue (item); }

    private:
        cds::container::MSQueue<cds::gc::HP, Item>& queue;
    };

private:
    // Once, for the thread that makes and destroys the queues; never ended.
    struct Library
    {
        Library()
        {
            [[maybe_unused]] static auto* const hazardPointers = []
            {
                cds::Initialize();
                auto* const made = new cds::gc::HP;
                cds::threading::Manager::attachThread();
                return made;
            }();
        }
    };

    Library library;
    cds::container::MSQueue<cds::gc::HP, Item> queue;
};

/** No queue: what the loop costs by itself. Nothing gets from one thread to another. */
class Nothing
{
public:
    class Use
    {
    public:
        explicit Use (Nothing&) {}

        bool tryPush (Item item) noexcept
        {
            pushed = item;
            keep (pushed);
            return true;
        }

        bool tryPop (Item& item) noexcept
        {
            keep (pushed);
            item = pushed;
            return true;
        }

    private:
        alignas (128) Item pushed = 0;
    };
};

/** Tries until it works. There are more threads than cores, so that giving way is part of waiting. */
template <typename Try>
void insist (Try&& tryIt)
{
    for (std::uint32_t tries = 1; ! tryIt(); ++tries)
    {
        if (tries % 64 == 0)
            std::this_thread::yield();
        else
            __builtin_ia32_pause();
    }
}

/** One thread: an item pushed and popped again. */
template <typename Queue>
std::vector<Value> measurePair()
{
    constexpr Item numPairs = 300'000;
    const auto queue = std::make_unique<Queue>();
    Item sum = 0;

    // A thread of its own, as some contenders want it.
    const auto nanoseconds = runOnAllCores (1,
                                            [&] (int)
                                            {
                                                return [&, use = std::make_shared<typename Queue::Use> (*queue)]
                                                {
                                                    for (Item i = 0; i < numPairs; ++i)
                                                    {
                                                        Item item = 0;
                                                        use->tryPush (i);
                                                        keep (*use);
                                                        use->tryPop (item);
                                                        sum += item;
                                                    }
                                                };
                                            });

    keep (sum);
    return { { "ns_per_op", nanoseconds / static_cast<double> (numPairs) } };
}

/** As many threads that push as that pop, each the same number of items, as fast as they can. */
template <typename Queue, int numPairs>
std::vector<Value> measureThroughput()
{
    constexpr Item numItems = 240'000;
    const auto queue = std::make_unique<Queue>();

    const auto prepare = [&queue] (int thread) -> std::function<void()>
    {
        const auto use = std::make_shared<typename Queue::Use> (*queue);

        // Each core has producers and consumers, except where there is one of each.
        if (numPairs == 1 ? thread == 0 : thread / 2 % 2 == 0)
            return [use]
            {
                for (Item i = 0; i < numItems / numPairs; ++i)
                    insist ([&] { return use->tryPush (i); });
            };

        return [use]
        {
            for (Item i = 0; i < numItems / numPairs; ++i)
            {
                Item item = 0;
                insist ([&] { return use->tryPop (item); });
                keep (item);
            }
        };
    };

    return { { "ops_per_s", 1e9 * static_cast<double> (numItems) / runOnAllCores (2 * numPairs, prepare) } };
}

enum class Operation
{
    enqueue,
    dequeue
};

/** Two threads on two cores, each pushing and popping in turn: how long each single operation takes. */
template <typename Queue, Operation operation>
std::vector<Value> measureLatency()
{
    constexpr std::size_t numOperations = 100'000;
    const auto queue = std::make_unique<Queue>();
    std::vector<double> times (2 * numOperations);

    const auto prepare = [&] (int thread)
    {
        return [&, first = static_cast<std::size_t> (thread) * numOperations,
                use = std::make_shared<typename Queue::Use> (*queue)]
        {
            for (std::size_t i = 0; i < numOperations; ++i)
            {
                Item item = 0;
                const auto before = readTicks();
                insist ([&] { return use->tryPush (i); });
                const auto between = readTicks();
                insist ([&] { return use->tryPop (item); });
                const auto after = readTicks();
                keep (item);

                const auto ticks = operation == Operation::enqueue ? between - before : after - between;
                times[first + i] = static_cast<double> (ticks);
            }
        };
    };

    runOnAllCores (2, prepare);
    std::sort (times.begin(), times.end());

    const auto percentile = [&times] (double share)
    { return getNanosecondsPerTick() * times[static_cast<std::size_t> (share * static_cast<double> (times.size() - 1))]; };

    return { { "p50", percentile (0.5) },
             { "p99", percentile (0.99) },
             { "p999", percentile (0.999) },
             { "p9999", percentile (0.9999) } };
}

template <typename Measure>
std::vector<Contender> getContenders (Measure measure)
{
    return { { "ours", [=] { return measure.template operator()<Ours>(); } },
             { "boost", [=] { return measure.template operator()<Anonymous<Boost>>(); } },
             { "moodycamel-cq", [=] { return measure.template operator()<Anonymous<Moodycamel>>(); } },
             { "ck", [=] { return measure.template operator()<Ck>(); } },
             { "libcds", [=] { return measure.template operator()<Libcds>(); } },
             { "tbb", [=] { return measure.template operator()<Anonymous<Tbb>>(); } },
             { "mutex", [=] { return measure.template operator()<Anonymous<Mutex>>(); } },
             { "loop", [=] { return measure.template operator()<Nothing>(); } } };
}
} // namespace

std::vector<Bench> getMpmcBenches()
{
    const auto pair = []<typename Q> { return measurePair<Q>(); };
    const auto one = []<typename Q> { return measureThroughput<Q, 1>(); };
    const auto two = []<typename Q> { return measureThroughput<Q, 2>(); };
    const auto four = []<typename Q> { return measureThroughput<Q, 4>(); };
    const auto enqueue = []<typename Q> { return measureLatency<Q, Operation::enqueue>(); };
    const auto dequeue = []<typename Q> { return measureLatency<Q, Operation::dequeue>(); };

    return {
        { "mpmc.pair", false, getContenders (pair) },
        { "mpmc.throughput.1p1c", true, getContenders (one) },
        { "mpmc.throughput.2p2c", true, getContenders (two) },
        { "mpmc.throughput.4p4c", true, getContenders (four) },
        { "mpmc.latency.enqueue", true, getContenders (enqueue) },
        { "mpmc.latency.dequeue", true, getContenders (dequeue) },
    };
}

} // namespace bench
