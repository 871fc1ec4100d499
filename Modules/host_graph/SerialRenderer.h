#pragma once

#include "RenderPlan.h"

#include <rt_guard/Nonblocking.h>

namespace host
{

/** What a block takes from outside and gives back. Missing channels read as silence and are not written. */
struct BlockIO
{
    const float* const* inputs = nullptr;
    int numInputs = 0;
    float* const* outputs = nullptr; ///< overwritten: the sum of the audioOutput nodes
    int numOutputs = 0;
    int numSamples = 0; ///< 0 to the plan's maxBlockSize

    const juce::MidiBuffer& midiInput;
    juce::MidiBuffer& midiOutput; ///< cleared, then filled within RenderPlan::midiCapacityBytes, which the caller reserves
    TransportPosition transport;
};

/** Runs a plan on the calling thread, op by op: the reference for every other way of running it.

    render() allocates nothing, takes no lock and makes no system call; what the plugins in the plan do is theirs, and the
    guard knows which node is running. Time: linear in the plan. One thread at a time renders a plan.
*/
class SerialRenderer
{
public:
    /** Samples of silence that a node processes before it goes live. */
    static constexpr int warmUpSamples = 512;

    /** Runs every node that is new once, in silence, on this thread: what a plugin does at its first block (thread-local
        storage, lazy tables) is done outside the music and the guard. Must come before render() of a plan with new nodes. */
    void warmUp (const RenderPlan&) noexcept;

    /** Whether warmUp() has passed over nodes because they are bypassed: call it again before each render(), for they run as
        soon as they are not. */
    bool hasColdNodes() const noexcept { return isSomeNodeCold; }

    void render (const RenderPlan&, const BlockIO&) noexcept RT_NONBLOCKING;

    /** Whether each node's time is taken: two clock reads a node. Any thread. */
    void setMeasuring (bool shouldMeasure) noexcept { measuring.store (shouldMeasure, std::memory_order_relaxed); }

    /** Whether each node's peaks and MIDI events are taken, for somebody who looks. Any thread. */
    void setMetering (bool shouldMeter) noexcept { metering.store (shouldMeter, std::memory_order_relaxed); }

    /** In the next render() every node is told to end what it plays. Rendering thread. */
    void releaseAllNotes() noexcept { releasing = true; }

    /** Samples that a change of bypass takes to fade. */
    static constexpr int fadeSamples = 256;

    /** The node that is running now, for a watchdog or a crash report; 0 is none. Any thread. */
    NodeId getRunningNode() const noexcept { return runningNode.load (std::memory_order_relaxed); }

private:
    void gatherAudio (const RenderPlan&, const RenderPlan::Op&, int numSamples) noexcept;
    void gatherMidi (const RenderPlan&, const RenderPlan::Op&, const BlockIO&) noexcept;
    void process (const RenderPlan&, const RenderPlan::Op&, const BlockIO&) noexcept;
    void processNode (const RenderPlan&, const RenderPlan::Op&, const BlockIO&) noexcept;
    void run (const RenderPlan::Op&, ProcessContext&) noexcept;
    void meter (const RenderPlan&, const RenderPlan::Op&, int numSamples) noexcept;

    std::atomic<bool> measuring{ false }, metering{ false };
    bool releasing = false, isSomeNodeCold = false;
    float smoothing = 0.0f;        ///< of the loads, for a block of the present length
    float peakFall = 0.0f;         ///< of the peaks over it
    double blockNanoseconds = 1.0; ///< its period
    std::atomic<NodeId> runningNode{ 0 };
};

} // namespace host
