#include <rt_queues/NodeQueueHalves.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

#include <memory>
#include <thread>

namespace
{

struct Value : test::Counted<struct NodeQueueHalvesTestTag>
{
    explicit Value (int n = 0) noexcept : number (n) {}
    int number;
};

using Queue = rt::NodeQueue<Value>;
using Producer = rt::NodeProducer<Value>;
using Consumer = rt::NodeConsumer<Value>;

static_assert (std::is_nothrow_move_constructible_v<Producer> && std::is_nothrow_move_assignable_v<Producer>);
static_assert (std::is_nothrow_move_constructible_v<Consumer> && std::is_nothrow_move_assignable_v<Consumer>);
static_assert (! std::is_copy_constructible_v<Producer> && ! std::is_copy_constructible_v<Consumer>);

} // namespace

TEST_CASE ("What goes into the producer's half comes out of the consumer's")
{
    Queue queue;
    auto [producer, consumer] = rt::splitNodeQueue (&queue);
    producer.push (rt::makeNode<Value> (1));
    producer.emplace (rt::makeNode<Value>(), 2);
    rt::NodeChain<Value> chain;
    chain.push (rt::makeNode<Value> (3));
    chain.push (rt::makeNode<Value> (4));
    producer.pushAll (std::move (chain));

    CHECK_FALSE (consumer.isEmpty());
    CHECK (consumer.peek()->number == 1);
    CHECK (consumer.pop()->number == 1);
    auto all = consumer.popAll (2);
    CHECK (all.pop()->number == 2);
    CHECK (all.pop()->number == 3);
    CHECK (all.isEmpty());
    CHECK (consumer.pop()->number == 4);
    CHECK (consumer.isEmpty());
    CHECK_FALSE (consumer.isPeerGone());
    CHECK_FALSE (producer.isPeerGone());
}

TEST_CASE ("A half that goes is seen from the other, one that moves is not")
{
    Queue queue;

    SECTION ("the producer, and what it pushed is still there")
    {
        auto [producer, consumer] = rt::splitNodeQueue (&queue);
        auto moved = std::move (producer);
        CHECK_FALSE (producer);
        CHECK (moved);
        producer = Producer();
        CHECK_FALSE (consumer.isPeerGone());
        moved.push (rt::makeNode<Value> (1));
        auto& alias = moved;
        moved = std::move (alias);
        CHECK_FALSE (consumer.isPeerGone());
        moved = Producer();
        CHECK (consumer.isPeerGone());
        CHECK (consumer.pop()->number == 1);
        CHECK (consumer.isEmpty());
    }

    SECTION ("the consumer")
    {
        auto [producer, consumer] = rt::splitNodeQueue (&queue);

        {
            auto moved = std::move (consumer);
            CHECK_FALSE (consumer);
            CHECK_FALSE (producer.isPeerGone());
        }

        CHECK (producer.isPeerGone());
        producer.push (rt::makeNode<Value> (1)); // goes with the queue
    }
}

TEST_CASE ("The last half to go lets the keeper go", "[teardown]")
{
    const auto producerFirst = GENERATE (true, false);

    CHECK (test::countLeaks (
               [producerFirst]
               {
                   auto queue = std::make_shared<Queue>();
                   std::weak_ptr<Queue> watch = queue;
                   auto [producer, consumer] = rt::splitNodeQueue (std::move (queue));
                   producer.push (rt::makeNode<Value> (1));

                   if (producerFirst)
                       producer = {};
                   else
                       consumer = {};

                   const auto wasThere = ! watch.expired();
                   producer = {};
                   consumer = {};
                   test::Expect expect;
                   expect (wasThere && watch.expired());

                   if (expect.getFirstWrong() != 0)
                       throw std::runtime_error ("the queue ended at the wrong time");
               })
           == 0);
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("Once the peer is known to be gone, all that it pushed is there", "[teardown]")
{
    for (int round = 0; round < 200; ++round)
    {
        auto [producer, consumer] = rt::splitNodeQueue (std::make_shared<Queue>());
        std::thread thread (
            [mine = std::move (producer)]() mutable
            {
                for (int i = 1; i <= 10; ++i)
                    mine.push (rt::makeNode<Value> (i));

                mine = {};
            });

        int last = 0;

        for (auto isOver = false; ! isOver;)
        {
            isOver = consumer.isPeerGone();

            while (auto node = consumer.pop())
                last = node->number;
        }

        CHECK (last == 10);
        thread.join();
    }
}
