// Every interleaving that relacy can think of: readers and writers of a SharedCell, by the short way and by the long one.

#include <rt_memory/SharedCell.h>
#include <rt_memory/Weak.h>

#include "RelacyPolicy.h"

#include <memory>
#include <optional>

namespace
{

using test::RelacyPolicy;

/** Readers ask writers for help at once. */
struct HelpedPolicy : RelacyPolicy
{
    static constexpr bool sharedCellsAlwaysAskForHelp = true;
};

/** Whole as long as it lives. */
template <typename Policy>
struct Object
{
    explicit Object (int n) { number.set (n); }
    ~Object() { number.set (-1); }

    typename Policy::template Cell<int> number;
};

/** What all models share: a cell with object 0, and a slot for each thread. */
template <typename Policy, template <typename> class Derived, int numThreads = 3>
struct CellSuite : rl::test_suite<Derived<Policy>, numThreads>
{
    using Collector = rt::BasicCollector<Policy>;
    using Slots = rt::BasicSharedCellSlots<Policy>;
    using Cell = rt::SharedCell<Object<Policy>, Policy>;
    using Pointer = rt::Shared<Object<Policy>, Policy>;

    std::optional<Collector> collector;
    std::optional<Slots> slots;
    std::optional<Cell> cell;
    std::optional<typename Slots::Slot> mine[numThreads];
    int numMade = 0;

    Pointer make (int number) { return rt::makeShared<Object<Policy>> (*collector, number); }

    void before()
    {
        collector.emplace();
        slots.emplace();
        cell.emplace (*slots, make (0));
    }

    void after()
    {
        for (auto& slot : mine)
            slot.reset();

        cell.reset();
        collector->collect();
        const auto stats = collector->getStats();
        RL_ASSERT (stats.live == 0 && stats.pending == 0);
        slots.reset();
        collector.reset();
    }

    typename Slots::Slot& attach (unsigned index) { return mine[index].emplace (slots->attach()); }

    static int numberOf (const Pointer& pointer) { return pointer->number.get(); }
};

/** One writer; a reader that gets and one that looks, each twice and never back in time. */
template <typename Policy>
struct OneWriter : CellSuite<Policy, OneWriter>
{
    void thread (unsigned index)
    {
        auto& slot = this->attach (index);

        if (index == 0)
        {
            this->cell->set (slot, this->make (1));
            this->collector->collect();
            this->cell->set (slot, this->make (2));
            this->collector->collect();
        }
        else if (index == 1)
        {
            const auto first = this->cell->get (slot);
            const auto second = this->cell->get (slot);
            RL_ASSERT (this->numberOf (first) <= this->numberOf (second));
        }
        else
        {
            const auto first = this->cell->read (slot);
            const auto second = this->cell->read (slot);
            const auto before = first->number.get();
            RL_ASSERT (before <= second->number.get());
        }
    }
};

/** Two writers that replace whatever is there, and one that looks; the collector runs as well. */
template <typename Policy>
struct TwoWriters : CellSuite<Policy, TwoWriters>
{
    void thread (unsigned index)
    {
        auto& slot = this->attach (index);

        if (index == 0)
        {
            const auto old = this->cell->exchange (slot, this->make (1));
            RL_ASSERT (this->numberOf (old) == 0 || this->numberOf (old) == 2);
            this->collector->collect();
        }
        else if (index == 1)
        {
            this->cell->set (slot, this->make (2));
        }
        else
        {
            {
                const auto read = this->cell->read (slot);
                RL_ASSERT (read->number.get() >= 0);
            }

            const auto got = this->cell->get (slot);
            RL_ASSERT (this->numberOf (got) >= 0);
        }
    }
};

/** Two that count up by compareExchange(), none is lost; and one that looks. */
template <typename Policy>
struct Counting : CellSuite<Policy, Counting>
{
    void thread (unsigned index)
    {
        auto& slot = this->attach (index);

        if (index < 2)
        {
            for (;;)
            {
                auto seen = this->cell->get (slot);

                if (this->cell->compareExchange (slot, seen, this->make (this->numberOf (seen) + 1)))
                    break;
            }

            if (index == 0)
                this->collector->collect();
        }
        else
        {
            const auto first = this->cell->read (slot);
            const auto second = this->cell->get (slot);
            const auto before = first->number.get();
            RL_ASSERT (before <= this->numberOf (second));
        }
    }

    void after()
    {
        RL_ASSERT (this->numberOf (this->cell->get (*this->mine[0])) == 2);
        CellSuite<Policy, Counting>::after();
    }
};

/** Two cells with the same slots whose objects come to lie where those of the other cell were. */
template <typename Policy>
struct TwoCells : CellSuite<Policy, TwoCells>
{
    using Base = CellSuite<Policy, TwoCells>;
    std::optional<typename Base::Cell> other;

    void before()
    {
        Base::before();
        other.emplace (*this->slots, this->make (10));
    }

    void after()
    {
        other.reset();
        Base::after();
    }

    void thread (unsigned index)
    {
        auto& slot = this->attach (index);

        if (index == 0)
        {
            this->cell->set (slot, this->make (1));
            this->collector->collect();
            other->set (slot, this->make (11));
            other->set (slot, this->make (12));
            this->collector->collect();
        }
        else if (index == 1)
        {
            RL_ASSERT (this->numberOf (this->cell->get (slot)) <= 1);
        }
        else
        {
            const auto first = other->read (slot);
            const auto second = this->cell->read (slot);
            RL_ASSERT (first->number.get() >= 10);
            RL_ASSERT (second->number.get() <= 1);
        }
    }
};

/** A reader asks for help with one cell, and then with another: the second request must not hide the debt of the first. */
template <typename Policy>
struct NextRequest : CellSuite<Policy, NextRequest, 2>
{
    using Base = CellSuite<Policy, NextRequest, 2>;
    std::optional<typename Base::Cell> other;

    void before()
    {
        Base::before();
        other.emplace (*this->slots);
    }

    void after()
    {
        other.reset();
        Base::after();
    }

    void thread (unsigned index)
    {
        auto& slot = this->attach (index);

        if (index == 0)
        {
            this->cell->set (slot, this->make (1));
            this->collector->collect();
        }
        else
        {
            const auto first = this->cell->read (slot);
            static_cast<void> (other->get (slot));
            RL_ASSERT (first->number.get() >= 0);
        }
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    test::check<OneWriter<RelacyPolicy>> ("SharedCell, one writer", numExecutions);
    test::check<OneWriter<HelpedPolicy>> ("SharedCell, one writer, who always helps", numExecutions);
    test::check<TwoWriters<RelacyPolicy>> ("SharedCell, two writers", numExecutions);
    test::check<TwoWriters<HelpedPolicy>> ("SharedCell, two writers, who always help", numExecutions);
    test::check<Counting<RelacyPolicy>> ("SharedCell, compare and exchange", numExecutions);
    test::check<Counting<HelpedPolicy>> ("SharedCell, compare and exchange, with help", numExecutions);
    test::check<TwoCells<RelacyPolicy>> ("SharedCell, two cells", numExecutions);
    test::check<NextRequest<HelpedPolicy>> ("SharedCell, two requests in a row", numExecutions);
    test::check<TwoCells<HelpedPolicy>> ("SharedCell, two cells, with help", numExecutions);
}
