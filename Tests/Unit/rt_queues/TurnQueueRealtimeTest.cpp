// What CrTurnQueue and its halves promise to real-time threads, under the guard.

#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/TurnMpscQueue.h>
#include <rt_queues/TurnSpmcQueue.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <cstdint>
#include <thread>
#include <vector>

TEMPLATE_TEST_CASE ("A turn queue between real-time threads makes no call that the guard sees", "",
                    rt::CrTurnQueue<std::uint64_t>, rt::TurnMpscQueue<std::uint64_t>, rt::TurnSpmcQueue<std::uint64_t>)
{
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    for (const auto fastTries : { 0u, 6u })
    {
        TestType queue (fastTries);
        std::atomic<int> numReady{ 0 };
        std::uint64_t sum = 0;
        constexpr std::uint64_t numValues = 20'000;

        std::thread producer (
            [&]
            {
                auto slot = queue.attach (64);
                ++numReady;

                while (numReady < 2)
                    std::this_thread::yield();

                const rt::guard::RealtimeScope scope (1);

                for (std::uint64_t i = 1; i <= numValues;)
                    if (auto value = i; queue.tryEnqueue (slot, value))
                        ++i;
            });

        std::thread consumer (
            [&]
            {
                auto slot = queue.attach (0);
                ++numReady;

                while (numReady < 2)
                    std::this_thread::yield();

                // Attaching is not real-time, giving a slot back is.
                const rt::guard::RealtimeScope scope (2);

                for (std::uint64_t i = 0; i < numValues;)
                {
                    if (const auto value = queue.tryDequeue (slot))
                    {
                        sum += *value;
                        ++i;
                    }
                }

                slot.detach();
            });

        producer.join();
        consumer.join();
        CHECK (sum == numValues * (numValues + 1) / 2);
    }

    CHECK (rt::guard::getViolationCount() == 0);
}

TEST_CASE ("The guard does see an enqueue that grows the queue")
{
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    rt::CrTurnQueue<std::uint64_t> queue;
    auto slot = queue.attach (1);

    {
        const rt::guard::RealtimeScope scope (1);
        queue.enqueue (slot, 1);
        queue.enqueue (slot, 2);
    }

    CHECK (rt::guard::getViolationCount() > 0);
    rt::guard::reset();
}
