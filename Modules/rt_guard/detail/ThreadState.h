#pragma once

#include "../Phase.h"

#include <atomic>
#include <cstdint>

namespace rt::guard::detail
{

/** What the guard knows of a thread: plain values, so that the first touch neither constructs nor allocates. */
struct ThreadState
{
    std::uint32_t realtimeDepth = 0;      ///< open RealtimeScopes: all that is read off the audio thread
    std::uint32_t permitDepth = 0;        ///< open Permits of everything
    std::uint32_t releasePermitDepth = 0; ///< open Permits of deallocation
    std::uint32_t node = 0;               ///< 0: no node, the host itself
    std::uint64_t block = 0;
    const void* frame = nullptr; ///< the stack frame that opened the innermost scope: stacks end there
    Phase phase = Phase::process;
    bool isInCall = false;     ///< within a call that is recorded already: what that calls in turn does not count
    bool isDispatched = false; ///< the system call net is attached to this thread
    bool hasEscaped = false;   ///< the system call net is left open until the outermost scope ends

    /** Read by the kernel at each system call while isDispatched: 1 turns it into a SIGSYS. */
    std::atomic<unsigned char> selector{ 0 };

    /** After any change of the others. The kernel looks at it on this same thread, so that the compiler's order is enough. */
    [[gnu::always_inline]] void updateSelector() noexcept
    {
        const auto isNetOut = isDispatched && realtimeDepth != 0 && permitDepth == 0 && ! isInCall && ! hasEscaped;
        std::atomic_signal_fence (std::memory_order_seq_cst);
        selector.store (isNetOut ? 1 : 0, std::memory_order_relaxed);
        std::atomic_signal_fence (std::memory_order_seq_cst);
    }
};

// Initial-exec: in an executable the linker makes it a constant offset from the thread pointer (local-exec), so that reading
// it can never call __tls_get_addr, which allocates.
[[gnu::tls_model ("initial-exec")]] extern constinit thread_local ThreadState threadState;

} // namespace rt::guard::detail
