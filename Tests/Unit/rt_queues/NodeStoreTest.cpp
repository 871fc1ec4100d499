#include <rt_queues/NodeStore.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct Value : test::Counted<struct NodeStoreTestTag>
{
    explicit Value (int n = 0) : number (n) {}
    int number;
};

using Store = rt::NodeStore<Value>;

static_assert (noexcept (std::declval<Store&>().take()) && noexcept (std::declval<Store&>().give (nullptr)));

std::vector<rt::NodePtr<Value>> takeAll (Store& store)
{
    std::vector<rt::NodePtr<Value>> nodes;

    while (auto node = store.take())
        nodes.push_back (std::move (node));

    return nodes;
}

} // namespace

TEST_CASE ("A store has as many nodes as it was made with, and then null")
{
    const auto numNodes = GENERATE (0u, 1u, 2u, 100u);
    Store store (numNodes);
    CHECK (takeAll (store).size() == numNodes);
    CHECK (! store.take());
}

TEST_CASE ("A store makes its values from the arguments")
{
    Store store (3, 42);

    for (const auto& node : takeAll (store))
        CHECK (node->number == 42);
}

TEST_CASE ("Given nodes are taken again, in the order in which they were given, as they were left")
{
    Store store (3);
    auto nodes = takeAll (store);

    for (int i : { 2, 0, 1 })
    {
        nodes[static_cast<std::size_t> (i)]->number = i;
        store.give (std::move (nodes[static_cast<std::size_t> (i)]));
    }

    for (int i : { 2, 0, 1 })
        CHECK (store.take()->number == i);

    CHECK (! store.take());
}

TEST_CASE ("Buffers in a store's values keep their capacity")
{
    rt::NodeStore<std::vector<int>> store (1);
    auto node = store.take();
    node->reserve (1000);
    store.give (std::move (node));
    CHECK (store.take()->capacity() >= 1000);
}

TEST_CASE ("A foreign node enlarges a store, null does not")
{
    Store store (1);
    store.give (nullptr);
    store.give (rt::makeNode<Value> (9));
    auto nodes = takeAll (store);
    REQUIRE (nodes.size() == 2);
    CHECK (nodes.back()->number == 9);
}

TEST_CASE ("Messages travel through a store and a queue without any allocation, for ever")
{
    rt::NodeStore<std::string> store (2, std::string (100, 'x'));
    rt::NodeQueue<std::string> queue;
    int numSent = 0, numRefused = 0, numReceived = 0, numWrong = 0;

    CHECK (test::countAllocations (
               [&]
               {
                   for (int i = 0; i < 1000; ++i)
                   {
                       for (int j = 0; j < 3; ++j)
                       {
                           if (auto node = store.take())
                           {
                               node->assign (80, static_cast<char> ('a' + numSent % 26));
                               queue.push (std::move (node));
                               ++numSent;
                           }
                           else
                           {
                               ++numRefused;
                           }
                       }

                       while (auto node = queue.pop())
                       {
                           numWrong += node->size() == 80 && node->front() == 'a' + numReceived % 26 ? 0 : 1;
                           ++numReceived;
                           store.give (std::move (node));
                       }
                   }
               })
           == 0);

    CHECK (numSent == 2000);
    CHECK (numRefused == 1000);
    CHECK (numReceived == numSent);
    CHECK (numWrong == 0);
}

TEST_CASE ("A store's destructor frees the nodes inside, and only those", "[teardown]")
{
    const auto numTaken = GENERATE (0, 1, 4);
    std::vector<rt::NodePtr<Value>> taken;
    taken.reserve (4);

    {
        Store store (4);

        for (int i = 0; i < numTaken; ++i)
            taken.push_back (store.take());

        CHECK (Value::getNumAlive() == 4);
    }

    CHECK (Value::getNumAlive() == numTaken);
    taken.clear();
    CHECK (Value::getNumAlive() == 0);
    CHECK (test::countLeaks ([] { Store store (4); }) == 0);
}

TEST_CASE ("A store's nodes come and go in chains too")
{
    Store store (5);
    auto some = store.takeAll (2);
    CHECK (some.getSize() == 2);
    auto rest = store.takeAll();
    CHECK (rest.getSize() == 3);
    CHECK (store.takeAll().isEmpty());
    rest.append (std::move (some));
    store.giveAll (std::move (rest));
    CHECK (takeAll (store).size() == 5);
}

TEST_CASE ("The last node of a store frees the memory of all, also after the store", "[teardown]")
{
    const auto outlives = GENERATE (true, false);
    CHECK (test::countLeaks (
               [outlives]
               {
                   rt::NodePtr<Value> last, other;
                   rt::NodeQueue<Value> elsewhere;

                   {
                       Store store (10);
                       last = store.take();
                       other = store.take();
                       elsewhere.push (store.take());

                       if (! outlives)
                           store.give (std::move (last));
                   }

                   other.reset();
               })
           == 0);
    CHECK (Value::getNumAlive() == 0);
}

namespace
{

struct ThrowsAtThird : test::Counted<struct NodeStoreThrowsTag>
{
    ThrowsAtThird()
    {
        if (getNumAlive() == 3)
            throw std::runtime_error ("no");
    }

    // A value that moves is one more for a moment.
    ThrowsAtThird (ThrowsAtThird&& other) noexcept : Counted (other) {}
};

struct alignas (256) Wide
{
    char c = 0;
};

struct Large
{
    std::array<char, 1000> bytes{};
};

template <typename T>
void checkPlaces()
{
    std::vector<rt::NodePtr<T>> nodes;
    rt::NodeStore<T> store (20);

    while (auto node = store.take())
        nodes.push_back (std::move (node));

    CHECK (nodes.size() == 20);
    std::vector<std::uintptr_t> places;

    for (const auto& node : nodes)
        places.push_back (reinterpret_cast<std::uintptr_t> (node.get()));

    std::sort (places.begin(), places.end());

    for (std::size_t i = 0; i < places.size(); ++i)
    {
        CHECK (places[i] % alignof (T) == 0);
        CHECK ((i == 0 || places[i] - places[i - 1] >= sizeof (T)));
    }

    for (auto& node : nodes)
        new (node.get()) T; // all of it is ours: the address sanitizer sees it
}

} // namespace

TEST_CASE ("A store whose values throw leaves nothing behind")
{
    bool thrown = false;
    CHECK (test::countLeaks (
               [&]
               {
                   try
                   {
                       rt::NodeStore<ThrowsAtThird> store (5);
                   }
                   catch (const std::runtime_error&)
                   {
                       thrown = true;
                   }
               })
           == 0);
    CHECK (thrown);
    CHECK (ThrowsAtThird::getNumAlive() == 0);
    CHECK_THROWS_AS (rt::NodeStore<int> (~std::size_t{ 0 } / 2), std::bad_alloc);
}

TEST_CASE ("A store's nodes do not overlap and are aligned, whatever their size")
{
    checkPlaces<char>();
    checkPlaces<std::uint64_t>();
    checkPlaces<std::array<std::uint64_t, 5>>();
    checkPlaces<std::array<std::uint64_t, 6>>();
    checkPlaces<Large>();
    checkPlaces<Wide>();
}
