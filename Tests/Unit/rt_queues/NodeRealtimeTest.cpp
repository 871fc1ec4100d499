#include <rt_queues/MpscQueue.h>
#include <rt_queues/NodeQueueHalves.h>
#include <rt_queues/NodeStore.h>

#include "Unit/rt_guard/Helpers.h"

#include <rt_guard/RealtimeScope.h>

#include <catch2/catch.hpp>

#include <vector>

namespace
{

struct Item : rt::MpscLink
{
};

} // namespace

TEST_CASE ("What the audio thread may do with queues of nodes is done under the guard")
{
    using Buffer = std::vector<int>;
    FreshGuard guard;
    rt::NodeStore<Buffer> store (4, 100, 1);
    rt::NodeQueue<Buffer> queue;
    auto [producer, consumer] = rt::splitNodeQueue (&queue);
    auto numWrong = 0;
    const auto expect = [&numWrong] (bool isRight) { numWrong += isRight ? 0 : 1; };

    {
        const rt::guard::RealtimeScope realtime (1);

        for (int i = 0; i < 100; ++i)
        {
            auto node = store.take();
            Buffer buffer (std::move (*node));
            producer.emplace (std::move (node), std::move (buffer));
            producer.push (store.take());
            producer.pushAll (store.takeAll());
            expect (! store.take());

            expect (consumer.peek()->size() == 100);
            expect (! consumer.isEmpty() && ! consumer.isPeerGone() && ! producer.isPeerGone());
            store.give (consumer.pop());
            auto some = consumer.popAll (2);
            expect (some.getSize() == 2);
            some.append (consumer.popAll());
            store.give (some.pop());
            store.giveAll (std::move (some));
            expect (consumer.isEmpty());
        }

        auto stays = std::move (producer);
        stays = {};
        expect (consumer.isPeerGone());
        consumer = {};
    }

    CHECK (numWrong == 0);
    CHECK (rt::guard::getViolationCount() == 0);
}

TEST_CASE ("The guard would notice a node that is dropped")
{
    FreshGuard guard;
    rt::NodeQueue<int> queue;
    queue.push (rt::makeNode<int> (1));

    {
        const rt::guard::RealtimeScope realtime (1);
        queue.pop();
    }

    CHECK (rt::guard::getViolationCount() > 0);
}

TEST_CASE ("What the audio thread may do with a queue for many producers is done under the guard")
{
    FreshGuard guard;
    rt::MpscQueue<Item> queue;
    Item a, b, c;
    auto numFound = 0;

    {
        const rt::guard::RealtimeScope realtime (1);

        for (int i = 0; i < 100; ++i)
        {
            queue.push (a);
            rt::MpscQueue<Item>::linkChain (b, c);
            queue.pushChain (b, c);

            while (queue.pop().object != nullptr)
                ++numFound;
        }
    }

    CHECK (numFound == 300);
    CHECK (rt::guard::getViolationCount() == 0);
}
