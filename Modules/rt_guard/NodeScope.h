#pragma once

#include "detail/ThreadState.h"

namespace rt::guard
{

/** Says which node runs on this thread, and what it does, while it lives; the outer one is restored. It arms nothing: that
    is RealtimeScope's. Wait-free, a few stores. */
class NodeScope
{
public:
    /** @param nodeId  never 0, which is the host itself */
    [[gnu::always_inline]] NodeScope (std::uint32_t nodeId, Phase phaseOfNode) noexcept
        : outerFrame (detail::threadState.frame), outerNode (detail::threadState.node),
          outerPhase (detail::threadState.phase)
    {
        detail::threadState.frame = __builtin_frame_address (0);
        detail::threadState.node = nodeId;
        detail::threadState.phase = phaseOfNode;
    }

    ~NodeScope()
    {
        detail::threadState.phase = outerPhase;
        detail::threadState.node = outerNode;
        detail::threadState.frame = outerFrame;
    }

    NodeScope (const NodeScope&) = delete;
    NodeScope& operator= (const NodeScope&) = delete;

private:
    const void* outerFrame;
    std::uint32_t outerNode;
    Phase outerPhase;
};

/** NodeScopes for many nodes, one after the other in one function, at two stores each: what is around them is put back at the end of
    all. All of them process. Wait-free. */
class NodeSequence
{
public:
    [[gnu::always_inline]] NodeSequence() noexcept
        : outerFrame (detail::threadState.frame), outerNode (detail::threadState.node), outerPhase (detail::threadState.phase)
    {
        detail::threadState.frame = __builtin_frame_address (0);
        detail::threadState.node = 0;
        detail::threadState.phase = Phase::process;
    }

    ~NodeSequence()
    {
        detail::threadState.phase = outerPhase;
        detail::threadState.node = outerNode;
        detail::threadState.frame = outerFrame;
    }

    NodeSequence (const NodeSequence&) = delete;
    NodeSequence& operator= (const NodeSequence&) = delete;

    /** @param nodeId  never 0, which is the host itself */
    [[gnu::always_inline]] void enter (std::uint32_t nodeId) noexcept { detail::threadState.node = nodeId; }
    [[gnu::always_inline]] void leave() noexcept { detail::threadState.node = 0; }

private:
    const void* outerFrame;
    std::uint32_t outerNode;
    Phase outerPhase;
};

/** The node that runs on this thread now; 0: none. For crash reports too: wait-free, async-signal-safe. */
inline std::uint32_t getNodeOfThisThread() noexcept { return detail::threadState.node; }

} // namespace rt::guard
