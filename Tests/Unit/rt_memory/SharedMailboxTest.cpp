#include <rt_memory/SharedMailbox.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <memory>
#include <thread>

namespace
{

struct Plan : test::Counted<struct SharedMailboxTestTag>
{
    explicit Plan (int n = 0) : number (n) {}
    int number;
};

struct OtherBase
{
    int other = 0;
};

struct BigPlan : OtherBase, Plan
{
};

using Mailbox = rt::SharedMailbox<Plan>;

static_assert (! std::is_copy_constructible_v<Mailbox> && ! std::is_move_constructible_v<Mailbox>);
static_assert (noexcept (std::declval<Mailbox&>().publish (nullptr)) && noexcept (std::declval<Mailbox&>().take()));

} // namespace

TEST_CASE ("A mailbox into which nothing was published gives null")
{
    Mailbox mailbox;

    for (int i = 0; i < 5; ++i)
        CHECK (mailbox.take() == nullptr);
}

TEST_CASE ("What was published is taken once")
{
    rt::Collector collector;
    Mailbox mailbox;

    for (int i = 0; i < 10; ++i)
    {
        mailbox.publish (rt::makeShared<Plan> (collector, i));
        auto plan = mailbox.take();
        REQUIRE (plan);
        CHECK (plan->number == i);
        CHECK (plan.getUseCount() == 1);

        for (int j = 0; j < i; ++j)
            CHECK (mailbox.take() == nullptr);
    }
}

TEST_CASE ("The latest wins, and what the reader never took is dropped by the next publish")
{
    rt::Collector collector;
    Mailbox mailbox;

    for (int i = 0; i < 10; ++i)
    {
        mailbox.publish (rt::makeShared<Plan> (collector, i));
        CHECK (collector.getStats().pending == (i > 0 ? 1u : 0u));
        CHECK (Plan::getNumAlive() == (i > 0 ? 2 : 1));
        collector.collect();
    }

    CHECK (mailbox.take()->number == 9);
    CHECK (mailbox.take() == nullptr);
    CHECK (collector.collect() == 1);
    CHECK (Plan::getNumAlive() == 0);
}

TEST_CASE ("A mailbox gives the latest in any pattern of publishing and taking")
{
    rt::Collector collector;
    Mailbox mailbox;
    int number = 0;

    for (int pattern = 0; pattern < 256; ++pattern)
    {
        int latest = -1;

        for (int step = 0; step < 8; ++step)
        {
            if ((pattern >> step & 1) != 0)
            {
                latest = ++number;
                mailbox.publish (rt::makeShared<Plan> (collector, latest));
            }
            else
            {
                auto plan = mailbox.take();
                REQUIRE ((plan ? plan->number : -1) == latest);
                latest = -1;
            }
        }

        auto rest = mailbox.take();
        REQUIRE ((rest ? rest->number : -1) == latest);
        rest.reset();
        collector.collect();
        REQUIRE (Plan::getNumAlive() == 0);
    }
}

TEST_CASE ("Publishing null withdraws what was not taken")
{
    rt::Collector collector;
    Mailbox mailbox;
    mailbox.publish (nullptr);
    CHECK (mailbox.take() == nullptr);

    mailbox.publish (rt::makeShared<Plan> (collector, 1));
    mailbox.publish (nullptr);
    CHECK (collector.collect() == 1);
    CHECK (mailbox.take() == nullptr);

    mailbox.publish (rt::makeShared<Plan> (collector, 2));
    CHECK (mailbox.take()->number == 2);
}

TEST_CASE ("A published object that others share stays alive")
{
    rt::Collector collector;
    Mailbox mailbox;
    auto plan = rt::makeShared<Plan> (collector, 1);
    mailbox.publish (plan);
    CHECK (plan.getUseCount() == 2);
    mailbox.publish (plan);
    CHECK (plan.getUseCount() == 2);
    mailbox.publish (nullptr);
    CHECK (plan.getUseCount() == 1);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("A mailbox of bases and consts takes what was made as something else")
{
    rt::Collector collector;
    rt::SharedMailbox<const Plan> mailbox;
    auto plan = rt::makeShared<BigPlan> (collector);
    mailbox.publish (plan);
    auto taken = mailbox.take();
    CHECK (taken == plan);
    CHECK (taken.getUseCount() == 2);
}

TEST_CASE ("Publish and take neither allocate nor free")
{
    rt::Collector collector;
    Mailbox mailbox;
    auto a = rt::makeShared<Plan> (collector, 1);
    auto b = rt::makeShared<Plan> (collector, 2);
    rt::Shared<Plan> taken;

    CHECK (test::countAllocations (
               [&]
               {
                   mailbox.publish (std::move (a));
                   mailbox.publish (std::move (b));
                   taken = mailbox.take();
                   taken = mailbox.take();
               })
           == 0);
    CHECK (taken == nullptr);
    CHECK (collector.collect() == 2);
}

TEST_CASE ("A mailbox drops what is inside when it goes", "[teardown]")
{
    rt::Collector collector;

    SECTION ("never used") { Mailbox mailbox; }

    SECTION ("an object inside")
    {
        Mailbox mailbox;
        mailbox.publish (rt::makeShared<Plan> (collector));
    }

    SECTION ("after many")
    {
        Mailbox mailbox;

        for (int i = 0; i < 10; ++i)
        {
            mailbox.publish (rt::makeShared<Plan> (collector));

            if (i % 3 == 0)
                mailbox.take();
        }
    }

    const auto stats = collector.getStats();
    CHECK (stats.pending == stats.allocated);
    CHECK (collector.collect() == stats.allocated);
    CHECK (Plan::getNumAlive() == 0);
}

TEST_CASE ("A mailbox may outlive the collector", "[teardown]")
{
    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   Mailbox mailbox;
                   rt::Shared<Plan> taken;

                   {
                       rt::Collector collector;
                       mailbox.publish (rt::makeShared<Plan> (collector, 1));
                       taken = mailbox.take();
                       mailbox.publish (rt::makeShared<Plan> (collector, 2));
                   }

                   expect (taken->number == 1);
                   expect (mailbox.take()->number == 2);
                   expect (Plan::getNumAlive() == 1);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (Plan::getNumAlive() == 0);
}

TEST_CASE ("The roles at a mailbox may pass to other threads, one after the other")
{
    rt::Collector collector;
    Mailbox mailbox;
    int numRight = 0;

    for (int i = 0; i < 10; ++i)
    {
        std::thread ([&] { mailbox.publish (rt::makeShared<Plan> (collector, i)); }).join();
        std::thread (
            [&]
            {
                auto plan = mailbox.take();
                numRight += plan && plan->number == i && mailbox.take() == nullptr ? 1 : 0;
            })
            .join();
    }

    CHECK (numRight == 10);
}
