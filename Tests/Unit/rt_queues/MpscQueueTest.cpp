#include <rt_queues/MpscQueue.h>

#include "Allocations.h"

#include <catch2/catch.hpp>

#include <array>
#include <deque>
#include <memory>
#include <thread>

namespace
{

struct Item : rt::MpscLink
{
    explicit Item (int n = 0) : number (n) {}
    int number;
};

using Queue = rt::MpscQueue<Item>;
using Status = Queue::Status;

static_assert (noexcept (std::declval<Queue&>().push (std::declval<Item&>())) && noexcept (std::declval<Queue&>().pop()));
static_assert (! std::is_copy_constructible_v<Queue> && ! std::is_move_constructible_v<Queue>);

void checkEmpty (Queue& queue)
{
    const auto popped = queue.pop();
    CHECK (popped.status == Status::empty);
    CHECK (popped.object == nullptr);
}

void checkItem (Queue& queue, const Item& item)
{
    const auto popped = queue.pop();
    CHECK (popped.status == Status::item);
    CHECK (popped.object == &item);
}

void checkInProgress (Queue& queue)
{
    const auto popped = queue.pop();
    CHECK (popped.status == Status::inProgress);
    CHECK (popped.object == nullptr);
}

} // namespace

TEST_CASE ("A new intrusive queue is empty")
{
    Queue queue;
    checkEmpty (queue);
    checkEmpty (queue);
}

TEST_CASE ("Objects come out as themselves, in the order of one producer's pushes")
{
    const auto numItems = GENERATE (1, 2, 3, 100);
    Queue queue;
    std::deque<Item> items;

    for (int i = 0; i < numItems; ++i)
        queue.push (items.emplace_back (i));

    for (auto& item : items)
        checkItem (queue, item);

    checkEmpty (queue);
}

TEST_CASE ("An intrusive queue may run empty and fill again in any pattern, with the same objects")
{
    Queue queue;
    std::array<Item, 8> items;
    std::deque<Item*> outside, inside;

    for (auto& item : items)
        outside.push_back (&item);

    for (int round = 0; round < 1000; ++round)
    {
        for (int i = round % 5; i > 0 && ! outside.empty(); --i)
        {
            queue.push (*outside.front());
            inside.push_back (outside.front());
            outside.pop_front();
        }

        for (int i = round % 7; i > 0 && ! inside.empty(); --i)
        {
            const auto popped = queue.pop();
            REQUIRE (popped.status == Status::item);
            REQUIRE (popped.object == inside.front());
            outside.push_back (inside.front());
            inside.pop_front();
        }

        if (inside.empty())
            REQUIRE (queue.pop().status == Status::empty);
    }
}

TEST_CASE ("An object goes on to another queue, and may die as soon as it is popped")
{
    Queue a, b;
    auto first = std::make_unique<Item> (1);
    auto second = std::make_unique<Item> (2);
    a.push (*first);
    a.push (*second);
    checkItem (a, *first);
    b.push (*first);
    checkItem (b, *first);
    first.reset(); // the address sanitizer watches what happens to it now
    checkItem (a, *second);
    second.reset();
    checkEmpty (a);
    checkEmpty (b);
}

TEST_CASE ("A copy of an object is in no queue, and an object that is assigned to stays in its own")
{
    Queue queue;
    Item first (1), second (2);
    queue.push (first);
    queue.push (second);

    Item copy (first);
    CHECK (copy.next.load() == nullptr);
    CHECK (copy.number == 1);

    first = Item (7);
    checkItem (queue, first);
    CHECK (first.number == 7);
    checkItem (queue, second);
    checkEmpty (queue);
}

TEST_CASE ("Behind a producer that stopped in the middle of a push, pop says in progress, and loses nothing")
{
    Queue queue;
    std::array<Item, 4> items;

    for (auto& item : items)
        queue.push (item);

    // As if the producers of items 1 and 3 had stopped before they linked them to their predecessors.
    auto* const link1 = items[0].next.exchange (nullptr);
    auto* const link3 = items[2].next.exchange (nullptr);

    checkInProgress (queue);
    checkInProgress (queue);

    items[0].next = link1;
    checkItem (queue, items[0]);
    checkItem (queue, items[1]);
    checkInProgress (queue);

    Item later;
    queue.push (later);
    checkInProgress (queue);

    items[2].next = link3;
    checkItem (queue, items[2]);
    checkItem (queue, items[3]);
    checkItem (queue, later);
    checkEmpty (queue);
}

TEST_CASE ("Push and pop of an intrusive queue neither allocate nor free")
{
    Queue queue;
    Item item;
    int numPopped = 0;

    CHECK (test::countAllocations (
               [&]
               {
                   for (int i = 0; i < 1000; ++i)
                   {
                       queue.push (item);
                       numPopped += queue.pop().object == &item ? 1 : 0;
                       static_cast<void> (queue.pop());
                   }
               })
           == 0);
    CHECK (numPopped == 1000);
}

TEST_CASE ("An intrusive queue leaves the objects inside alone when it goes", "[teardown]")
{
    std::array<Item, 3> items{ Item (0), Item (1), Item (2) };

    {
        Queue queue;

        for (auto& item : items)
            queue.push (item);
    }

    Queue queue;

    for (auto& item : items)
        queue.push (item);

    for (auto& item : items)
        checkItem (queue, item);

    checkEmpty (queue);
}

TEST_CASE ("The consumer of an intrusive queue may be another thread, one after the other")
{
    Queue queue;
    std::array<Item, 20> items;
    int numRight = 0;

    for (auto& item : items)
    {
        std::thread ([&] { queue.push (item); }).join();
        std::thread ([&] { numRight += queue.pop().object == &item ? 1 : 0; }).join();
    }

    CHECK (numRight == 20);
}
