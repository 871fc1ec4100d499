#pragma once

#include "BlockIO.h"
#include "FlightRecorder.h"
#include "RenderPlan.h"
#include "detail/OpRunner.h"

#include <rt_guard/Nonblocking.h>

namespace host
{

/** What both renderers have in common: what they are asked for, and what they remember from block to block. */
class Renderer
{
public:
    /** Samples of silence that a node processes before it goes live. */
    static constexpr int warmUpSamples = 512;

    /** Samples that a change of bypass, or of a wire, takes to fade. */
    static constexpr int fadeSamples = Fade::samples;

    /** Runs every node that is new once, in silence, on this thread: what a plugin does at its first block (thread-local
        storage, lazy tables) is done outside the music and the guard. Must come before render() of a plan with new nodes. Time:
        linear in the new nodes alone.
        @param numSamples  fewer where the nodes have been warmed up on another thread already; 0 leaves them to whom will run them */
    void warmUp (const RenderPlan&, int numSamples = warmUpSamples) noexcept;

    /** The same for one node that is in no plan yet, on any thread.
        @param channels  as many as it has, with room for maxBlockSize or numSamples samples, whichever is less */
    static void warmUpNode (NodeRuntime&, float* const* channels, int maxBlockSize, int numSamples = warmUpSamples) noexcept;

    /** Whether warmUp() has passed over nodes because they are bypassed: call it again before each render(), for they run as
        soon as they are not. */
    bool hasColdNodes() const noexcept { return isSomeNodeCold; }

    /** Whether each node's time is taken in every block: two clock reads a node. Else it is in one block of 16. Any thread. */
    void setMeasuring (bool shouldMeasure) noexcept { measuring.store (shouldMeasure, std::memory_order_relaxed); }

    /** Whether each node's peaks and MIDI events are taken, for somebody who looks. Any thread. */
    void setMetering (bool shouldMeter) noexcept { metering.store (shouldMeter, std::memory_order_relaxed); }

    /** Where node times are recorded, those that are taken. Before rendering begins; it must live as long as that. */
    void setRecorder (FlightRecorder&) noexcept;

    /** The node that runs on the audio thread now or ran last in this block, for a watchdog or a crash report; 0 is none. Any thread. */
    NodeId getRunningNode() const noexcept { return audioThread.running.load (std::memory_order_relaxed); }

    /** The number that the next render() counts as, in the flight recorder and for the guard, where the caller leaves out blocks or cuts
        them up; else they are counted from 0. Rendering thread. */
    void setBlockNumber (std::uint64_t number) noexcept { numBlocks = number; }

    /** In the next render() every node is told to end what it plays. Rendering thread. */
    void releaseAllNotes() noexcept { releasing = true; }

protected:
    /** After NaN or infinity at a sink every node is watched for so many blocks. */
    static constexpr int blocksOfHunting = 64;

    Renderer();

    detail::BlockContext beginBlock (const RenderPlan&, const BlockIO&) noexcept;
    void endBlock (const detail::BlockContext&, const BlockIO&) noexcept;

    FlightRecorder* getRecorder() const noexcept { return recorder; }

    detail::RenderThread audioThread;

private:
    std::atomic<bool> measuring{ false }, metering{ false };
    bool releasing = false, isSomeNodeCold = false;
    int huntingLeft = 0;
    FlightRecorder* recorder = nullptr;
    std::uint64_t numBlocks = 0;
    double nanosecondsPerTick = 1.0;
};

} // namespace host
