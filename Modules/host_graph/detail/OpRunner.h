#pragma once

#include "../BlockIO.h"
#include "../RenderPlan.h"
#include "RenderThread.h"

#include <rt_guard/NodeScope.h>

namespace host::detail
{

/** What is the same for all ops of a block. Written before the block by the audio thread, then only read. */
struct BlockContext
{
    const RenderPlan* plan = nullptr;
    int numSamples = 0;
    TransportPosition transport;
    std::uint64_t number = 0; ///< of the block

    bool isPlain = false;     ///< none of what follows
    bool isMeasuring = false; ///< every node's time is taken, not one in 16
    bool isMetering = false;  ///< levels are taken
    bool isHunting = false;   ///< every node's output is looked at, for one gives NaN or infinity
    bool isReleasing = false; ///< every node is told to end its notes
    bool isRecording = false; ///< what is timed goes to the threads' lanes

    float smoothing = 0.0f;        ///< of the loads, for a block of this length
    float peakFall = 0.0f;         ///< of the peaks over it
    double blockNanoseconds = 1.0; ///< its period
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
    /** One in this many blocks a node's time is taken, when nobody asks for more. */
    static constexpr int measuredBlocks = 16;

    /** Audio thread, before any op: what the inputs bring. */
    static void begin (const BlockContext&, const BlockIO&) noexcept;

    /** The thread that does the op. Every op that is no input op, after its predecessors.
        @param thread  the one that calls */
    static void run (const BlockContext& context, int index, RenderThread& thread) noexcept
    {
        const auto& plan = *context.plan;
        const auto& op = plan.ops[std::size_t (index)];
        auto& node = *op.node;
        auto isInputSilent = node.idleAfter >= 0;

        for (int i = op.firstPlainSource; isInputSilent && i < op.firstPlainSource + op.numPlainSources; ++i)
            isInputSilent = plan.workspace->isSilent[std::size_t (plan.plainSources[std::size_t (i)])] != 0;

        if (op.numMixes != 0)
            isInputSilent = mixInputs (context, op, isInputSilent);

        // What most nodes are in most blocks: a call and no more.
        if (! (op.isPlain && context.isPlain && ! isInputSilent && node.isSimplyOn())) [[unlikely]]
            return runFully (context, index, isInputSilent, thread);

        node.silentSamples = 0;
        node.isIdle = false;
        plan.workspace->isSilent[std::size_t (index)] = 0;
        ProcessContext block{ plan.channelPointers.data() + op.firstChannel, op.numChannels, context.numSamples, thread.noMidi,
                              context.transport };

        if (isTimeTaken (context, index)) [[unlikely]]
            return runTimed (context, op, block, thread);

        thread.running.store (op.id, std::memory_order_relaxed);
        {
            const rt::guard::NodeScope scope (op.id, rt::guard::Phase::process);
            op.processor->process (block);
        }
        thread.running.store (0, std::memory_order_relaxed);

        if (! thread.noMidi.isEmpty()) [[unlikely]]
            thread.noMidi.clear();
    }

    /** Audio thread, after all ops: adds up the sinks.
        @returns whether all of them were finite; the others are left out */
    static bool finish (const BlockContext&, const BlockIO&) noexcept;

    /** Audio thread: the edges that have come to rest are marked, so that the next plan is without them. */
    static void noteSettledEdges (const RenderPlan&) noexcept;

private:
    static bool isTimeTaken (const BlockContext& context, int index) noexcept
    {
        return context.isMeasuring || (std::uint64_t (index) + context.number) % measuredBlocks == 0;
    }

    /** @returns isInputSilent, unless an edge gives something */
    static bool mixInputs (const BlockContext&, const RenderPlan::Op&, bool isInputSilent) noexcept;

    static void runFully (const BlockContext&, int op, bool isInputSilent, RenderThread&) noexcept;
    static void runTimed (const BlockContext&, const RenderPlan::Op&, ProcessContext&, RenderThread&) noexcept;

    class Step;
};

} // namespace host::detail
