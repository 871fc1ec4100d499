#pragma once

#include "../Phase.h"

#include <cstdint>

namespace rt::guard::detail
{

/** What the guard knows of a thread: plain values, so that the first touch neither constructs nor allocates. */
struct ThreadState
{
    std::uint32_t realtimeDepth = 0; ///< open RealtimeScopes: all that is read off the audio thread
    std::uint32_t permitDepth = 0;   ///< open Permits
    std::uint64_t block = 0;
    std::uint32_t node = 0; ///< 0: no node, the host itself
    Phase phase = Phase::process;
    bool recording = false;      ///< the guard itself is at work: what it calls does not count
    const void* frame = nullptr; ///< the stack frame that opened the innermost scope: stacks end there
};

// Initial-exec: in an executable the linker makes it a constant offset from the thread pointer (local-exec), so that reading
// it can never call __tls_get_addr, which allocates.
[[gnu::tls_model ("initial-exec")]] extern constinit thread_local ThreadState threadState;

} // namespace rt::guard::detail
