#include "InterleavedPolicy.h"
#include "Linearizability.h"
#include "Specifications.h"
#include "Stress/Counted.h"

#include <rt_memory/rt_memory.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory_resource>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

using test::InterleavedPolicy;
using test::Interleaving;
using test::RegisterSpecification;
using test::SeededRandom;

namespace
{

/** Readers ask writers for help at once. */
struct HelpedPolicy : InterleavedPolicy
{
    static constexpr bool sharedCellsAlwaysAskForHelp = true;
};

struct Number : test::Counted<Number>
{
    explicit Number (int n) : value (n) {}
    ~Number() { value = -1; }
    int value;
};

/** A cell with something inside, slots for four fibers, and a collector. */
template <typename Policy>
struct Fixture
{
    using Slots = rt::BasicSharedCellSlots<Policy>;
    using Cell = rt::SharedCell<Number, Policy>;
    using Pointer = rt::Shared<Number, Policy>;

    explicit Fixture (int initial = 0)
    {
        for (auto& slot : mine)
            slot = slots.attach();

        if (initial != 0)
            cell.set (mine[0], make (initial));
    }

    Pointer make (int n) { return n == 0 ? Pointer() : rt::makeShared<Number> (collector, n); }
    static int numberOf (const Number* number) { return number == nullptr ? 0 : number->value; }

    rt::BasicCollector<Policy> collector;
    Slots slots;
    std::array<typename Slots::Slot, 4> mine;
    Cell cell{ slots };
};

/** Three fibers do this and that to a cell. Says whether the history could have been one operation after the other. */
template <typename Policy>
bool playHistory (std::uint64_t seed)
{
    using Call = RegisterSpecification::Call;
    test::History<Call> history;

    {
        Fixture<Policy> f;
        Interleaving interleaving (seed);

        for (std::size_t fiber = 0; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber, random = SeededRandom (seed * 31 + fiber)]() mutable
                {
                    auto& slot = f.mine[fiber];
                    typename Fixture<Policy>::Pointer last;
                    const auto numOperations = 4 + static_cast<int> (random.below (3));

                    for (int i = 1; i <= numOperations; ++i)
                    {
                        const auto value = static_cast<int> (fiber) * 100 + i;
                        auto next = f.make (value);
                        const auto lastValue = f.numberOf (last.get());

                        switch (random.below (5))
                        {
                            case 0:
                                history.record (
                                    [&]
                                    {
                                        last = f.cell.get (slot);
                                        return Call{ Call::Kind::get, f.numberOf (last.get()) };
                                    });
                                break;

                            case 1:
                            {
                                // Something else is done while it is being looked at; it must not change.
                                std::optional<typename Fixture<Policy>::Cell::Read> read;
                                history.record (
                                    [&]
                                    {
                                        // An optional makes in place what a function returns only by way of a conversion.
                                        struct Maker
                                        {
                                            operator typename Fixture<Policy>::Cell::Read() const
                                            {
                                                return cell.read (slot);
                                            }
                                            typename Fixture<Policy>::Cell& cell;
                                            typename Fixture<Policy>::Slots::Slot& slot;
                                        };
                                        read.emplace (Maker{ f.cell, slot });
                                        return Call{ Call::Kind::get, f.numberOf (read->get()) };
                                    });
                                const auto seen = f.numberOf (read->get());
                                history.record (
                                    [&]
                                    {
                                        const auto second = f.cell.read (slot);
                                        return Call{ Call::Kind::get, f.numberOf (second.get()) };
                                    });

                                if (f.numberOf (read->get()) != seen)
                                    throw std::runtime_error ("What is being read changes");

                                break;
                            }

                            case 2:
                                history.record (
                                    [&]
                                    {
                                        f.cell.set (slot, std::move (next));
                                        return Call{ Call::Kind::set, value };
                                    });
                                break;

                            default:
                                history.record (
                                    [&]
                                    {
                                        const auto succeeded = f.cell.compareExchange (slot, last, std::move (next));
                                        return Call{ Call::Kind::compareExchange, value, lastValue, succeeded };
                                    });
                        }

                        if (fiber == 0)
                            f.collector.collect();
                    }
                });

        if (! interleaving.run())
            return false;
    }

    return Number::getNumAlive() == 0 && test::isLinearizable<RegisterSpecification> (history);
}

template <typename Policy>
void playHistories (std::uint64_t numHistories)
{
    std::uint64_t numWrong = 0;
    std::uint64_t firstWrong = 0;

    for (std::uint64_t seed = 1; seed <= numHistories; ++seed)
        if (! playHistory<Policy> (seed) && ++numWrong == 1)
            firstWrong = seed;

    INFO ("first seed " << firstWrong);
    CHECK (numWrong == 0);
}

/** Calls something before each load and store, but not before its own. */
struct ScriptedPolicy : rt::StdPolicy
{
    inline static std::function<void (int)> before;
    inline static int numSteps = 0;

    static void step()
    {
        if (auto script = std::exchange (before, nullptr))
        {
            script (++numSteps);
            before = std::move (script);
        }
    }

    template <typename T>
    struct Atomic : std::atomic<T>
    {
        using std::atomic<T>::atomic;

        T load (std::memory_order order) const
        {
            step();
            return std::atomic<T>::load (order);
        }

        void store (T value, std::memory_order order)
        {
            step();
            std::atomic<T>::store (value, order);
        }
    };
};

/** Gives the same memory again as long as it is free, so that a new object lies where an old one was. */
struct OneSpot : std::pmr::memory_resource
{
    void* do_allocate (std::size_t bytes, std::size_t) override
    {
        if (isTaken || bytes > sizeof (spot))
            throw std::bad_alloc();

        isTaken = true;
        return spot;
    }

    void do_deallocate (void*, std::size_t, std::size_t) override { isTaken = false; }
    bool do_is_equal (const memory_resource& other) const noexcept override { return this == &other; }

    alignas (std::max_align_t) std::byte spot[256];
    bool isTaken = false;
};

} // namespace

TEST_CASE ("SharedCell: a debt that is paid too late, by a writer of another cell, is not used")
{
    using F = Fixture<ScriptedPolicy>;
    OneSpot spot;
    F f;
    F::Cell other (f.slots);
    f.cell.set (f.mine[1], rt::allocateShared<Number> (f.collector, spot, 1));
    const auto* const address = f.cell.read (f.mine[1]).get();
    auto numInterruptions = 0;

    ScriptedPolicy::numSteps = 0;
    ScriptedPolicy::before = [&] (int step)
    {
        if (step == 2)
        {
            // The reader has seen what is inside, and not written it down. It goes, and something else takes its place.
            f.cell.set (f.mine[1], f.make (2));
            f.collector.collect();
            other.set (f.mine[1], rt::allocateShared<Number> (f.collector, spot, 3));
            numInterruptions += other.read (f.mine[1]).get() == address ? 1 : 0;
        }
        else if (step == 3)
        {
            // Now it has.
            other.set (f.mine[1], nullptr);
            numInterruptions += other.read (f.mine[1]).get() == nullptr ? 1 : 0;
        }
    };

    const auto got = f.cell.get (f.mine[0]);
    ScriptedPolicy::before = nullptr;
    CHECK (numInterruptions == 2);
    CHECK (got->value == 2);
    CHECK (got.getUseCount() == 2);
    CHECK (f.collector.collect() == 1);
    CHECK (! spot.isTaken);
}

TEST_CASE ("SharedCell is a register, whatever comes in between: histories")
{
    playHistories<InterleavedPolicy> (60'000);
    playHistories<HelpedPolicy> (60'000);
}

TEST_CASE ("SharedCell: a fiber frozen anywhere in any operation keeps nobody waiting, and few objects alive", "[progress]")
{
    using F = Fixture<InterleavedPolicy>;
    using H = Fixture<HelpedPolicy>;

    const auto freezeEverywhere = [] (auto example, auto&& victim)
    {
        using Fixture = decltype (example);
        auto numFrozen = 0;

        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            for (std::uint64_t step = 1;; ++step)
            {
                auto numDone = 0;
                std::uint64_t mostKept = 0;
                typename Fixture::type f (1000);
                Interleaving interleaving (seed);
                interleaving.add ([&] { victim (f, f.mine[0]); });

                for (std::size_t other = 1; other < 3; ++other)
                    interleaving.add (
                        [&, other]
                        {
                            auto& slot = f.mine[other];

                            for (int i = 1; i <= 6; ++i)
                            {
                                const auto read = f.cell.read (slot);
                                f.cell.set (slot, f.make (i));
                                const auto seen = f.cell.get (slot);
                                f.cell.compareExchange (slot, seen, f.make (i + 10));
                                ++numDone;
                            }
                        });

                interleaving.add (
                    [&]
                    {
                        // After the other two: what is kept now is in the cell, or the frozen one's.
                        while (numDone < 12)
                        {
                            InterleavedPolicy::pause();
                            f.collector.collect();
                        }

                        for (int i = 0; i < 100; ++i)
                            InterleavedPolicy::pause();

                        f.collector.collect();
                        const auto stats = f.collector.getStats();
                        mostKept = stats.live - stats.pending;
                    });

                interleaving.freeze (0, step);
                REQUIRE (interleaving.run());
                CHECK (numDone == 12);

                if (! interleaving.hasFrozen())
                    break;

                ++numFrozen;
                // In the cell; what the frozen one wants to put there, or expects; what it has written down, and what it was given.
                CHECK (mostKept <= 6);
            }

        CHECK (Number::getNumAlive() == 0);
        return numFrozen;
    };

    const auto freezeBoth = [&] (auto&& victim)
    {
        CHECK (freezeEverywhere (std::type_identity<F>{}, victim) > 60);
        CHECK (freezeEverywhere (std::type_identity<H>{}, victim) > 60);
    };

    SECTION ("get")
    {
        freezeBoth ([] (auto& f, auto& slot) { CHECK (f.cell.get (slot) != nullptr); });
    }
    SECTION ("read")
    {
        freezeBoth ([] (auto& f, auto& slot) { CHECK (f.cell.read (slot)->value > 0); });
    }
    SECTION ("set")
    {
        freezeBoth ([] (auto& f, auto& slot) { f.cell.set (slot, f.make (99)); });
    }

    SECTION ("compareExchange")
    {
        freezeBoth (
            [] (auto& f, auto& slot)
            {
                const auto seen = f.cell.get (slot);
                f.cell.compareExchange (slot, seen, f.make (99));
            });
    }
}

TEST_CASE ("SharedCell: no operation takes more steps than it promises", "[progress]")
{
    // Dropping the last share takes some, and these are dropped in the middle of operations: subtraction and its acquire, the
    // exchange and two stores of the queue, and the count.
    constexpr std::uint64_t drop = 6;
    constexpr std::uint64_t get = 11 + 2 * drop;
    constexpr std::uint64_t read = get + drop;
    constexpr std::uint64_t numSlots = 4;
    constexpr std::uint64_t numDebts = 6;
    constexpr std::uint64_t set = 2 + drop + numSlots * (3 + get + drop + numDebts * 4);

    std::array<std::uint64_t, 3> most{};

    const auto play = [&] (auto example, std::uint64_t seed)
    {
        typename decltype (example)::type f (1000);
        Interleaving interleaving (seed);

        const auto measure = [&] (std::size_t which, auto&& operation)
        {
            const auto before = Interleaving::getSteps();
            operation();
            most.at (which) = std::max (most.at (which), Interleaving::getSteps() - before);
        };

        for (std::size_t fiber = 0; fiber < 4; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    auto& slot = f.mine[fiber];

                    for (int i = 1; i <= 5; ++i)
                    {
                        if (fiber < 2)
                        {
                            auto next = f.make (i);
                            measure (2, [&] { f.cell.set (slot, std::move (next)); });
                        }
                        else
                        {
                            typename decltype (example)::type::Pointer got;
                            measure (0, [&] { got = f.cell.get (slot); });
                            measure (1, [&] { static_cast<void> (f.cell.read (slot)); });
                        }
                    }

                    if (fiber == 2)
                        f.collector.collect();
                });

        REQUIRE (interleaving.run());
    };

    for (std::uint64_t seed = 1; seed <= 10'000; ++seed)
    {
        play (std::type_identity<Fixture<InterleavedPolicy>>{}, seed);
        play (std::type_identity<Fixture<HelpedPolicy>>{}, seed);
    }

    INFO ("most steps of get, read and set: " << most[0] << ", " << most[1] << ", " << most[2]);
    CHECK (most[0] <= get);
    CHECK (most[1] <= read);
    CHECK (most[2] <= set);

    // The bounds are no fantasies.
    CHECK (most[0] > 10);
    CHECK (most[2] > 30);

    // When nobody comes in between.
    most.fill (0);
    {
        Fixture<InterleavedPolicy> f (1);
        Interleaving alone (1);
        alone.add (
            [&]
            {
                auto before = Interleaving::getSteps();
                const auto got = f.cell.get (f.mine[0]);
                most[0] = Interleaving::getSteps() - before;
                before = Interleaving::getSteps();
                const auto looked = f.cell.read (f.mine[0]);
                most[1] = Interleaving::getSteps() - before;
            });
        REQUIRE (alone.run());
    }

    CHECK (most[0] == 5);
    CHECK (most[1] == 3);
}
