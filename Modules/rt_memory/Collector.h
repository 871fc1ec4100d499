#pragma once

#include "Handle.h"
#include "detail/CollectorCore.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace rt
{

/** Destroys what Owned and Shared pointers have let go of, on the thread that calls collect(), and nowhere else.

    makeOwned() and makeShared() allocate an object together with its link into the collector's queue. Dropping the last
    pointer to it, on any thread, pushes it there: wait-free, without allocating or freeing. collect() pops, destroys and
    frees. If Weak pointers are left by then, the memory is freed after the last of them, by a later collect().

    A destructor that throws is contained: the exception ends there, Stats::thrown counts it, and all else goes on. (Such a
    destructor must be declared noexcept (false), or the language ends the program before anybody can catch anything.)

    The end. The destructor collects what has been dropped, including what that drops in turn. Objects that still have
    pointers to them stay valid, Handles go on making new ones, and the collector is detached: from then on an object is
    destroyed by the thread that drops it, or by another one that is dropping at that moment, and the last drop, of an
    object, of a Weak pointer or of a Handle, frees what the collector shared with them. So nothing leaks and nothing
    dangles, but a real-time thread must have given up its pointers and Handles before the collector goes. drain() waits for
    that up to a deadline and says what is left.

    Cycles of Shared pointers keep themselves alive, as everywhere: they are never dropped, and what the collector shares
    with them stays as well. drain() shows them as live. One Weak pointer in the circle avoids them.

    BasicCollector's policy is for checkers; use Collector.

    Source: the collector of the Rust crate basedrop, with its missing memory orders put right (its dropped objects were
    linked without a release, so that the collecting thread could see them half written).
*/
template <typename Policy = StdPolicy>
class BasicCollector : public detail::Maker<Policy>
{
public:
    static constexpr std::size_t unlimited = detail::CollectorCore<Policy>::unlimited;

    using Handle = BasicHandle<Policy>;
    using Clock = std::chrono::steady_clock;

    /** How many objects there have been. Each number is exact once the threads that make and drop are at rest; while they
        are not, they may be a few apart.
    */
    struct Stats
    {
        std::uint64_t allocated; ///< made so far
        std::uint64_t collected; ///< destroyed so far
        std::uint64_t pending;   ///< dropped, and waiting for collect(); also those
                                 ///< of which only the memory is left
        std::uint64_t live;      ///< made and not destroyed: in use, or pending
        std::uint64_t thrown;    ///< exceptions that left a destructor
    };

    /** What there was when drain() gave up, or zeros. */
    struct Left
    {
        std::uint64_t live;    ///< objects not destroyed; those not pending have
                               ///< pointers somewhere, or are in a cycle
        std::uint64_t pending; ///< those that only have to be collected
    };

    /** Allocates. Not for real-time threads. */
    BasicCollector() : detail::Maker<Policy> (new detail::CollectorCore<Policy>) {}

    /** See the class. Not for real-time threads, and not from a destructor that collect() runs. Nobody may be making objects
        with this collector itself any more; with its Handles they may, and dropping is allowed at any time.
    */
    ~BasicCollector() { this->core->detach(); }

    BasicCollector (const BasicCollector&) = delete;
    BasicCollector& operator= (const BasicCollector&) = delete;

    /** Destroys dropped objects, oldest first, at most so many; also those that are dropped by the destructors it runs.

        One thread at a time, and not a real-time thread. It never waits: what a dropping thread has only begun to hand over,
        and what was dropped after that, is left for the next call.

        @return how many there were: objects destroyed, and blocks freed that a Weak pointer had kept
    */
    std::size_t collect (std::size_t maxItems = unlimited) noexcept
    {
        return this->core->collect ([maxItems] (std::size_t numItems) { return numItems < maxItems; });
    }

    /** The same until the deadline, which it looks at between two objects. It destroys at least one if there is any, so that
        regular calls get on even if each comes late.
    */
    std::size_t collectUntil (Clock::time_point deadline, std::size_t maxItems = unlimited) noexcept
    {
        return this->core->collect ([=] (std::size_t numItems)
                                    { return numItems < maxItems && (numItems == 0 || Clock::now() < deadline); });
    }

    /** The same for so long. */
    std::size_t collect (std::chrono::nanoseconds longest, std::size_t maxItems = unlimited) noexcept
    {
        return collectUntil (Clock::now() + longest, maxItems);
    }

    /** Collects until no object is live, or the deadline has passed: then somebody still has pointers, or there are cycles.
        What a program may call before the end, to say what it leaves behind.

        As collect(), but blocking: it sleeps while there is nothing to do.
    */
    Left drain (Clock::time_point deadline) noexcept
    {
        for (;;)
        {
            const auto numCollected = collectUntil (deadline);
            const auto stats = getStats();

            if (stats.live == 0 || Clock::now() >= deadline)
                return { stats.live, stats.pending };

            if (numCollected == 0)
                std::this_thread::sleep_until (std::min (deadline, Clock::now() + std::chrono::milliseconds (1)));
        }
    }

    /** For making objects at times, or in places, at which this Collector may be gone. Any thread. Wait-free. */
    Handle getHandle() const noexcept
    {
        this->core->addHandle();
        return Handle (this->core);
    }

    /** Any thread. Wait-free. */
    Stats getStats() const noexcept
    {
        // In this order: an object is made before it is dropped or destroyed. It may be collected before its dropper has
        // counted it, though: never less than nothing is pending.
        const auto& from = *this->core;
        const auto thrown = from.getNumThrown();
        const auto destroyed = from.getNumDestroyed();
        const auto ended = from.getNumEnded();
        const auto drops = from.getNumDrops();
        const auto made = from.getNumMade();
        return { made, destroyed, drops - std::min (ended, drops), made - std::min (destroyed, made), thrown };
    }
};

using Collector = BasicCollector<>;

} // namespace rt
