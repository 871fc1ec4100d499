#include <rt_memory/rt_memory.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Base : test::Counted<struct SharedCellTestTag>
{
    explicit Base (int n = 0) : number (n) {}
    int number;
    int part = 3;
};

struct OtherBase
{
    int other = 2;
};

struct Derived : OtherBase, Base
{
};

using Cell = rt::SharedCell<Base>;

static_assert (! std::is_copy_constructible_v<Cell> && ! std::is_move_constructible_v<Cell>);
static_assert (! std::is_copy_constructible_v<Cell::Read> && ! std::is_copy_constructible_v<Cell::Slot>);
static_assert (std::is_nothrow_move_constructible_v<Cell::Slot>);

} // namespace

TEST_CASE ("A cell holds what was put into it")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    REQUIRE (slot);
    Cell cell (slots);
    CHECK (cell.get (slot) == nullptr);
    CHECK (! cell.read (slot));

    auto first = rt::makeShared<Base> (collector, 1);
    cell.set (slot, first);
    CHECK (first.getUseCount() == 2);
    CHECK (cell.get (slot) == first);
    CHECK (first.getUseCount() == 2);
    CHECK (cell.read (slot)->number == 1);
    CHECK ((*cell.read (slot)).number == 1);
    CHECK (cell.read (slot).get() == first.get());
    CHECK (first.getUseCount() == 2);

    auto second = rt::makeShared<Base> (collector, 2);
    CHECK (cell.exchange (slot, second) == first);
    CHECK (first.getUseCount() == 1);
    CHECK (cell.get (slot) == second);

    cell.set (slot, nullptr);
    CHECK (second.getUseCount() == 1);
    CHECK (cell.get (slot) == nullptr);

    Cell initial (slots, first);
    CHECK (initial.get (slot) == first);
}

TEST_CASE ("Compare and exchange compares the objects that are pointed to")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    Cell cell (slots);
    auto a = rt::makeShared<Base> (collector, 1);
    auto b = rt::makeShared<Base> (collector, 1);

    CHECK (! cell.compareExchange (slot, a, b));
    CHECK (b.getUseCount() == 1);
    CHECK (cell.compareExchange (slot, nullptr, a));
    CHECK (! cell.compareExchange (slot, nullptr, b));
    CHECK (! cell.compareExchange (slot, b, b));
    CHECK (b.getUseCount() == 1);
    CHECK (a.getUseCount() == 2);
    CHECK (cell.compareExchange (slot, a, a));
    CHECK (a.getUseCount() == 2);
    CHECK (cell.compareExchange (slot, a, b));
    CHECK (a.getUseCount() == 1);
    CHECK (b.getUseCount() == 2);
    CHECK (cell.compareExchange (slot, b, nullptr));
    CHECK (b.getUseCount() == 1);
}

TEST_CASE ("What is being read stays, whatever happens to the cell")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto readers = slots.attach();
    auto writers = slots.attach();
    std::optional<Cell> cell (std::in_place, slots, rt::makeShared<Base> (collector, 1));

    {
        auto read = cell->read (readers);
        cell->set (writers, rt::makeShared<Base> (collector, 2));
        CHECK (collector.collect() == 0);
        CHECK (read->number == 1);

        // A share of it may outlive that.
        auto kept = read.share();
        CHECK (kept.get() == read.get());
        CHECK (kept.getUseCount() == 2);

        auto second = cell->read (readers);
        cell.reset();
        CHECK (collector.collect() == 0);
        CHECK (second->number == 2);
    }

    CHECK (collector.collect() == 2);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("As many objects as one likes are read with one slot, in any order of ends")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    constexpr auto numReads = Cell::maxUncountedReads + 3;
    const auto isReplaced = GENERATE (false, true);
    const auto isReversed = GENERATE (false, true);

    for (int round = 0; round < 3; ++round)
    {
        Cell cell (slots, rt::makeShared<Base> (collector, 1));
        std::vector<std::unique_ptr<Cell::Read>> reads;

        for (std::size_t i = 0; i < numReads; ++i)
            reads.push_back (std::unique_ptr<Cell::Read> (new Cell::Read (cell.read (slot))));

        // Those beyond the slot's debts are counted.
        CHECK (cell.get (slot).getUseCount() == 1 + 3 + 1);
        CHECK (reads.back()->get()->number == 1);

        if (isReplaced)
        {
            auto old = cell.exchange (slot, nullptr);
            CHECK (old.getUseCount() == 1 + numReads);
        }

        while (! reads.empty())
        {
            CHECK (reads.front()->get()->number == 1);
            reads.erase (isReversed ? reads.end() - 1 : reads.begin());
        }

        if (! isReplaced)
            CHECK (cell.get (slot).getUseCount() == 2);
    }

    CHECK (collector.collect() == 3);
    CHECK (Base::getNumAlive() == 0);
}

TEST_CASE ("One object may be in several cells, and debts to it are told apart from others")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    auto object = rt::makeShared<Base> (collector, 1);
    Cell a (slots, object), b (slots, object);
    rt::SharedCell<const Base> c (slots, object);
    auto readA = a.read (slot);
    auto readC = c.read (slot);
    object.reset();
    a.set (slot, rt::makeShared<Base> (collector, 2));
    b.set (slot, nullptr);
    c.set (slot, nullptr);
    CHECK (collector.collect() == 0);
    CHECK (readA->number == 1);
    CHECK (readC->number == 1);
    CHECK (readA.share().getUseCount() == 3);
}

TEST_CASE ("Bases, parts, arrays and arrays' parts in cells")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    auto derived = rt::makeShared<Derived> (collector);

    // At the beginning of its object.
    rt::SharedCell<const OtherBase> atFront (slots);
    CHECK (test::countAllocations ([&] { atFront.set (slot, derived); }) == 0);
    CHECK (atFront.get (slot)->other == 2);

    // Not so: this takes another collected object.
    const auto before = collector.getStats().allocated;
    Cell behind (slots, derived);
    CHECK (collector.getStats().allocated == before + 1);
    CHECK (behind.get (slot) == derived);
    CHECK (behind.read (slot)->number == 0);
    CHECK (behind.compareExchange (slot, derived, derived));
    rt::SharedCell<int> part (slots, rt::Shared<int> (derived, &derived->part));
    CHECK (*part.get (slot) == 3);
    derived.reset();
    atFront.set (slot, nullptr);
    behind.set (slot, nullptr);
    collector.collect();
    CHECK (Base::getNumAlive() == 1);
    CHECK (*part.read (slot) == 3);
    part.set (slot, nullptr);
    collector.collect();
    CHECK (Base::getNumAlive() == 0);

    rt::SharedCell<int[]> array (slots, rt::makeSharedArray<int> (collector, 3, 5));
    CHECK (array.get (slot).size() == 3);
    CHECK (array.get (slot)[2] == 5);
    CHECK (array.read (slot).get()[1] == 5);
}

TEST_CASE ("There are as many slots as promised, and they are used again")
{
    rt::SharedCellSlots slots;
    std::vector<rt::SharedCellSlots::Slot> all;

    for (unsigned i = 0; i < rt::SharedCellSlots::maxSlots; ++i)
        all.push_back (slots.attach());

    CHECK (all.back());
    CHECK (! slots.attach());
    all.erase (all.begin());
    auto again = slots.attach();
    CHECK (again);
    again = std::move (all.back());
    CHECK (slots.attach());
}

TEST_CASE ("Without a slot, each thread gets one of its own until it ends")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    Cell cell (slots);
    auto first = rt::makeShared<Base> (collector, 1);
    cell.set (first);
    CHECK (cell.get() == first);
    CHECK (cell.read()->number == 1);
    CHECK (cell.exchange (nullptr) == first);
    CHECK (cell.compareExchange (nullptr, first));

    // Many more threads than slots, one after the other.
    auto numRight = 0u;

    for (unsigned i = 0; i < 2 * rt::SharedCellSlots::maxSlots; ++i)
        std::thread ([&] { numRight += cell.get()->number == 1 ? 1u : 0u; }).join();

    CHECK (numRight == 2 * rt::SharedCellSlots::maxSlots);

    std::vector<rt::SharedCellSlots::Slot> rest;

    while (auto slot = slots.attach())
        rest.push_back (std::move (slot));

    auto hasThrown = false;
    std::thread (
        [&]
        {
            try
            {
                cell.get();
            }
            catch (const std::runtime_error&)
            {
                hasThrown = true;
            }
        })
        .join();
    CHECK (hasThrown);
    CHECK (cell.get() == first);
}

TEST_CASE ("Reading and writing cells neither allocates nor frees")
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto slot = slots.attach();
    Cell cell (slots, rt::makeShared<Base> (collector, 1));
    auto another = rt::makeShared<Base> (collector, 2);

    CHECK (test::countAllocations (
               [&]
               {
                   auto mine = slots.attach();
                   auto read = cell.read (mine);
                   auto old = cell.get (mine);
                   cell.compareExchange (slot, old, another);
                   old.reset();
                   cell.set (mine, nullptr);
                   cell.exchange (slot, std::move (another));
               })
           == 0);
}

TEST_CASE ("A cell's teardown leaves nothing", "[teardown]")
{
    const auto when = GENERATE (as<std::string>(), "never used", "with something inside", "after its collector");
    CHECK (test::countLeaks (
               [&]
               {
                   auto collector = std::make_unique<rt::Collector>();
                   auto slots = std::make_unique<rt::SharedCellSlots>();
                   auto cell = std::make_unique<Cell> (*slots);

                   if (when == "never used")
                       return;

                   auto slot = slots->attach();
                   cell->set (slot, rt::makeShared<Base> (*collector, 1));

                   if (when == "after its collector")
                   {
                       auto read = cell->read (slot);
                       collector.reset();
                       cell.reset();
                   }
               })
           == 0);
    CHECK (Base::getNumAlive() == 0);
}
