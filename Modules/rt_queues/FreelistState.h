#pragma once

#include "CacheLine.h"
#include "Policy.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace rt
{

template <typename Policy, bool checks>
class Freelist;

/** What the users of one Freelist share: the head of the list and the elimination array. No addresses in it, so it may lie in
    memory that processes map at different places; whoever sets that up constructs it there (placement new), once, before
    the others look.

    1280 bytes: each word has its own cache lines.
*/
template <typename Policy = StdPolicy>
class FreelistState
{
public:
    static constexpr unsigned mostEliminationSlots = 8;

    /** An empty list. With an elimination array of 1 to 8 places, a push or pop that meets another one may go there; 0: none.
        One or two pay where threads fight for the list (see the page about it), none where they seldom meet.
    */
    explicit FreelistState (unsigned numEliminationSlots = 0) noexcept
        : numSlots (numEliminationSlots < mostEliminationSlots ? numEliminationSlots : mostEliminationSlots)
    {
    }

    FreelistState (const FreelistState&) = delete;
    FreelistState& operator= (const FreelistState&) = delete;

    unsigned getNumEliminationSlots() const noexcept { return numSlots; }

private:
    template <typename, bool>
    friend class Freelist;

    using Word = typename Policy::template Atomic<std::uint64_t>;

    struct alignas (cacheLineBytes) Line
    {
        Word word{ 0 };
    };

    Line head;
    std::array<Line, mostEliminationSlots> slots;
    const std::uint32_t numSlots;

    static_assert (std::atomic<std::uint64_t>::is_always_lock_free, "A lock could not be shared between processes");
};

} // namespace rt
