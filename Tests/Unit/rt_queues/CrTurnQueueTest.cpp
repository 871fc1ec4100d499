#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/TurnMpscQueue.h>
#include <rt_queues/TurnSpmcQueue.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <thread>

namespace
{

struct Value : test::Counted<struct CrTurnQueueTestTag>
{
    explicit Value (int n = 0) : number (n) {}
    Value (Value&&) noexcept = default;
    Value& operator= (Value&&) noexcept = default;
    int number;
};

using Queue = rt::CrTurnQueue<Value>;

static_assert (! std::is_copy_constructible_v<Queue> && ! std::is_move_constructible_v<Queue>);
static_assert (noexcept (std::declval<Queue&>().tryEnqueue (std::declval<Queue::Slot&>(), std::declval<Value&>())));
static_assert (noexcept (std::declval<Queue&>().tryDequeue (std::declval<Queue::Slot&>())));
static_assert (std::is_nothrow_move_constructible_v<Queue::Slot> && ! std::is_copy_constructible_v<Queue::Slot>);

/** How many values the slot can enqueue before it is refused. */
template <typename AnyQueue>
int countRoom (AnyQueue& queue, typename AnyQueue::Slot& slot, int most)
{
    for (int i = 0; i < most; ++i)
        if (Value value (i); ! queue.tryEnqueue (slot, value))
            return i;

    return most;
}

} // namespace

TEMPLATE_TEST_CASE ("Values come out of a turn queue in the order in which they went in", "", rt::CrTurnQueue<Value>,
                    rt::TurnMpscQueue<Value>, rt::TurnSpmcQueue<Value>)
{
    for (const auto fastTries : { 0u, 6u })
    {
        {
            TestType queue (fastTries);
            auto producer = queue.attach();
            auto consumer = queue.attach();
            CHECK (queue.looksEmpty());
            CHECK (! queue.tryDequeue (consumer));

            for (int round = 0; round < 30; ++round)
            {
                for (int i = 0; i < 100; ++i)
                    queue.enqueue (producer, Value (i));

                CHECK (! queue.looksEmpty());
                CHECK (Value::getNumAlive() == 100);

                for (int i = 0; i < 100; ++i)
                {
                    const auto value = queue.tryDequeue (consumer);
                    REQUIRE (value);
                    REQUIRE (value->number == i);
                }

                CHECK (! queue.tryDequeue (consumer));
                CHECK (queue.looksEmpty());
                CHECK (Value::getNumAlive() == 0);
            }
        }

        CHECK (Value::getNumAlive() == 0);
    }
}

TEST_CASE ("A queue that was never used, and one that ends with values inside, leave nothing behind")
{
    const auto numLeaked = test::countLeaks (
        []
        {
            Queue neverUsed;
            rt::CrTurnQueue<std::string> withStrings;
            auto slot = withStrings.attach (2);

            for (int i = 0; i < 200; ++i)
                withStrings.enqueue (slot, std::string (100, 'x'));

            for (int i = 0; i < 50; ++i)
                static_cast<void> (withStrings.tryDequeue (slot));
        });

    CHECK (numLeaked == 0);
}

TEST_CASE ("tryEnqueue works from the pool, refuses when it is exhausted, and leaves the value alone then")
{
    rt::CrTurnQueue<std::unique_ptr<int>> queue;
    auto slot = queue.attach (10);

    for (int i = 0; i < 10; ++i)
    {
        auto value = std::make_unique<int> (i);
        REQUIRE (queue.tryEnqueue (slot, value));
        REQUIRE (value == nullptr);
    }

    auto refused = std::make_unique<int> (10);
    CHECK_FALSE (queue.tryEnqueue (slot, refused));
    REQUIRE (refused != nullptr);
    CHECK (*refused == 10);

    // A node that was dequeued is only used again once another one has taken its place at the head.
    CHECK (**queue.tryDequeue (slot) == 0);
    CHECK (**queue.tryDequeue (slot) == 1);
    CHECK (**queue.tryDequeue (slot) == 2);
    CHECK (queue.tryEnqueue (slot, refused));

    const auto numNodes = queue.getNumNodes();

    for (int i = 11; i < 200; ++i)
        queue.enqueue (slot, std::make_unique<int> (i));

    CHECK (queue.getNumNodes() > numNodes);

    for (int i = 3; i < 200; ++i)
        REQUIRE (**queue.tryDequeue (slot) == i);
}

TEST_CASE ("One-way traffic for ever needs no more nodes than it began with: they come home")
{
    Queue queue;
    constexpr int numInside = 4;

    // What the contract asks for: the values inside, and what each of two slots may hold back until it scans.
    auto producer = queue.attach (numInside + 2 * 16);
    auto consumer = queue.attach (0);
    const auto numNodes = queue.getNumNodes();

    const auto numAllocations = test::countAllocations (
        [&]
        {
            test::Expect expect;

            for (int i = 0; i < 100'000; ++i)
            {
                Value value (i);
                expect (queue.tryEnqueue (producer, value));

                if (i >= numInside - 1)
                    expect (queue.tryDequeue (consumer)->number == i - (numInside - 1));
            }

            if (expect.getFirstWrong() != 0)
                std::abort();
        });

    CHECK (numAllocations == 0);
    CHECK (queue.getNumNodes() == numNodes);
}

TEST_CASE ("Slots: sixty-four of them, lowest first, given back when they end, moved without being given back")
{
    Queue queue;
    std::vector<Queue::Slot> slots;

    for (unsigned i = 0; i < Queue::maxSlots; ++i)
    {
        slots.push_back (queue.attach (1));
        REQUIRE (slots.back());
    }

    CHECK_FALSE (queue.attach (1));

    slots.erase (slots.begin() + 20, slots.begin() + 40);
    auto again = queue.attach (1);
    REQUIRE (again);

    auto moved = std::move (again);
    CHECK (moved);
    queue.enqueue (moved, Value (7));
    CHECK (queue.tryDequeue (slots.front())->number == 7);

    moved.detach();
    CHECK_FALSE (moved);
    moved.detach();
    CHECK (queue.attach (1));
}

TEST_CASE ("What a slot leaves behind is there for the next one, and for others off the real-time threads")
{
    Queue queue;

    {
        auto first = queue.attach (100);
        CHECK (countRoom (queue, first, 50) == 50);
        auto taker = queue.attach (0);

        for (int i = 0; i < 50; ++i)
            REQUIRE (queue.tryDequeue (taker)->number == i);
    }

    // The same slot: nothing new is needed.
    const auto numNodes = queue.getNumNodes();
    auto next = queue.attach (60);
    CHECK (queue.getNumNodes() == numNodes);
    CHECK (countRoom (queue, next, 60) == 60);

    // A slot that is too small adopts what lies idle before it makes more.
    Queue other;
    auto keeper = other.attach (0);

    {
        auto leaving = other.attach (100);
    }

    const auto before = other.getNumNodes();

    for (int i = 0; i < 90; ++i)
        other.enqueue (keeper, Value (i));

    CHECK (other.getNumNodes() == before);
}

TEST_CASE ("Without a slot: a thread gets one of its own, which ends with it or with the queue")
{
    auto queue = std::make_unique<Queue>();
    queue->enqueue (Value (1));
    std::thread ([&] { CHECK (queue->tryDequeue()->number == 1); }).join();

    // Each thread gave its slot back: a hundred of them fit in turn.
    for (int i = 0; i < 100; ++i)
        std::thread ([&] { queue->enqueue (Value (i)); }).join();

    for (int i = 0; i < 100; ++i)
        CHECK (queue->tryDequeue()->number == i);

    // Slots that all are taken are an error to be told.
    std::vector<Queue::Slot> slots;

    while (auto slot = queue->attach (1))
        slots.push_back (std::move (slot));

    std::thread ([&] { CHECK_THROWS_WITH (queue->tryDequeue(), Catch::Contains ("slots")); }).join();
    slots.clear();

    // The queue ends while a thread that has used it lives on.
    std::atomic<int> stage{ 0 };
    std::thread survivor (
        [&]
        {
            queue->enqueue (Value (5));
            stage = 1;

            while (stage != 2)
                std::this_thread::yield();
        });

    while (stage != 1)
        std::this_thread::yield();

    queue.reset();
    stage = 2;
    survivor.join();
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("Threads that end in the middle of traffic leave everything in order")
{
    {
        Queue queue;
        std::atomic<int> numOut{ 0 };
        constexpr int numThreads = 24, numEach = 500;
        std::vector<std::thread> threads;

        for (int i = 0; i < numThreads; ++i)
            threads.emplace_back (
                [&]
                {
                    // Some with a slot of their own, and some that come without.
                    auto slot = queue.attach (8);

                    for (int n = 0; n < numEach; ++n)
                    {
                        queue.enqueue (slot, Value (n));

                        if (auto value = n % 2 == 0 ? queue.tryDequeue (slot) : queue.tryDequeue())
                            ++numOut;
                    }
                });

        for (auto& thread : threads)
            thread.join();

        auto slot = queue.attach();

        while (queue.tryDequeue (slot))
            ++numOut;

        CHECK (numOut == numThreads * numEach);
    }

    CHECK (Value::getNumAlive() == 0);
}
