#include <rt_memory/detail/UseCount.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdint>

namespace
{
using UseCount = rt::detail::UseCount<>;

/** Calls something just before a certain atomic operation, once: what another thread might do then. */
struct InterruptedPolicy
{
    inline static int countdown = 0;
    inline static void (*interrupt)() = nullptr;

    static void step()
    {
        if (countdown > 0 && --countdown == 0)
            interrupt();
    }

    template <typename T>
    struct Atomic : std::atomic<T>
    {
        using std::atomic<T>::atomic;

        bool compare_exchange_strong (T& expected, T desired, std::memory_order success, std::memory_order failure)
        {
            step();
            return std::atomic<T>::compare_exchange_strong (expected, desired, success, failure);
        }
    };
};

using InterruptedCount = rt::detail::UseCount<InterruptedPolicy>;
InterruptedCount* interrupted = nullptr;
} // namespace

TEST_CASE ("A use count says which share was the last")
{
    UseCount count;
    CHECK (count.get() == 1);
    count.add();
    count.add();
    CHECK (count.get() == 3);
    CHECK (! count.remove());
    CHECK (! count.remove());
    CHECK (count.get() == 1);
    CHECK (count.remove());
}

TEST_CASE ("A use count gives shares to who has none until the last one is gone, and never again")
{
    UseCount count;
    CHECK (! count.hasWeak());
    count.expectWeak();
    CHECK (count.hasWeak());
    CHECK (count.get() == 1);
    CHECK (! count.isZero());
    CHECK (count.addIfNotZero());
    CHECK (count.get() == 2);
    CHECK (! count.remove());
    CHECK (count.remove());

    for (int i = 0; i < 3; ++i)
    {
        CHECK (count.isZero());
        CHECK (! count.addIfNotZero());
        CHECK (count.get() == 0);
    }
}

TEST_CASE ("A use count that is raised again on its way to zero is not zero")
{
    InterruptedCount count;
    count.expectWeak();
    interrupted = &count;
    InterruptedPolicy::countdown = 1;

    SECTION ("by one share that stays")
    {
        InterruptedPolicy::interrupt = [] { CHECK (interrupted->addIfNotZero()); };
        CHECK (! count.remove());
        CHECK (count.get() == 1);
        CHECK (count.remove());
    }

    SECTION ("and goes down again: one of the two is the last")
    {
        InterruptedPolicy::interrupt = []
        {
            CHECK (interrupted->addIfNotZero());
            CHECK (interrupted->remove());
        };
        CHECK (! count.remove());
    }

    CHECK (count.isZero());
    CHECK (! count.addIfNotZero());
}

TEST_CASE ("A use count up to its limit counts exactly")
{
    UseCount count (UseCount::limit - 1);
    count.add();
    CHECK (count.get() == UseCount::limit);

    UseCount below (UseCount::limit - 1);
    CHECK (! below.remove());
    CHECK (below.get() == UseCount::limit - 2);
}

TEST_CASE ("A use count beyond its limit is stuck, and never says last again")
{
    UseCount count (UseCount::limit);
    count.add();
    const auto stuck = count.get();
    CHECK (stuck > UseCount::limit);

    for (int i = 0; i < 1000; ++i)
    {
        count.add();
        CHECK (count.get() == stuck);
        CHECK (count.addIfNotZero());
        CHECK (count.get() == stuck);
    }

    for (int i = 0; i < 3000; ++i)
    {
        CHECK (! count.remove());
        CHECK (count.get() == stuck);
        CHECK (! count.isZero());
    }
}
