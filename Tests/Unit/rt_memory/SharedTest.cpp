#include <rt_memory/Shared.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <thread>
#include <vector>

namespace
{

struct Base : test::Counted<struct SharedTestTag>
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

struct OnlyDeclared;

struct UsesIncomplete
{
    rt::Shared<OnlyDeclared> pointer;
};

template <typename T>
using Shared = rt::Shared<T>;

static_assert (std::is_nothrow_copy_constructible_v<Shared<Base>> && std::is_nothrow_copy_assignable_v<Shared<Base>>);
static_assert (std::is_nothrow_move_constructible_v<Shared<Base>> && std::is_nothrow_move_assignable_v<Shared<Base>>);
static_assert (std::is_nothrow_constructible_v<Shared<Base>, Shared<Derived>>);
static_assert (std::is_nothrow_constructible_v<Shared<Base>, const Shared<Derived>&>);
static_assert (! std::is_constructible_v<Shared<Derived>, Shared<Base>>);
static_assert (std::is_constructible_v<Shared<const Base>, Shared<Base>>);
static_assert (! std::is_constructible_v<Shared<Base>, Shared<const Base>>);

} // namespace

TEST_CASE ("A shared pointer reaches its object")
{
    rt::Collector collector;
    auto shared = rt::makeShared<Base> (collector);
    REQUIRE (shared);
    CHECK_FALSE (shared == nullptr);
    CHECK (shared != nullptr);
    CHECK (shared.get() == &*shared);
    CHECK (shared->base == 1);
    CHECK (shared.getUseCount() == 1);
    CHECK (*rt::makeShared<const int> (collector, 5) == 5);
}

TEST_CASE ("A null shared pointer")
{
    Shared<Base> a;
    Shared<Base> b = nullptr;
    auto c = a;
    CHECK (! a);
    CHECK (b == nullptr);
    CHECK (a == b);
    CHECK (c == b);
    CHECK (a.get() == nullptr);
    CHECK (a.getUseCount() == 0);
    a.reset();
    UsesIncomplete incomplete;
    CHECK (incomplete.pointer == nullptr);
}

TEST_CASE ("Copies share, and only the last one drops")
{
    rt::Collector collector;
    auto a = rt::makeShared<Base> (collector);
    auto b = a;
    Shared<Base> c;
    c = b;
    CHECK (a.getUseCount() == 3);
    CHECK (a == c);
    CHECK (c.get() == a.get());

    a.reset();
    CHECK (a == nullptr);
    b = nullptr;
    CHECK (c.getUseCount() == 1);
    CHECK (collector.collect() == 0);
    c.reset();
    CHECK (collector.collect() == 1);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("Moving a shared pointer leaves null and the count as it was")
{
    rt::Collector collector;
    auto a = rt::makeShared<Base> (collector);
    auto b = std::move (a);
    CHECK (a == nullptr);
    CHECK (b.getUseCount() == 1);

    Shared<Base> c;
    c = std::move (b);
    CHECK (b == nullptr);
    CHECK (c.getUseCount() == 1);
}

TEST_CASE ("Assigning a shared pointer to itself changes nothing, and over another drops that one's object")
{
    rt::Collector collector;
    auto a = rt::makeShared<Base> (collector);
    auto& alias = a;
    a = alias;
    CHECK (a.getUseCount() == 1);
    a = std::move (alias);
    CHECK (a.getUseCount() == 1);

    a = rt::makeShared<Base> (collector);
    CHECK (collector.collect() == 1);

    auto b = rt::makeShared<Base> (collector);
    b = a;
    CHECK (collector.collect() == 1);
    CHECK (a.getUseCount() == 2);
}

TEST_CASE ("Swapping shared pointers changes no count")
{
    rt::Collector collector;
    auto a = rt::makeShared<int> (collector, 1);
    auto b = rt::makeShared<int> (collector, 2);
    a.swap (b);
    CHECK (*a == 2);
    CHECK (*b == 1);
    CHECK (a.getUseCount() == 1);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("A shared pointer to a base, or to const, shares the count and destroys the object as what it was made as")
{
    rt::Collector collector;
    bool died = false;
    auto derived = rt::makeShared<Derived> (collector, died);

    {
        Shared<Base> base = derived;
        CHECK (base.get() == static_cast<Base*> (derived.get()));
        CHECK (base == derived);
        CHECK (derived.getUseCount() == 2);

        Shared<const Base> constant;
        constant = base;
        CHECK (constant == base);
        CHECK (derived.getUseCount() == 3);

        Shared<OtherBase> other = std::move (derived);
        CHECK (derived == nullptr);
        CHECK (other->other == 2);
        CHECK (other.getUseCount() == 3);
        CHECK (collector.collect() == 0);
    }

    CHECK (! died);
    CHECK (collector.collect() == 1);
    CHECK (died);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("Shared pointers are equal when they point to the same object")
{
    rt::Collector collector;
    auto a = rt::makeShared<int> (collector, 1);
    auto b = rt::makeShared<int> (collector, 1);
    CHECK (a != b);
    CHECK (a == Shared<const int> (a));
    CHECK (a != Shared<int>());
}

TEST_CASE ("Copying and dropping shared pointers neither allocates nor frees, the last drop included")
{
    rt::Collector collector;
    bool died = false;
    auto a = rt::makeShared<Derived> (collector, died);

    CHECK (test::countAllocations (
               [&]
               {
                   auto b = a;
                   Shared<const Base> c = b;
                   b = std::move (a);
                   b.reset();
               })
           == 0);
    CHECK (! died);
    CHECK (collector.collect() == 1);
    CHECK (died);
}

TEST_CASE ("What every sharer did has happened when the object dies")
{
    struct Sums
    {
        ~Sums() { sum = parts[0] + parts[1] + parts[2]; }
        int& sum;
        int parts[3]{};
    };

    rt::Collector collector;
    int sum = 0;
    std::vector<std::thread> threads;
    auto object = rt::makeShared<Sums> (collector, sum);

    for (int i = 0; i < 3; ++i)
        threads.emplace_back (
            [i, mine = object]() mutable
            {
                mine->parts[i] = 1 << i;
                mine.reset();
            });

    object.reset();

    while (collector.collect() == 0)
        std::this_thread::yield();

    CHECK (sum == 7);

    for (auto& thread : threads)
        thread.join();
}

TEST_CASE ("A shared pointer to a part keeps the whole alive")
{
    rt::Collector collector;
    bool died = false;
    auto whole = rt::makeShared<Derived> (collector, died);
    Shared<int> part (whole, &whole->other);
    CHECK (*part == 2);
    CHECK (whole.getUseCount() == 2);

    Shared<const int> moved (std::move (whole), &part.get()[0]);
    CHECK (whole == nullptr);
    CHECK (moved == part);
    CHECK (moved.getUseCount() == 2);
    part.reset();
    moved.reset();
    CHECK (collector.collect() == 1);
    CHECK (died);

    // Of nothing there is no part.
    int local = 0;
    CHECK (Shared<int> (Shared<Base>(), &local) == nullptr);
    Shared<Base> none;
    CHECK (Shared<int> (std::move (none), &local) == nullptr);
}

TEST_CASE ("Casts of shared pointers share the count")
{
    struct Animal
    {
        virtual ~Animal() = default;
    };

    struct Bird : Animal
    {
    };

    struct Fish : Animal
    {
    };

    rt::Collector collector;
    Shared<Animal> animal = rt::makeShared<Bird> (collector);
    auto bird = rt::dynamicPointerCast<Bird> (animal);
    CHECK (bird == animal);
    CHECK (rt::staticPointerCast<Bird> (animal) == bird);
    CHECK (rt::dynamicPointerCast<Fish> (animal) == nullptr);
    CHECK (rt::dynamicPointerCast<Fish> (Shared<Animal>()) == nullptr);
    CHECK (animal.getUseCount() == 2);
}

TEST_CASE ("An owned pointer becomes a shared one")
{
    rt::Collector collector;
    bool died = false;
    auto owned = rt::makeOwned<Derived> (collector, died);
    Shared<const Base> shared = std::move (owned);
    CHECK (owned == nullptr);
    CHECK (shared.getUseCount() == 1);
    auto copy = shared;
    shared.reset();
    CHECK (collector.collect() == 0);
    copy.reset();
    CHECK (collector.collect() == 1);
    CHECK (died);
}
