#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rt::guard::detail
{

/** Frames of a stack that are kept. */
inline constexpr std::size_t maxFrames = 48;

/** The calls that led to a place, innermost first, up to the function that opened the scope. */
struct Stack
{
    /** Whether the places of the return addresses are known, so that matches() can be asked. */
#if defined(__x86_64__)
    static constexpr bool hasSlots = true;
#else
    static constexpr bool hasSlots = false; // the unwinder does not tell where a link register was saved
#endif

    /** What is this far below the outermost frame, or less, lies on the same stack: threads of audio have half a MiB or more. What is
        elsewhere may run on a stack of its own, as coroutines and signal handlers do. */
    static constexpr std::uintptr_t mostDistance = 256 * 1024;

    /** Walks the calling thread's stack by its unwind tables. Allocates nothing once it has run before (see warmUp()); some
        0.2 us a frame.
        @param returnAddress  the stack begins with the frame that this is an address of
        @param outermostFrame frames beyond this stack address are left out; of another stack all are kept
    */
    void walk (const void* returnAddress, const void* outermostFrame) noexcept;

    /** Whether the calling thread's stack is this one again: every return address is still in its place. A stack's layout follows
        from the addresses in it, so that equal ones in equal places are the same calls (where functions with
        frames of varying size are among them: very likely the same). Some nanoseconds.
        To be asked only when `returnAddress` and the distance between `outermostFrame` and this frame are as they were, and that
        is at most mostDistance: it reads what lies between the two. */
    bool matches (const void* returnAddress, const void* outermostFrame) const noexcept;

    std::size_t size = 0;
    std::array<std::uintptr_t, maxFrames> frames{}; ///< addresses within the calling instructions

    /** Where each return address is: bytes below the outermost frame. The first is not looked up. */
    std::array<std::uint32_t, maxFrames> slots{};
};

} // namespace rt::guard::detail
