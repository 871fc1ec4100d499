// BlockCache: what is found, what is thrown out and when, pins, bytes, and what is promised to real-time threads.

#include <rt_queues/BlockCache.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <vector>

namespace
{

using Value = std::unique_ptr<int>;

template <typename Order>
using CacheOf = rt::BlockCache<int, Value, Order>;

using Bits = CacheOf<rt::ReferenceBits>;
using Exact = CacheOf<rt::ExactOrder>;

/** All keys in one bucket. */
struct SameHash
{
    std::size_t operator() (int) const noexcept { return 5; }
};

Value make (int number) { return std::make_unique<int> (number); }

template <typename Cache>
bool put (Cache& cache, int key, typename Cache::Token& token, std::size_t bytes = 1)
{
    return cache.insert (key, make (key), bytes, token).status == Cache::Status::inserted;
}

template <typename Cache>
std::set<int> keysOf (Cache& cache, int below)
{
    std::set<int> keys;

    for (int key = 0; key < below; ++key)
        if (const auto pin = cache.peek (key))
        {
            CHECK (**pin == key);
            keys.insert (key);
        }

    return keys;
}

} // namespace

TEMPLATE_TEST_CASE ("BlockCache: what was put in is found", "", Bits, Exact)
{
    TestType cache ({ .bytes = 1000, .entries = 100 });
    {
        typename TestType::Token token (cache);
        CHECK_FALSE (cache.find (1, token));

        for (int i = 0; i < 100; ++i)
            REQUIRE (put (cache, i, token));

        for (int i = 0; i < 100; ++i)
        {
            const auto pin = cache.find (i, token);
            REQUIRE (pin);
            CHECK (**pin == i);
            CHECK (pin.getKey() == i);
        }

        CHECK (cache.count() == 100);
        CHECK (cache.getBytesUsed() == 100);
        CHECK (token.getHits() == 100);
        CHECK (token.getMisses() == 1);
    }
    CHECK (cache.isWhole());
}

TEMPLATE_TEST_CASE ("BlockCache: what is there is not replaced, and the new value stays with the caller", "", Bits, Exact)
{
    TestType cache ({ .bytes = 10, .entries = 10 });
    typename TestType::Token token (cache);
    put (cache, 1, token);
    auto value = make (2);
    const auto again = cache.insert (1, std::move (value), 1, token);
    CHECK (again.status == TestType::Status::exists);
    CHECK (**again.pin == 1);
    REQUIRE (value);
    CHECK (*value == 2);
}

TEMPLATE_TEST_CASE ("BlockCache: bytes are kept to, and who is told gets each value once", "", Bits, Exact)
{
    std::map<int, int> numEnded;
    {
        TestType cache ({ .bytes = 100, .entries = 1000 },
                        [&] (int key, Value&& value, auto reason)
                        {
                            REQUIRE (value);
                            CHECK (*value == key);
                            CHECK (reason == (key < 40 ? TestType::Reason::evicted : TestType::Reason::ended));
                            const auto mine = std::move (value);
                            ++numEnded[key];
                        });
        typename TestType::Token token (cache);

        for (int i = 0; i < 50; ++i)
        {
            REQUIRE (put (cache, i, token, 10));
            CHECK (cache.getBytesUsed() <= 100);
        }

        CHECK (numEnded.size() == 40);
        CHECK (keysOf (cache, 50).size() == 10);
        CHECK (keysOf (cache, 50).count (49) == 1);

        auto huge = make (99);
        CHECK (cache.insert (99, std::move (huge), 101, token).status == TestType::Status::full);
        CHECK (huge);
        CHECK (keysOf (cache, 50).size() == 10); // nothing was thrown out for it
    }

    CHECK (numEnded.size() == 50);

    for (const auto& [key, times] : numEnded)
        CHECK (times == 1);
}

TEST_CASE ("BlockCache: in exact order the one that was not used for longest goes")
{
    Exact cache ({ .bytes = 4, .entries = 100 });
    Exact::Token token (cache);

    for (int i = 0; i < 4; ++i)
        put (cache, i, token);

    cache.find (0, token);
    cache.peek (1);
    put (cache, 4, token);
    CHECK (keysOf (cache, 10) == std::set{ 0, 2, 3, 4 });
    cache.find (2, token);
    put (cache, 5, token);
    put (cache, 6, token);
    CHECK (keysOf (cache, 10) == std::set{ 2, 4, 5, 6 });
}

TEST_CASE ("BlockCache: with reference bits what was used since the last look stays, and new ones count as used")
{
    Bits cache ({ .bytes = 4, .entries = 100 });
    Bits::Token token (cache);

    for (int i = 0; i < 4; ++i)
        put (cache, i, token);

    put (cache, 4, token); // all were new: the oldest goes
    CHECK (keysOf (cache, 10) == std::set{ 1, 2, 3, 4 });
    cache.find (1, token);
    cache.peek (2);
    put (cache, 5, token);
    CHECK (keysOf (cache, 10) == std::set{ 1, 3, 4, 5 });
}

TEMPLATE_TEST_CASE ("BlockCache: as many entries as there are, whatever their bytes", "", Bits, Exact)
{
    TestType cache ({ .bytes = 1000, .entries = 5 });
    typename TestType::Token token (cache);

    for (int i = 0; i < 20; ++i)
        REQUIRE (put (cache, i, token, 0));

    CHECK (cache.count() == 5);
}

TEMPLATE_TEST_CASE ("BlockCache: what is pinned stays, and when all is there is no room", "", Bits, Exact)
{
    TestType cache ({ .bytes = 3, .entries = 10 });
    typename TestType::Token token (cache);
    std::vector<typename TestType::Pin> pins;

    for (int i = 0; i < 3; ++i)
        pins.push_back (cache.insert (i, make (i), 1, token).pin);

    auto value = make (7);
    CHECK (cache.insert (7, std::move (value), 1, token).status == TestType::Status::full);
    CHECK (value);
    CHECK_FALSE (cache.evict (token));
    CHECK (cache.getBytesUsed() == 3);

    pins[1].reset();
    CHECK (put (cache, 7, token));
    CHECK (keysOf (cache, 10) == std::set{ 0, 2, 7 });
    CHECK (**pins[0] == 0);
    CHECK (**pins[2] == 2);
}

TEMPLATE_TEST_CASE ("BlockCache: what is removed while pinned is not found, and ends after the last pin", "", Bits, Exact)
{
    std::vector<int> ended;
    TestType cache ({ .bytes = 10, .entries = 10 },
                    [&] (int key, Value&&, auto reason)
                    {
                        CHECK (reason == TestType::Reason::removed);
                        ended.push_back (key);
                    });
    {
        typename TestType::Token token (cache);
        put (cache, 1, token);
        put (cache, 2, token);
        CHECK (cache.remove (2, token));
        CHECK_FALSE (cache.remove (2, token));
        CHECK (ended == std::vector{ 2 });

        auto first = cache.find (1, token), second = cache.find (1, token);
        CHECK (cache.remove (1, token));
        CHECK_FALSE (cache.remove (1, token));
        CHECK_FALSE (cache.find (1, token));
        CHECK (cache.getBytesUsed() == 1);

        // Another one of the same key in the meantime.
        CHECK (cache.insert (1, make (11), 1, token).status == TestType::Status::inserted);
        CHECK (**cache.find (1, token) == 11);
        CHECK (**first == 1);

        first = std::move (second);
        cache.collect (token);
        CHECK (ended.size() == 1);
        CHECK (**first == 1);
        first.reset();
        CHECK (ended.size() == 1); // not in the thread that only reads
        cache.collect (token);
        CHECK (ended == std::vector{ 2, 1 });
        CHECK (cache.getBytesUsed() == 1);
        CHECK (cache.removeIf ([] (int key) { return key == 1; }, token) == 1);
    }
    CHECK (cache.isWhole());
}

TEMPLATE_TEST_CASE ("BlockCache: all values of a kind are removed at once", "", Bits, Exact)
{
    TestType cache ({ .bytes = 100, .entries = 100 });
    {
        typename TestType::Token token (cache);

        for (int i = 0; i < 100; ++i)
            put (cache, i, token);

        auto pin = cache.find (3, token);
        CHECK (cache.removeIf ([] (int key) { return key % 3 == 0; }, token) == 34);
        CHECK (cache.count() == 66);
        CHECK (cache.getBytesUsed() == 67);
        pin.reset();
        cache.collect (token);
        CHECK (cache.getBytesUsed() == 66);
    }
    CHECK (cache.isWhole());
}

TEST_CASE ("BlockCache: a bucket that is full throws out one of its own")
{
    using Cache = rt::BlockCache<int, Value, rt::ReferenceBits, rt::StdPolicy, SameHash>;
    Cache cache ({ .bytes = 1000, .entries = 100 });
    {
        Cache::Token token (cache);

        for (int i = 0; i < 50; ++i)
            REQUIRE (put (cache, i, token));

        CHECK (cache.count() == 7);
        CHECK (keysOf (cache, 50).count (49) == 1);
        std::vector<Cache::Pin> pins;

        for (const auto key : keysOf (cache, 50))
            pins.push_back (cache.find (key, token));

        auto value = make (50);
        CHECK (cache.insert (50, std::move (value), 1, token).status == Cache::Status::full);
        REQUIRE (value);
        CHECK (*value == 50);
        CHECK (cache.getBytesUsed() == 7);
        pins.clear();
        CHECK (put (cache, 50, token));
    }
    CHECK (cache.isWhole());
}

TEMPLATE_TEST_CASE ("BlockCache: random operations, against a map", "", Bits, Exact)
{
    for (unsigned seed = 1; seed <= 30; ++seed)
    {
        std::mt19937 random (seed);
        std::set<int> present;
        TestType cache ({ .bytes = 50, .entries = 5 + seed },
                        [&] (int key, Value&&, auto reason)
                        {
                            if (reason == TestType::Reason::evicted)
                                REQUIRE (present.erase (key) == 1);
                        });
        {
            typename TestType::Token token (cache);

            for (int i = 0; i < 5000; ++i)
            {
                const auto key = static_cast<int> (random() % 60);
                const auto isThere = present.count (key) == 1;

                switch (random() % 4)
                {
                    case 0:
                        REQUIRE (cache.remove (key, token) == isThere);
                        present.erase (key);
                        break;

                    case 1:
                    {
                        const auto status = cache.insert (key, make (key), random() % 8, token).status;
                        REQUIRE (status == (isThere ? TestType::Status::exists : TestType::Status::inserted));
                        present.insert (key);
                        break;
                    }

                    default:
                    {
                        const auto pin = cache.find (key, token);
                        REQUIRE (bool (pin) == isThere);
                        REQUIRE ((! pin || **pin == key));
                    }
                }
            }

            REQUIRE (keysOf (cache, 60) == present);
        }
        REQUIRE (cache.isWhole());
    }
}

TEMPLATE_TEST_CASE ("BlockCache: a real-time thread finds, pins and lets go while others fill, and the guard sees nothing",
                    "", Bits, Exact)
{
    TestType cache ({ .bytes = 40, .entries = 100 });
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    std::atomic<bool> isEnding{ false };
    auto numFound = 0;

    // Something to find, though the reader may be done before the filler has begun.
    {
        typename TestType::Token token (cache);

        for (int key = 0; key < 40; ++key)
            put (cache, key, token);
    }

    std::thread filler (
        [&]
        {
            typename TestType::Token token (cache);
            std::mt19937 random (1);

            while (! isEnding)
            {
                const auto key = static_cast<int> (random() % 80);
                random() % 8 == 0 ? static_cast<void> (cache.remove (key, token))
                                  : static_cast<void> (put (cache, key, token));
            }
        });

    std::thread reader (
        [&]
        {
            std::array<typename TestType::Pin, 4> pins;
            std::mt19937 random (2);
            const rt::guard::RealtimeScope scope (1);
            typename TestType::Token token (cache);

            for (int i = 0; i < 200'000; ++i)
            {
                auto& pin = pins[static_cast<std::size_t> (i % 4)];
                pin = cache.find (static_cast<int> (random() % 80), token);
                numFound += pin ? 1 : 0;
            }

            for (auto& pin : pins)
                pin.reset();
        });

    reader.join();
    isEnding = true;
    filler.join();
    CHECK (numFound > 0);
    CHECK (rt::guard::getViolationCount() == 0);
}

TEST_CASE ("BlockCache: keys of several numbers")
{
    struct Id
    {
        int file;
        int block;
        bool operator== (const Id&) const = default;
    };

    struct IdHash
    {
        std::size_t operator() (const Id& id) const noexcept
        {
            return static_cast<std::size_t> (id.file) << 32 ^ static_cast<std::size_t> (id.block);
        }
    };

    rt::BlockCache<Id, std::string, rt::ReferenceBits, rt::StdPolicy, IdHash> cache ({ .bytes = 1000, .entries = 1000 });
    decltype (cache)::Token token (cache);

    for (int file = 0; file < 10; ++file)
        for (int block = 0; block < 100; ++block)
            cache.insert ({ file, block }, std::to_string (file * 100 + block), 1, token);

    for (int file = 0; file < 10; ++file)
        for (int block = 0; block < 100; ++block)
            CHECK (*cache.find ({ file, block }, token) == std::to_string (file * 100 + block));

    CHECK_FALSE (cache.find ({ 10, 0 }, token));
}
