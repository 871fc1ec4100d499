#pragma once

#include <atomic>
#include <cstdint>

namespace rt::detail
{

/** How many pointers share an object. It saturates: once it has passed 2^31 it is stuck, and the object is never destroyed.

    A leak is the lesser evil beside freeing what is in use, or ending a program that plays. (Linux's refcount_t does the
    same. To get out of the stuck state, 2^30 threads would have to be between the two steps of add() or remove() at once.)
    Every operation is wait-free and may be called by any thread that has a share in the object.
*/
class UseCount
{
public:
    static constexpr std::uint32_t limit = std::uint32_t{ 1 } << 31;
    static constexpr std::uint32_t stuck = std::uint32_t{ 3 } << 30;

    explicit UseCount (std::uint32_t initialCount = 1) noexcept : uses (initialCount) {}

    void add() noexcept
    {
        // Relaxed: whoever adds has a share already, and hands the new one on by other means.
        if (uses.fetch_add (1, std::memory_order_relaxed) >= limit)
            uses.store (stuck, std::memory_order_relaxed);
    }

    /** True when this was the last share: the caller is then alone with the object, after all that others did to it. */
    [[nodiscard]] bool remove() noexcept
    {
        const auto before = uses.fetch_sub (1, std::memory_order_release); // (1) with (2)

        if (before == 1)
        {
            // An acquire load rather than a fence, which ThreadSanitizer does not see. It reads the end of the release
            // sequence that all the decrements (1) form, so it synchronises with each of them.
            static_cast<void> (uses.load (std::memory_order_acquire)); // (2) with (1)
            return true;
        }

        if (before > limit)
            uses.store (stuck, std::memory_order_relaxed);

        return false;
    }

    /** A snapshot; exact only where no other thread has a share. */
    std::uint32_t get() const noexcept { return uses.load (std::memory_order_relaxed); }

private:
    std::atomic<std::uint32_t> uses;
};

} // namespace rt::detail
