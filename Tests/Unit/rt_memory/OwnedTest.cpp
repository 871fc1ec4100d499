#include <rt_memory/Owned.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <memory>

namespace
{

struct Base : test::Counted<struct OwnedTestTag>
{
    int base = 1; // no virtual destructor, on purpose
};

struct OtherBase
{
    int other = 2;
};

struct Derived : OtherBase, Base
{
    explicit Derived (bool& flag) : died (flag) {}
    ~Derived() { died = true; }
    bool& died;
};

struct alignas (128) Wide
{
    char c = 0;
};

struct Aggregate
{
    int a;
    double b;
};

template <typename T>
using Owned = rt::Owned<T>;

static_assert (std::is_nothrow_move_constructible_v<Owned<Base>> && std::is_nothrow_move_assignable_v<Owned<Base>>);
static_assert (! std::is_copy_constructible_v<Owned<Base>> && ! std::is_copy_assignable_v<Owned<Base>>);
static_assert (std::is_nothrow_constructible_v<Owned<Base>, Owned<Derived>&&>);
static_assert (! std::is_constructible_v<Owned<Base>, Owned<Derived>&>);
static_assert (! std::is_constructible_v<Owned<Derived>, Owned<Base>&&>);
static_assert (std::is_constructible_v<Owned<const Base>, Owned<Base>&&>);
static_assert (! std::is_constructible_v<Owned<Base>, Owned<const Base>&&>);

} // namespace

TEST_CASE ("An owned pointer reaches its object")
{
    rt::Collector collector;
    auto owned = rt::makeOwned<Base> (collector);
    REQUIRE (owned);
    CHECK_FALSE (owned == nullptr);
    CHECK (owned.get() == &*owned);
    CHECK (owned->base == 1);
    CHECK (rt::makeOwned<const int> (collector, 5).get() != nullptr);
    CHECK (rt::makeOwned<Aggregate> (collector, 1, 2.5)->b == 2.5);
    CHECK (**rt::makeOwned<std::unique_ptr<int>> (collector, std::make_unique<int> (3)) == 3);
}

TEST_CASE ("A null owned pointer")
{
    Owned<Base> a;
    Owned<Base> b = nullptr;
    CHECK (! a);
    CHECK (b == nullptr);
    CHECK (a.get() == nullptr);
    a.reset();
}

TEST_CASE ("Moving an owned pointer leaves null, assigning over one drops its object")
{
    rt::Collector collector;
    auto a = rt::makeOwned<Base> (collector);
    auto b = rt::makeOwned<Base> (collector);
    auto* address = a.get();

    b = std::move (a);
    CHECK (a == nullptr);
    CHECK (b.get() == address);
    CHECK (collector.collect() == 1);

    auto& alias = b;
    b = std::move (alias);
    CHECK (b.get() == address);
    CHECK (collector.collect() == 0);

    b = nullptr;
    CHECK (collector.collect() == 1);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("Swapping owned pointers drops nothing")
{
    rt::Collector collector;
    auto a = rt::makeOwned<int> (collector, 1);
    auto b = rt::makeOwned<int> (collector, 2);
    a.swap (b);
    CHECK (*a == 2);
    CHECK (*b == 1);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("An owned pointer to a base, or to const, destroys the object as what it was made as")
{
    rt::Collector collector;
    bool died = false;
    auto derived = rt::makeOwned<Derived> (collector, died);
    Base* const base = derived.get();

    SECTION ("constructed")
    {
        Owned<const Base> owned = std::move (derived);
        CHECK (owned.get() == base);
        CHECK (owned->base == 1);
    }

    SECTION ("assigned")
    {
        Owned<OtherBase> owned;
        owned = std::move (derived);
        CHECK (owned->other == 2);
    }

    CHECK (derived == nullptr);
    CHECK (! died);
    CHECK (collector.collect() == 1);
    CHECK (died);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("Moving and dropping owned pointers neither allocates nor frees")
{
    rt::Collector collector;
    auto a = rt::makeOwned<Base> (collector);
    auto b = rt::makeOwned<Base> (collector);

    CHECK (test::countAllocations (
               [&]
               {
                   auto c = std::move (a);
                   b = std::move (c);
                   b.reset();
               })
           == 0);
    CHECK (collector.collect() == 2);
}

TEST_CASE ("A collected object keeps its alignment")
{
    rt::Collector collector;
    auto owned = rt::makeOwned<Wide> (collector);
    CHECK (reinterpret_cast<std::uintptr_t> (owned.get()) % 128 == 0);
}

TEST_CASE ("An owned pointer to a part owns the whole")
{
    rt::Collector collector;
    bool died = false;
    auto whole = rt::makeOwned<Derived> (collector, died);
    auto* address = &whole->other;
    Owned<int> part (std::move (whole), address);
    CHECK (whole == nullptr);
    CHECK (part.get() == address);
    CHECK (*part == 2);
    part.reset();
    CHECK (! died);
    CHECK (collector.collect() == 1);
    CHECK (died);

    int local = 0;
    CHECK (Owned<int> (Owned<Base>(), &local) == nullptr);
}
