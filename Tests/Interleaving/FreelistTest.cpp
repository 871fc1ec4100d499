// Freelist and MagazineFreelist with a switch before any atomic operation: what pops and pushes answer could have happened one after
// the other; whoever is frozen wherever, the others finish; and what an operation costs when nobody else is there.

#include "InterleavedPolicy.h"
#include "Linearizability.h"
#include "Specifications.h"

#include <rt_queues/MagazineFreelist.h>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using test::InterleavedPolicy;
using test::Interleaving;
using test::PoolSpecification;
using test::SeededRandom;

namespace
{

/** Its weak exchanges fail one time in two for no reason, as the standard allows: every other operation gets to the elimination
    array.
*/
struct FlakyPolicy : InterleavedPolicy
{
    inline static SeededRandom random{ 1 };

    template <typename T>
    class Atomic : public InterleavedPolicy::Atomic<T>
    {
    public:
        using Base = InterleavedPolicy::Atomic<T>;
        using Base::Base;

        bool compare_exchange_weak (T& expected, T desired, std::memory_order success, std::memory_order failure)
        {
            if (random.below (2) != 0)
                return Base::compare_exchange_weak (expected, desired, success, failure);

            expected = Base::load (failure);
            return false;
        }
    };
};

template <typename Policy>
constexpr typename rt::Backoff<Policy>::Limits onePause{ 1, 1, 1 };

template <typename Policy>
struct Fixture
{
    using List = rt::Freelist<Policy, true>;
    using Token = typename List::Token;

    Fixture (std::uint64_t seed, unsigned numSlots, std::uint32_t numElements) : elements (numElements), state (numSlots)
    {
        FlakyPolicy::random = SeededRandom (seed);
    }

    int nameOf (const typename List::Element& element) const { return static_cast<int> (list.getIndex (element)); }

    std::vector<typename List::Element> elements;
    typename List::State state;
    List list{ state, elements.data(), sizeof (elements[0]), static_cast<std::uint32_t> (elements.size()) };
};

/** Each fiber has two elements, pops what it can get and gives something away, as the seed says. */
template <typename Policy>
void checkPool (std::uint64_t firstSeed, std::uint64_t numHistories, unsigned numSlots)
{
    using Call = PoolSpecification::Call;

    for (auto seed = firstSeed; seed < firstSeed + numHistories; ++seed)
    {
        const auto numFibers = 3 + seed % 2;
        Fixture<Policy> fixture (seed, numSlots, static_cast<std::uint32_t> (2 * numFibers));
        test::History<Call> history;
        Interleaving interleaving (seed);

        for (std::uint32_t fiber = 0; fiber < numFibers; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    SeededRandom random (seed * 64 + fiber);
                    typename Fixture<Policy>::Token token (onePause<Policy>, seed * 64 + fiber);
                    auto& list = fixture.list;
                    std::vector<rt::FreelistElement<Policy>*> mine{ &list.getElement (2 * fiber),
                                                                    &list.getElement (2 * fiber + 1) };

                    for (int i = 0; i < 5; ++i)
                    {
                        if (mine.empty() || random.below (2) == 0)
                        {
                            history.record (
                                [&]
                                {
                                    auto* const element = list.pop (token);

                                    if (element == nullptr)
                                        return Call{ Call::Kind::pop, {} };

                                    mine.push_back (element);
                                    return Call{ Call::Kind::pop, fixture.nameOf (*element) };
                                });
                        }
                        else
                        {
                            history.record (
                                [&]
                                {
                                    auto& element = *mine.back();
                                    mine.pop_back();
                                    list.push (element, token);
                                    return Call{ Call::Kind::push, fixture.nameOf (element) };
                                });
                        }
                    }
                });

        REQUIRE (interleaving.run());
        INFO ("seed " << seed);
        REQUIRE (test::isLinearizable<PoolSpecification> (history));
        REQUIRE_FALSE (fixture.list.validate());
    }
}

/** A bag, out of which and into which several may go at once. */
struct ChainSpecification
{
    struct Call
    {
        bool isPush;
        std::vector<int> values;
        std::size_t most = 0; ///< that a pop asked for; it may get fewer, but none only if there is none
    };

    bool apply (const Call& call)
    {
        if (call.isPush)
        {
            for (const auto value : call.values)
                if (! items.insert (value).second)
                    return false;

            return true;
        }

        for (const auto value : call.values)
            if (items.erase (value) == 0)
                return false;

        return call.values.size() <= call.most && (! call.values.empty() || items.empty());
    }

    auto operator<=> (const ChainSpecification&) const = default;

    std::set<int> items;
};

/** As checkPool(), with chains. */
template <typename Policy>
void checkChains (std::uint64_t firstSeed, std::uint64_t numHistories, unsigned numSlots)
{
    using Call = ChainSpecification::Call;

    for (auto seed = firstSeed; seed < firstSeed + numHistories; ++seed)
    {
        Fixture<Policy> fixture (seed, numSlots, 6);
        test::History<Call> history;
        Interleaving interleaving (seed);

        for (std::uint32_t fiber = 0; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    SeededRandom random (seed * 64 + fiber);
                    typename Fixture<Policy>::Token token (onePause<Policy>, seed * 64 + fiber);
                    auto& list = fixture.list;
                    std::vector<rt::FreelistElement<Policy>*> mine{ &list.getElement (2 * fiber),
                                                                    &list.getElement (2 * fiber + 1) };

                    for (int i = 0; i < 4; ++i)
                    {
                        if (mine.empty() || random.below (2) == 0)
                        {
                            history.record (
                                [&]
                                {
                                    const auto most = static_cast<std::uint32_t> (random.below (3) + 1);
                                    const auto chain = list.popChain (most, token);
                                    Call call{ false, {}, most };

                                    for (auto* element = chain.first; element != nullptr; element = list.getNext (*element))
                                    {
                                        call.values.push_back (fixture.nameOf (*element));
                                        mine.push_back (element);
                                    }

                                    return call;
                                });
                        }
                        else
                        {
                            history.record (
                                [&]
                                {
                                    Call call{ true, {} };
                                    typename Fixture<Policy>::List::Chain chain;

                                    for (auto n = random.below (mine.size()) + 1; n > 0; --n)
                                    {
                                        call.values.push_back (fixture.nameOf (*mine.back()));
                                        list.append (chain, *mine.back());
                                        mine.pop_back();
                                    }

                                    if (chain.count == 1)
                                        list.push (*chain.first, token); // so that some get parked
                                    else
                                        list.pushChain (chain, token);

                                    return call;
                                });
                        }
                    }
                });

        REQUIRE (interleaving.run());
        INFO ("seed " << seed);
        REQUIRE (test::isLinearizable<ChainSpecification> (history));
        REQUIRE_FALSE (fixture.list.validate());
    }
}

/** A bag that may say "empty" while others have `slack` elements for themselves. */
template <std::size_t slack>
struct MagazineSpecification
{
    using Call = PoolSpecification::Call;

    bool apply (const Call& call)
    {
        if (call.kind == Call::Kind::push)
            return items.insert (*call.value).second;

        return call.value ? items.erase (*call.value) == 1 : items.size() <= slack;
    }

    auto operator<=> (const MagazineSpecification&) const = default;

    std::set<int> items;
};

/** Three fibers with magazines of that many elements. */
template <std::uint32_t magazineSize>
void checkMagazines (std::uint64_t numHistories)
{
    using List = rt::MagazineFreelist<InterleavedPolicy, true, magazineSize>;
    using Call = PoolSpecification::Call;
    constexpr std::uint32_t numFibers = 3;
    constexpr std::uint32_t each = 2 * magazineSize + 1;

    for (std::uint64_t seed = 1; seed <= numHistories; ++seed)
    {
        std::vector<typename List::Element> elements (numFibers * each);
        typename List::State state;
        List list (state, elements.data(), sizeof (elements[0]), numFibers * each);
        test::History<Call> history;
        Interleaving interleaving (seed);

        for (std::uint32_t fiber = 0; fiber < numFibers; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    SeededRandom random (seed * 64 + fiber);
                    typename List::Slot slot (list);
                    std::vector<typename List::Element*> mine;
                    const auto nameOf = [&] (auto& e) { return static_cast<int> (&e - elements.data()); };

                    for (auto i = each * fiber; i < each * (fiber + 1); ++i)
                        mine.push_back (&elements[i]);

                    for (int i = 0; i < 8; ++i)
                    {
                        if (mine.empty() || random.below (8) < (i < 4 ? 2u : 5u))
                        {
                            history.record (
                                [&]
                                {
                                    auto* const element = list.take (slot);

                                    if (element == nullptr)
                                        return Call{ Call::Kind::pop, {} };

                                    mine.push_back (element);
                                    return Call{ Call::Kind::pop, nameOf (*element) };
                                });
                        }
                        else
                        {
                            history.record (
                                [&]
                                {
                                    auto& element = *mine.back();
                                    mine.pop_back();
                                    list.put (slot, element);
                                    return Call{ Call::Kind::push, nameOf (element) };
                                });
                        }
                    }
                });

        REQUIRE (interleaving.run());
        INFO ("seed " << seed);
        REQUIRE (test::isLinearizable<MagazineSpecification<List::getMostElsewhere (numFibers)>> (history));
        REQUIRE_FALSE (list.validate());
        REQUIRE (list.getShared().count() == list.count()); // all slots have ended
    }
}

/** Freezes one fiber before each of its steps in turn; the two others must get through all they do. Returns how many steps there
    were to freeze at.
*/
template <typename Policy>
std::uint64_t checkProgress (unsigned numSlots, int kind)
{
    for (std::uint64_t step = 1;; ++step)
    {
        auto hasFrozen = false;

        for (std::uint64_t seed = 1; seed <= 20; ++seed)
        {
            Fixture<Policy> fixture (seed, numSlots, 6);
            auto& list = fixture.list;
            list.fill();
            Interleaving interleaving (seed * 1000 + step);
            std::array<int, 3> numDone{};
            std::array<bool, 2> hadDone{};

            for (std::size_t fiber = 0; fiber < 3; ++fiber)
                interleaving.add (
                    [&, fiber]
                    {
                        typename Fixture<Policy>::Token token (onePause<Policy>, seed * 64 + fiber);

                        for (int i = 0; i < 3; ++i)
                        {
                            if (kind == 0)
                            {
                                if (auto* const element = list.pop (token))
                                    list.push (*element, token);
                            }
                            else
                            {
                                list.pushChain (kind == 1 ? list.popChain (3, token) : list.popAll (token), token);
                            }

                            ++numDone[fiber];
                        }

                        // The frozen one goes on when these have ended.
                        if (fiber == 0)
                            hadDone = { numDone[1] == 3, numDone[2] == 3 };
                    });

            interleaving.freeze (0, step);
            REQUIRE (interleaving.run());
            CHECK_FALSE (list.validate());
            CHECK (list.count() == 6);

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

TEST_CASE ("Freelist: histories are those of a pool") { checkPool<InterleavedPolicy> (1, 100'000, 0); }

TEST_CASE ("Freelist: histories are those of a pool, with an elimination array that half of the operations go to")
{
    checkPool<FlakyPolicy> (1, 50'000, 1);
    checkPool<FlakyPolicy> (100'001, 50'000, 2);
}

TEST_CASE ("Freelist: histories of chains are those of a pool")
{
    checkChains<InterleavedPolicy> (1, 50'000, 0);
    checkChains<FlakyPolicy> (100'001, 50'000, 2);
}

TEST_CASE ("MagazineFreelist: histories are those of a pool that may keep a few elements back")
{
    checkMagazines<1> (100'000);
    checkMagazines<2> (10'000);
}

TEST_CASE ("Freelist: whoever is frozen wherever, the others finish")
{
    CHECK (checkProgress<InterleavedPolicy> (0, 0) > 10);
    CHECK (checkProgress<FlakyPolicy> (2, 0) > 10);
    CHECK (checkProgress<InterleavedPolicy> (0, 1) > 10);
    CHECK (checkProgress<FlakyPolicy> (2, 1) > 10);
    CHECK (checkProgress<FlakyPolicy> (2, 2) > 10);
}

TEST_CASE ("Freelist: the steps of an operation that meets nobody")
{
    std::vector<rt::FreelistElement<InterleavedPolicy>> elements (100);
    rt::FreelistState<InterleavedPolicy> state (8);
    rt::Freelist<InterleavedPolicy, false> list (state, elements.data(), sizeof (elements[0]), 100);
    list.fill();
    Interleaving interleaving (1);

    interleaving.add (
        [&]
        {
            rt::Freelist<InterleavedPolicy, false>::Token token;
            auto steps = Interleaving::getSteps();

            const auto count = [&steps]
            {
                const auto before = std::exchange (steps, Interleaving::getSteps());
                return steps - before;
            };

            auto* const element = list.pop (token);
            CHECK (count() == 3); // the head, the link, the exchange
            list.push (*element, token);
            CHECK (count() == 3); // the head, the link, the exchange
            const auto chain = list.popChain (16, token);
            CHECK (count() == 16 + 3); // the head, the links, the exchange, the last link's end
            list.pushChain (chain, token);
            CHECK (count() == 3);

            list.popAll (token);
            count();
            CHECK (list.pop (token) == nullptr);
            CHECK (count() == 1 + 8 + 1 + 8); // the head, the array, the head, the array
        });

    REQUIRE (interleaving.run());
}

TEST_CASE (
    "MagazineFreelist: taking and giving within the magazines is wait-free and touches nothing shared, others frozen or not")
{
    using List = rt::MagazineFreelist<InterleavedPolicy, false>;

    for (std::uint64_t step = 1; step <= 60; ++step)
    {
        std::vector<List::Element> elements (200);
        List::State state;
        List list (state, elements.data(), sizeof (elements[0]), 200);
        list.fill();
        Interleaving interleaving (step);
        std::array<std::uint64_t, 2> most{};

        // Takes and gives across the limits of its magazines.
        interleaving.add (
            [&]
            {
                List::Slot slot (list);
                std::vector<List::Element*> mine;

                for (int i = 0; i < 40; ++i)
                    mine.push_back (list.take (slot));

                for (auto* element : mine)
                    list.put (slot, *element);
            });

        interleaving.add (
            [&]
            {
                List::Slot slot (list);
                list.put (slot, *list.take (slot)); // brings a magazine

                for (int i = 0; i < 50; ++i)
                {
                    auto begin = Interleaving::getSteps();
                    auto* const element = list.take (slot);
                    most[0] = std::max (most[0], Interleaving::getSteps() - begin);

                    begin = Interleaving::getSteps();
                    list.put (slot, *element);
                    most[1] = std::max (most[1], Interleaving::getSteps() - begin);
                }
            });

        interleaving.freeze (0, step);
        REQUIRE (interleaving.run());
        CHECK (interleaving.hasFrozen());
        CHECK (most == std::array<std::uint64_t, 2>{ 2, 2 }); // the fill level, read and written
    }
}
