// CrTurnQueue and its halves under four threads and more: nothing lost, doubled, reordered, leaked, or seen half written, with the
// fast path and without, with pools of a few nodes, and while slots come and go.

#include "Counted.h"
#include "Stress.h"

#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/TurnMpscQueue.h>
#include <rt_queues/TurnSpmcQueue.h>

#include <array>
#include <memory>

namespace
{

using stress::Random;
using stress::require;

struct Message : test::Counted<Message>
{
    std::uint64_t producer = 0;
    std::uint64_t sequence = 0;
    std::uint64_t check = 0;
};

/** Producers and consumers, each with its own slot. Every consumer sees each producer's messages in order; in the end each was
    seen once.
*/
template <typename Queue>
void playTraffic (std::uint64_t seed, std::uint64_t numProducers, std::uint64_t numConsumers)
{
    constexpr std::uint64_t numEach = 3000;
    Random setup (seed);
    std::atomic<std::uint64_t> numSeen{ 0 };
    std::vector<std::vector<std::uint64_t>> seen (numProducers, std::vector<std::uint64_t> (numEach + 1, 0));

    {
        Queue queue (static_cast<unsigned> (setup.below (4)), static_cast<unsigned> (setup.below (3)));
        std::vector<std::function<void()>> threads;

        for (std::uint64_t me = 0; me < numProducers; ++me)
            threads.push_back (
                [&, me]
                {
                    Random random (seed * 13 + me);
                    const auto grows = random.below (2) == 0;

                    // Who cannot grow needs more than what the others' hazard pointers may keep.
                    auto slot = queue.attach (static_cast<unsigned> (random.below (20)) + (grows ? 1 : 20));

                    for (std::uint64_t n = 1; n <= numEach; random.maybePause())
                    {
                        Message message;
                        message.producer = me;
                        message.sequence = n;
                        message.check = me * 7 + n * 3;

                        if (queue.tryEnqueue (slot, message))
                            ++n;
                        else if (grows)
                            queue.enqueue (slot, std::move (message)), ++n;
                        else
                            std::this_thread::yield();
                    }
                });

        for (std::uint64_t me = 0; me < numConsumers; ++me)
            threads.push_back (
                [&, me]
                {
                    Random random (seed * 17 + me);
                    auto slot = queue.attach (0);
                    std::vector<std::uint64_t> last (numProducers, 0);

                    while (numSeen.load (std::memory_order_relaxed) < numProducers * numEach)
                    {
                        random.maybePause();

                        if (const auto message = queue.tryDequeue (slot))
                        {
                            require (message->check == message->producer * 7 + message->sequence * 3,
                                     "a message arrives whole");
                            require (message->sequence > last.at (message->producer),
                                     "each producer's messages keep their order");
                            last[message->producer] = message->sequence;
                            ++seen[message->producer][message->sequence];
                            numSeen.fetch_add (1, std::memory_order_relaxed);
                        }
                    }

                    require (! queue.tryDequeue (slot), "there is no more than was put in");
                });

        stress::runTogether (std::move (threads));
    }

    for (const auto& ofProducer : seen)
        for (std::uint64_t n = 1; n <= numEach; ++n)
            require (ofProducer[n] == 1, "each message comes out once");

    require (Message::getNumAlive() == 0, "no message is left");
}

void playManyToMany (std::uint64_t seed) { playTraffic<rt::CrTurnQueue<Message>> (seed, 2, 2); }
void playManyToOne (std::uint64_t seed) { playTraffic<rt::TurnMpscQueue<Message>> (seed, 3, 1); }
void playOneToMany (std::uint64_t seed) { playTraffic<rt::TurnSpmcQueue<Message>> (seed, 1, 3); }

/** Threads that take a slot, do a little of both, and give it back, while the queue ends with messages inside. */
void playComingAndGoing (std::uint64_t seed)
{
    std::atomic<std::uint64_t> numIn{ 0 }, numOut{ 0 };

    {
        rt::CrTurnQueue<Message> queue (static_cast<unsigned> (seed % 3));
        std::vector<std::function<void()>> threads;

        for (std::uint64_t me = 0; me < 4; ++me)
            threads.push_back (
                [&, me]
                {
                    Random random (seed * 19 + me);

                    for (int life = 0; life < 40; ++life)
                    {
                        auto slot = queue.attach (static_cast<unsigned> (random.below (6)));

                        for (auto turns = random.below (40); turns > 0; --turns)
                        {
                            if (random.below (2) == 0)
                            {
                                queue.enqueue (slot, Message());
                                numIn.fetch_add (1, std::memory_order_relaxed);
                            }
                            else if (random.below (8) == 0 ? queue.tryDequeue() : queue.tryDequeue (slot))
                            {
                                numOut.fetch_add (1, std::memory_order_relaxed);
                            }

                            random.maybePause();
                        }
                    }
                });

        stress::runTogether (std::move (threads));
        require (Message::getNumAlive() == static_cast<int> (numIn - numOut), "what was not taken out is inside");
        require (queue.getNumNodes() < numIn - numOut + 3000, "what slots leave behind is used again");
    }

    require (Message::getNumAlive() == 0, "no message is left");
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "many-to-many", playManyToMany },
                              { "many-to-one", playManyToOne },
                              { "one-to-many", playOneToMany },
                              { "coming-and-going", playComingAndGoing } },
                            numArguments, arguments);
}
