#include <rt_memory/rt_memory.h>
#include <rt_queues/NodeQueueHalves.h>

#include "Stress/Counted.h"
#include "Unit/rt_guard/Helpers.h"

#include <rt_guard/RealtimeScope.h>

#include <catch2/catch.hpp>

#include <thread>

namespace
{

struct Value : test::Counted<struct NodeQueueEndTestTag>
{
    std::vector<int> buffer = std::vector<int> (100);
};

using Queue = rt::NodeQueue<Value>;

} // namespace

TEST_CASE ("Letting go of the halves of a collected queue frees nothing on the audio thread, in either order", "[teardown]")
{
    const auto producerFirst = GENERATE (true, false);
    const auto numInside = GENERATE (0, 1, 5);
    FreshGuard guard;
    rt::Collector collector;
    auto [producer, consumer] = rt::splitNodeQueue (rt::makeShared<Queue> (collector));

    for (int i = 0; i < numInside; ++i)
        producer.push (rt::makeNode<Value>());

    auto isSeen = false;

    {
        const rt::guard::RealtimeScope realtime (1);

        if (producerFirst)
        {
            producer = {};
            isSeen = consumer.isPeerGone();
            consumer = {};
        }
        else
        {
            consumer = {};
            isSeen = producer.isPeerGone();
            producer = {};
        }
    }

    CHECK (isSeen);
    CHECK (rt::guard::getViolationCount() == 0);
    CHECK (Value::getNumAlive() == numInside); // all of it is still there, for the collector
    collector.collect();
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("Halves of a collected queue may end on two threads at once", "[teardown]")
{
    rt::Collector collector;

    for (int round = 0; round < 100; ++round)
    {
        auto [producer, consumer] = rt::splitNodeQueue (rt::makeShared<Queue> (collector));
        producer.push (rt::makeNode<Value>());
        std::thread one ([mine = std::move (producer)]() mutable { mine = {}; });
        std::thread other ([mine = std::move (consumer)]() mutable { mine = {}; });
        one.join();
        other.join();
        collector.collect();
        REQUIRE (Value::getNumAlive() == 0);
    }
}
