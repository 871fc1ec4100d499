#pragma once

#include "Policy.h"

#include <atomic>
#include <cstdint>

namespace rt
{

template <typename Policy, bool checks>
class Freelist;

/** What every element of a Freelist has in it, as a member or a base: eight bytes that are the list's, at all times, also while
    somebody uses the element. It holds no address, so that it means the same in every process that maps it.
*/
template <typename Policy = StdPolicy>
class FreelistElement
{
public:
    FreelistElement() noexcept = default;
    FreelistElement (const FreelistElement&) = delete;
    FreelistElement& operator= (const FreelistElement&) = delete;

    /** For those who hand out elements and check by themselves: notes that this one is free from now on. False if it was.
        Any thread. Wait-free*: one exchange. Relaxed: an exchange always finds the newest value, and two who free the same
        element are told apart by nothing more.
    */
    bool markFree() noexcept { return mark.exchange (1, std::memory_order_relaxed) == 0; }

    /** Notes that the element is in use; its taker only. */
    void markUsed() noexcept { mark.store (0, std::memory_order_relaxed); }

    /** Whether the last mark was markFree(). */
    bool isMarkedFree() const noexcept { return mark.load (std::memory_order_relaxed) != 0; }

private:
    template <typename, bool>
    friend class Freelist;

    typename Policy::template Atomic<std::uint32_t> next{ 0 }; // the number of the next element, from 1; 0: none
    typename Policy::template Atomic<std::uint32_t> mark{ 0 }; // unused in lists without checks; the layout is the same
};

} // namespace rt
