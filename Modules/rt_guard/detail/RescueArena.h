#pragma once

#include "Poison.h"
#include "PresentMemory.h"

#include <rt_queues/CacheLine.h>
#include <rt_queues/MagazineFreelist.h>
#include <rt_queues/SlotRegistry.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace rt::guard::detail
{

/** Blocks of memory for threads that must not ask the system's allocator: 32 MiB in one piece, all of it present.

    16 classes, the powers of two from 16 bytes to 512 KiB, have 2 MiB each. So whether an address is in the arena is one
    subtraction and comparison, the class of a block follows from its address by a shift, nothing stands in front of a block, and
    each is aligned to its size. A class that is used up borrows from the larger ones.

    Each class is a free list whose elements lie beside the blocks, not in them. A thread that is attached has magazines for
    blocks up to 1 KiB, as far as the small stock of glibc's threads reaches; beyond that, and for threads that are not
    attached, each step is one compare-and-exchange at the shared list. The magazines of other threads may hold up to 32 blocks
    of a class each while this thread finds none; it then borrows, too.

    Mistakes: a block that is free already, or an address that is not the beginning of one, is not taken back, but counted as
    invalid; glibc would end the process. Two threads that free the same block at the same moment may go unnoticed.

    Memory orders: blocks get from one thread to another through the free lists, whose orders hold. What says whether a block is
    given out is relaxed: whoever gives a block back has got it from its taker in some way that orders the two.

    Under AddressSanitizer free blocks are poisoned.
*/
class RescueArena
{
    using List = Freelist<StdPolicy, false>; // the arena looks after double frees itself
    using Magazines = MagazineFreelist<StdPolicy, false>;
    using Element = List::Element;

    /** Blocks given out and taken back. A thread's own needs no read-modify-write. */
    struct alignas (cacheLineBytes) Tally
    {
        std::atomic<std::uint64_t> taken{ 0 }, released{ 0 };
    };

public:
    static constexpr std::size_t smallestBlock = 16, largestBlock = 512 * 1024, bytesPerClass = 2 * 1024 * 1024;
    static constexpr unsigned numClasses = 16;
    static constexpr std::size_t numBytes = bytesPerClass * numClasses;

    /** The largest block that magazines are kept for. */
    static constexpr std::size_t largestInMagazines = 1024;

private:
    static constexpr unsigned smallestShift = std::countr_zero (smallestBlock),
                              classShift = std::countr_zero (bytesPerClass),
                              numWithMagazines = std::countr_zero (largestInMagazines) - smallestShift + 1;

public:
    struct Counts
    {
        std::uint64_t taken = 0;     ///< blocks given out
        std::uint64_t released = 0;  ///< blocks taken back
        std::uint64_t exhausted = 0; ///< times there was no block left
        std::uint64_t tooLarge = 0;  ///< times that more was asked for than the largest block
        std::uint64_t invalid = 0;   ///< mistaken releases
    };

    /** What a thread has of the arena while it is attached. */
    class Thread
    {
    public:
        template <std::size_t... i>
        Thread (unsigned numberToUse, Tally& tallyToUse, std::array<Magazines, sizeof...(i)>& ofArena,
                std::index_sequence<i...>) noexcept
            : number (numberToUse), tally (tallyToUse), slots{ { Magazines::Slot (ofArena[i])... } }
        {
        }

    private:
        friend RescueArena;
        const unsigned number;
        Tally& tally;
        std::array<Magazines::Slot, numWithMagazines> slots;
    };

    /** Sets the memory aside and touches all of it: some milliseconds. Not real-time. Throws std::bad_alloc. */
    RescueArena();

    /** No block is used any more, and nobody uses the arena. */
    ~RescueArena();

    RescueArena (const RescueArena&) = delete;
    RescueArena& operator= (const RescueArena&) = delete;

    /** Gives a thread magazines of its own; null when as many as there may be are attached, which is no error: what takes a Thread
        takes null. Any thread, real-time ones too. Lock-free, some dozen steps.
    */
    Thread* attach() noexcept;

    /** Takes the magazines back, with what is in them. The thread they were given to, or one that comes after it. Lock-free. */
    void detach (Thread&) noexcept;

    /** A block of at least this size and alignment; what is in it is its last user's. Null, and counted, when there is none left,
        or none so large.
        Any thread. Wait-free while the thread's magazines have one, else lock-free.
        @param thread     the calling thread's own, or null
        @param alignment  a power of two
    */
    void* allocate (Thread* thread, std::size_t size, std::size_t alignment = smallestBlock) noexcept;

    /** Takes back a block, whichever thread it was given to.
        Any thread. Wait-free while the thread's magazines have room, else lock-free.
        @param thread  the calling thread's own, or null
        @param block   owns() it
    */
    void release (Thread* thread, void* block) noexcept;

    /** Whether the address lies in the arena. */
    bool owns (const void* address) const noexcept { return offsetOf (address) < numBytes; }

    /** Whether it is the beginning of a block that is given out.
        @param block  owns() it
    */
    bool isInUse (const void* block) const noexcept
    {
        return isBeginning (block) && used[numberOf (block)].load (std::memory_order_relaxed) != 0;
    }

    /** The size of the block that begins here. */
    std::size_t getUsableSize (const void* block) const noexcept { return smallestBlock << classOf (block); }

    const std::byte* begin() const noexcept { return blocks.get(); }

    /** Any thread. Wait-free. Exact while nobody uses the arena, else a few apart. */
    Counts getCounts() const noexcept;

    /** How many blocks of this size are free, exactly while nobody uses the arena. Slow. */
    std::size_t countFree (std::size_t blockSize) const noexcept;

    /** How many blocks of this size there are. */
    static constexpr std::size_t getNumBlocks (std::size_t blockSize) noexcept { return bytesPerClass / blockSize; }

private:
    // Blocks are numbered through all classes: each class has half as many as the one before.
    static constexpr std::size_t firstOf (unsigned sizeClass) noexcept
    {
        constexpr auto all = 2 * bytesPerClass / smallestBlock;
        return all - (all >> sizeClass);
    }

    /** The smallest class with blocks of this size, which is smallestBlock at least. */
    static constexpr unsigned classFor (std::size_t size) noexcept
    {
        return static_cast<unsigned> (std::bit_width (size - 1)) - smallestShift;
    }

    static void count (std::atomic<std::uint64_t>& onlyThisThreads) noexcept
    {
        onlyThisThreads.store (onlyThisThreads.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    std::size_t offsetOf (const void* address) const noexcept
    {
        return reinterpret_cast<std::uintptr_t> (address) - reinterpret_cast<std::uintptr_t> (blocks.get());
    }

    unsigned classOf (const void* block) const noexcept { return static_cast<unsigned> (offsetOf (block) >> classShift); }

    std::size_t offsetInClass (const void* block) const noexcept { return offsetOf (block) & (bytesPerClass - 1); }
    bool isBeginning (const void* block) const noexcept
    {
        return (offsetInClass (block) & (getUsableSize (block) - 1)) == 0;
    }

    std::size_t numberOf (const void* block) const noexcept
    {
        return firstOf (classOf (block)) + (offsetInClass (block) >> (smallestShift + classOf (block)));
    }

    void* giveOut (unsigned sizeClass, const Element&) noexcept;
    void* take (Thread*, unsigned sizeClass) noexcept;

    // What happens seldom is kept out of the functions that are called often, which then need no stack frame.
    void* takeShared (Thread*, unsigned sizeClass) noexcept;
    void* borrow (Thread*, unsigned sizeClass) noexcept;
    void* refuseSize() noexcept;
    void giveShared (Thread*, unsigned sizeClass, Element&) noexcept;
    void refuseBlock() noexcept;

    template <std::size_t... i>
    static std::array<List, sizeof...(i)> makeLists (Element*, std::array<List::State, numClasses>&,
                                                     std::index_sequence<i...>) noexcept;

    template <std::size_t... i>
    static std::array<Magazines, sizeof...(i)> makeMagazines (Element*, std::array<List::State, numClasses>&,
                                                              std::index_sequence<i...>) noexcept;

    PresentMemory blocks, beside;
    Element* const elements;               // one for each block
    std::atomic<std::uint8_t>* const used; // one for each block: 1 while it is given out
    std::array<List::State, numClasses> states;
    std::array<List, numClasses> lists;
    std::array<Magazines, numWithMagazines> magazines; // in front of the lists of the smaller classes
    SlotRegistry<> registry;
    std::array<Tally, SlotRegistry<>::maxSlots> tallies; // of the threads that are attached, and were
    Tally tallyOfOthers;
    alignas (cacheLineBytes) std::atomic<std::uint64_t> numExhausted{ 0 };
    std::atomic<std::uint64_t> numTooLarge{ 0 }, numInvalid{ 0 };
    std::array<std::optional<Thread>, SlotRegistry<>::maxSlots> threads;
};

inline void* RescueArena::giveOut (unsigned sizeClass, const Element& element) noexcept
{
    const auto number = static_cast<std::size_t> (&element - elements);
    used[number].store (1, std::memory_order_relaxed);

    auto* const block = blocks.get() + (std::size_t{ sizeClass } << classShift)
                        + ((number - firstOf (sizeClass)) << (smallestShift + sizeClass));
    allow (block, smallestBlock << sizeClass);
    return block;
}

inline void* RescueArena::take (Thread* thread, unsigned sizeClass) noexcept
{
    if (thread == nullptr || sizeClass >= numWithMagazines)
        return takeShared (thread, sizeClass);

    const auto* const element = magazines[sizeClass].take (thread->slots[sizeClass]);

    if (element == nullptr) [[unlikely]]
        return nullptr;

    count (thread->tally.taken);
    return giveOut (sizeClass, *element);
}

inline void* RescueArena::allocate (Thread* thread, std::size_t size, std::size_t alignment) noexcept
{
    const auto needed = std::max (std::max (size, alignment), smallestBlock);

    if (needed > largestBlock) [[unlikely]]
        return refuseSize();

    const auto sizeClass = classFor (needed);
    auto* const block = take (thread, sizeClass);

    if (block == nullptr) [[unlikely]]
        return borrow (thread, sizeClass);

    return block;
}

inline void RescueArena::release (Thread* thread, void* block) noexcept
{
    if (! isInUse (block)) [[unlikely]]
        return refuseBlock();

    const auto sizeClass = classOf (block);
    const auto number = numberOf (block);
    forbid (block, smallestBlock << sizeClass);
    used[number].store (0, std::memory_order_relaxed);

    if (thread == nullptr || sizeClass >= numWithMagazines)
        return giveShared (thread, sizeClass, elements[number]);

    count (thread->tally.released);
    magazines[sizeClass].put (thread->slots[sizeClass], elements[number]);
}

} // namespace rt::guard::detail
