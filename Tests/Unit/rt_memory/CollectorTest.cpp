#include <rt_memory/Collector.h>
#include <rt_memory/Owned.h>
#include <rt_memory/Shared.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Value : test::Counted<struct CollectorTestTag>
{
    explicit Value (int n = 0, std::vector<int>* logToUse = nullptr) : number (n), log (logToUse) {}
    Value (const Value&) = delete;

    ~Value()
    {
        if (log != nullptr)
            log->push_back (number);
    }

    int number;
    std::vector<int>* log;
};

/** Keeps others alive. */
struct Holder : test::Counted<struct CollectorTestTag>
{
    rt::Shared<Holder> next;
    rt::Owned<Value> value;
};

int getNumAlive() { return Value::getNumAlive(); }

void checkStats (const rt::Collector& collector, std::size_t allocated, std::size_t collected, std::size_t pending)
{
    const auto stats = collector.getStats();
    CHECK (stats.allocated == allocated);
    CHECK (stats.collected == collected);
    CHECK (stats.pending == pending);
}

rt::Shared<Holder> makeChain (rt::Collector& collector, int length)
{
    rt::Shared<Holder> chain;

    for (int i = 0; i < length; ++i)
    {
        auto holder = rt::makeShared<Holder> (collector);
        holder->next = std::move (chain);
        chain = std::move (holder);
    }

    return chain;
}

static_assert (! std::is_copy_constructible_v<rt::Collector> && ! std::is_move_constructible_v<rt::Collector>);
static_assert (noexcept (std::declval<rt::Collector&>().collect()) && noexcept (std::declval<rt::Collector&>().getStats()));

} // namespace

TEST_CASE ("A new collector has nothing to collect")
{
    rt::Collector collector;
    CHECK (collector.collect() == 0);
    checkStats (collector, 0, 0, 0);
}

TEST_CASE ("Only collect() destroys, and says how many")
{
    rt::Collector collector;
    auto owned = rt::makeOwned<Value> (collector);
    auto shared = rt::makeShared<Value> (collector);
    auto kept = rt::makeShared<Value> (collector);
    checkStats (collector, 3, 0, 0);

    owned.reset();
    shared.reset();
    CHECK (getNumAlive() == 3);
    checkStats (collector, 3, 0, 2);

    CHECK (collector.collect() == 2);
    CHECK (getNumAlive() == 1);
    checkStats (collector, 3, 2, 0);
    CHECK (collector.collect() == 0);

    kept.reset();
    CHECK (collector.collect() == 1);
    checkStats (collector, 3, 3, 0);
}

TEST_CASE ("collect() destroys oldest first, and at most as many as it may")
{
    rt::Collector collector;
    std::vector<int> log;

    for (int i = 0; i < 5; ++i)
        rt::makeOwned<Value> (collector, i, &log);

    CHECK (collector.collect (0) == 0);
    CHECK (collector.collect (2) == 2);
    CHECK (log == std::vector{ 0, 1 });
    checkStats (collector, 5, 2, 3);
    CHECK (collector.collect (2) == 2);
    CHECK (collector.collect (2) == 1);
    CHECK (log == std::vector{ 0, 1, 2, 3, 4 });
}

TEST_CASE ("What a collected object drops is collected as well, within the same budget")
{
    rt::Collector collector;
    auto chain = makeChain (collector, 3);
    chain->value = rt::makeOwned<Value> (collector);
    chain.reset();
    checkStats (collector, 4, 0, 1);
    CHECK (collector.collect (2) == 2);
    CHECK (collector.collect() == 2);
    CHECK (getNumAlive() == 0);
}

TEST_CASE ("A long chain dies without recursion")
{
    constexpr int length = 300000;

    SECTION ("while the collector exists")
    {
        rt::Collector collector;
        makeChain (collector, length).reset();
        CHECK (collector.collect() == static_cast<std::size_t> (length));
    }

    SECTION ("with the collector")
    {
        rt::Collector collector;
        makeChain (collector, length).reset();
    }

    SECTION ("after the collector")
    {
        auto collector = std::make_unique<rt::Collector>();
        auto chain = makeChain (*collector, length);
        collector.reset();
        CHECK (getNumAlive() == length);
        chain.reset();
    }

    CHECK (getNumAlive() == 0);
}

TEST_CASE ("Objects die on the collecting thread, whoever dropped them")
{
    struct RecordsThread
    {
        ~RecordsThread() { where = std::this_thread::get_id(); }
        std::thread::id& where;
    };

    rt::Collector collector;
    std::thread::id ownedDied, sharedDied;
    auto owned = rt::makeOwned<RecordsThread> (collector, ownedDied);
    auto shared = rt::makeShared<RecordsThread> (collector, sharedDied);

    std::thread ([o = std::move (owned), s = std::move (shared)] {}).join();
    CHECK (ownedDied == std::thread::id());
    CHECK (sharedDied == std::thread::id());

    SECTION ("the one that made them") { collector.collect(); }
    SECTION ("another")
    {
        std::thread::id other;
        std::thread (
            [&]
            {
                other = std::this_thread::get_id();
                collector.collect();
            })
            .join();
        CHECK (ownedDied == other);
        CHECK (sharedDied == other);
        return;
    }

    CHECK (ownedDied == std::this_thread::get_id());
    CHECK (sharedDied == std::this_thread::get_id());
}

TEST_CASE ("An object whose constructor throws leaves nothing behind")
{
    struct Throws
    {
        Throws() { throw std::runtime_error ("no"); }
    };

    rt::Collector collector;
    int numThrown = 0;
    const auto leaks = test::countLeaks (
        [&]
        {
            try
            {
                rt::makeOwned<Throws> (collector);
            }
            catch (const std::runtime_error&)
            {
                ++numThrown;
            }

            try
            {
                rt::makeShared<Throws> (collector);
            }
            catch (const std::runtime_error&)
            {
                ++numThrown;
            }
        });

    CHECK (numThrown == 2);
    CHECK (leaks == 0);
    checkStats (collector, 0, 0, 0);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("A collector's destructor destroys what is pending", "[teardown]")
{
    const auto numPending = GENERATE (0, 1, 5);

    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   rt::Collector collector;

                   for (int i = 0; i < numPending; ++i)
                       rt::makeShared<Value> (collector);

                   expect (getNumAlive() == numPending);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (getNumAlive() == 0);
}

TEST_CASE ("Objects outlive their collector, and the last one to go leaves nothing", "[teardown]")
{
    const std::string order = GENERATE ("as made", "reversed", "on other threads");
    test::Expect expect;
    std::thread ([] {}).join(); // a run-time library may keep something of the first thread for the next ones
    CHECK (test::countLeaks (
               [&]
               {
                   auto collector = std::make_unique<rt::Collector>();
                   auto owned = rt::makeOwned<Value> (*collector, 1);
                   auto shared = rt::makeShared<Value> (*collector, 2);
                   auto copy = shared;
                   rt::makeShared<Value> (*collector, 3);
                   expect (getNumAlive() == 3);

                   collector.reset();
                   expect (getNumAlive() == 2);
                   expect (owned->number == 1);
                   expect (copy->number == 2);

                   if (order == "as made")
                   {
                       owned.reset();
                       expect (getNumAlive() == 1);
                       shared.reset();
                       expect (getNumAlive() == 1);
                       copy.reset();
                       expect (getNumAlive() == 0);
                   }

                   if (order == "reversed")
                   {
                       copy.reset();
                       shared.reset();
                       expect (getNumAlive() == 1);
                       owned.reset();
                       expect (getNumAlive() == 0);
                   }

                   if (order == "on other threads")
                   {
                       std::thread ([o = std::move (owned)] {}).join();
                       expect (getNumAlive() == 1);
                       shared.reset();
                       std::thread ([c = std::move (copy)] {}).join();
                       expect (getNumAlive() == 0);
                   }
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
}

TEST_CASE ("Objects outlive their collector and drop each other", "[teardown]")
{
    const auto length = GENERATE (1, 2, 10);

    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   rt::Shared<Holder> chain, middle;

                   {
                       rt::Collector collector;
                       chain = makeChain (collector, length);
                       chain->value = rt::makeOwned<Value> (collector);
                       middle = chain->next;
                   }

                   expect (getNumAlive() == length + 1);
                   chain.reset();
                   expect (getNumAlive() == length - 1);
                   middle.reset();
                   expect (getNumAlive() == 0);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
}

TEST_CASE ("An object that was pending may be the last to hold one that is not", "[teardown]")
{
    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   rt::Shared<Holder> inner;

                   {
                       rt::Collector collector;
                       auto outer = makeChain (collector, 2);
                       inner = outer->next;
                       outer.reset();
                       expect (inner.getUseCount() == 2);
                   }

                   expect (inner.getUseCount() == 1);
                   expect (getNumAlive() == 1);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (getNumAlive() == 0);
}

TEST_CASE ("Two collectors keep to their own objects")
{
    rt::Collector a, b;
    auto fromA = rt::makeShared<Holder> (a);
    fromA->value = rt::makeOwned<Value> (b);
    fromA.reset();
    CHECK (b.collect() == 0);
    CHECK (a.collect() == 1);
    CHECK (getNumAlive() == 1);
    CHECK (b.collect() == 1);
}

TEST_CASE ("A destructor may make new objects")
{
    struct MakesAnother
    {
        explicit MakesAnother (rt::Collector& c) : collector (c) {}
        ~MakesAnother() { rt::makeOwned<Value> (collector); }
        rt::Collector& collector;
    };

    rt::Collector collector;
    rt::makeOwned<MakesAnother> (collector, collector);
    CHECK (collector.collect() == 2);
    checkStats (collector, 2, 2, 0);
}

TEST_CASE ("What is live is what was made and not destroyed")
{
    rt::Collector collector;
    auto kept = rt::makeShared<Value> (collector);
    rt::makeShared<Value> (collector);
    CHECK (collector.getStats().live == 2);
    CHECK (collector.getStats().pending == 1);
    collector.collect();
    CHECK (collector.getStats().live == 1);
    CHECK (collector.getStats().pending == 0);
}

TEST_CASE ("collect() stops when its time is over, but does something")
{
    struct Slow
    {
        ~Slow() { std::this_thread::sleep_for (std::chrono::milliseconds (2)); }
    };

    rt::Collector collector;

    for (int i = 0; i < 20; ++i)
        rt::makeOwned<Slow> (collector);

    CHECK (collector.collect (std::chrono::milliseconds (0)) == 1);
    CHECK (collector.collectUntil (rt::Collector::Clock::now() - std::chrono::seconds (1)) == 1);
    CHECK (collector.collect (std::chrono::seconds (0), 0) == 0);
    CHECK (collector.collect (std::chrono::hours (1), 3) == 3);

    const auto numInTime = collector.collect (std::chrono::milliseconds (5));
    CHECK (numInTime >= 1);
    CHECK (numInTime <= 3);
    CHECK (collector.collect (std::chrono::hours (1)) == 15 - numInTime);
}

TEST_CASE ("A destructor that throws is contained and counted, and the rest goes on")
{
    struct Throws
    {
        explicit Throws (rt::Collector& c) : member (rt::makeOwned<Value> (c)) {}
        ~Throws() noexcept (false) { throw std::runtime_error ("no"); }
        rt::Owned<Value> member;
    };

    struct ThrowsAlways : test::Counted<struct CollectorTestTag>
    {
        ~ThrowsAlways() noexcept (false) { throw 1; }
    };

    test::Expect expect;
    const auto leaks = test::countLeaks (
        [&]
        {
            rt::Collector collector;
            rt::makeOwned<Throws> (collector, collector);
            rt::makeSharedArray<ThrowsAlways> (collector, 3);
            rt::makeShared<Value> (collector);
            expect (collector.collect() == 4); // the member as well
            expect (collector.getStats().thrown == 4);
            expect (collector.getStats().collected == 4);
            expect (getNumAlive() == 0);
            rt::makeShared<ThrowsAlways> (collector); // at the collector's end
        });
    CHECK (leaks == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (getNumAlive() == 0);
}

TEST_CASE ("drain() waits for what is in use, and says what is left")
{
    using Clock = rt::Collector::Clock;
    rt::Collector collector;

    CHECK (collector.drain (Clock::now()).live == 0);

    // Another thread lets go in time.
    auto late = rt::makeShared<Holder> (collector);
    late->next = rt::makeShared<Holder> (collector);
    std::thread other (
        [l = std::move (late)]() mutable
        {
            std::this_thread::sleep_for (std::chrono::milliseconds (10));
            l.reset();
        });
    CHECK (collector.drain (Clock::now() + std::chrono::minutes (1)).live == 0);
    other.join();

    // Nobody does: pointers, and a circle.
    auto kept = rt::makeShared<Value> (collector);
    auto circle = rt::makeShared<Holder> (collector);
    circle->next = rt::makeShared<Holder> (collector);
    circle->next->next = circle;
    auto* open = circle.get();
    circle.reset();
    const auto begin = Clock::now();
    const auto left = collector.drain (begin + std::chrono::milliseconds (20));
    CHECK (Clock::now() >= begin + std::chrono::milliseconds (20));
    CHECK (left.live == 3);
    CHECK (left.pending == 0);

    // No time for more than one of three.
    kept.reset();
    open->next.reset();
    const auto hurried = collector.drain (begin);
    CHECK (hurried.live == 2);
    CHECK (hurried.pending == 1); // the rest of the circle comes to light when this one goes
    CHECK (collector.drain (Clock::now() + std::chrono::minutes (1)).live == 0);
    CHECK (getNumAlive() == 0);
}
