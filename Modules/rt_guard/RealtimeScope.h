#pragma once

#include "detail/ThreadState.h"

namespace rt::guard
{

/** Marks this thread as real-time while it lives: allocations made meanwhile are violations. Nestable; the inner scope's
    block counts until it ends. Wait-free, a few stores. */
class RealtimeScope
{
public:
    /** @param blockNumber  the number of the audio block, as reported in Violation::firstBlock */
    [[gnu::always_inline]] explicit RealtimeScope (std::uint64_t blockNumber) noexcept
        : outerBlock (detail::threadState.block), outerFrame (detail::threadState.frame)
    {
        detail::threadState.block = blockNumber;
        detail::threadState.frame = __builtin_frame_address (0);
        ++detail::threadState.realtimeDepth;
    }

    ~RealtimeScope()
    {
        --detail::threadState.realtimeDepth;
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
