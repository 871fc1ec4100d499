#include "detail/RescueHeap.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

namespace rt::guard::detail
{

namespace
{

using Seal = std::uintptr_t;

/** What no block holds by chance: it would have to know its own address, turned. */
Seal makeSeal (const void* block) noexcept
{
    return std::rotl (reinterpret_cast<std::uintptr_t> (block), 17) ^ 0x9e3779b97f4a7c15u;
}

// Behind the link, in a block that may be anybody's, so byte by byte.
void* placeOfSeal (void* block) noexcept { return static_cast<std::byte*> (block) + sizeof (MpscLink); }

Seal readSeal (void* block) noexcept
{
    Seal seal = 0;
    std::memcpy (&seal, placeOfSeal (block), sizeof (seal));
    return seal;
}

void writeSeal (void* block, Seal seal) noexcept { std::memcpy (placeOfSeal (block), &seal, sizeof (seal)); }

} // namespace

void* RescueHeap::allocate (Thread* thread, std::size_t size) noexcept
{
    auto* const block = arena.allocate (thread, size);
    return block != nullptr ? block : ordinary.allocate (size);
}

void* RescueHeap::allocateZeroed (Thread* thread, std::size_t size) noexcept
{
    auto* const block = arena.allocate (thread, size);
    return block != nullptr ? std::memset (block, 0, size) : ordinary.allocateZeroed (size);
}

void* RescueHeap::allocateAligned (Thread* thread, std::size_t alignment, std::size_t size) noexcept
{
    // Beyond that there is no next power of two, and the ordinary heap says what it thinks of it.
    constexpr auto most = std::size_t{ 1 } << (8 * sizeof (std::size_t) - 1);
    auto* const block = alignment <= most ? arena.allocate (thread, size, std::bit_ceil (alignment)) : nullptr;
    return block != nullptr ? block : ordinary.allocateAligned (alignment, size);
}

void* RescueHeap::reallocate (Thread* thread, void* block, std::size_t size) noexcept
{
    if (block == nullptr)
        return allocate (thread, size);

    if (size == 0)
    {
        release (thread, block);
        return nullptr;
    }

    const auto isInArena = arena.owns (block);

    if (isInArena && ! arena.isInUse (block))
    {
        release (thread, block); // which counts it
        errno = ENOMEM;
        return nullptr;
    }

    const auto usable = isInArena ? arena.getUsableSize (block) : ordinary.getUsableSize (block);

    if (size <= usable)
        return block;

    auto* moved = arena.allocate (thread, size);

    if (moved == nullptr)
    {
        if (! isInArena)
            return ordinary.reallocate (block, size);

        moved = ordinary.allocate (size);

        if (moved == nullptr)
            return nullptr;
    }

    std::memcpy (moved, block, usable);
    release (thread, block);
    return moved;
}

void RescueHeap::release (Thread* thread, void* block) noexcept
{
    if (arena.owns (block))
        arena.release (thread, block);
    else if (block != nullptr)
        defer (block);
}

void* RescueHeap::reallocateOutside (void* block, std::size_t size) noexcept
{
    // An empty one, a mistaken one, or one that stays where it is.
    if (size <= arena.getUsableSize (block) || ! arena.isInUse (block))
        return reallocate (nullptr, block, size);

    auto* const moved = ordinary.allocate (size);

    if (moved != nullptr)
    {
        std::memcpy (moved, block, arena.getUsableSize (block));
        arena.release (nullptr, block);
    }

    return moved;
}

void RescueHeap::defer (void* block) noexcept
{
    static_assert (sizeof (DeadBlock) == sizeof (MpscLink));

    if (ordinary.getUsableSize (block) < sizeof (DeadBlock) + sizeof (Seal))
        return ordinary.release (block);

    if (readSeal (block) == makeSeal (block))
    {
        numInvalid.fetch_add (1, std::memory_order_relaxed);
        return;
    }

    auto& dead = *std::construct_at (static_cast<DeadBlock*> (block));
    writeSeal (block, makeSeal (block));
    numDeferred.fetch_add (1, std::memory_order_relaxed);
    deadBlocks.push (dead);
}

std::size_t RescueHeap::freeDeferred() noexcept
{
    if (isFreeing.exchange (true, std::memory_order_acquire))
        return 0;

    std::size_t numBlocks = 0;

    while (auto* const dead = deadBlocks.pop().object)
    {
        std::destroy_at (dead);
        writeSeal (dead, 0); // or its next owner's release would look like a second one
        ordinary.release (dead);
        ++numBlocks;
    }

    numFreed.fetch_add (numBlocks, std::memory_order_relaxed);
    isFreeing.store (false, std::memory_order_release);
    return numBlocks;
}

RescueStatistics RescueHeap::getStatistics() const noexcept
{
    // In this order: what is done is counted after what is begun.
    RescueStatistics statistics;
    const auto freed = numFreed.load (std::memory_order_relaxed);
    const auto counts = arena.getCounts();
    statistics.served = counts.taken;
    statistics.inUse = counts.taken - std::min (counts.taken, counts.released);
    statistics.deferred = numDeferred.load (std::memory_order_relaxed);
    statistics.pending = statistics.deferred - std::min (statistics.deferred, freed);
    statistics.exhausted = counts.exhausted;
    statistics.tooLarge = counts.tooLarge;
    statistics.invalid = counts.invalid + numInvalid.load (std::memory_order_relaxed);
    return statistics;
}

} // namespace rt::guard::detail
