#pragma once

#include "Fade.h"
#include "NodeProcessor.h"
#include "NoteTracker.h"
#include "TimeHistogram.h"

#include <rt_queues/CacheLine.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace host
{

/** What a node is to the graph: the graph's own ends, the one-block feedback, or something that processes. */
enum class NodeRole
{
    processor,
    audioInput,
    audioOutput,
    midiInput,
    midiOutput,
    feedback
};

/** A parameter's change at a sample of the block. */
struct ParameterEvent
{
    int sample = 0;
    int index = 0;
    float value = 0.0f;
    const ParameterEvent* next = nullptr; ///< the node's next one in this block: not earlier
};

/** The part of a node that lives on while plans come and go: the processor and what is measured of it.

    Held by `rt::Shared` from the model and from every plan that runs it, and destroyed by the collector on the message
    thread, as plugin formats demand.
*/
class NodeRuntime
{
public:
    NodeRuntime (NodeId idToUse, NodeRole roleToUse, std::string nameToUse, std::unique_ptr<NodeProcessor> processorToUse)
        : id (idToUse), role (roleToUse), name (std::move (nameToUse)), processor (std::move (processorToUse)),
          ports (processor->getPorts()), dry (std::size_t (getNumDryChannels()) * Fade::samples)
    {
    }

    /** Prepares the processor, unless it is prepared for that. Message thread, never while the node is in a published plan. Throws
        what the processor throws; then the node is prepared for nothing. */
    void prepare (const PrepareInfo&);

    /** Channels that go past the processor where it is bypassed: inputs to the outputs of the same number. */
    int getNumDryChannels() const noexcept
    {
        return role == NodeRole::processor ? std::min (ports.audioInputs, ports.audioOutputs) : 0;
    }

    /** @name Whoever renders the node */
    /**@{*/
    /** Whether a block with sound in it is a call of the processor and no more. */
    bool isSteadilyOn() const noexcept
    {
        return isSteady && ! bypassed.load (std::memory_order_relaxed) && firstEvent == nullptr;
    }

    /** Whether a silent block is nothing to do. */
    bool isAtRest() const noexcept
    {
        return isIdle && ! bypassed.load (std::memory_order_relaxed) && firstEvent == nullptr;
    }
    /**@}*/

    /** Written by the message thread, followed by the rendering thread with a fade: the inputs go past the processor to the
        outputs of the same number, as late as the processor would make them, and it does not run. */
    alignas (rt::cacheLineBytes) std::atomic<bool> bypassed{ false };

    /** @name For one thread at a time: message thread before publishing, then whichever thread renders the node. What is read in
        every block lies together. */
    /**@{*/
    bool isWarm = false;       ///< has processed a block on the thread that runs it
    bool isWetKnown = false;   ///< false: take the wish for bypass without a fade
    bool isIdle = false;       ///< not run, for its input is silent and its sound has ended
    bool isSteady = false;     ///< fully on, without a fade, and its silence is not being counted
    Fade wet{ Fade::samples }; ///< full: not bypassed
    const ParameterEvent* firstEvent = nullptr; ///< of this block
    ParameterEvent* lastEvent = nullptr;        ///< of this block, where there is a first one
    std::int64_t idleAfter = -1;    ///< samples of silence in and out until the node need not run; -1: it always must
    std::int64_t silentSamples = 0; ///< in and out, up to now
    /**@}*/

    const NodeId id;
    const NodeRole role;
    const std::string name;
    const std::unique_ptr<NodeProcessor> processor;
    const NodePorts ports;

    /** @name As above */
    /**@{*/
    NoteTracker notes;      ///< that the processor was told to play
    std::vector<float> dry; ///< Fade::samples for each dry channel
    juce::MidiBuffer pieceMidi, midiOfPieces; ///< for a block that is cut at parameter changes
    PrepareInfo preparedFor{ 0.0, 0, false };
    /**@}*/

    /** @name Written by the rendering thread, read by any */
    /**@{*/
    std::atomic<std::uint64_t> mutedBlocks{ 0 };   ///< blocks whose output held NaN or infinity
    std::atomic<std::uint64_t> droppedEvents{ 0 }; ///< MIDI events that found a full buffer
    std::atomic<float> load{ 0.0f };               ///< share of the block's period, smoothed
    std::array<std::atomic<float>, 2> peaks{};     ///< linear, of the first two outputs (of an audioOutput: inputs), falling
                                                   ///< 20 dB in 0.7 s, when metering is on
    std::atomic<std::uint32_t> midiEvents{ 0 };    ///< blocks with MIDI that went in or came out, when metering is on; wraps
    TimeHistogram time;                            ///< of process(): in one block of 16, or in every one when measuring is on
    /**@}*/
};

} // namespace host
