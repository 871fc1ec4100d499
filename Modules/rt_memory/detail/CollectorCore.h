#pragma once

#include "Block.h"

#include <rt_queues/CacheLine.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rt::detail
{

/** The part of a Collector that its objects refer to, and that may have to outlive it.

    As long as the Collector exists, the core is attached: droppers push and count, collect() destroys, on one thread at a
    time. Then it is detached, and the droppers destroy among themselves, one at a time, by this rule: `drops` counts the
    drops that nobody has answered for; the thread that raises it from zero is the drainer, and stays so until it has brought
    it back to zero. All others leave their blocks to it and go. The detaching thread is the first drainer.

    What is dropped: each object once; its block once more if a Weak pointer was left when the object was destroyed; and the
    right to make objects once, when the Collector and all its Handles have given it up. A drop counts itself only after its
    push is complete, and that count is the last it does with the core, unless it makes it the drainer. So when the drainer
    has answered for as many drops as there can be, the queue is truly empty and nobody else will ever touch the core: it
    frees it. (Whoever makes objects, or copies Handles, has a Handle that is not dropped yet, or the Collector; so as long
    as any of the increments of `made` is not to be seen, some drop is missing as well.)
*/
template <typename Policy = StdPolicy>
class CollectorCore
{
public:
    static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

    CollectorCore() = default;
    CollectorCore (const CollectorCore&) = delete;
    CollectorCore& operator= (const CollectorCore&) = delete;

    /** Any thread that has a Handle or the Collector. */
    void countObject() noexcept { made.fetch_add (1u, std::memory_order_relaxed); }

    /** For a dropped object, and for a block that has only been waiting for its last Weak pointer.
        Any thread. While attached: wait-free, one MpscQueue::push() and one fetch_add.
    */
    void drop (Block<Policy>& block) noexcept
    {
        dropped.push (block);
        countDrop();
    }

    /** Any thread that has a Handle, or the Collector. Wait-free. */
    void addHandle() noexcept { handles.add(); }

    /** Any thread. While attached: wait-free. */
    void dropHandle() noexcept
    {
        if (handles.remove())
            countDrop();
    }

    /** One thread at a time, while attached. Goes on while there is something, and mayGoOn (how many so far) says so. */
    template <typename MayGoOn>
    std::size_t collect (MayGoOn&& mayGoOn) noexcept
    {
        std::size_t numItems = 0;

        while (mayGoOn (numItems))
        {
            auto* block = dropped.pop().object;

            if (block == nullptr)
                break;

            end (*block);
            ++numItems;
        }

        return numItems;
    }

    /** The collecting thread, once. Afterwards the core looks after itself and must not be used any more, but by those who
        still have an object of it or a Handle.
    */
    void detach() noexcept
    {
        // The Collector's own drop, if it was the last that could make objects.
        const auto own = std::uint64_t{ handles.remove() ? 1u : 0u };
        const auto before = drops.fetch_add (detachedFlag + own, std::memory_order_acq_rel); // (2) with (1)

        // As long as there are some that nobody has answered for, the others leave the draining to us.
        if (before + own > 0)
            drain (before + own);
    }

    std::uint64_t getNumMade() const noexcept { return made.load (std::memory_order_relaxed); }
    std::uint64_t getNumDestroyed() const noexcept { return destroyed.load (std::memory_order_relaxed); }
    std::uint64_t getNumThrown() const noexcept { return thrown.load (std::memory_order_relaxed); }

    /** Read before getNumDrops(), it is not greater than that, except for drops that have not counted themselves yet. */
    std::uint64_t getNumEnded() const noexcept { return ended.load (std::memory_order_relaxed); }
    std::uint64_t getNumDrops() const noexcept { return drops.load (std::memory_order_relaxed); }

private:
    ~CollectorCore() = default;

    void countDrop() noexcept
    {
        // (1) Release: the detaching thread, or the drainer, finds our object linked. Acquire: as drainer we go on where the
        // last one stopped. The block may be gone by now; the core is not, as our drop is not answered for.
        if (drops.fetch_add (1u, std::memory_order_acq_rel) == detachedFlag) // (1) with (1), (2), (3)
            drain (1);
    }

    /** @param numDrops how many of `drops` this thread has seen, and answers for */
    void drain (std::uint64_t numDrops) noexcept
    {
        for (;;)
        {
            // What a stopped dropper hides from us now, that dropper will count later.
            collect ([] (std::size_t) { return true; });
            answered.set (answered.get() + numDrops);

            if (answered.get() == made.load (std::memory_order_relaxed) + numLeftToWeaks.get() + 1)
            {
                delete this;
                return;
            }

            const auto before = drops.fetch_sub (numDrops, std::memory_order_acq_rel); // (3) with (1)
            numDrops = before - detachedFlag - numDrops;

            if (numDrops == 0)
                return; // somebody else may be the drainer, and even have freed the
                        // core, by now
        }
    }

    /** The collecting thread, as all that follows. */
    void end (Block<Policy>& block) noexcept
    {
        // 0: this is about a last Weak pointer, which gave up its share before it pushed the block.
        if (block.weaks.get() == 0)
        {
            block.deallocate();
        }
        else
        {
            const auto numThrown = block.destroyObject();
            increase (destroyed, 1);

            if (numThrown > 0)
                increase (thrown, numThrown);

            if (! block.uses.hasWeak() || block.weaks.remove())
                block.deallocate();
            else
                numLeftToWeaks.set (numLeftToWeaks.get() + 1);
        }

        increase (ended, 1);
    }

    using Counter = typename Policy::template Atomic<std::uint64_t>;

    // There is one writer at a time.
    static void increase (Counter& counter, std::uint64_t by) noexcept
    {
        counter.store (counter.load (std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    static constexpr auto detachedFlag = std::uint64_t{ 1 } << 63;

    MpscQueue<Block<Policy>, Policy> dropped;

    /** While attached: all drops ever. Detached: the flag, and the drops not yet answered for. */
    alignas (cacheLineBytes) Counter drops{ 0 };

    alignas (cacheLineBytes) Counter made{ 0 };
    UseCount<Policy> handles; // the Collector has the first share

    // The collecting thread's, or the drainer's.
    alignas (cacheLineBytes) Counter destroyed{ 0 };
    Counter ended{ 0 };
    Counter thrown{ 0 };
    typename Policy::template Cell<std::uint64_t> numLeftToWeaks{ 0 };
    typename Policy::template Cell<std::uint64_t> answered{ 0 };
};

} // namespace rt::detail
