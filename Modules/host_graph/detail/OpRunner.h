#pragma once

#include "../BlockIO.h"
#include "../RenderPlan.h"
#include "RenderThread.h"

#include <rt_guard/NodeScope.h>
#include <rt_guard/TickClock.h>

#include <algorithm>
#include <cstring>

namespace host::detail
{

/** What is the same for all ops of a block. Written before the block by the audio thread, then only read. */
struct BlockContext
{
    const RenderPlan* plan = nullptr;
    std::uint8_t* isSilent = nullptr; ///< the workspace's, by op
    int numSamples = 0;
    TransportPosition transport;
    std::uint64_t number = 0; ///< of the block

    bool isPlain = false;     ///< no node's output is looked at, and none hangs in an earlier block
    bool isMeasuring = false; ///< every node's time is taken, not one in measuredBlocks
    bool isMetering = false;  ///< levels are taken
    bool isHunting = false;   ///< every node's output is looked at, for one gives NaN or infinity
    bool isReleasing = false; ///< every node is told to end its notes
    bool isRecording = false; ///< what is timed goes to the threads' lanes

    std::uint64_t timeMask = 0; ///< a node's time is taken where its index and the block's number have none of these bits
    float smoothing = 0.0f;     ///< of the loads, for a block of this length
    float peakFall = 0.0f;      ///< of the peaks over it
    float loadPerNanosecond = 0.0f; ///< what a nanosecond is of its period
    double nanosecondsPerTick = 1.0;

    rt::guard::TickClock::Moment start; ///< of the block, while there is a recording

    const NodeRuntime* const* stuck = nullptr; ///< nodes that never came back from an earlier block: not run
    int numStuck = 0;
};

/** What both renderers share: how one op of a plan is done, and the ends of a block.

    Everything here allocates nothing, takes no lock and makes no system call; what the plugins do is theirs, and the guard knows
    which node is running. Time: linear in the block.
*/
struct OpRunner
{
    /** One in this many blocks a node's time is taken, when nobody asks for more: a power of two. */
    static constexpr int measuredBlocks = 16;

    /** Audio thread, before any op: what the inputs bring. */
    static void begin (const BlockContext&, const BlockIO&) noexcept;

    /** The thread that does the op. Every op that is no input op, after its predecessors.
        @param thread  the one that calls
        @param nodes   opened by the calling function */
    static void run (const BlockContext& context, int index, RenderThread& thread, rt::guard::NodeSequence& nodes) noexcept
    {
        ProcessContext block{ nullptr, 0, context.numSamples, thread.noMidi, context.transport };

        const auto& op = context.plan->ops[std::size_t (index)];

        if (call (context, op, std::size_t (index), thread, nodes, block))
            thread.leave();
        else if (! rest (context, op, std::size_t (index)))
            runFully (context, index, thread);
    }

    /** The audio thread, alone: does all ops in their order. @param nodes  opened by the calling function */
    [[gnu::always_inline]] static void runAll (const BlockContext& context, RenderThread& thread,
                                               rt::guard::NodeSequence& nodes) noexcept
    {
        const auto* const ops = context.plan->ops.data();
        const auto numOps = context.plan->ops.size();
        ProcessContext block{ nullptr, 0, context.numSamples, thread.noMidi, context.transport };

        for (auto index = std::size_t (context.plan->numInputOps); index < numOps; ++index)
        {
            // Nodes lie all over the memory: they are asked for while others run.
            constexpr std::size_t nodesAhead = 4;
            const auto& later = ops[std::min (index + nodesAhead, numOps - 1)];
            __builtin_prefetch (&later.node->bypassed);
            __builtin_prefetch (later.processor);

            const auto& op = ops[index];

            if (! call (context, op, index, thread, nodes, block) && ! rest (context, op, index)) [[unlikely]]
                runFully (context, int (index), thread);
        }

        thread.leave();
    }

    /** Audio thread, after all ops: adds up the sinks.
        @returns whether all of them were finite; the others are left out */
    static bool finish (const BlockContext&, const BlockIO&) noexcept;

    /** Audio thread: the edges that have come to rest are marked, so that the next plan is without them. */
    static void noteSettledEdges (const RenderPlan&) noexcept;

private:
    /** Does what most ops are in most blocks: a call and no more. Leaves it to the caller to leave the thread.
        @param block  with what is the same from op to op
        @returns false when the op is not that, and nothing has been done */
    [[gnu::always_inline]] static bool call (const BlockContext& context, const RenderPlan::Op& op, std::size_t index,
                                             RenderThread& thread, rt::guard::NodeSequence& nodes,
                                             ProcessContext& block) noexcept
    {
        if (! (op.isDirect && context.isPlain && op.node->isSteadilyOn() && context.isSilent[std::size_t (op.source)] == 0))
            return false;

        for (int i = op.firstCopy; i < op.firstCopy + op.numCopies; ++i)
        {
            const auto& copy = context.plan->copies[std::size_t (i)];
            std::memcpy (copy.to, copy.from, std::size_t (context.numSamples) * sizeof (float));
        }

        context.isSilent[index] = 0;
        block.channels = op.channels;
        block.numChannels = op.numChannels;
        thread.enter (op.id);

        if (isTimeTaken (context, index)) [[unlikely]]
        {
            callTimed (context, op, block, thread);
        }
        else
        {
            nodes.enter (op.id);
            op.processor->process (block);
            nodes.leave();
        }

        if (! thread.noMidi.data.isEmpty()) [[unlikely]]
            thread.noMidi.clear();

        return true;
    }

    /** Does what there is to do for a node that has come to rest, and stays there.
        @returns false when the op is not that, and nothing has been done */
    [[gnu::always_inline]] static bool rest (const BlockContext& context, const RenderPlan::Op& op,
                                             std::size_t index) noexcept
    {
        if (! (op.isDirect && context.isPlain && op.node->isAtRest() && context.isSilent[std::size_t (op.source)] != 0))
            return false;

        for (int i = op.firstCopy; i < op.firstCopy + op.numCopies; ++i)
            std::memset (context.plan->copies[std::size_t (i)].to, 0, std::size_t (context.numSamples) * sizeof (float));

        // What lies in its channels is the silence that came in.
        context.isSilent[index] = 1;
        return true;
    }

    static bool isTimeTaken (const BlockContext& context, std::size_t index) noexcept
    {
        return ((index + context.number) & context.timeMask) == 0;
    }

    /** Any op, in any state. */
    static void runFully (const BlockContext&, int op, RenderThread&) noexcept;

    /** Calls the processor and notes how long that takes: of the node, and in the thread's lane when there is a recording. */
    static void callTimed (const BlockContext&, const RenderPlan::Op&, ProcessContext&, RenderThread&) noexcept;

    class Step;
};

} // namespace host::detail
