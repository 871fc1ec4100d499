#pragma once

#include "Block.h"

#include <rt_queues/CacheLine.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rt::detail
{

/** What one thread says to the writers of SharedCells; see there. */
template <typename Policy>
struct alignas (cacheLineBytes) CellSlot
{
    static constexpr std::size_t numDebts = 6;

    /** The debt that every operation may use, and gives back before it ends; the others are for scoped reads. */
    static constexpr std::size_t ownDebt = 0;
    static constexpr std::uint64_t noDebtsInUse = std::uint64_t{ 1 } << ownDebt;

    // What `control` holds: 0; or a request for help, its number and this bit; or the answer, a block (or null) and that
    // bit.
    static constexpr std::uint64_t idle = 0;
    static constexpr std::uint64_t requestBit = 1;
    static constexpr std::uint64_t answerBit = 2;
    static constexpr std::uint64_t kindBits = requestBit | answerBit;

    static std::uint64_t toAnswer (Block<Policy>* block) noexcept
    {
        static_assert (alignof (Block<Policy>) > kindBits && sizeof (block) <= sizeof (std::uint64_t));
        return reinterpret_cast<std::uintptr_t> (block) | answerBit;
    }

    static Block<Policy>* fromAnswer (std::uint64_t answer) noexcept
    {
        return reinterpret_cast<Block<Policy>*> (static_cast<std::uintptr_t> (answer & ~answerBit));
    }

    // One line: what the writers look at.
    typename Policy::template Atomic<std::uint64_t> control{ idle };
    typename Policy::template Atomic<const void*> cell{ nullptr };
    std::array<typename Policy::template Atomic<Block<Policy>*>, numDebts> debts{};

    // The slot's owner alone.
    typename Policy::template Cell<std::uint64_t> lastRequest{ 0 };
    typename Policy::template Cell<std::uint64_t> debtsInUse{ noDebtsInUse }; // a bit each
};

} // namespace rt::detail
