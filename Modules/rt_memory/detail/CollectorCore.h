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
    drops that nobody has answered for; the thread that raises it from zero is the drainer, and stays so until it has
    brought it back to zero. All others leave their objects to it and go. The detaching thread is the first drainer.

    A drop counts itself only after its push is complete, and that count is the last it does with the core, unless it
    makes it the drainer. So when the drainer has answered for as many drops as there were objects, the queue is truly
    empty and nobody else will ever touch the core: it frees it.
*/
class CollectorCore
{
public:
    static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

    /** Any thread, while attached. */
    void countObject() noexcept { made.fetch_add (1, std::memory_order_relaxed); }

    /** Any thread. While attached: wait-free, one MpscQueue::push() and one fetch_add. */
    void drop (Block& block) noexcept
    {
        dropped.push (block);

        // (1) Release: the detaching thread, or the drainer, finds our object linked. Acquire: as drainer we go on where
        // the last one stopped. The block may be gone by now; the core is not, as our drop is not answered for.
        if (drops.fetch_add (1, std::memory_order_acq_rel) == detachedFlag) // (1) with (1), (2), (3)
            drain (1);
    }

    /** One thread at a time, while attached. */
    std::size_t collect (std::size_t maxItems) noexcept
    {
        std::size_t numItems = 0;

        while (numItems < maxItems)
        {
            auto* block = dropped.pop().object;

            if (block == nullptr)
                break;

            delete block;
            ++numItems;

            // There is one writer at a time.
            collected.store (collected.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        }

        return numItems;
    }

    /** The collecting thread, once. Afterwards the core looks after itself and must not be used any more, but by drop(). */
    void detach() noexcept
    {
        // This counts as one more drop, the collector's own, so that the others leave the draining to us.
        const auto before = drops.fetch_add (detachedFlag + 1, std::memory_order_acq_rel); // (2) with (1)
        drain (before + 1);
    }

    std::uint64_t getNumMade() const noexcept { return made.load (std::memory_order_relaxed); }
    std::uint64_t getNumCollected() const noexcept { return collected.load (std::memory_order_relaxed); }
    std::uint64_t getNumDropped() const noexcept { return drops.load (std::memory_order_relaxed); }

private:
    ~CollectorCore() = default;

    /** @param numDrops how many of `drops` this thread has seen, and answers for */
    void drain (std::uint64_t numDrops) noexcept
    {
        for (;;)
        {
            // What a stopped dropper hides from us now, that dropper will count later.
            collect (unlimited);
            answered += numDrops;

            if (answered == made.load (std::memory_order_relaxed) + 1)
            {
                delete this;
                return;
            }

            const auto before = drops.fetch_sub (numDrops, std::memory_order_acq_rel); // (3) with (1)
            numDrops = before - detachedFlag - numDrops;

            if (numDrops == 0)
                return; // somebody else may be the drainer, and even have freed the core, by now
        }
    }

    static constexpr auto detachedFlag = std::uint64_t{ 1 } << 63;

    MpscQueue<Block> dropped;

    /** While attached: all drops ever. Detached: the flag, and the drops not yet answered for. */
    alignas (cacheLineBytes) std::atomic<std::uint64_t> drops{ 0 };

    alignas (cacheLineBytes) std::atomic<std::uint64_t> made{ 0 };
    std::atomic<std::uint64_t> collected{ 0 };
    std::uint64_t answered = 0; // the drainer's

    static_assert (std::atomic<std::uint64_t>::is_always_lock_free);
};

} // namespace rt::detail
