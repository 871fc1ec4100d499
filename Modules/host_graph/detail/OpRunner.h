#pragma once

#include "../BlockIO.h"
#include "../RenderPlan.h"
#include "RenderThread.h"

#include <rt_guard/NodeScope.h>

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

    bool isPlain = false;     ///< none of what follows
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
    [[gnu::always_inline]] static void run (const BlockContext& context, int index, RenderThread& thread,
                                            rt::guard::NodeSequence& nodes) noexcept
    {
        const auto& plan = *context.plan;
        const auto& op = plan.ops[std::size_t (index)];
        auto& node = *op.node;
        auto isInputSilent = node.idleAfter >= 0;

        for (int i = op.firstPlainSource; isInputSilent && i < op.firstPlainSource + op.numPlainSources; ++i)
            isInputSilent = context.isSilent[std::size_t (plan.plainSources[std::size_t (i)])] != 0;

        for (int i = op.firstCopy; i < op.firstCopy + op.numCopies; ++i)
        {
            const auto& copy = plan.copies[std::size_t (i)];

            if (context.isSilent[std::size_t (copy.op)] == 0)
                std::memcpy (copy.to, copy.from, std::size_t (context.numSamples) * sizeof (float));
            else
                std::memset (copy.to, 0, std::size_t (context.numSamples) * sizeof (float));
        }

        if (op.numMixes != 0)
            isInputSilent = mixInputs (context, op, isInputSilent);

        if (! (op.isPlain && context.isPlain && node.isSimplyOn())) [[unlikely]]
            return runFully (context, index, isInputSilent, thread);

        // What lies in the channels of a node that has come to rest is the silence that came in.
        if (isInputSilent)
        {
            if (! node.isIdle)
                return runFully (context, index, isInputSilent, thread);

            context.isSilent[std::size_t (index)] = 1;
            return;
        }

        // What most nodes are in most blocks: a call and no more.
        if (node.idleAfter >= 0)
        {
            node.silentSamples = 0;
            node.isIdle = false;
        }

        context.isSilent[std::size_t (index)] = 0;
        ProcessContext block{ plan.channelPointers.data() + op.firstChannel, op.numChannels, context.numSamples,
                              thread.noMidi, context.transport };

        thread.enter (op.id);

        if (isTimeTaken (context, index)) [[unlikely]]
        {
            callTimed (context, op, block);
        }
        else
        {
            nodes.enter (op.id);
            op.processor->process (block);
            nodes.leave();
        }

        thread.leave();

        if (! thread.noMidi.data.isEmpty()) [[unlikely]]
            thread.noMidi.clear();
    }

    /** Does all ops in their order. @param thread  the one that calls; @param nodes  opened by the calling function */
    [[gnu::always_inline]] static void runAll (const BlockContext& context, RenderThread& thread,
                                               rt::guard::NodeSequence& nodes) noexcept
    {
        const auto& ops = context.plan->ops;
        const auto numOps = int (ops.size());

        for (int op = context.plan->numInputOps; op < numOps; ++op)
        {
            // Nodes lie all over the memory: they are asked for while others run.
            constexpr int opsAhead = 10, nodesAhead = 4;
            const auto& later = ops[std::size_t (std::min (op + nodesAhead, numOps - 1))];
            __builtin_prefetch (&ops[std::size_t (std::min (op + opsAhead, numOps - 1))]);
            __builtin_prefetch (&later.node->bypassed);
            __builtin_prefetch (later.processor);

            run (context, op, thread, nodes);
        }
    }

    /** Audio thread, after all ops: adds up the sinks.
        @returns whether all of them were finite; the others are left out */
    static bool finish (const BlockContext&, const BlockIO&) noexcept;

    /** Audio thread: the edges that have come to rest are marked, so that the next plan is without them. */
    static void noteSettledEdges (const RenderPlan&) noexcept;

private:
    static bool isTimeTaken (const BlockContext& context, int index) noexcept
    {
        return ((std::uint64_t (index) + context.number) & context.timeMask) == 0;
    }

    /** @returns isInputSilent, unless an edge gives something */
    static bool mixInputs (const BlockContext&, const RenderPlan::Op&, bool isInputSilent) noexcept;

    static void runFully (const BlockContext&, int op, bool isInputSilent, RenderThread&) noexcept;

    /** @returns nanoseconds */
    static double callTimed (const BlockContext&, const RenderPlan::Op&, ProcessContext&) noexcept;

    class Step;
};

} // namespace host::detail
