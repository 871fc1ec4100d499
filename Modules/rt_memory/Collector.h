#pragma once

#include "detail/CollectorCore.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace rt
{

template <typename T>
class Owned;

template <typename T>
class Shared;

/** Destroys what Owned and Shared pointers have let go of, on the thread that calls collect(), and nowhere else.

    makeOwned() and makeShared() allocate an object together with its link into the collector's queue. Dropping the last
    pointer to it, on any thread, pushes it there: wait-free, without allocating or freeing. collect() pops, destroys and
    frees. Objects must not throw when they are destroyed (this is checked when they are compiled).

    The end. The destructor collects what has been dropped, including what that drops in turn. Objects that still have
    pointers to them stay valid and the collector is detached: from then on an object is destroyed by the thread that drops
    it, or by another one that is dropping at that moment, and the last drop frees what the collector shared with its
    objects. So nothing leaks and nothing dangles, but a real-time thread must have given up its pointers before the
    collector goes.

    Cycles of Shared pointers keep themselves alive, as everywhere: they are never dropped.

    Source: the collector of the Rust crate basedrop, with its missing memory orders put right (its dropped objects were
    linked without a release, so that the collecting thread could see them half written).
*/
class Collector
{
public:
    static constexpr std::size_t unlimited = detail::CollectorCore::unlimited;

    /** How many objects there have been. Each number is exact once the threads that make and drop are at rest; while
        they are not, they may be a few apart.
    */
    struct Stats
    {
        std::uint64_t allocated; ///< made so far
        std::uint64_t collected; ///< destroyed so far
        std::uint64_t pending;   ///< dropped, and waiting for collect()
    };

    /** Allocates. Not for real-time threads. */
    Collector() = default;

    /** See the class. Not for real-time threads, and not from a destructor that collect() runs. Nobody may be making
        objects with this collector any more; dropping them is allowed at any time.
    */
    ~Collector() { core.detach(); }

    Collector (const Collector&) = delete;
    Collector& operator= (const Collector&) = delete;

    /** Destroys dropped objects, oldest first, at most so many; also those that are dropped by the destructors it runs.

        One thread at a time, and not a real-time thread. It never waits: what a dropping thread has only begun to hand
        over, and what was dropped after that, is left for the next call.

        @return how many were destroyed
    */
    std::size_t collect (std::size_t maxItems = unlimited) noexcept { return core.collect (maxItems); }

    /** Any thread. Wait-free. */
    Stats getStats() const noexcept
    {
        // An object may be collected before its dropper has counted it: never less than nothing is pending.
        const auto collected = core.getNumCollected();
        const auto dropped = core.getNumDropped();
        return { core.getNumMade(), collected, dropped - std::min (collected, dropped) };
    }

private:
    template <typename T, typename... Args>
    friend Owned<T> makeOwned (Collector&, Args&&...);

    template <typename T, typename... Args>
    friend Shared<T> makeShared (Collector&, Args&&...);

    /** A new object's block, counted. Not for real-time threads. Throws what `new` and T's constructor throw. */
    template <typename T, typename... Args>
    detail::BlockOf<T>* makeBlock (Args&&... args)
    {
        auto* block = new detail::BlockOf<T> (core, std::forward<Args> (args)...);
        core.countObject();
        return block;
    }

    detail::CollectorCore& core = *new detail::CollectorCore;
};

} // namespace rt
