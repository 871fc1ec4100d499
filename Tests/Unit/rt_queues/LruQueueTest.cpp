// LruQueue by one thread: orders, handles, capacity, and what is promised to real-time threads.

#include <rt_queues/LruQueue.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace
{

using Exact = rt::LruQueue<int>;
using Bits = rt::LruQueue<int, rt::ReferenceBits>;

template <typename Queue>
std::vector<int> contentsOf (const Queue& queue)
{
    std::vector<int> contents;
    queue.forEach (
        [&] (int value, auto handle)
        {
            contents.push_back (value);
            CHECK (queue.get (handle) == value);
        });
    return contents;
}

template <typename Queue>
std::vector<int> drain (Queue& queue, typename Queue::Token& token)
{
    std::vector<int> taken;

    while (const auto value = queue.dequeue (token))
        taken.push_back (*value);

    return taken;
}

using Ints = std::vector<int>;

} // namespace

TEMPLATE_TEST_CASE ("LruQueue: first in, first out as long as nothing is touched", "", Exact, Bits)
{
    TestType queue (100);
    typename TestType::Token token (queue);
    CHECK_FALSE (queue.dequeue (token));
    CHECK_FALSE (queue.peekOldest());

    for (int round = 0; round < 10; ++round)
    {
        for (int i = 0; i < 100; ++i)
            REQUIRE (queue.enqueue (i, token));

        REQUIRE (queue.peekOldest());
        CHECK (queue.peekOldest()->first == 0);
        CHECK (contentsOf (queue).size() == 100);

        const auto taken = drain (queue, token);
        REQUIRE (taken.size() == 100);
        CHECK (std::is_sorted (taken.begin(), taken.end()));
    }
}

TEMPLATE_TEST_CASE ("LruQueue: an entry is removed wherever it is", "", Exact, Bits)
{
    TestType queue (5);
    typename TestType::Token token (queue);
    typename TestType::Handle handles[5];

    for (const auto isLazy : { false, true })
        for (int victim = 0; victim < 5; ++victim)
        {
            for (int i = 0; i < 5; ++i)
                handles[i] = queue.enqueue (i, token);

            CHECK ((isLazy ? queue.remove (handles[victim]) : queue.remove (handles[victim], token)));
            CHECK_FALSE ((isLazy ? queue.remove (handles[victim]) : queue.remove (handles[victim], token)));
            CHECK_FALSE (queue.contains (handles[victim]));
            CHECK_FALSE (queue.get (handles[victim]));
            CHECK_FALSE (queue.touch (handles[victim], token));

            Ints expected{ 0, 1, 2, 3, 4 };
            expected.erase (expected.begin() + victim);
            CHECK (contentsOf (queue) == expected);
            CHECK (drain (queue, token) == expected);

            for (const auto handle : handles)
                CHECK_FALSE (queue.remove (handle, token));
        }
}

TEST_CASE ("LruQueue: a touch makes an entry the newest, under another handle")
{
    Exact queue (4);
    Exact::Token token (queue);
    const auto a = queue.enqueue (1, token), b = queue.enqueue (2, token), c = queue.enqueue (3, token);

    const auto newA = queue.touch (a, token);
    REQUIRE (newA);
    CHECK (newA != a);
    CHECK_FALSE (queue.contains (a));
    CHECK_FALSE (queue.touch (a, token));
    CHECK (queue.get (newA) == 1);
    CHECK (contentsOf (queue) == Ints{ 2, 3, 1 });

    CHECK (queue.touch (newA, token) == newA); // it is the newest
    CHECK (queue.touch (c, token));
    CHECK (contentsOf (queue) == Ints{ 2, 1, 3 });
    CHECK (queue.peekOldest()->second == b);
    CHECK (queue.dequeue (token) == 2);
    CHECK_FALSE (queue.touch (b, token));
}

TEST_CASE ("LruQueue: an empty handle names nothing")
{
    Exact queue (4);
    Exact::Token token (queue);
    queue.enqueue (1, token);
    CHECK_FALSE (Exact::Handle());
    CHECK_FALSE (queue.contains ({}));
    CHECK_FALSE (queue.get ({}));
    CHECK_FALSE (queue.remove ({}));
    CHECK_FALSE (queue.remove ({}, token));
    CHECK_FALSE (queue.touch ({}, token));
    CHECK (contentsOf (queue) == Ints{ 1 });
}

TEST_CASE ("LruQueue: against a list, ten thousand random operations at a time")
{
    for (unsigned seed = 1; seed <= 50; ++seed)
    {
        std::mt19937 random (seed);
        const auto capacity = 1 + seed % 20;
        Exact queue (capacity, 1);
        std::vector<int> list;
        std::map<int, Exact::Handle> handles;
        std::vector<Exact::Handle> stale;
        {
            Exact::Token token (queue);

            for (int i = 0; i < 10'000; ++i)
            {
                const auto any = list.empty() ? list.end() : list.begin() + static_cast<long> (random() % list.size());

                switch (random() % 8)
                {
                    case 0:
                    case 1:
                        if (list.size() < capacity)
                        {
                            handles[i] = queue.enqueue (i, token);
                            REQUIRE (handles[i]);
                            list.push_back (i);
                        }
                        break;

                    case 2:
                        REQUIRE (queue.dequeue (token) == (list.empty() ? std::optional<int>() : list.front()));

                        if (! list.empty())
                        {
                            stale.push_back (handles[list.front()]);
                            list.erase (list.begin());
                        }
                        break;

                    case 3:
                        if (any != list.end())
                        {
                            const auto old = handles[*any];
                            stale.push_back (old);
                            REQUIRE ((random() % 2 == 0 ? queue.remove (old) : queue.remove (old, token)));
                            list.erase (any);
                        }
                        break;

                    case 4:
                        if (! stale.empty())
                        {
                            const auto old = stale[random() % stale.size()];
                            REQUIRE_FALSE (queue.remove (old, token));
                            REQUIRE_FALSE (queue.touch (old, token));
                        }
                        break;

                    case 5:
                        if (random() % 16 == 0)
                            queue.clean (token);
                        break;

                    default:
                        if (any != list.end())
                        {
                            const auto value = *any;
                            const auto fresh = queue.touch (handles[value], token);
                            REQUIRE (fresh);

                            if (fresh != handles[value])
                                stale.push_back (handles[value]);

                            handles[value] = fresh;
                            list.erase (any);
                            list.push_back (value);
                        }
                }
            }

            REQUIRE (contentsOf (queue) == list);
        }

        const auto census = queue.takeCensus();
        CHECK (census.isWhole);
        CHECK (census.live == list.size());
    }
}

TEST_CASE ("LruQueue: with reference bits, against a model of the hand that goes round")
{
    struct Entry
    {
        int value;
        bool isReferenced;
        Bits::Handle handle;
    };

    for (unsigned seed = 1; seed <= 50; ++seed)
    {
        std::mt19937 random (seed);
        const auto capacity = 1 + seed % 20;
        Bits queue (capacity, 1);
        std::deque<Entry> list;
        std::size_t hand = 0; // the place to look at next
        {
            Bits::Token token (queue);

            for (int i = 0; i < 10'000; ++i)
            {
                switch (random() % 6)
                {
                    case 0:
                    case 1:
                        if (list.size() < capacity)
                        {
                            const auto isReferenced = random() % 3 == 0;
                            list.push_back ({ i, isReferenced, queue.enqueue (i, token, isReferenced) });
                            REQUIRE (list.back().handle);
                        }
                        break;

                    case 2:
                        if (! list.empty())
                        {
                            while (true)
                            {
                                hand = hand >= list.size() ? 0 : hand;

                                if (! list[hand].isReferenced)
                                    break;

                                list[hand++].isReferenced = false;
                            }

                            REQUIRE (queue.dequeue (token) == list[hand].value);
                            REQUIRE_FALSE (queue.touch (list[hand].handle));
                            list.erase (list.begin() + static_cast<long> (hand));
                        }
                        else
                        {
                            REQUIRE_FALSE (queue.dequeue (token));
                        }
                        break;

                    case 3:
                        if (! list.empty() && random() % 2 == 0)
                        {
                            const auto victim = random() % list.size();
                            REQUIRE (queue.remove (list[victim].handle, token));
                            list.erase (list.begin() + static_cast<long> (victim));
                            hand -= victim < hand ? 1 : 0;
                        }
                        break;

                    default:
                        if (! list.empty())
                        {
                            auto& entry = list[random() % list.size()];
                            REQUIRE (queue.touch (entry.handle) == entry.handle);
                            entry.isReferenced = true;
                        }
                }
            }
        }

        const auto census = queue.takeCensus();
        CHECK (census.isWhole);
        CHECK (census.live == list.size());
    }
}

TEMPLATE_TEST_CASE ("LruQueue: as many entries fit as it was made for, however many dead nodes there are", "", Exact, Bits)
{
    for (const std::uint32_t capacity : { 1u, 2u, 7u, 100u })
    {
        TestType queue (capacity, 1);
        {
            typename TestType::Token token (queue);
            std::deque<typename TestType::Handle> handles;

            for (std::uint32_t i = 0; i < capacity; ++i)
                handles.push_back (queue.enqueue (0, token));

            // Nobody unlinks what is removed without a token, and the oldest stays for ever.
            for (std::uint32_t i = 0; i < 20 * capacity; ++i)
            {
                if (capacity > 1)
                    REQUIRE (queue.remove (handles[1 + i % (capacity - 1)]));
                else
                    REQUIRE (queue.remove (handles[0]));

                handles[capacity > 1 ? 1 + i % (capacity - 1) : 0] = queue.enqueue (1, token);
                REQUIRE (handles[capacity > 1 ? 1 + i % (capacity - 1) : 0]);
            }

            auto numMore = 0u;

            while (queue.enqueue (2, token))
                ++numMore;

            CHECK (capacity + numMore + 1 >= 2 * capacity); // all nodes are of use
            CHECK (contentsOf (queue).size() == capacity + numMore);
            CHECK_FALSE (queue.enqueue (2, token));
            REQUIRE (queue.dequeue (token));
            CHECK (queue.enqueue (3, token));
        }

        CHECK (queue.takeCensus().isWhole);
    }
}

TEST_CASE ("LruQueue: a touch that finds no node leaves the entry where it is")
{
    Exact queue (2, 1);
    Exact::Token token (queue);
    const auto oldest = queue.enqueue (1, token);
    auto number = 1;

    while (queue.enqueue (++number, token))
        continue;

    CHECK (queue.touch (oldest, token) == oldest);
    CHECK (queue.dequeue (token) == 1);
}

TEST_CASE ("LruQueue: clean unlinks what is dead, but for the last node")
{
    Exact queue (10);
    {
        Exact::Token token (queue);
        std::vector<Exact::Handle> handles;

        for (int i = 0; i < 10; ++i)
            handles.push_back (queue.enqueue (i, token));

        for (const auto i : { 0, 3, 4, 5, 9 })
            REQUIRE (queue.remove (handles[static_cast<std::size_t> (i)]));

        CHECK (queue.clean (token) == 4);
        CHECK (queue.clean (token) == 0);
        CHECK (contentsOf (queue) == Ints{ 1, 2, 6, 7, 8 });
        queue.enqueue (10, token);
        CHECK (queue.clean (token) == 0); // the enqueue did it
    }

    const auto census = queue.takeCensus();
    CHECK (census.isWhole);
    CHECK (census.dead == 0);
}

TEMPLATE_TEST_CASE ("LruQueue: what is offered is what would be taken, and stays", "", Exact, Bits)
{
    TestType queue (10);
    typename TestType::Token token (queue);

    for (int i = 0; i < 5; ++i)
        queue.enqueue (i, token);

    Ints offered;
    typename TestType::Handle accepted;
    CHECK (queue.offer (
        [&] (int value, auto handle)
        {
            offered.push_back (value);
            accepted = handle;
            return value == 2;
        },
        token));
    CHECK (offered == Ints{ 0, 1, 2 });
    CHECK (queue.contains (accepted));
    CHECK (queue.remove (accepted, token));
    CHECK (contentsOf (queue) == Ints{ 0, 1, 3, 4 });

    std::set<int> refused;
    CHECK_FALSE (queue.offer (
        [&] (int value, auto)
        {
            refused.insert (value);
            return false;
        },
        token));
    CHECK (refused == std::set<int>{ 0, 1, 3, 4 });
}

TEST_CASE ("LruQueue: entries whose bits are always set are taken all the same")
{
    Bits queue (3);
    Bits::Token token (queue);
    std::vector<Bits::Handle> handles;

    for (int i = 0; i < 3; ++i)
        handles.push_back (queue.enqueue (i, token, true));

    // Whoever is offered is touched again.
    Ints offered;
    CHECK (queue.offer (
        [&] (int value, auto)
        {
            offered.push_back (value);

            for (const auto handle : handles)
                queue.touch (handle);

            return offered.size() == 3;
        },
        token));
    CHECK (offered.size() == 3);
}

TEST_CASE ("LruQueue: with reference bits each token goes round by itself")
{
    Bits queue (10);
    Bits::Token first (queue), second (queue);
    std::vector<Bits::Handle> handles;

    for (int i = 0; i < 6; ++i)
        handles.push_back (queue.enqueue (i, first));

    queue.touch (handles[0]);
    queue.touch (handles[1]);
    CHECK (queue.dequeue (first) == 2);  // and clears the bits of 0 and 1
    CHECK (queue.dequeue (first) == 3);  // goes on from there
    CHECK (queue.dequeue (second) == 0); // begins at the oldest
    CHECK (queue.remove (handles[1]));   // where both stand
    CHECK (queue.dequeue (first) == 4);
    CHECK (queue.dequeue (second) == 5);
    CHECK_FALSE (queue.dequeue (first));
}

TEST_CASE ("LruQueue: a walk meets what stays, in order, while others are taken and added under way")
{
    Exact queue (20);
    Exact::Token token (queue);
    std::vector<Exact::Handle> handles;

    for (int i = 0; i < 20; ++i)
        handles.push_back (queue.enqueue (i, token));

    Ints seen;
    queue.forEach (
        [&] (int value, auto handle)
        {
            seen.push_back (value);

            if (value % 2 == 1)
            {
                REQUIRE (queue.remove (handle, token));
                REQUIRE (queue.enqueue (100 + value, token)); // its node is used again, with the walker standing on it
            }
        });

    Ints expected;

    for (int i = 0; i < 20; ++i)
        expected.push_back (i);

    CHECK (seen == expected);
}

TEST_CASE ("LruQueue: values of any small type")
{
    struct Pair
    {
        short a;
        char b;
    };

    rt::LruQueue<Pair> pairs (1);
    rt::LruQueue<Pair>::Token token (pairs);
    const auto handle = pairs.enqueue ({ -5, 'x' }, token);
    CHECK (pairs.get (handle)->a == -5);
    CHECK (pairs.dequeue (token)->b == 'x');
    CHECK (rt::LruQueue<Pair>::Handle::fromWord (handle.toWord()) == handle);
}

TEMPLATE_TEST_CASE ("LruQueue: real-time threads use all of it, and the guard sees nothing", "", Exact, Bits)
{
    TestType queue (100);
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    auto sum = 0;

    const auto play = [&] (int first)
    {
        const rt::guard::RealtimeScope scope (1);
        typename TestType::Token token (queue);
        std::array<typename TestType::Handle, 40> handles;

        for (int round = 0; round < 200; ++round)
        {
            for (auto& handle : handles)
                handle = queue.enqueue (first, token);

            for (auto& handle : handles)
                handle = queue.touch (handle, token);

            for (std::size_t i = 0; i < handles.size(); i += 2)
                i % 4 == 0 ? queue.remove (handles[i]) : queue.remove (handles[i], token);

            queue.forEach ([&] (int value, auto) { static_cast<void> (value); });
            queue.offer ([] (int, auto) { return true; }, token);
            queue.peekOldest();
            queue.clean (token);

            while (queue.dequeue (token))
                continue;
        }

        // Full, which takes a walk through all nodes.
        while (queue.enqueue (first, token))
            continue;
    };

    std::thread other ([&] { play (1); });
    play (2);
    other.join();
    queue.forEach ([&sum] (int value, auto) { sum += value; });
    CHECK (sum > 0);
    CHECK (rt::guard::getViolationCount() == 0);
}

TEMPLATE_TEST_CASE ("LruQueue: ends with entries inside, dead nodes, and after threads with tokens have ended", "", Exact,
                    Bits)
{
    TestType queue (50);

    {
        std::vector<std::thread> threads;

        for (int thread = 0; thread < 3; ++thread)
            threads.emplace_back (
                [&]
                {
                    typename TestType::Token token (queue);

                    for (int i = 0; i < 20; ++i)
                        if (const auto handle = queue.enqueue (i, token); i % 3 == 0)
                            queue.remove (handle);
                });

        for (auto& thread : threads)
            thread.join();
    }

    const auto census = queue.takeCensus();
    CHECK (census.isWhole);
    CHECK (census.live == 3 * 13);
}
