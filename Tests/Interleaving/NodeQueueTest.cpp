// NodeQueue and NodeStore with a switch before any atomic operation: what pops and pushes answer could have happened one after
// the other; whoever is frozen wherever, the others finish; and no operation takes more steps than its header says.

#include "InterleavedPolicy.h"
#include "Linearizability.h"

#include <rt_queues/NodeQueueHalves.h>
#include <rt_queues/NodeStore.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <compare>
#include <deque>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using test::InterleavedPolicy;
using test::Interleaving;
using test::SeededRandom;

namespace
{

using Queue = rt::NodeQueue<int, InterleavedPolicy>;
using Store = rt::NodeStore<int, InterleavedPolicy>;
using Chain = rt::NodeChain<int, InterleavedPolicy>;
using Node = rt::NodePtr<int, InterleavedPolicy>;

constexpr auto all = std::numeric_limits<std::size_t>::max();

/** A first-in-first-out queue into which and out of which several may go at once. */
struct Specification
{
    struct Call
    {
        enum class Kind
        {
            push, ///< of `values`
            pop,  ///< of the oldest, not more than `most`
            look  ///< at the oldest, not more than `most`
        } kind;

        std::vector<int> values;
        std::size_t most = 1;
    };

    bool apply (const Call& call)
    {
        if (call.kind == Call::Kind::push)
        {
            items.insert (items.end(), call.values.begin(), call.values.end());
            return true;
        }

        const auto end = items.begin() + static_cast<std::ptrdiff_t> (std::min (items.size(), call.most));

        if (! std::equal (items.begin(), end, call.values.begin(), call.values.end()))
            return false;

        if (call.kind == Call::Kind::pop)
            items.erase (items.begin(), end);

        return true;
    }

    auto operator<=> (const Specification&) const = default;

    std::deque<int> items;
};

using Call = Specification::Call;
using History = test::History<Call>;

std::vector<int> valuesOf (Chain& chain)
{
    std::vector<int> values;
    Chain looked;

    while (auto node = chain.pop())
    {
        values.push_back (*node);
        looked.push (std::move (node));
    }

    chain = std::move (looked);
    return values;
}

/** Checks the steps of an operation against what it may take. */
template <typename Operation>
auto within (std::uint64_t mostSteps, Operation&& operation)
{
    const auto before = Interleaving::getSteps();
    auto result = operation();
    const auto steps = Interleaving::getSteps() - before;

    if (steps > mostSteps)
        throw std::runtime_error (std::to_string (steps) + " steps instead of " + std::to_string (mostSteps));

    return result;
}

/** One thread's end of two queues, and what it did there. */
class Player
{
public:
    Player (std::uint64_t seed, Queue& inToUse, History& inHistory, Queue& outToUse, History& outHistory)
        : random (seed), in (inToUse), out (outToUse), popped (inHistory), pushed (outHistory)
    {
    }

    void keepNode (Node&& node) { spare.push (std::move (node)); }

    void play (int numOperations, int firstValue)
    {
        for (int i = 0; i < numOperations; ++i)
            switch (random.below (7))
            {
                case 0: popped.record ([this] { return pop(); }); break;
                case 1: popped.record ([this] { return popAll (all); }); break;
                case 2: popped.record ([this] { return popAll (2); }); break;
                case 3: popped.record ([this] { return look(); }); break;
                case 4:
                case 5: push (firstValue + 10 * i); break;
                default: pushAll (firstValue + 10 * i); break;
            }
    }

private:
    Call pop()
    {
        auto node = within (1, [this] { return in.pop(); });
        auto values = node ? std::vector{ *node } : std::vector<int>();
        spare.push (std::move (node));
        return { Call::Kind::pop, std::move (values), 1 };
    }

    Call popAll (std::size_t most)
    {
        const auto before = Interleaving::getSteps();
        auto chain = in.popAll (most);

        if (Interleaving::getSteps() - before > std::min (chain.getSize() + 1, most))
            throw std::runtime_error ("popAll took too many steps");

        auto values = valuesOf (chain);
        spare.append (std::move (chain));
        return { Call::Kind::pop, std::move (values), most };
    }

    Call look()
    {
        auto* const value = within (1, [this] { return in.peek(); });
        return { Call::Kind::look, value != nullptr ? std::vector{ *value } : std::vector<int>(), 1 };
    }

    void push (int value)
    {
        if (spare.isEmpty())
            return;

        pushed.record (
            [&]
            {
                auto node = spare.pop();
                within (2,
                        [&]
                        {
                            if (random.below (2) == 0)
                                return out.emplace (std::move (node), value), 0;

                            *node = value;
                            return out.push (std::move (node)), 0;
                        });
                return Call{ Call::Kind::push, { value } };
            });
    }

    void pushAll (int value)
    {
        pushed.record (
            [&]
            {
                Chain chain;
                std::vector<int> values;

                while (auto node = spare.pop())
                {
                    *node = value++;
                    values.push_back (*node);
                    chain.push (std::move (node));
                }

                within (4, [&] { return out.pushAll (std::move (chain)), 0; });
                return Call{ Call::Kind::push, std::move (values) };
            });
    }

    SeededRandom random;
    Queue& in;
    Queue& out;
    History& popped;
    History& pushed;
    Chain spare;
};

/** Three players in a ring of three queues, with a few nodes that go round. Returns whether it came to an end. */
bool playRing (Interleaving& interleaving, std::uint64_t seed, int numOperations)
{
    Queue queues[3];
    History histories[3];
    std::vector<Player> players;
    players.reserve (3);
    Store store (6);

    for (std::size_t i = 0; i < 3; ++i)
    {
        const auto next = (i + 1) % 3;
        players.emplace_back (seed * 4 + i, queues[i], histories[i], queues[next], histories[next]);

        for (auto nodes = store.takeAll (2); auto node = nodes.pop();)
            players.back().keepNode (std::move (node));

        interleaving.add ([&players, i, numOperations] { players[i].play (numOperations, static_cast<int> (1000 * i)); });
    }

    if (! interleaving.run())
        return false;

    INFO ("seed " << seed);

    for (const auto& history : histories)
        REQUIRE (test::isLinearizable<Specification> (history));

    return true;
}

} // namespace

TEST_CASE ("Histories of NodeQueues in a ring are linearizable, and no operation takes too many steps")
{
    for (std::uint64_t seed = 1; seed <= 40'000; ++seed) // three histories each
    {
        Interleaving interleaving (seed);
        REQUIRE (playRing (interleaving, seed, 4 + static_cast<int> (seed % 5)));
    }
}

TEST_CASE ("Whoever is frozen at whatever step of a NodeQueue, the others finish")
{
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        for (std::size_t frozen = 0; frozen < 3; ++frozen)
            for (std::uint64_t step = 0, hasFrozen = 1; hasFrozen != 0; ++step)
            {
                Interleaving interleaving (seed);
                interleaving.freeze (frozen, step);
                REQUIRE (playRing (interleaving, seed, 8));
                hasFrozen = interleaving.hasFrozen() ? 1 : 0;
            }
}

TEST_CASE ("Whenever the producer's half goes, the consumer then finds all that was pushed")
{
    for (std::uint64_t seed = 1; seed <= 5'000; ++seed)
    {
        Queue queue;
        auto [producer, consumer] = rt::splitNodeQueue (&queue);
        Interleaving interleaving (seed);
        auto numPopped = 0;
        interleaving.add (
            [&half = producer]
            {
                auto mine = std::move (half);
                Chain chain;

                for (int i = 1; i <= 3; ++i)
                    chain.push (Node::make (i));

                mine.pushAll (std::move (chain));
                mine.push (Node::make (4));
            });
        interleaving.add (
            [&, &half = consumer]
            {
                for (auto isOver = false; ! isOver;)
                {
                    isOver = half.isPeerGone();

                    while (auto node = half.pop())
                        numPopped += *node == numPopped + 1 ? 1 : 100;
                }
            });
        REQUIRE (interleaving.run());
        REQUIRE (numPopped == 4);
    }
}
