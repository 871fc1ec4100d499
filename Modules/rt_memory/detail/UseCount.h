#pragma once

#include <rt_queues/Policy.h>

#include <atomic>
#include <cstdint>

namespace rt::detail
{

/** How many pointers share something: a counter that sticks to zero once it has got there, so that a Weak pointer can ask
    for a share in one step and be refused.

    Zero is a flag, not the number. The remove() that takes the number to 0 sets the flag next, and only that makes it the
    last: until then addIfNotZero() may still raise the number, and the remove() undoing that is the last one instead. Where
    there never was a Weak pointer nobody can raise the number from 0, so that the flag is not needed: another flag, `weak`,
    tells, and the usual remove() is one subtraction. (The original has a third flag, by which whoever reads the number at 0
    settles that it stays there. Nobody here needs to know that number; to find the flag not set yet means: not zero yet.)

    It never overflows silently. The number has 60 bits: so many pointers of 16 bytes would fill 2^64 bytes of memory, and
    leaking them instead, one each nanosecond, takes 36 years. Should it be reached all the same, the number is stuck there
    and what it counts is never destroyed: a leak is the lesser evil beside freeing what is in use, or ending a program that
    plays. (To get out of the stuck state, 2^59 threads would have to be between the two steps of add() or remove() at once.)
    A refused addIfNotZero() leaves a trace in the number beside the flag, but only if it began before the flag was set, so
    at most one for each thread.

    Every operation is wait-free: at most three steps, those of add() and of the usual remove() being one and two.

    Memory orders (numbers as in the code): every remove() releases what its thread did to the object (1), and the last one
    acquires: (2) reads the end of the release sequence that all the subtractions form (additions go on with it, being
    read-modify-writes), so it synchronises with each. So does (3), which ends that sequence where there are Weak pointers.
    Whoever adds needs no order: add() is called with a share in hand, which is handed on by other means, and what a Weak
    pointer finds is as old as that pointer at least. (An acquire load (2) rather than a fence, which ThreadSanitizer does
    not see.)

    Algorithm: the sticky counter of Anderson, Blelloch and Wei, "Turning manual concurrent memory reclamation into automatic
    reference counting" (PLDI 2022); saturation as in Linux's refcount_t.
*/
template <typename Policy = StdPolicy>
class UseCount
{
public:
    static constexpr auto limit = std::uint64_t{ 1 } << 60;

    explicit UseCount (std::uint64_t initialCount = 1) noexcept : uses (initialCount) {}

    /** For who has a share already. */
    void add() noexcept { containOverflow (uses.fetch_add (1u, std::memory_order_relaxed)); }

    /** For who has none: adds one, unless there are none left. Refused once, it is always refused. */
    [[nodiscard]] bool addIfNotZero() noexcept
    {
        if ((uses.load (std::memory_order_relaxed) & zero) != 0)
            return false;

        const auto before = uses.fetch_add (1u, std::memory_order_relaxed);
        containOverflow (before);
        return (before & zero) == 0;
    }

    /** True when this was the last share: the caller is then alone with the object, after all that others did to it. */
    [[nodiscard]] bool remove() noexcept
    {
        const auto before = uses.fetch_sub (1u, std::memory_order_release); // (1) with (2), (3)

        if (before == 1)
        {
            static_cast<void> (uses.load (std::memory_order_acquire)); // (2) with (1)
            return true;
        }

        if (before == (weak | 1))
            return becomeZero();

        containOverflow (before);
        return false;
    }

    /** From now on somebody may call addIfNotZero(). For who has a share. */
    void expectWeak() noexcept
    {
        if (! hasWeak())
            uses.fetch_or (weak, std::memory_order_relaxed);
    }

    /** Whether there ever was a Weak pointer; for the last one. */
    bool hasWeak() const noexcept { return (uses.load (std::memory_order_relaxed) & weak) != 0; }

    /** Whether addIfNotZero() would be refused, now and always. Only after expectWeak(). */
    bool isZero() const noexcept { return (uses.load (std::memory_order_relaxed) & zero) != 0; }

    /** A snapshot; exact only where no other thread has a share. */
    std::uint64_t get() const noexcept
    {
        const auto now = uses.load (std::memory_order_relaxed);
        return (now & zero) != 0 ? 0 : now & ~weak;
    }

private:
    static constexpr auto zero = std::uint64_t{ 1 } << 63;
    static constexpr auto weak = std::uint64_t{ 1 } << 62;
    static constexpr auto stuck = weak | limit | limit / 2; // with the flag: what is stuck may have Weak pointers

    void containOverflow (std::uint64_t before) noexcept
    {
        if ((before & limit) != 0)
            uses.store (stuck, std::memory_order_relaxed);
    }

    bool becomeZero() noexcept
    {
        // Where this fails, the number has been raised again, and somebody else's remove() is, or was, the last.
        auto now = weak;
        return uses.compare_exchange_strong (now, weak | zero, std::memory_order_acquire,
                                             std::memory_order_relaxed); // (3) with (1)
    }

    typename Policy::template Atomic<std::uint64_t> uses;
};

} // namespace rt::detail
