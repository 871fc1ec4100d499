// BlockCache with a switch before any atomic operation: what it answers could have happened one after the other, what is
// pinned stays as it is, whoever is frozen wherever the others finish, and find() has a bound.

#include "InterleavedPolicy.h"
#include "Linearizability.h"

#include <rt_queues/BlockCache.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

using test::InterleavedPolicy;
using test::Interleaving;
using test::SeededRandom;

namespace
{

/** All keys in one bucket. */
struct SameHash
{
    std::size_t operator() (int) const noexcept { return 5; }
};

/** A value that its pin must keep: it shows when it has ended. */
struct Block
{
    explicit Block (int n) noexcept : number (n) {}
    Block (Block&& other) noexcept : number (std::exchange (other.number, -1)) {}

    Block& operator= (Block&& other) noexcept
    {
        number = std::exchange (other.number, -1);
        return *this;
    }

    ~Block() { number = -2; }

    int number;
};

template <typename Order, typename Hash>
using CacheOf = rt::BlockCache<int, Block, Order, InterleavedPolicy, Hash>;

/** Values by their keys, any of which may be thrown out at any time. */
struct CacheSpecification
{
    struct Call
    {
        enum class Kind
        {
            find,   ///< of `key`, which gave `number`, or nothing
            insert, ///< of `key` and `number`: inserted
            exists, ///< an insert that found `number`
            remove, ///< of `key`, and whether that `succeeded`
            evict   ///< of `key` and `number`, which somebody was told of
        } kind;

        int key;
        std::optional<int> number;
        bool succeeded = false;
    };

    bool apply (const Call& call)
    {
        const auto found = numbers.find (call.key);
        const auto isThere = found != numbers.end() && (! call.number || found->second == *call.number);

        switch (call.kind)
        {
            case Call::Kind::find: return call.number ? isThere : found == numbers.end();
            case Call::Kind::insert: return numbers.emplace (call.key, *call.number).second;
            case Call::Kind::exists: return isThere;
            case Call::Kind::remove:
                if (call.succeeded != isThere)
                    return false;
                break;

            case Call::Kind::evict:
                if (! isThere)
                    return false;
                break;
        }

        if (isThere)
            numbers.erase (found);

        return true;
    }

    auto operator<=> (const CacheSpecification&) const = default;

    std::map<int, int> numbers;
};

enum class Mix
{
    all,
    changes ///< seldom a find
};

template <typename Order, typename Hash>
void checkHistories (std::uint64_t firstSeed, std::uint64_t numHistories, std::size_t bytes, std::uint32_t entries,
                     Mix mix = Mix::all)
{
    using Cache = CacheOf<Order, Hash>;
    using Call = CacheSpecification::Call;

    for (auto seed = firstSeed; seed < firstSeed + numHistories; ++seed)
    {
        test::History<Call> history;
        std::array<std::uint64_t, 3> began{};
        std::set<int> ended;
        auto isSound = true;

        Cache cache ({ .bytes = bytes, .entries = entries, .mostThreads = 3 },
                     [&] (int key, Block&& block, auto reason)
                     {
                         isSound = isSound && block.number >= 0 && ended.insert (block.number).second;

                         if (reason == Cache::Reason::evicted)
                             history.add ({ { Call::Kind::evict, key, block.number },
                                            began[Interleaving::getFiber()],
                                            Interleaving::tick() });
                     });

        Interleaving interleaving (seed);

        for (std::size_t fiber = 0; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    SeededRandom random (seed * 64 + fiber);
                    typename Cache::Token token (cache, 1);
                    typename Cache::Pin held;
                    auto heldNumber = 0;

                    for (int i = 0; i < 6; ++i)
                    {
                        const auto key = static_cast<int> (random.below (3));
                        const auto number = static_cast<int> (fiber) * 100 + i;
                        began[fiber] = Interleaving::tick();

                        const auto note = [&] (Call call) { history.add ({ call, began[fiber], Interleaving::tick() }); };
                        const auto numberIn = [] (const typename Cache::Pin& pin)
                        { return pin ? std::optional (pin->number) : std::nullopt; };

                        switch (mix == Mix::all ? random.below (6) : 1 + random.below (4))
                        {
                            case 0:
                            case 1:
                            {
                                auto pin = random.below (4) == 0 ? cache.peek (key) : cache.find (key, token);
                                note ({ Call::Kind::find, key, numberIn (pin) });

                                if (pin && random.below (2) == 0)
                                {
                                    heldNumber = pin->number;
                                    held = std::move (pin);
                                }
                                break;
                            }

                            case 2:
                            {
                                const auto isRemoved = cache.remove (key, token);
                                note ({ Call::Kind::remove, key, {}, isRemoved });
                                break;
                            }

                            default:
                            {
                                Block block (number);
                                const auto insertion = cache.insert (key, std::move (block), 1, token);

                                if (insertion.status == Cache::Status::inserted)
                                    note ({ Call::Kind::insert, key, number });
                                else if (insertion.status == Cache::Status::exists)
                                    note ({ Call::Kind::exists, key, numberIn (insertion.pin) });

                                isSound = isSound && (insertion.status == Cache::Status::inserted) == (block.number == -1);
                            }
                        }

                        isSound = isSound && (! held || held->number == heldNumber);

                        if (random.below (3) == 0)
                            held.reset();
                    }

                    isSound = isSound && (! held || held->number == heldNumber);
                });

        REQUIRE (interleaving.run());
        INFO ("seed " << seed);
        REQUIRE (isSound);
        REQUIRE (test::isLinearizable<CacheSpecification> (history));
        REQUIRE (cache.isWhole());
    }
}

/** Freezes one fiber before each of its steps in turn; the two others must get through all they do, and what they put in must
    get in. Returns how many steps there were to freeze at.
*/
template <typename Order>
std::uint64_t checkProgress (int kind)
{
    using Cache = CacheOf<Order, SameHash>;
    constexpr int numRounds = 6;

    for (std::uint64_t step = 1;; ++step)
    {
        auto hasFrozen = false;

        for (std::uint64_t seed = 1; seed <= 10; ++seed)
        {
            Cache cache ({ .bytes = 4, .entries = 4, .mostThreads = 3 });
            Interleaving interleaving (seed * 1000 + step);
            std::array<int, 3> numDone{};
            std::array<bool, 2> hadDone{};

            for (std::size_t fiber = 0; fiber < 3; ++fiber)
                interleaving.add (
                    [&, fiber]
                    {
                        auto token = std::make_unique<typename Cache::Token> (cache, 1);
                        SeededRandom random (seed * 64 + fiber);

                        for (int i = 0; i < numRounds; ++i)
                        {
                            const auto key = static_cast<int> (random.below (3));

                            if (fiber == 0 && kind == 0)
                                cache.find (key, *token);
                            else if (fiber == 0 && kind == 1)
                                cache.remove (key, *token);
                            else if (kind != 3 || fiber == 0)
                                cache.insert (key, Block (1), 1,
                                              *token); // or it is full: others have what there is in their hands
                            else
                                cache.removeIf ([&] (int k) { return k == key; }, *token);

                            ++numDone[fiber];
                        }

                        token.reset(); // a step, too

                        if (fiber == 0)
                            hadDone = { numDone[1] == numRounds, numDone[2] == numRounds };
                    });

            interleaving.freeze (0, step);
            REQUIRE (interleaving.run());
            REQUIRE (cache.isWhole());

            // Nothing is lost: there is room for four.
            {
                typename Cache::Token token (cache, 1);

                for (int key = 10; key < 14; ++key)
                    REQUIRE (cache.insert (key, Block (1), 1, token).status == Cache::Status::inserted);

                REQUIRE (cache.count() == 4);
            }

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

TEST_CASE ("BlockCache: histories are those of a map that may lose anything")
{
    checkHistories<rt::ReferenceBits, SameHash> (1, 30'000, 2, 3);
    checkHistories<rt::ReferenceBits, std::hash<int>> (30'001, 10'000, 2, 3);
    checkHistories<rt::ReferenceBits, SameHash> (40'001, 20'000, 10, 10);
    checkHistories<rt::ReferenceBits, SameHash> (100'001, 60'000, 10, 10, Mix::changes);
    checkHistories<rt::ReferenceBits, std::hash<int>> (60'001, 10'000, 10, 2);
}

TEST_CASE ("BlockCache: histories in exact order, in which handles are replaced")
{
    checkHistories<rt::ExactOrder, SameHash> (1, 20'000, 2, 3);
    checkHistories<rt::ExactOrder, std::hash<int>> (30'001, 20'000, 10, 10);
}

TEST_CASE ("BlockCache: whoever is frozen wherever, the others finish")
{
    for (int kind = 0; kind < 4; ++kind)
    {
        CHECK (checkProgress<rt::ReferenceBits> (kind) > 20);
        CHECK (checkProgress<rt::ExactOrder> (kind) > 20);
    }
}

TEST_CASE ("BlockCache: the steps of find and of a pin that goes are bounded, whatever others do")
{
    using Cache = CacheOf<rt::ReferenceBits, SameHash>;
    std::uint64_t mostForFind = 0, mostForPin = 0;

    for (std::uint64_t seed = 1; seed <= 5000; ++seed)
    {
        Cache cache ({ .bytes = 100, .entries = 10, .mostThreads = 3 });
        Interleaving interleaving (seed);

        interleaving.add (
            [&]
            {
                typename Cache::Token token (cache, 1);

                for (int i = 0; i < 10; ++i)
                {
                    const auto before = Interleaving::getSteps();
                    auto pin = cache.find (i % 9, token);
                    const auto between = Interleaving::getSteps();
                    pin.reset();
                    mostForFind = std::max (mostForFind, between - before);
                    mostForPin = std::max (mostForPin, Interleaving::getSteps() - between);
                }
            });

        for (int fiber = 1; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    typename Cache::Token token (cache, 1);

                    for (int i = 0; i < 8; ++i)
                    {
                        cache.insert (i * fiber % 9, Block (i), 1, token);
                        cache.remove (i, token);
                    }
                });

        REQUIRE (interleaving.run());
    }

    // Each of seven slots: the link, the hash, and a pin that has come too late and goes again, of which it may be the last.
    CHECK (mostForFind > 4);
    CHECK (mostForFind <= 7 * 5 + 4);
    CHECK (mostForPin >= 1);
    CHECK (mostForPin <= 2);
}
