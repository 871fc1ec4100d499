// LruQueue with a switch before any atomic operation: what it answers could have happened one after the other, whoever is
// frozen wherever the others finish, and what its operations cost.

#include "InterleavedPolicy.h"
#include "Linearizability.h"

#include <rt_queues/LruQueue.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <vector>

using test::InterleavedPolicy;
using test::Interleaving;
using test::SeededRandom;

namespace
{

using Exact = rt::LruQueue<int, rt::ExactOrder, InterleavedPolicy>;
using Bits = rt::LruQueue<int, rt::ReferenceBits, InterleavedPolicy>;

/** Entries by their handles, oldest first. A touch takes effect twice: it removes the entry, and enqueues it again. Without
    an order, any entry may be the oldest.
*/
template <bool hasOrder, std::size_t capacity>
struct LruSpecification
{
    using Handle = std::uint64_t;

    struct Call
    {
        enum class Kind
        {
            enqueue,   ///< of `value`, which got `handle`, or 0 as there were `capacity` entries
            dequeue,   ///< which gave `value`, or nothing
            remove,    ///< of `handle`, and whether that `succeeded`
            touchTake, ///< the first half of a touch of `handle`
            touchPut,  ///< the second, which gave `fresh`
            touch,     ///< a touch of `handle` that left it where it was, or found it stale: whether it `succeeded`
            get,       ///< of `handle`, which gave `value`, or nothing
            peek       ///< which gave `value`, or nothing
        } kind;

        std::optional<int> value;
        Handle handle = 0;
        Handle fresh = 0;
        bool succeeded = false;
    };

    using Kind = typename Call::Kind;

    bool apply (const Call& call)
    {
        const auto found = std::find_if (items.begin(), items.end(), [&] (auto& item) { return item.first == call.handle; });
        const auto exists = call.handle != 0 && found != items.end();

        switch (call.kind)
        {
            case Kind::enqueue:
                if (call.handle == 0)
                    return items.size() >= capacity;

                items.emplace_back (call.handle, *call.value);
                return ! exists;

            case Kind::dequeue:
            case Kind::peek:
            {
                if (items.empty() || ! call.value)
                    return items.empty() && ! call.value;

                const auto taken =
                    std::find_if (items.begin(), items.end(), [&] (auto& item) { return item.second == *call.value; });

                if (taken == items.end() || (hasOrder && taken != items.begin()))
                    return false;

                if (call.kind == Kind::dequeue)
                    items.erase (taken);

                return true;
            }

            case Kind::remove:
                if (exists)
                    items.erase (found);

                return exists == call.succeeded;

            case Kind::touchTake:
                if (! exists)
                    return false;

                absent.insert (*found);
                items.erase (found);
                return true;

            case Kind::touchPut:
            {
                const auto half =
                    std::find_if (absent.begin(), absent.end(), [&] (auto& item) { return item.first == call.handle; });

                if (half == absent.end())
                    return false;

                items.emplace_back (call.fresh, half->second);
                absent.erase (half);
                return true;
            }

            case Kind::touch:
                // It stays where it is only as the newest, or because there is no room.
                return call.succeeded ? exists && (! hasOrder || *found == items.back() || items.size() >= capacity)
                                      : ! exists;

            case Kind::get: return exists ? call.value == found->second : ! call.value;
        }

        return false;
    }

    auto operator<=> (const LruSpecification&) const = default;

    std::vector<std::pair<Handle, int>> items;
    std::set<std::pair<Handle, int>> absent;
};

template <typename Queue, std::size_t capacity>
struct Game
{
    static constexpr auto hasOrder = ! Queue::usesReferenceBits;
    using Specification = LruSpecification<hasOrder, capacity>;
    using Call = typename Specification::Call;
    using Kind = typename Call::Kind;
    using Handle = typename Queue::Handle;

    /** What one fiber does: any operation, on handles that any of them has got. */
    void play (typename Queue::Token& token, SeededRandom& random, int fiber, int numOperations)
    {
        for (int i = 0; i < numOperations; ++i)
        {
            const auto known = handles.empty() ? Handle() : handles[random.below (handles.size())];
            const auto value = 100 * fiber + i;

            switch (random.below (hasOrder ? 12 : 10))
            {
                case 0:
                case 1:
                case 2:
                    history.record (
                        [&]
                        {
                            const auto handle = queue.enqueue (value, token, random.below (2) == 0);
                            remember (handle);
                            return Call{ Kind::enqueue, value, handle.toWord() };
                        });
                    break;

                case 3:
                case 4: history.record ([&] { return Call{ Kind::dequeue, queue.dequeue (token) }; }); break;
                case 5:
                    history.record ([&]
                                    { return Call{ Kind::remove, {}, known.toWord(), 0, queue.remove (known, token) }; });
                    break;
                case 6:
                    history.record ([&] { return Call{ Kind::remove, {}, known.toWord(), 0, queue.remove (known) }; });
                    break;
                case 7: history.record ([&] { return Call{ Kind::get, queue.get (known), known.toWord() }; }); break;
                case 8:
                    if (random.below (2) == 0)
                    {
                        queue.clean (token);
                        break;
                    }

                    history.record (
                        [&]
                        {
                            const auto oldest = queue.peekOldest();
                            return Call{ Kind::peek, oldest ? std::optional (oldest->first) : std::nullopt };
                        });
                    break;

                default:
                {
                    // One call, two effects, between the same beginning and end.
                    const auto began = Interleaving::tick();
                    const auto fresh = queue.touch (known, token);
                    const auto ended = Interleaving::tick();

                    if (! fresh || fresh == known)
                    {
                        history.add ({ Call{ Kind::touch, {}, known.toWord(), 0, bool (fresh) }, began, ended });
                        break;
                    }

                    remember (fresh);
                    history.add ({ Call{ Kind::touchTake, {}, known.toWord() }, began, ended });
                    history.add ({ Call{ Kind::touchPut, {}, known.toWord(), fresh.toWord() }, began, ended });
                }
            }
        }
    }

    void remember (Handle handle)
    {
        if (handle)
            handles.push_back (handle);
    }

    Queue queue{ capacity, 3 };
    std::vector<Handle> handles;
    test::History<Call> history;
};

template <typename Queue, std::size_t capacity>
void checkHistories (std::uint64_t firstSeed, std::uint64_t numHistories)
{
    for (auto seed = firstSeed; seed < firstSeed + numHistories; ++seed)
    {
        Game<Queue, capacity> game;
        std::uint32_t numLeft = 0;

        {
            const auto numFibers = static_cast<int> (2 + seed % 2);
            Interleaving interleaving (seed);

            for (int fiber = 0; fiber < numFibers; ++fiber)
                interleaving.add (
                    [&, fiber]
                    {
                        SeededRandom random (seed * 64 + static_cast<std::uint64_t> (fiber));
                        typename Queue::Token token (game.queue, 1);
                        game.play (token, random, fiber, 7);
                    });

            REQUIRE (interleaving.run());
            INFO ("seed " << seed);
            REQUIRE (test::isLinearizable<typename Game<Queue, capacity>::Specification> (game.history));
        }

        game.queue.forEach ([&] (int, auto) { ++numLeft; });
        const auto census = game.queue.takeCensus();
        INFO ("seed " << seed);
        REQUIRE (census.isWhole);
        REQUIRE (census.live == numLeft);
    }
}

/** Freezes one fiber before each of its steps in turn; the two others must get through all they do, and find room. Returns
    how many steps there were to freeze at.
*/
template <typename Queue>
std::uint64_t checkProgress (int kind)
{
    for (std::uint64_t step = 1;; ++step)
    {
        auto hasFrozen = false;

        for (std::uint64_t seed = 1; seed <= 20; ++seed)
        {
            constexpr std::uint32_t capacity = 6;
            Queue queue (capacity, 3);
            std::array<typename Queue::Handle, 3> handles;

            {
                typename Queue::Token token (queue, 1);

                for (auto& handle : handles)
                    handle = queue.enqueue (1, token);
            }

            Interleaving interleaving (seed * 1000 + step);
            std::array<int, 3> numDone{};
            std::array<bool, 2> hadDone{};
            constexpr int numRounds = 10; // the nodes are used again

            for (std::size_t fiber = 0; fiber < 3; ++fiber)
                interleaving.add (
                    [&, fiber]
                    {
                        auto token = std::make_unique<typename Queue::Token> (queue, 1);

                        for (int i = 0; i < numRounds; ++i)
                        {
                            if (kind == 0)
                            {
                                // Two entries are always in the hands of each of the others at most.
                                queue.dequeue (*token);
                                REQUIRE (queue.enqueue (2, *token));
                            }
                            else if (kind == 1)
                            {
                                if (const auto fresh = queue.touch (handles[fiber], *token))
                                    handles[fiber] = fresh;
                                else
                                    handles[fiber] = queue.enqueue (3, *token);

                                REQUIRE (handles[fiber]);
                            }
                            else if (kind == 2)
                            {
                                // Nobody unlinks these before there is no node left.
                                queue.remove (handles[fiber]);
                                handles[fiber] = queue.enqueue (4, *token);
                                REQUIRE (handles[fiber]);
                            }
                            else
                            {
                                queue.remove (handles[fiber], *token);
                                handles[fiber] = queue.enqueue (4, *token);
                                REQUIRE (handles[fiber]);
                                queue.clean (*token);
                                queue.forEach ([] (int, auto) {});
                            }

                            ++numDone[fiber];
                        }

                        token.reset(); // a step, too

                        if (fiber == 0)
                            hadDone = { numDone[1] == numRounds, numDone[2] == numRounds };
                    });

            interleaving.freeze (0, step);
            REQUIRE (interleaving.run());
            REQUIRE (queue.takeCensus().isWhole);

            if (interleaving.hasFrozen())
            {
                hasFrozen = true;
                CHECK (hadDone == std::array{ true, true });
            }
        }

        if (! hasFrozen)
            return step - 1;
    }
}

} // namespace

TEST_CASE ("LruQueue: histories are those of a list with handles")
{
    checkHistories<Exact, 1> (1, 20'000);
    checkHistories<Exact, 2> (20'001, 60'000);
    checkHistories<Exact, 8> (80'001, 20'000);
}

TEST_CASE ("LruQueue: with reference bits, histories are those of a bag with handles")
{
    checkHistories<Bits, 1> (1, 10'000);
    checkHistories<Bits, 2> (20'001, 30'000);
    checkHistories<Bits, 8> (80'001, 10'000);
}

TEST_CASE ("LruQueue: whoever is frozen wherever, the others finish, and there is room for them")
{
    for (int kind = 0; kind < 4; ++kind)
    {
        CHECK (checkProgress<Exact> (kind) > 50);
        CHECK (checkProgress<Bits> (kind) > 15);
    }
}

TEST_CASE ("LruQueue: a walk under way meets everything that stays, once and in order")
{
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed)
    {
        Exact queue (8, 3);
        std::vector<Exact::Handle> handles;
        Exact::Token setUp (queue, 1);

        for (int i = 0; i < 8; ++i)
            handles.push_back (queue.enqueue (i, setUp));

        Interleaving interleaving (seed);
        std::vector<int> seen;

        interleaving.add ([&] { queue.forEach ([&] (int value, auto) { seen.push_back (value); }); });

        for (std::size_t fiber = 0; fiber < 2; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    Exact::Token token (queue, 1);

                    // Odd ones go, their nodes are used again; even ones stay.
                    for (std::size_t i = 1 + 2 * fiber; i < 8; i += 4)
                    {
                        queue.remove (handles[i], token);
                        const auto fresh = queue.enqueue (100 + static_cast<int> (i), token);
                        queue.remove (fresh, token);
                        queue.enqueue (200 + static_cast<int> (i), token);
                    }
                });

        REQUIRE (interleaving.run());
        INFO ("seed " << seed);
        std::vector<int> stayed;
        std::copy_if (seen.begin(), seen.end(), std::back_inserter (stayed), [] (int v) { return v < 8 && v % 2 == 0; });
        REQUIRE (stayed == std::vector{ 0, 2, 4, 6 });
        REQUIRE (std::set<int> (seen.begin(), seen.end()).size() == seen.size());
    }
}

TEST_CASE ("LruQueue: the steps of operations that meet nobody, and the bounds of those that are wait-free")
{
    Interleaving interleaving (1);

    interleaving.add (
        []
        {
            auto steps = Interleaving::getSteps();

            const auto count = [&steps]
            {
                const auto before = std::exchange (steps, Interleaving::getSteps());
                return steps - before;
            };

            Exact exact (10);
            Exact::Token token (exact, 1);
            count();
            const auto first = exact.enqueue (1, token);
            const auto perEnqueue = count();
            const auto second = exact.enqueue (2, token);
            CHECK (count() == perEnqueue);
            const auto third = exact.enqueue (3, token);
            count();
            const auto fresh = exact.touch (first, token);
            CHECK (count() == (rt::checksFreelists ? 32 : 31)); // a step more when the freelist marks its elements
            CHECK (fresh);
            CHECK (exact.contains (fresh));
            CHECK (count() == 1);
            CHECK (exact.get (second) == 2);
            CHECK (count() == 2);
            CHECK (exact.remove (third));
            CHECK (count() == 1);
            CHECK_FALSE (exact.remove (third));
            CHECK (count() == 1);

            Bits bits (10);
            Bits::Token bitsToken (bits, 1);
            const auto handle = bits.enqueue (1, bitsToken);
            count();
            CHECK (bits.touch (handle));
            CHECK (count() == 3); // the state, the bit, its store
            CHECK (bits.touch (handle));
            CHECK (count() == 2);
        });

    REQUIRE (interleaving.run());
}
