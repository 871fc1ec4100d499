#include <rt_queues/NodeChain.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

namespace
{

struct Value : test::Counted<struct NodeChainTestTag>
{
    explicit Value (int n = 0) : number (n) {}
    int number;
};

using Chain = rt::NodeChain<Value>;

static_assert (std::is_nothrow_move_constructible_v<Chain> && std::is_nothrow_move_assignable_v<Chain>);
static_assert (! std::is_copy_constructible_v<Chain>);

Chain makeChain (int first, int size)
{
    Chain chain;

    for (int i = 0; i < size; ++i)
        chain.push (rt::makeNode<Value> (first + i));

    return chain;
}

void checkNumbers (Chain& chain, int first, std::size_t size)
{
    CHECK (chain.getSize() == size);

    for (; size > 0; --size)
    {
        REQUIRE_FALSE (chain.isEmpty());
        CHECK (chain.peek()->number == first);
        CHECK (chain.pop()->number == first++);
    }

    CHECK (chain.isEmpty());
    CHECK (chain.getSize() == 0);
    CHECK (chain.peek() == nullptr);
    CHECK_FALSE (chain.pop());
}

} // namespace

TEST_CASE ("A chain gives its nodes back in order, as themselves")
{
    const auto size = GENERATE (0, 1, 2, 100);
    auto chain = makeChain (1, size);
    checkNumbers (chain, 1, static_cast<std::size_t> (size));

    auto node = rt::makeNode<Value> (1);
    auto* const address = node.get();
    chain.push (std::move (node));
    chain.push (nullptr);
    CHECK_FALSE (node);
    CHECK (chain.getSize() == 1);
    CHECK (chain.pop().get() == address);
}

TEST_CASE ("Chains are appended to each other whole")
{
    const auto first = GENERATE (0, 1, 3), second = GENERATE (0, 1, 3);
    auto chain = makeChain (0, first);
    auto other = makeChain (first, second);
    chain.append (std::move (other));
    CHECK (other.isEmpty());
    CHECK (other.getSize() == 0);
    other.push (rt::makeNode<Value> (7));
    chain.append (makeChain (first + second, 1));
    checkNumbers (chain, 0, static_cast<std::size_t> (first + second + 1));
    checkNumbers (other, 7, 1);
}

TEST_CASE ("A chain frees what is in it: at its end, when cleared, when assigned over", "[teardown]")
{
    CHECK (test::countLeaks (
               []
               {
                   auto a = makeChain (0, 3);
                   auto b = std::move (a);
                   a = makeChain (0, 2);
                   auto& alias = b;
                   b = std::move (alias);
                   b = std::move (a);
                   b.pop();
                   Chain cleared = makeChain (0, 2);
                   cleared.clear();
               })
           == 0);
    CHECK (Value::getNumAlive() == 0);

    auto chain = makeChain (0, 3);
    chain = makeChain (5, 2);
    CHECK (Value::getNumAlive() == 2);
    checkNumbers (chain, 5, 2);
}
