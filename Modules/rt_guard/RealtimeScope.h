#pragma once

#include "detail/SystemCallDispatch.h"
#include "detail/ThreadState.h"

namespace rt::guard
{

/** Marks this thread as real-time while it lives: what might wait or allocate meanwhile is a violation. Nestable; the inner
    scope's block counts until it ends. Wait-free, a few stores. (A thread's first scope after SystemCallNet::setEnabled() makes
    a system call before it begins.) */
class RealtimeScope
{
public:
    /** @param blockNumber  the number of the audio block, as reported in Violation::firstBlock */
    [[gnu::always_inline]] explicit RealtimeScope (std::uint64_t blockNumber) noexcept
        : outerBlock (detail::threadState.block), outerFrame (detail::threadState.frame)
    {
        detail::followSystemCallNet();
        detail::threadState.block = blockNumber;
        detail::threadState.frame = __builtin_frame_address (0);
        ++detail::threadState.realtimeDepth;
        detail::threadState.updateSelector();
    }

    ~RealtimeScope()
    {
        if (--detail::threadState.realtimeDepth == 0)
            detail::threadState.hasEscaped = false;

        detail::threadState.updateSelector();
        detail::threadState.frame = outerFrame;
        detail::threadState.block = outerBlock;
    }

    RealtimeScope (const RealtimeScope&) = delete;
    RealtimeScope& operator= (const RealtimeScope&) = delete;

private:
    std::uint64_t outerBlock;
    const void* outerFrame;
};

} // namespace rt::guard
