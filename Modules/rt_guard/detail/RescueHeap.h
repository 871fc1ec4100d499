#pragma once

#include "../Rescue.h"
#include "RescueArena.h"

#include <rt_queues/MpscQueue.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rt::guard::detail
{

/** The allocator that is there anyway, as functions: glibc's in a process, a counting one in tests. */
struct OrdinaryHeap
{
    void* (*allocate) (std::size_t size);
    void* (*allocateZeroed) (std::size_t size);
    void* (*allocateAligned) (std::size_t alignment, std::size_t size);
    void* (*reallocate) (void* block, std::size_t size);
    void (*release) (void* block);

    /** Bytes from the beginning of the block that may be written, in a block that is not released. */
    std::size_t (*getUsableSize) (void* block);
};

/** Two worlds of memory, and every way between them: an arena that real-time threads allocate from, and the ordinary heap, whose
    blocks they may also release and reallocate.

    A real-time thread gets blocks of the arena; only when it has none, or none so large, is the ordinary heap asked, which is
    counted. An ordinary block that it releases becomes a link in a queue, itself, and freeDeferred() releases it elsewhere. That
    takes 16 bytes of the block (glibc's smallest has 24); a smaller one is released at once.

    A block of the arena that is released twice, or was never one, is left alone and counted. So is an ordinary one that real-time
    threads release twice while it is in the queue: it carries a seal, which depends on its address.

    Threads: everything any thread, at any time, unless it says otherwise. `thread` is what RescueArena::attach() gave this thread,
    or null. The functions for real-time threads are lock-free, allocate nothing and make no system call, as long as the arena has
    something, and do nothing with the ordinary heap but ask for a block's size.
*/
class RescueHeap
{
public:
    using Thread = RescueArena::Thread;

    /** Sets the arena aside. Not real-time. Throws std::bad_alloc. */
    explicit RescueHeap (const OrdinaryHeap& ordinaryHeap) : ordinary (ordinaryHeap) {}

    /** Releases what is still deferred. Nobody uses the heap any more. */
    ~RescueHeap() { freeDeferred(); }

    RescueHeap (const RescueHeap&) = delete;
    RescueHeap& operator= (const RescueHeap&) = delete;

    RescueArena& getArena() noexcept { return arena; }
    const RescueArena& getArena() const noexcept { return arena; }

    /** For real-time threads, as malloc. */
    void* allocate (Thread* thread, std::size_t size) noexcept;

    /** For real-time threads, as calloc, the sizes multiplied. */
    void* allocateZeroed (Thread* thread, std::size_t size) noexcept;

    /** For real-time threads, as memalign.
        @param alignment  anything: glibc takes the next power of two, and so does this
    */
    void* allocateAligned (Thread* thread, std::size_t alignment, std::size_t size) noexcept;

    /** For real-time threads, as realloc, of a block of either world: in place where there is room, else into the arena. */
    void* reallocate (Thread* thread, void* block, std::size_t size) noexcept;

    /** For real-time threads, as free, of a block of either world: of the arena at once, of the ordinary heap later. */
    void release (Thread* thread, void* block) noexcept;

    /** For threads that are not real-time, as realloc, of a block of the arena: in place where there is room, else into the ordinary
        heap. */
    void* reallocateOutside (void* block, std::size_t size) noexcept;

    /** Releases to the ordinary heap what release() put off; what a thread is putting off at this moment, the next time. Not
        real-time; while one thread is at it, others return at once.
        @returns the number of blocks
    */
    std::size_t freeDeferred() noexcept;

    /** Wait-free. Exact while nobody uses the heap, else a few apart. */
    RescueStatistics getStatistics() const noexcept;

private:
    /** What a block of the ordinary heap becomes; the seal follows it. */
    struct DeadBlock : MpscLink
    {
    };

    void defer (void* block) noexcept;

    const OrdinaryHeap ordinary;
    RescueArena arena;
    MpscQueue<DeadBlock> deadBlocks;
    std::atomic<bool> isFreeing{ false };
    std::atomic<std::uint64_t> numDeferred{ 0 }, numFreed{ 0 }, numInvalid{ 0 };
};

} // namespace rt::guard::detail
