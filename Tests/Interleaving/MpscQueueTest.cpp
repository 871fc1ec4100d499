// MpscQueue with a switch before any atomic operation. Pushes take effect at their exchange; a pop that says `inProgress` has
// seen that the queue is not empty, and may say so only while a push is under way.

#include "InterleavedPolicy.h"
#include "Linearizability.h"

#include <rt_queues/MpscQueue.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using test::InterleavedPolicy;
using test::Interleaving;
using test::SeededRandom;

namespace
{

struct Item : rt::BasicMpscLink<InterleavedPolicy>
{
    int number = 0;
};

using Queue = rt::MpscQueue<Item, InterleavedPolicy>;
using Status = Queue::Status;

constexpr std::uint64_t mostPushSteps = 3, mostPopSteps = 7; // as the header says

struct Specification
{
    struct Call
    {
        std::vector<int> pushed; ///< if it is a push
        Status status;           ///< if it is a pop
        int popped;
    };

    bool apply (const Call& call)
    {
        if (! call.pushed.empty())
        {
            items.insert (items.end(), call.pushed.begin(), call.pushed.end());
            return true;
        }

        if (call.status == Status::empty)
            return items.empty();

        if (items.empty())
            return false;

        if (call.status == Status::inProgress)
            return true;

        const auto isRight = items.front() == call.popped;
        items.pop_front();
        return isRight;
    }

    auto operator<=> (const Specification&) const = default;

    std::deque<int> items;
};

using Call = Specification::Call;
using History = test::History<Call>;

void checkSteps (std::uint64_t before, std::uint64_t most)
{
    if (const auto steps = Interleaving::getSteps() - before; steps > most)
        throw std::runtime_error (std::to_string (steps) + " steps instead of " + std::to_string (most));
}

/** Producers push their items, singly and in pairs, as the seed says; what comes out of the last fiber goes in again at times. */
class Game
{
public:
    Game (std::uint64_t seedToUse, std::size_t numProducersToUse) : seed (seedToUse), numProducers (numProducersToUse)
    {
        for (auto& item : items)
            item.number = static_cast<int> (&item - items.data());
    }

    void addTo (Interleaving& interleaving)
    {
        for (std::size_t i = 0; i < numProducers; ++i)
            interleaving.add ([this, i] { produce (i); });

        interleaving.add ([this] { consume(); });
    }

    const History& getHistory() const { return history; }
    std::size_t getNumInProgress() const { return numInProgress; }

    /** Once all is at rest: whether the rest comes out without `inProgress`, and nothing is missing or double. */
    bool isRestRight()
    {
        for (auto popped = queue.pop(); popped.status != Status::empty; popped = queue.pop())
        {
            if (popped.status != Status::item)
                return false;

            numFound.at (static_cast<std::size_t> (popped.object->number)) += 1;
        }

        return std::all_of (numFound.begin(), numFound.begin() + itemsEach * numProducers, [] (int n) { return n == 1; });
    }

    /** Whether `inProgress` was said only while somebody pushed. */
    bool isInProgressRight() const
    {
        const auto& events = history.getEvents();

        return std::all_of (
            events.begin(), events.end(),
            [&events] (const auto& event)
            {
                if (! event.call.pushed.empty() || event.call.status != Status::inProgress)
                    return true;

                return std::any_of (
                    events.begin(), events.end(), [&event] (const auto& other)
                    { return ! other.call.pushed.empty() && other.began < event.ended && other.ended > event.began; });
            });
    }

private:
    void produce (std::size_t producer)
    {
        SeededRandom random (seed * 8 + producer);

        for (std::size_t i = 0; i < itemsEach;)
        {
            auto& first = items.at (producer * itemsEach + i);
            const auto isPair = i + 1 < itemsEach && random.below (3) == 0;
            auto& last = isPair ? items.at (producer * itemsEach + i + 1) : first;

            if (isPair)
                Queue::linkChain (first, last);

            history.record (
                [&]
                {
                    const auto before = Interleaving::getSteps();
                    isPair ? queue.pushChain (first, last) : queue.push (first);
                    checkSteps (before, mostPushSteps);
                    return Call{ isPair ? std::vector{ first.number, last.number } : std::vector{ first.number }, {}, {} };
                });
            i += isPair ? 2 : 1;
        }
    }

    void consume()
    {
        SeededRandom random (seed * 8 + 7);
        Item* again = nullptr;

        for (int i = 0; i < 8; ++i)
        {
            // An object may go in again as soon as it is out.
            if (again != nullptr && random.below (3) == 0)
                history.record (
                    [&]
                    {
                        queue.push (*again);
                        numFound.at (static_cast<std::size_t> (again->number)) -= 1;
                        return Call{ { std::exchange (again, nullptr)->number }, {}, {} };
                    });

            history.record (
                [&]
                {
                    const auto before = Interleaving::getSteps();
                    const auto popped = queue.pop();
                    checkSteps (before, mostPopSteps);
                    numInProgress += popped.status == Status::inProgress ? 1 : 0;

                    if (popped.object == nullptr)
                        return Call{ {}, popped.status, {} };

                    again = popped.object;
                    numFound.at (static_cast<std::size_t> (again->number)) += 1;
                    return Call{ {}, popped.status, again->number };
                });
        }
    }

    static constexpr std::size_t itemsEach = 4;

    std::uint64_t seed;
    std::size_t numProducers;
    std::array<Item, 3 * itemsEach> items;
    std::array<int, 3 * itemsEach> numFound{};
    std::size_t numInProgress = 0;
    Queue queue;
    History history;
};

} // namespace

TEST_CASE ("Histories of an MpscQueue are linearizable, and no operation takes too many steps")
{
    std::size_t numInProgress = 0;

    for (std::uint64_t seed = 1; seed <= 100'000; ++seed)
    {
        Game game (seed, 2 + seed % 2);
        Interleaving interleaving (seed);
        game.addTo (interleaving);
        REQUIRE (interleaving.run());
        REQUIRE (test::isLinearizable<Specification> (game.getHistory()));
        REQUIRE (game.isInProgressRight());
        REQUIRE (game.isRestRight());
        numInProgress += game.getNumInProgress();
    }

    CHECK (numInProgress > 1000); // so that it has been seen
}

TEST_CASE ("Whoever is frozen at whatever step of an MpscQueue, the others finish and nothing is lost")
{
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
        for (std::size_t frozen = 0; frozen < 3; ++frozen)
            for (std::uint64_t step = 0, hasFrozen = 1; hasFrozen != 0; ++step)
            {
                Game game (seed, 2);
                Interleaving interleaving (seed);
                interleaving.freeze (frozen, step);
                game.addTo (interleaving);
                REQUIRE (interleaving.run());
                REQUIRE (test::isLinearizable<Specification> (game.getHistory()));
                REQUIRE (game.isRestRight());
                hasFrozen = interleaving.hasFrozen() ? 1 : 0;
            }
}

TEST_CASE ("Behind a frozen producer the consumer sees in progress, and everything once that goes on")
{
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
    {
        Queue queue;
        std::array<Item, 4> items;
        std::vector<Status> seen;
        Interleaving interleaving (seed);
        interleaving.add ([&] { queue.push (items[0]); });
        interleaving.add (
            [&]
            {
                for (std::size_t i = 1; i < 4; ++i)
                    queue.push (items.at (i));

                for (int i = 0; i < 100; ++i)
                    seen.push_back (queue.pop().status);
            });
        interleaving.freeze (0, 3); // between its exchange and its link
        REQUIRE (interleaving.run());
        REQUIRE (interleaving.hasFrozen());

        // It may have frozen after the others' pops; then they have seen all of theirs, and nothing of it.
        auto numItems = std::count (seen.begin(), seen.end(), Status::item);
        CHECK (numItems <= 3);
        CHECK ((seen.back() == Status::inProgress || numItems == 3));

        for (; numItems < 4; ++numItems)
            REQUIRE (queue.pop().status == Status::item);

        CHECK (queue.pop().status == Status::empty);
    }
}
