#include <rt_queues/NodeQueue.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Value : test::Counted<struct NodeQueueTestTag>
{
    explicit Value (int n = 0) noexcept : number (n) {}
    int number;
};

using Queue = rt::NodeQueue<Value>;

static_assert (! std::is_copy_constructible_v<Queue> && ! std::is_move_constructible_v<Queue>);
static_assert (noexcept (std::declval<Queue&>().push (rt::NodePtr<Value>())));
static_assert (noexcept (std::declval<Queue&>().pop()));
static_assert (noexcept (std::declval<const Queue&>().isEmpty()));

} // namespace

TEST_CASE ("A new queue is empty, and a pop from it gives null")
{
    Queue queue;
    CHECK (queue.isEmpty());
    CHECK (! queue.pop());
    CHECK (! queue.pop());
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("Values come out in the order in which they went in")
{
    Queue queue;

    for (int i = 0; i < 1000; ++i)
        queue.push (rt::makeNode<Value> (i));

    for (int i = 0; i < 1000; ++i)
    {
        REQUIRE (! queue.isEmpty());
        auto node = queue.pop();
        REQUIRE (node);
        REQUIRE (node->number == i);
    }

    CHECK (queue.isEmpty());
    CHECK (! queue.pop());
}

TEST_CASE ("Pushes and pops may alternate in any pattern")
{
    Queue queue;
    int pushed = 0, popped = 0;

    for (int burst : { 1, 1, 3, 0, 2, 5, 1, 7, 0, 0, 4, 1 })
    {
        for (int i = 0; i < burst; ++i)
            queue.push (rt::makeNode<Value> (pushed++));

        for (int i = 0; i < burst - 1 || (burst == 0 && popped < pushed); ++i)
            REQUIRE (queue.pop()->number == popped++);
    }

    while (auto node = queue.pop())
        REQUIRE (node->number == popped++);

    CHECK (popped == pushed);
}

TEST_CASE ("A push takes the node, and ignores null")
{
    Queue queue;
    auto node = rt::makeNode<Value> (1);
    queue.push (std::move (node));
    CHECK (! node);

    queue.push (nullptr);
    queue.push (std::move (node));
    CHECK (queue.pop()->number == 1);
    CHECK (! queue.pop());
}

TEST_CASE ("A push moves the value into another node and leaves nothing behind")
{
    Queue queue;
    auto node = rt::makeNode<Value> (1);
    auto* address = node.get();
    queue.push (std::move (node));
    CHECK (Value::getNumAlive() == 1); // the one that was moved from has been destroyed
    auto popped = queue.pop();
    CHECK (popped.get() != address);
    CHECK (Value::getNumAlive() == 1);

    // The pushed node is the last one now and comes out next.
    queue.push (std::move (popped));
    CHECK (queue.pop().get() == address);
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("A shared value has one owner after a pop")
{
    rt::NodeQueue<std::shared_ptr<int>> queue;
    auto value = std::make_shared<int> (1);
    queue.push (rt::makeNode<std::shared_ptr<int>> (value));
    auto popped = queue.pop();
    CHECK (value.use_count() == 2);
    popped->reset();
    CHECK (value.use_count() == 1);
}

TEST_CASE ("Push, pop and isEmpty neither allocate nor free")
{
    rt::NodeQueue<std::vector<int>> queue, other;
    auto node = rt::makeNode<std::vector<int>> (100, 1);
    bool whole = true;

    CHECK (test::countAllocations (
               [&]
               {
                   for (int i = 0; i < 1000; ++i)
                   {
                       queue.push (std::move (node));
                       whole = whole && ! queue.isEmpty();
                       node = queue.pop();
                       other.push (std::move (node));
                       node = other.pop();
                       whole = whole && node && node->size() == 100 && queue.isEmpty() && ! other.pop();
                   }
               })
           == 0);
    CHECK (whole);
}

TEST_CASE ("Recycled nodes keep the order, within one queue and across queues")
{
    constexpr int numNodes = 5;
    Queue a, b;

    for (int i = 0; i < numNodes; ++i)
        a.push (rt::makeNode<Value> (i));

    for (int i = 0; i < 1000; ++i)
    {
        auto node = a.pop();
        REQUIRE (node->number == i);
        b.push (std::move (node));
        node = b.pop();
        REQUIRE (node->number == i);
        node->number = i + numNodes;
        a.push (std::move (node));
        REQUIRE (Value::getNumAlive() == numNodes);
    }
}

TEST_CASE ("A queue's destructor destroys and frees what is left", "[teardown]")
{
    const auto numLeft = GENERATE (0, 1, 2, 100);
    const auto numPopped = GENERATE (0, 1, 2, 100);

    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   Queue queue;

                   for (int i = 0; i < numPopped + numLeft; ++i)
                       queue.push (rt::makeNode<Value> (i));

                   for (int i = 0; i < numPopped; ++i)
                       queue.pop();

                   expect (Value::getNumAlive() == numLeft);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("A popped node outlives its queue", "[teardown]")
{
    rt::NodePtr<Value> node;

    {
        Queue queue;
        queue.push (rt::makeNode<Value> (1));
        queue.push (rt::makeNode<Value> (2));
        node = queue.pop();
    }

    CHECK (node->number == 1);
    CHECK (Value::getNumAlive() == 1);
    node.reset();
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("What the producer wrote before a push is there after the pop")
{
    rt::NodeQueue<std::string*> queue;
    std::string text;
    std::thread producer (
        [&]
        {
            text = "written before";
            queue.push (rt::makeNode<std::string*> (&text));
        });

    rt::NodePtr<std::string*> node;

    while (! (node = queue.pop()))
        std::this_thread::yield();

    CHECK (**node == "written before");
    producer.join();
}

TEST_CASE ("The roles may pass to other threads, one after the other")
{
    Queue queue;
    std::optional<int> wrong;

    for (int i = 0; i < 20; ++i)
    {
        std::thread ([&] { queue.push (rt::makeNode<Value> (i)); }).join();
        std::thread (
            [&]
            {
                auto node = queue.pop();

                if (! node || node->number != i)
                    wrong = i;
            })
            .join();
    }

    CHECK (! wrong);
}

TEST_CASE ("Not empty stays not empty until the consumer pops")
{
    Queue queue;
    std::thread producer ([&] { queue.push (rt::makeNode<Value> (1)); });

    while (queue.isEmpty())
        std::this_thread::yield();

    CHECK (! queue.isEmpty());
    CHECK (queue.pop()->number == 1);
    CHECK (queue.isEmpty());
    producer.join();
}

TEST_CASE ("The oldest value can be looked at where it is, until it is popped")
{
    Queue queue;
    CHECK (queue.peek() == nullptr);
    queue.push (rt::makeNode<Value> (1));
    queue.push (rt::makeNode<Value> (2));
    auto* const oldest = queue.peek();
    REQUIRE (oldest != nullptr);
    CHECK (oldest->number == 1);
    CHECK (queue.peek() == oldest);
    oldest->number = 7;
    auto node = queue.pop();
    CHECK (node.get() == oldest);
    CHECK (node->number == 7);
    CHECK (queue.peek()->number == 2);
    queue.pop();
    CHECK (queue.peek() == nullptr);
}

TEST_CASE ("A value can be made inside the queue, from the node's own old value too")
{
    Queue queue;
    auto node = rt::makeNode<Value> (5);
    queue.emplace (std::move (node), 3);
    CHECK (! node);
    queue.emplace (nullptr, 4);
    CHECK (Value::getNumAlive() == 1);
    node = queue.pop();
    CHECK (node->number == 3);

    auto& old = *node;
    queue.emplace (std::move (node), old);
    CHECK (queue.pop()->number == 3);
    CHECK (queue.isEmpty());
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("A chain goes in as if pushed one by one, and comes out again whole or in parts")
{
    const auto before = GENERATE (0, 1, 3), size = GENERATE (0, 1, 2, 3, 50), after = GENERATE (0, 2);
    const auto limit = GENERATE (0u, 1u, 2u, 1000u);
    Queue queue;
    int pushed = 0, popped = 0;

    for (int i = 0; i < before; ++i)
        queue.push (rt::makeNode<Value> (pushed++));

    rt::NodeChain<Value> chain;

    for (int i = 0; i < size; ++i)
        chain.push (rt::makeNode<Value> (pushed++));

    queue.pushAll (std::move (chain));
    CHECK (chain.isEmpty());

    for (int i = 0; i < after; ++i)
        queue.push (rt::makeNode<Value> (pushed++));

    CHECK (Value::getNumAlive() == pushed);
    auto some = queue.popAll (limit);
    CHECK (some.getSize() == std::min (static_cast<std::size_t> (pushed), std::size_t{ limit }));

    while (auto node = some.pop())
        REQUIRE (node->number == popped++);

    queue.push (rt::makeNode<Value> (pushed++)); // the end is still where it was

    for (auto rest = queue.popAll(); auto node = rest.pop();)
        REQUIRE (node->number == popped++);

    CHECK (popped == pushed);
    CHECK (queue.isEmpty());
    CHECK (queue.popAll().isEmpty());
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("A chain that was popped whole goes on to another queue with its nodes")
{
    Queue a, b;

    for (int i = 0; i < 5; ++i)
        a.push (rt::makeNode<Value> (i));

    CHECK (test::countAllocations (
               [&]
               {
                   for (int round = 0; round < 100; ++round)
                   {
                       b.pushAll (a.popAll());
                       a.pushAll (b.popAll (3));
                       a.pushAll (b.popAll());
                   }
               })
           == 0);

    for (int i = 0; i < 5; ++i)
        REQUIRE (a.pop()->number == i);

    CHECK (Value::getNumAlive() == 0);
}
