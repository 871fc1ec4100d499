// Queues under two or more threads: nothing lost, doubled, reordered, leaked, or seen half written.
//
// Values are plain memory on purpose: ThreadSanitizer then reports every missing order. Counters that the threads share for
// other reasons are relaxed, so that they order nothing.

#include "Counted.h"
#include "Stress.h"

#include <rt_queues/MpscQueue.h>
#include <rt_queues/NodeQueueHalves.h>
#include <rt_queues/NodeStore.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <memory>

namespace
{

using stress::Random;
using stress::require;

struct Message : test::Counted<Message>
{
    std::uint64_t sequence = 0;
    std::array<std::uint64_t, 4> payload{};

    void fill (std::uint64_t n) noexcept
    {
        sequence = n;
        payload.fill (n * 3);
    }

    bool isWhole() const noexcept { return payload == std::array{ sequence * 3, sequence * 3, sequence * 3, sequence * 3 }; }
};

/** A producer takes nodes from a store of a few; the consumer returns them. */
void playRecycled (std::uint64_t seed)
{
    constexpr std::uint64_t numMessages = 20000;
    const auto numNodes = Random (seed).below (30) + 1;

    {
        rt::NodeStore<Message> store (numNodes);
        rt::NodeQueue<Message> queue;

        const auto produce = [&]
        {
            Random random (seed * 2);

            for (std::uint64_t n = 1; n <= numMessages; random.maybePause())
            {
                if (auto node = store.take())
                {
                    node->fill (n++);
                    queue.push (std::move (node));
                }
            }
        };

        const auto consume = [&]
        {
            Random random (seed * 2 + 1);

            for (std::uint64_t n = 1; n <= numMessages; random.maybePause())
            {
                if (auto node = queue.pop())
                {
                    require (node->sequence == n++, "a NodeQueue keeps the order and loses nothing");
                    require (node->isWhole(), "a NodeQueue's value arrives whole");
                    node->fill (0);
                    store.give (std::move (node));
                }
            }

            require (queue.isEmpty(), "a NodeQueue has no more than was pushed");
        };

        stress::runTogether ({ produce, consume });

        std::uint64_t numBack = 0;

        while (auto node = store.take())
        {
            ++numBack;
            require (node->sequence == 0, "a store's nodes come back as they were given");
            require (Message::getNumAlive() == static_cast<int> (numNodes - numBack + 1), "as many values as nodes");
        }

        require (numBack == numNodes, "every node comes back to its store");
    }

    require (Message::getNumAlive() == 0, "no message is left");
}

/** New nodes all the time, freed by the consumer, and a queue that ends with some inside. */
void playAllocated (std::uint64_t seed)
{
    const auto numPushed = Random (seed).below (2000);
    const auto numPopped = Random (seed + 1).below (numPushed + 1);

    {
        rt::NodeQueue<Message> queue;

        const auto produce = [&]
        {
            Random random (seed * 2);

            for (std::uint64_t n = 1; n <= numPushed; ++n)
            {
                auto node = rt::makeNode<Message>();
                node->fill (n);
                queue.push (std::move (node));
                random.maybePause();
            }
        };

        const auto consume = [&]
        {
            Random random (seed * 2 + 1);

            for (std::uint64_t n = 1; n <= numPopped; random.maybePause())
            {
                if (queue.isEmpty())
                    continue;

                auto node = queue.pop();
                require (static_cast<bool> (node), "a queue that is not empty has something to pop");
                require (node->sequence == n++ && node->isWhole(), "allocated nodes keep the order");
            }
        };

        stress::runTogether ({ produce, consume });

        require (Message::getNumAlive() == static_cast<int> (numPushed - numPopped), "what was not popped is in the queue");
    }

    require (Message::getNumAlive() == 0, "a queue frees what is inside");
}

/** Chains and single nodes in turns, from a store of a few; some nodes outlive store and queue. */
void playChains (std::uint64_t seed)
{
    constexpr std::uint64_t numMessages = 10000;
    const auto numNodes = Random (seed).below (30) + 1;
    rt::NodeChain<Message> kept;

    {
        rt::NodeStore<Message> store (numNodes);
        rt::NodeQueue<Message> queue;

        const auto produce = [&]
        {
            Random random (seed * 2);

            for (std::uint64_t n = 1; n <= numMessages; random.maybePause())
            {
                auto nodes = store.takeAll (std::min (random.below (6) + 1, numMessages - n + 1));

                if (nodes.getSize() == 1)
                {
                    Message message;
                    message.fill (n++);
                    queue.emplace (nodes.pop(), message);
                    continue;
                }

                rt::NodeChain<Message> chain;

                while (auto node = nodes.pop())
                {
                    node->fill (n++);
                    chain.push (std::move (node));
                }

                queue.pushAll (std::move (chain));
            }
        };

        const auto consume = [&]
        {
            Random random (seed * 2 + 1);
            rt::NodeChain<Message> back;

            for (std::uint64_t n = 1; n <= numMessages; random.maybePause())
            {
                if (const auto* oldest = queue.peek())
                    require (oldest->sequence == n && oldest->isWhole(), "the oldest value can be looked at");

                auto nodes = queue.popAll (random.below (6));

                while (auto node = nodes.pop())
                {
                    require (node->sequence == n++ && node->isWhole(), "chains keep the order and lose nothing");
                    node->fill (0);
                    back.push (std::move (node));
                }

                store.giveAll (std::move (back));
            }
        };

        stress::runTogether ({ produce, consume });
        kept = store.takeAll (numNodes / 2);
        queue.pushAll (store.takeAll (numNodes / 3));
    }

    require (Message::getNumAlive() == static_cast<int> (numNodes / 2), "nodes outlive their store");

    // The last of them frees what is left, on whichever thread that is.
    rt::NodeChain<Message> half;

    while (kept.getSize() > half.getSize())
        half.push (kept.pop());

    stress::runTogether ({ [&kept] { kept.clear(); }, [&half] { half.clear(); } });
    require (Message::getNumAlive() == 0, "no message is left");
}

/** Halves that end at any time, on their own threads; the last one's keeper frees the queue. */
void playHalves (std::uint64_t seed)
{
    const auto numPushed = Random (seed).below (300);
    const auto isPatient = seed % 2 == 0;

    for (int round = 0; round < 10; ++round)
    {
        auto [producer, consumer] = rt::splitNodeQueue (std::make_shared<rt::NodeQueue<Message>>());

        const auto produce = [&, &half = producer]
        {
            Random random (seed * 2);
            auto mine = std::move (half);

            for (std::uint64_t n = 1; n <= numPushed && ! mine.isPeerGone(); random.maybePause())
            {
                auto node = rt::makeNode<Message>();
                node->fill (n++);
                mine.push (std::move (node));
            }
        };

        const auto consume = [&, &half = consumer]
        {
            Random random (seed * 2 + 1);
            auto mine = std::move (half);
            std::uint64_t numPopped = 0;

            for (auto isOver = false; ! isOver; random.maybePause())
            {
                isOver = mine.isPeerGone() || (! isPatient && numPopped > numPushed / 2);

                while (auto node = mine.pop())
                    require (node->sequence == ++numPopped && node->isWhole(), "halves keep the order");
            }

            require (! isPatient || numPopped == numPushed, "what a half pushed before it went is there");
        };

        stress::runTogether ({ produce, consume });
        require (Message::getNumAlive() == 0, "the last half takes the queue with it");
    }
}

struct Item : rt::MpscLink, test::Counted<Item>
{
    std::uint64_t producer = 0;
    std::uint64_t sequence = 0;
};

/** Three producers of new objects; the consumer frees each at once, so that a producer that is not done with it is seen. */
void playManyProducers (std::uint64_t seed)
{
    constexpr std::uint64_t numProducers = 3, numItems = 5000, mostUnderWay = 500;
    rt::MpscQueue<Item> queue;
    std::array<std::atomic<std::uint64_t>, numProducers> numConsumed{};
    std::vector<std::function<void()>> threads;

    for (std::uint64_t producer = 0; producer < numProducers; ++producer)
        threads.push_back (
            [&, producer]
            {
                Random random (seed * 7 + producer);

                for (std::uint64_t n = 1; n <= numItems; random.maybePause())
                {
                    if (n - numConsumed[producer].load (std::memory_order_relaxed) > mostUnderWay)
                    {
                        std::this_thread::yield();
                        continue;
                    }

                    auto* item = new Item;
                    item->producer = producer;
                    item->sequence = n++;
                    queue.push (*item);
                }
            });

    threads.push_back (
        [&]
        {
            Random random (seed * 7 + numProducers);
            std::array<std::uint64_t, numProducers> last{};

            for (std::uint64_t total = 0; total < numProducers * numItems; random.maybePause())
            {
                const auto popped = queue.pop();
                require ((popped.object != nullptr) == (popped.status == rt::MpscQueue<Item>::Status::item),
                         "an object comes with the status that says so, and only then");

                if (popped.object == nullptr)
                    continue;

                const std::unique_ptr<Item> item (popped.object);
                require (item->sequence == ++last.at (item->producer), "an MpscQueue keeps each producer's order");
                numConsumed[item->producer].store (item->sequence, std::memory_order_relaxed);
                ++total;
            }

            require (queue.pop().status == rt::MpscQueue<Item>::Status::empty, "an MpscQueue has no more than was pushed");
        });

    stress::runTogether (std::move (threads));
    require (Item::getNumAlive() == 0, "no item is left");
}

/** The same few objects go round between three threads with an MpscQueue each; every hop counts in plain memory. */
void playRoundabout (std::uint64_t seed)
{
    constexpr std::uint64_t numThreads = 3, mostHops = 10000;
    const auto numItems = Random (seed).below (12) + 1;
    std::array<rt::MpscQueue<Item>, numThreads> inboxes;
    std::deque<Item> items (numItems);
    std::array<std::uint64_t, numThreads> hops{};
    std::atomic<std::uint64_t> numHops{ 0 };
    std::vector<std::function<void()>> threads;

    for (auto& item : items)
        inboxes[seed % numThreads].push (item);

    for (std::uint64_t me = 0; me < numThreads; ++me)
        threads.push_back (
            [&, me]
            {
                Random random (seed * 5 + me);

                while (numHops.load (std::memory_order_relaxed) < mostHops)
                {
                    if (auto* item = inboxes[me].pop().object)
                    {
                        item->producer = me;
                        ++item->sequence;
                        ++hops[me];

                        numHops.fetch_add (1, std::memory_order_relaxed);
                        inboxes[random.below (numThreads)].push (*item);
                    }

                    random.maybePause();
                }
            });

    stress::runTogether (std::move (threads));

    std::uint64_t numFound = 0, sum = 0;

    for (auto& inbox : inboxes)
    {
        while (auto* item = inbox.pop().object)
        {
            ++numFound;
            sum += item->sequence;
        }

        require (inbox.pop().status == rt::MpscQueue<Item>::Status::empty, "at rest nothing is in progress");
    }

    require (numFound == numItems, "every object is in one inbox");
    require (sum == hops[0] + hops[1] + hops[2], "no hop is lost");
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "recycled", playRecycled },
                              { "allocated", playAllocated },
                              { "chains", playChains },
                              { "halves", playHalves },
                              { "many-producers", playManyProducers },
                              { "roundabout", playRoundabout } },
                            numArguments, arguments);
}
