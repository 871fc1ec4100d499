#pragma once

#include "CacheLine.h"
#include "Policy.h"

#include <atomic>
#include <bit>
#include <cstdint>

namespace rt
{

/** Hands out small numbers, 0 to maxSlots - 1, each to one user at a time: the places in which threads announce themselves.

    The lowest free number goes first, so that numbers stay small and what iterates over getActive() pays for the users
    that there are, not for those that there could be.

    Memory orders (numbers as in the code): a released number (3) synchronises with the acquire that takes it next (2), so
    its new user finds what the last one left. Taking a number (2) and reading which are taken (1) are seq_cst: who reads
    the set after having hidden something can rely on this: a number that is missing in it is taken later than that, and
    its user will not find the thing (see HazardPointers).
*/
template <typename Policy = StdPolicy>
class SlotRegistry
{
public:
    static constexpr unsigned maxSlots = 64;

    SlotRegistry() noexcept = default;
    SlotRegistry (const SlotRegistry&) = delete;
    SlotRegistry& operator= (const SlotRegistry&) = delete;

    /** Takes the lowest number below `limit` that is free; -1 when there is none.
        Any thread. Lock-free: a failed try means that somebody else took a number or gave one back.
    */
    int acquire (unsigned limit = maxSlots) noexcept
    {
        auto taken = active.load (std::memory_order_relaxed);

        for (;;)
        {
            const auto number = static_cast<unsigned> (std::countr_one (taken));

            if (number >= limit)
                return -1;

            if (active.compare_exchange_strong (taken, taken | bitOf (number), std::memory_order_seq_cst,
                                                std::memory_order_relaxed)) // (2) with (3), (1)
                return static_cast<int> (number);
        }
    }

    /** Takes this very number if it is free. Any thread. Wait-free*: one read-modify-write. */
    bool acquireExactly (unsigned number) noexcept
    {
        return (active.fetch_or (bitOf (number), std::memory_order_seq_cst) & bitOf (number)) == 0; // (2) with (3), (1)
    }

    /** Gives a number back. Its user only. Wait-free*: one read-modify-write. */
    void release (unsigned number) noexcept
    {
        active.fetch_and (~bitOf (number), std::memory_order_release); // (3) with (2)
    }

    /** The numbers in use, a bit each. Any thread. Wait-free: one load. */
    std::uint64_t getActive() const noexcept { return active.load (std::memory_order_seq_cst); } // (1) with (2)

    static constexpr std::uint64_t bitOf (unsigned number) noexcept { return std::uint64_t{ 1 } << number; }

private:
    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint64_t> active{ 0 };
};

/** Calls the function with the number of each bit that is set, lowest first. */
template <typename Function>
inline void forEachBit (std::uint64_t bits, Function&& function)
{
    for (; bits != 0; bits &= bits - 1)
        function (static_cast<unsigned> (std::countr_zero (bits)));
}

} // namespace rt
