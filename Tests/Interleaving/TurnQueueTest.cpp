// CrTurnQueue, TurnMpscQueue and TurnSpmcQueue: histories that a first-in-first-out queue could have, bounds on the steps of every
// operation, and progress while a thread is stopped anywhere.

#include "InterleavedPolicy.h"
#include "Linearizability.h"
#include "Specifications.h"

#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/TurnMpscQueue.h>
#include <rt_queues/TurnSpmcQueue.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

using test::FifoSpecification;
using test::InterleavedPolicy;
using test::Interleaving;
using Call = FifoSpecification::Call;

namespace
{

using Mpmc = rt::CrTurnQueue<int, InterleavedPolicy>;
using Mpsc = rt::TurnMpscQueue<int, InterleavedPolicy>;
using Spmc = rt::TurnSpmcQueue<int, InterleavedPolicy>;

enum class Role
{
    both,
    producer,
    consumer
};

/** A queue with a slot for each fiber, and what the fibers do with it. */
template <typename Queue>
class Game
{
public:
    Game (std::uint64_t seed, unsigned fastTries, std::vector<Role> rolesToPlay, int numOperationsEach)
        : queue (fastTries, static_cast<unsigned> (seed / 3 % 2)), interleaving (seed), roles (std::move (rolesToPlay)),
          random (seed + 77)
    {
        // Few nodes, so that they are soon used again.
        for (std::size_t i = 0; i < roles.size(); ++i)
            slots.push_back (queue.attach (static_cast<unsigned> (1 + random.below (seed % 2 == 0 ? 2 : 6))));

        // Not all begin with an empty queue.

        if (random.below (2) == 0)
            for (auto numBefore = static_cast<int> (random.below (4)); numBefore > 0; --numBefore)
                push (findRole (Role::producer), 100 + numBefore);

        for (std::size_t fiber = 0; fiber < roles.size(); ++fiber)
            interleaving.add (
                [this, fiber, numOperationsEach]
                {
                    for (int i = 0; i < numOperationsEach; ++i)
                    {
                        const auto before = Interleaving::getSteps();
                        const auto pushes =
                            roles[fiber] == Role::producer || (roles[fiber] == Role::both && random.below (2) == 0);

                        if (pushes)
                        {
                            push (fiber, static_cast<int> (fiber * 10) + i);
                            mostPushSteps = std::max (mostPushSteps, Interleaving::getSteps() - before);
                        }
                        else
                        {
                            history.record ([&] { return Call{ Call::Kind::pop, queue.tryDequeue (slots[fiber]) }; });
                            mostPopSteps = std::max (mostPopSteps, Interleaving::getSteps() - before);
                        }
                    }
                });
    }

    /** Takes out what is left, so that what was lost or doubled shows. */
    void finish()
    {
        const auto consumer = findRole (Role::consumer);

        do
            history.record ([&] { return Call{ Call::Kind::pop, queue.tryDequeue (slots[consumer]) }; });
        while (history.getEvents().back().call.value);

        // And goes on working: what was retired or reused too early shows when its node comes round again.
        const auto producer = findRole (Role::producer);

        for (int i = 0; i < 12; ++i)
        {
            for (std::size_t fiber = 0; fiber < roles.size(); ++fiber)
            {
                if (roles[fiber] == Role::producer)
                    continue;

                auto value = i;
                const auto isIn = queue.tryEnqueue (slots[producer], value);
                const auto taken = queue.tryDequeue (slots[fiber]);

                if (taken != (isIn ? std::optional (i) : std::nullopt))
                    throw std::runtime_error ("a queue at rest does not give what was put in");
            }
        }
    }

    Queue queue;
    Interleaving interleaving;
    std::vector<Role> roles;
    test::SeededRandom random;
    std::vector<typename Queue::Slot> slots;
    test::History<Call> history;
    std::uint64_t mostPushSteps = 0;
    std::uint64_t mostPopSteps = 0;

private:
    std::size_t findRole (Role role) const
    {
        const auto fits = [role] (Role r) { return r == Role::both || r == role; };
        return static_cast<std::size_t> (std::find_if (roles.begin(), roles.end(), fits) - roles.begin());
    }

    void push (std::size_t fiber, int value)
    {
        history.recordIf (
            [&]() -> std::optional<Call>
            {
                auto moved = value;

                // That there was no node says nothing about the queue.
                return queue.tryEnqueue (slots[fiber], moved) ? std::optional (Call{ Call::Kind::push, value })
                                                              : std::nullopt;
            });
    }
};

template <typename Queue>
void checkHistories (std::uint64_t numHistories, const std::vector<std::vector<Role>>& casts)
{
    for (std::uint64_t seed = 1; seed <= numHistories; ++seed)
    {
        const auto& cast = casts[seed % casts.size()];
        const auto fastTries = static_cast<unsigned> (seed / 7 % 3);
        Game<Queue> game (seed, fastTries, cast, cast.size() > 3 ? 4 : 6);

        if (! game.interleaving.run())
            FAIL ("never ends: seed " << seed);

        game.finish();

        if (! test::isLinearizable<FifoSpecification> (game.history))
            FAIL ("no queue would have done that: seed " << seed);
    }
}

const std::vector<Role> threeOfAll (3, Role::both), fourOfAll (4, Role::both);
const std::vector<Role> producersAndOne{ Role::producer, Role::producer, Role::producer, Role::consumer };
const std::vector<Role> oneAndConsumers{ Role::producer, Role::consumer, Role::consumer, Role::consumer };

/** The bounds that CrTurnQueue.h states, in atomic operations and pauses: so many rounds, each with so many steps, and what a node
    and its retiring cost. Counted from the code; the tests show that nothing takes more, and that it is not far from it.
*/
struct Bounds
{
    std::uint64_t numSlots, fastTries;

    std::uint64_t getMostRounds() const { return 2 * numSlots + 2; }

    // Of what a slot has retired (24 with a patience of 2 and three slots, plus what survived), each is read, kept or sent home.
    std::uint64_t getScan() const
    {
        return 1 + 4 * numSlots + 4 * (2 * 4 * std::max<std::uint64_t> (2, numSlots) + 1) + 3 * numSlots;
    }

    std::uint64_t getFast (std::uint64_t stepsATry) const
    {
        return fastTries * (stepsATry + 64); // 64 pauses at most
    }

    std::uint64_t getMostEnqueueSteps() const
    {
        constexpr std::uint64_t oneTry = 9, oneRound = 10;
        return 15 + getScan() + getFast (oneTry) + 4 + getMostRounds() * (oneRound + numSlots);
    }

    std::uint64_t getMostDequeueSteps() const
    {
        constexpr std::uint64_t oneTry = 14, oneRound = 24;
        return getFast (oneTry) + 12 + (getMostRounds() + 1) * (oneRound + 2 * numSlots) + 2 * getScan();
    }
};

/** Stops each fiber before each of its steps, once, and returns the most steps that an enqueue and a dequeue took. */
template <typename Queue>
std::pair<std::uint64_t, std::uint64_t> freezeEverywhere (const std::vector<Role>& cast, unsigned fastTries,
                                                          std::uint64_t numSeeds, int numOperationsEach = 10)
{
    std::pair<std::uint64_t, std::uint64_t> most{ 0, 0 };

    for (std::uint64_t seed = 1; seed <= numSeeds; ++seed)
    {
        for (std::size_t fiber = 0; fiber < cast.size(); ++fiber)
        {
            auto hasFrozen = true;

            for (std::uint64_t step = 1; hasFrozen; ++step)
            {
                Game<Queue> game (seed, fastTries, cast, numOperationsEach);
                game.interleaving.freeze (fiber, step);

                if (! game.interleaving.run())
                    FAIL ("others wait for a stopped thread: seed " << seed << ", thread " << fiber << ", step " << step);

                hasFrozen = game.interleaving.hasFrozen();
                game.finish();

                if (! test::isLinearizable<FifoSpecification> (game.history))
                    FAIL ("no queue would have done that: seed " << seed << ", thread " << fiber << ", step " << step);

                most.first = std::max (most.first, game.mostPushSteps);
                most.second = std::max (most.second, game.mostPopSteps);
            }
        }
    }

    return most;
}

} // namespace

TEST_CASE ("CrTurnQueue: a hundred thousand histories of three and four threads are a queue's")
{
    checkHistories<Mpmc> (100'000, { threeOfAll, fourOfAll, producersAndOne, oneAndConsumers });
}

TEST_CASE ("TurnMpscQueue: a hundred thousand histories of three producers and a consumer are a queue's")
{
    checkHistories<Mpsc> (100'000, { producersAndOne });
}

TEST_CASE ("TurnSpmcQueue: a hundred thousand histories of a producer and three consumers are a queue's")
{
    checkHistories<Spmc> (100'000, { oneAndConsumers });
}

TEST_CASE ("CrTurnQueue: whoever is stopped wherever, the others end within the bound")
{
    for (const auto fastTries : { 0u, 1u, Mpmc::defaultFastTries })
    {
        const auto [push, pop] = freezeEverywhere<Mpmc> (threeOfAll, fastTries, 30);
        const Bounds bounds{ 3, fastTries };
        INFO (fastTries << " fast tries: " << push << " steps for an enqueue, " << pop << " for a dequeue; bounds "
                        << bounds.getMostEnqueueSteps() << " and " << bounds.getMostDequeueSteps());
        CHECK (push <= bounds.getMostEnqueueSteps());
        CHECK (pop <= bounds.getMostDequeueSteps());
    }
}

TEST_CASE ("CrTurnQueue: a stopped helper does not mistake a node that is used again for the one it saw")
{
    freezeEverywhere<Mpmc> ({ Role::producer, Role::consumer, Role::consumer }, 0, 60, 16);
}

TEST_CASE ("The halves: whoever is stopped wherever, the others end within the bound")
{
    for (const auto fastTries : { 0u, 1u, Mpmc::defaultFastTries })
    {
        const auto mpsc = freezeEverywhere<Mpsc> (producersAndOne, fastTries, 15, 4);
        const auto spmc = freezeEverywhere<Spmc> (oneAndConsumers, fastTries, 15, 8);
        const Bounds bounds{ 4, fastTries };
        CHECK (mpsc.first <= bounds.getMostEnqueueSteps());
        CHECK (mpsc.second <= bounds.getScan() + 10);
        CHECK (spmc.first <= bounds.getScan() + 20);
        CHECK (spmc.second <= bounds.getMostDequeueSteps());
    }
}
