#include <rt_queues/ObjectPool.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace
{

using rt::FreelistFault;

struct alignas (64) Voice
{
    Voice (int noteToPlay, std::unique_ptr<int> s) : note (noteToPlay), sample (std::move (s))
    {
        if (note < 0)
            throw std::invalid_argument ("no such note");

        ++numAlive;
    }

    ~Voice() { --numAlive; }

    Voice (const Voice&) = delete;
    Voice& operator= (const Voice&) = delete;

    inline static int numAlive = 0;
    int note;
    std::unique_ptr<int> sample;
};

using Pool = rt::ObjectPool<Voice, rt::StdPolicy, true>;

/** Notes the faults that are reported while it lives. */
struct Faults
{
    Faults()
    {
        seen.clear();
        before = FreelistFault::setHandler ([] (const FreelistFault& fault) { seen.push_back (fault); });
    }

    ~Faults() { FreelistFault::setHandler (before); }

    inline static std::vector<FreelistFault> seen;
    FreelistFault::Handler before;
};

} // namespace

TEST_CASE ("ObjectPool: objects are made from the arguments, and destroyed")
{
    Pool pool (10);
    Pool::Slot slot (pool);
    CHECK (pool.getCapacity() == 10);
    CHECK (pool.getNumFree() == 10);

    auto* const voice = pool.acquire (slot, 60, std::make_unique<int> (5));
    REQUIRE (voice != nullptr);
    CHECK (voice->note == 60);
    CHECK (*voice->sample == 5);
    CHECK (reinterpret_cast<std::uintptr_t> (voice) % 64 == 0);
    CHECK (Voice::numAlive == 1);
    CHECK (pool.getNumFree() == 9);

    pool.release (slot, *voice);
    CHECK (Voice::numAlive == 0);
    CHECK (pool.getNumFree() == 10);
}

TEST_CASE ("ObjectPool: says when there is no room, and has room again")
{
    Pool pool (40);
    Pool::Slot slot (pool);
    std::set<Voice*> voices;

    while (auto* const voice = pool.acquire (slot, 1, nullptr))
        CHECK (voices.insert (voice).second);

    CHECK (voices.size() == 40);
    CHECK (pool.acquireShared (1, nullptr) == nullptr);
    CHECK_FALSE (pool.make (slot, 1, nullptr));

    for (auto* voice : voices)
        pool.release (slot, *voice);

    CHECK (Voice::numAlive == 0);
    CHECK (pool.getNumFree() == 40);

    Pool none (0);
    Pool::Slot noneSlot (none);
    CHECK (none.acquire (noneSlot, 1, nullptr) == nullptr);
    CHECK_THROWS_AS (rt::ObjectPool<char> (1u << 24), std::length_error);
}

TEST_CASE ("ObjectPool: a constructor that throws costs no place")
{
    Pool pool (3);

    {
        Pool::Slot slot (pool);

        for (int i = 0; i < 10; ++i)
        {
            CHECK_THROWS_AS (pool.acquire (slot, -1, nullptr), std::invalid_argument);
            CHECK_THROWS_AS (pool.make (slot, -1, nullptr), std::invalid_argument);
        }
    }

    CHECK_THROWS_AS (pool.acquireShared (-1, nullptr), std::invalid_argument);
    CHECK (pool.getNumFree() == 3);
    CHECK (Voice::numAlive == 0);
}

TEST_CASE ("ObjectPool: owning pointers, dropped here or elsewhere")
{
    Pool pool (100);

    {
        Pool::Slot slot (pool);
        auto voice = pool.make (slot, 7, nullptr);
        REQUIRE (voice);
        CHECK (voice->note == 7);
        CHECK (pool.getNumFree() == 99);
        voice.reset();
        CHECK (pool.getNumFree() == 100);

        auto another = pool.make (slot, 8, nullptr);
        std::thread ([v = std::move (another)] {}).join();
        CHECK (pool.getNumFree() == 100);

        auto third = pool.make (slot, 9, nullptr);
        pool.release (slot, *third.release());
        CHECK (pool.getNumFree() == 100);
        CHECK (Voice::numAlive == 0);
        Pool::Pointer().reset();
    }
}

TEST_CASE ("ObjectPool: one thread makes, another one ends, for ever")
{
    Pool pool (100 + Pool::getMostElsewhere (2));
    Pool::Slot maker (pool);
    auto* const ender = new Pool::Slot (pool);
    std::vector<Voice*> underWay;

    for (int i = 0; i < 10000; ++i)
    {
        auto* const voice = pool.acquire (maker, i, nullptr);
        REQUIRE (voice != nullptr);
        underWay.push_back (voice);

        if (underWay.size() == 100)
        {
            for (auto* done : underWay)
                pool.release (*ender, *done);

            underWay.clear();
        }
    }

    delete ender;
    CHECK (Voice::numAlive == 0);
    CHECK (pool.getNumFree() == pool.getCapacity());
}

TEST_CASE ("ObjectPool: what is released twice, from elsewhere or not at all is reported")
{
    const Faults faults;
    Voice stranger (1, nullptr);
    const Voice* leaked = nullptr;

    {
        Pool pool (10);
        Pool::Slot slot (pool);
        auto* const voice = pool.acquire (slot, 1, std::make_unique<int> (1));
        leaked = pool.acquire (slot, 2, nullptr);
        pool.release (slot, *voice);
        CHECK (Faults::seen.empty());
        CHECK (Voice::numAlive == 2);

        pool.release (slot, *voice); // is not destroyed again
        REQUIRE (Faults::seen.size() == 1);
        CHECK (Faults::seen[0].kind == FreelistFault::Kind::doubleFree);
        CHECK (Faults::seen[0].element == voice);
        CHECK (Voice::numAlive == 2);

        pool.releaseShared (stranger);
        REQUIRE (Faults::seen.size() == 2);
        CHECK (Faults::seen[1].kind == FreelistFault::Kind::foreign);
        CHECK (Faults::seen[1].element == &stranger);
        CHECK (Voice::numAlive == 2);
        CHECK (pool.getNumFree() == 9);
    }

    REQUIRE (Faults::seen.size() == 3);
    CHECK (Faults::seen[2].kind == FreelistFault::Kind::leaked);
    CHECK (Faults::seen[2].element == leaked);
    CHECK (Voice::numAlive == 2); // it was not destroyed
    --Voice::numAlive;
}

TEST_CASE ("ObjectPool: a real-time thread makes and ends objects")
{
    rt::ObjectPool<int, rt::StdPolicy, true> pool (100);
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    std::vector<int*> numbers (100);

    {
        const rt::guard::RealtimeScope scope (1);
        rt::ObjectPool<int, rt::StdPolicy, true>::Slot slot (pool);

        for (auto*& number : numbers)
            number = pool.acquire (slot, 5);

        for (auto* number : numbers)
            pool.release (slot, *number);

        auto owned = pool.make (slot, 6);
        owned.reset();
        pool.releaseShared (*pool.acquireShared (7));
    }

    CHECK (rt::guard::getViolationCount() == 0);
    CHECK (pool.getNumFree() == 100);
}
