#pragma once

#include "NodeProcessor.h"
#include "NoteTracker.h"
#include "TimeHistogram.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>

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

/** The part of a node that lives on while plans come and go: the processor and what is measured of it.

    Held by `rt::Shared` from the model and from every plan that runs it, and destroyed by the collector on the message
    thread, as plugin formats demand.
*/
class NodeRuntime
{
public:
    NodeRuntime (NodeId idToUse, NodeRole roleToUse, std::string nameToUse, std::unique_ptr<NodeProcessor> processorToUse)
        : id (idToUse), role (roleToUse), name (std::move (nameToUse)), processor (std::move (processorToUse)),
          ports (processor->getPorts())
    {
    }

    const NodeId id;
    const NodeRole role;
    const std::string name;
    const std::unique_ptr<NodeProcessor> processor;
    const NodePorts ports;

    /** @name Written by the rendering thread, read by any */
    /**@{*/
    TimeHistogram time;                            ///< of process(), when measuring is on
    std::atomic<std::uint64_t> mutedBlocks{ 0 };   ///< blocks whose output held NaN or infinity
    std::atomic<std::uint64_t> droppedEvents{ 0 }; ///< MIDI events that found a full buffer
    std::atomic<float> load{ 0.0f };               ///< share of the block's period, smoothed, when measuring is on
    std::array<std::atomic<float>, 2> peaks{};     ///< linear, of the first two outputs (of an audioOutput: inputs), falling
                                                   ///< 20 dB in 0.7 s, when metering is on
    std::atomic<std::uint32_t> midiEvents{ 0 };    ///< blocks with MIDI that went in or came out, when metering is on; wraps
    /**@}*/

    /** Written by the message thread, followed by the rendering thread with a fade: the inputs go past the processor to the
        outputs of the same number, as late as the processor would make them, and it does not run. */
    std::atomic<bool> bypassed{ false };

    /** @name For one thread at a time: message thread before publishing, then the rendering thread */
    /**@{*/
    PrepareInfo preparedFor{ 0.0, 0, false };
    bool isWarm = false;   ///< has processed a block on the thread that runs it
    float wetGain = -1.0f; ///< 0 is bypassed, 1 is not; below 0: take the wish without a fade
    NoteTracker notes;     ///< that the processor was told to play
    /**@}*/
};

} // namespace host
