#include <rt_queues/Node.h>

#include "Allocations.h"
#include "Stress/Counted.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>

namespace
{

struct Value : test::Counted<struct NodeTestTag>
{
    explicit Value (int n = 0) : number (n) {}
    int number;
};

struct Aggregate
{
    int a;
    double b;
};

struct alignas (256) Wide
{
    char c = 0;
};

struct Throws
{
    Throws() { throw std::runtime_error ("no"); }
};

static_assert (std::is_nothrow_move_constructible_v<rt::NodePtr<Value>>
               && std::is_nothrow_move_assignable_v<rt::NodePtr<Value>>);
static_assert (! std::is_copy_constructible_v<rt::NodePtr<Value>> && ! std::is_copy_assignable_v<rt::NodePtr<Value>>);
static_assert (! std::is_default_constructible_v<rt::Node<Value>> && ! std::is_copy_constructible_v<rt::Node<Value>>);

} // namespace

TEST_CASE ("A node pointer reaches the value that makeNode made")
{
    auto node = rt::makeNode<Value> (7);
    REQUIRE (node);
    CHECK (node->number == 7);
    CHECK ((*node).number == 7);
    CHECK (node.get() == &*node);
    CHECK (rt::makeNode<Aggregate> (1, 2.5)->b == 2.5);
    CHECK (*rt::makeNode<std::unique_ptr<int>> (std::make_unique<int> (3)).get()->get() == 3);
}

TEST_CASE ("A null node pointer has no value")
{
    rt::NodePtr<Value> a;
    rt::NodePtr<Value> b = nullptr;
    CHECK (! a);
    CHECK (! b);
    CHECK (a.get() == nullptr);
    CHECK (test::countAllocations ([&] { a.reset(); }) == 0);
}

TEST_CASE ("Moving a node pointer leaves null and moves no value")
{
    auto a = rt::makeNode<Value> (1);
    auto* address = a.get();
    auto b = std::move (a);
    CHECK (! a);
    CHECK (b.get() == address);

    auto& alias = b;
    b = std::move (alias);
    CHECK (b.get() == address);
    CHECK (Value::getNumAlive() == 1);
}

TEST_CASE ("A node pointer destroys its value and frees its node: at its end, on reset, when assigned over")
{
    test::Expect expect;
    CHECK (test::countLeaks (
               [&]
               {
                   {
                       auto node = rt::makeNode<Value> (1);
                       expect (Value::getNumAlive() == 1);
                   }

                   expect (Value::getNumAlive() == 0);

                   auto node = rt::makeNode<Value> (2);
                   [[maybe_unused]] Value* volatile seen = node.get(); // else clang may leave the allocation out altogether
                   const auto freed = test::Allocations::now().freed;
                   node.reset();
                   expect (test::Allocations::now().freed == freed + 1);
                   expect (! node);
                   expect (Value::getNumAlive() == 0);

                   node = rt::makeNode<Value> (3);
                   node = rt::makeNode<Value> (4);
                   expect (node->number == 4);
                   expect (Value::getNumAlive() == 1);
                   node = nullptr;
                   expect (Value::getNumAlive() == 0);
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
}

TEST_CASE ("A value whose constructor throws leaves no node behind")
{
    bool thrown = false;
    const auto leaks = test::countLeaks (
        [&]
        {
            try
            {
                rt::makeNode<Throws>();
            }
            catch (const std::runtime_error&)
            {
                thrown = true;
            }
        });

    CHECK (thrown);
    CHECK (leaks == 0);
}

TEST_CASE ("A node respects its value's alignment")
{
    auto node = rt::makeNode<Wide>();
    CHECK (reinterpret_cast<std::uintptr_t> (node.get()) % 256 == 0);
}
