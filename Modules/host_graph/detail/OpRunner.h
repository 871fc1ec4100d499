#pragma once

#include "../BlockIO.h"
#include "../RenderPlan.h"
#include "RenderThread.h"

namespace host::detail
{

/** What is the same for all ops of a block. Written before the block by the audio thread, then only read. */
struct BlockContext
{
    const RenderPlan* plan = nullptr;
    int numSamples = 0;
    TransportPosition transport;
    std::uint64_t number = 0; ///< of the block

    bool isMeasuring = false; ///< every node's time is taken, not one in 16
    bool isMetering = false;  ///< levels are taken
    bool isHunting = false;   ///< every node's output is looked at, for one gives NaN or infinity
    bool isReleasing = false; ///< every node is told to end its notes
    bool isRecording = false; ///< what is timed goes to the threads' lanes

    float smoothing = 0.0f;        ///< of the loads, for a block of this length
    float peakFall = 0.0f;         ///< of the peaks over it
    double blockNanoseconds = 1.0; ///< its period

    const NodeRuntime* const* stuck = nullptr; ///< nodes that never came back from an earlier block: not run
    int numStuck = 0;
};

/** What both renderers share: how one op of a plan is done, and the ends of a block.

    Everything here allocates nothing, takes no lock and makes no system call; what the plugins do is theirs, and the guard knows
    which node is running. Time: linear in the block.
*/
struct OpRunner
{
    /** One in this many blocks a node's time is taken, when nobody asks for more. */
    static constexpr int measuredBlocks = 16;

    /** Audio thread, before any op: what the inputs bring. */
    static void begin (const BlockContext&, const BlockIO&) noexcept;

    /** The thread that does the op. Every op that is no input op, after its predecessors.
        @param thread  the one that calls */
    static void run (const BlockContext&, int op, RenderThread& thread) noexcept;

    /** Audio thread, after all ops: adds up the sinks.
        @returns whether all of them were finite; the others are left out */
    static bool finish (const BlockContext&, const BlockIO&) noexcept;

    /** Audio thread: the edges that have come to rest are marked, so that the next plan is without them. */
    static void noteSettledEdges (const RenderPlan&) noexcept;
};

} // namespace host::detail
