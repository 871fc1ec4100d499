#include <rt_memory/Weak.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <thread>

namespace
{

struct Base : test::Counted<struct WeakTestTag>
{
    int base = 1;
};

struct OtherBase
{
    int other = 2;
};

struct Derived : OtherBase, Base
{
};

struct DerivedVirtually : virtual Base
{
};

/** Knows its owner, and is owned by it. */
struct Child;

struct Parent : test::Counted<struct WeakTestTag>
{
    rt::Shared<Child> child;
};

struct Child : test::Counted<struct WeakTestTag>
{
    rt::Weak<Parent> parent;
};

static_assert (std::is_nothrow_copy_constructible_v<rt::Weak<Base>> && std::is_nothrow_move_assignable_v<rt::Weak<Base>>);
static_assert (std::is_constructible_v<rt::Weak<const Base>, rt::Weak<Derived>>);
static_assert (! std::is_constructible_v<rt::Weak<Derived>, rt::Weak<Base>>);
static_assert (! std::is_constructible_v<rt::Weak<Base>, rt::Weak<const Base>>);
static_assert (std::is_constructible_v<rt::Weak<Base>, rt::Shared<DerivedVirtually>>);
static_assert (! std::is_constructible_v<rt::Weak<Base>, rt::Weak<DerivedVirtually>>);

} // namespace

TEST_CASE ("A weak pointer gives a share as long as there is one")
{
    rt::Collector collector;
    auto shared = rt::makeShared<Base> (collector);
    rt::Weak<Base> weak = shared;
    CHECK (! weak.expired());
    CHECK (shared.getUseCount() == 1);

    auto locked = weak.lock();
    CHECK (locked == shared);
    CHECK (shared.getUseCount() == 2);

    shared.reset();
    CHECK (! weak.expired());
    CHECK (weak.lock() == locked);

    locked.reset();
    CHECK (weak.expired());
    CHECK (weak.lock() == nullptr);
    CHECK (Base::getNumAlive() == 1);

    CHECK (collector.collect() == 1);
    CHECK (Base::getNumAlive() == 0);
    CHECK (weak.expired());
    CHECK (weak.lock() == nullptr);
}

TEST_CASE ("A null weak pointer is expired")
{
    rt::Weak<Base> a;
    rt::Weak<Base> b = nullptr;
    rt::Weak<Base> c = rt::Shared<Base>();
    rt::Weak<const Base> d = a;
    CHECK (a.expired());
    CHECK (b.lock() == nullptr);
    CHECK (c.lock() == nullptr);
    CHECK (d.expired());
    a.reset();
}

TEST_CASE ("Weak pointers copy, move, swap and convert without touching the object's count")
{
    rt::Collector collector;
    auto shared = rt::makeShared<Derived> (collector);
    rt::Weak<Derived> a = shared;
    auto b = a;
    auto c = std::move (a);
    CHECK (a.expired());
    CHECK (b.lock() == c.lock());

    rt::Weak<const Base> base = b;
    CHECK (base.lock().get() == static_cast<Base*> (shared.get()));
    base = std::move (c);
    CHECK (c.expired());
    CHECK (base.lock() == shared);

    rt::Weak<Derived> none;
    none.swap (b);
    CHECK (b.expired());
    CHECK (none.lock() == shared);
    auto& alias = none;
    none = alias;
    CHECK (none.lock() == shared);

    CHECK (shared.getUseCount() == 1);
    shared.reset();
    CHECK (none.expired());
}

TEST_CASE ("The memory of an object goes with its last weak pointer, on the collecting thread")
{
    auto numLeft = std::ptrdiff_t{ 0 };
    rt::Collector collector;
    auto shared = std::make_unique<rt::Shared<Base>> (rt::makeShared<Base> (collector));
    auto weak = std::make_unique<rt::Weak<Base>> (*shared);
    auto another = *weak;
    const auto before = test::getNumOutstanding();

    shared->reset();
    CHECK (collector.collect() == 1);
    CHECK (Base::getNumAlive() == 0);
    CHECK (collector.getStats().collected == 1);
    CHECK (collector.getStats().live == 0);
    numLeft = test::getNumOutstanding() - before;
    CHECK (numLeft == 0);

    weak->reset();
    CHECK (collector.collect() == 0);

    // The last one hands the memory over, and frees nothing itself.
    CHECK (test::countAllocations ([&] { another.reset(); }) == 0);
    CHECK (collector.getStats().pending == 1);
    CHECK (test::countLeaks ([&] { static_cast<void> (collector.collect()); }) == -1);
    CHECK (collector.getStats().pending == 0);
    CHECK (collector.getStats().collected == 1);
}

TEST_CASE ("A weak pointer that goes before its object leaves nothing to do", "[teardown]")
{
    rt::Collector collector;
    auto shared = rt::makeShared<Base> (collector);
    rt::Weak<Base> (shared).reset();
    CHECK (collector.collect() == 0);
    shared.reset();
    CHECK (collector.collect() == 1);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("Weak pointers outlive object and collector in any order, and nothing is left", "[teardown]")
{
    const std::string order =
        GENERATE ("object, collector, weak", "collector, object, weak", "collector, weak, object", "object, weak, collector",
                  "uncollected object, collector, weak", "collector, object, weak on other threads");
    test::Expect expect;
    std::thread ([] {}).join();
    CHECK (test::countLeaks (
               [&]
               {
                   auto collector = std::make_unique<rt::Collector>();
                   auto shared = rt::makeShared<Base> (*collector);
                   rt::Weak<Base> weak = shared;
                   auto copy = weak;

                   if (order == "object, collector, weak")
                   {
                       shared.reset();
                       collector->collect();
                       collector.reset();
                       expect (weak.expired());
                   }
                   else if (order == "collector, object, weak")
                   {
                       collector.reset();
                       expect (weak.lock() == shared);
                       shared.reset();
                       expect (weak.expired() && Base::getNumAlive() == 0);
                   }
                   else if (order == "collector, weak, object")
                   {
                       collector.reset();
                       weak.reset();
                       copy.reset();
                       expect (Base::getNumAlive() == 1);
                       shared.reset();
                   }
                   else if (order == "object, weak, collector")
                   {
                       shared.reset();
                       collector->collect();
                       weak.reset();
                       copy.reset();
                       collector.reset();
                   }
                   else if (order == "uncollected object, collector, weak")
                   {
                       shared.reset();
                       collector.reset();
                       expect (Base::getNumAlive() == 0);
                   }
                   else
                   {
                       collector.reset();
                       std::thread ([s = std::move (shared)] {}).join();
                       std::thread ([w = std::move (weak)] {}).join();
                       std::thread ([w = std::move (copy)] {}).join();
                   }
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("A weak pointer opens a circle")
{
    rt::Collector collector;

    {
        auto parent = rt::makeShared<Parent> (collector);
        parent->child = rt::makeShared<Child> (collector);
        parent->child->parent = parent;
        CHECK (parent->child->parent.lock() == parent);
    }

    // Two objects, and the memory of the parent after the child's weak pointer to it.
    CHECK (collector.collect() == 3);
    CHECK (Parent::getNumAlive() == 0);
}
