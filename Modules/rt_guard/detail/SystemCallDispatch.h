#pragma once

#include "ThreadState.h"

#include <atomic>

namespace rt::guard::detail
{

extern constinit std::atomic<bool> isSystemCallNetWanted;

/** Attaches the calling thread to the net or detaches it, as wanted. One system call. */
void attachOrDetach() noexcept;

/** Before a scope opens. One load when nothing has changed. */
[[gnu::always_inline]] inline void followSystemCallNet() noexcept
{
    if (isSystemCallNetWanted.load (std::memory_order_relaxed) != threadState.isDispatched && threadState.realtimeDepth == 0)
        [[unlikely]]
        attachOrDetach();
}

} // namespace rt::guard::detail
