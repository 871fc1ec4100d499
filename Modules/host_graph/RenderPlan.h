#pragma once

#include "DelayLine.h"
#include "GraphModel.h"

#include <cstdint>
#include <vector>

namespace host
{

/** What the rendering thread does in a block, compiled from a GraphModel: flat arrays in the order of execution.

    A published plan is never changed; only the contents of its buffers are, by the one thread that renders it. Plans
    reach that thread through an rt::SharedMailbox and die by way of the collector.
*/
struct RenderPlan
{
    static constexpr int none = -1;

    /** Events in one node's MIDI buffer: about 3,000 short messages a block. More are counted and dropped. */
    static constexpr int midiCapacityBytes = 32768;

    /** What an op does: a node is one op, but for feedback, whose two halves are apart. */
    enum class Kind : std::uint8_t
    {
        process,
        audioInput,
        audioOutput,
        midiInput,
        midiOutput,
        feedbackRead,
        feedbackWrite
    };

    /** An output that is summed into an input channel. */
    struct Source
    {
        int slot = none;
        int delay = none; ///< an index into audioDelays
    };

    /** A run of `sources` that make up one input channel. If the first can be used in place, no copy is made: its slot is
        the channel's own. */
    struct InputChannel
    {
        int firstSource = 0, numSources = 0;
    };

    struct MidiSource
    {
        int buffer = none;
        int delay = none; ///< an index into midiDelays
    };

    struct Op
    {
        Kind kind = Kind::process;
        NodeRuntime* node = nullptr;

        int firstChannel = 0; ///< into channelSlots and channelPointers
        int numChannels = 0;  ///< max (inputs, outputs)
        int numInputs = 0, numOutputs = 0;
        int firstInput = 0; ///< into inputChannels

        int firstBypassDelay = none; ///< into bypassDelays, min (inputs, outputs) of them; none without latency

        int midi = none; ///< into midiBuffers
        int firstMidiSource = 0, numMidiSources = 0;
    };

    PrepareInfo info;
    int latency = 0; ///< samples: the maximum over the sinks, which are aligned to it

    std::vector<Op> ops;
    std::vector<int> channelSlots;
    std::vector<InputChannel> inputChannels;
    std::vector<Source> sources;
    std::vector<MidiSource> midiSources;

    std::vector<rt::Shared<NodeRuntime>> nodes; ///< by ascending id: keeps alive what the ops point to

    /** A wire's delay, kept from plan to plan while wire and length stay the same. */
    template <typename Line>
    struct WireDelay
    {
        Wire wire;
        rt::Shared<Line> line;
    };

    std::vector<WireDelay<DelayLine>> audioDelays;
    std::vector<WireDelay<MidiDelayLine>> midiDelays;

    /** What goes past a bypassed node is as late as the node; the wire is the one from its input to its output. */
    std::vector<WireDelay<DelayLine>> bypassDelays;

    int numSlots = 0;

    /** The buffers that the ops work on. */
    struct Workspace
    {
        std::vector<float> samples;               ///< numSlots blocks, then one for delayed sources
        std::vector<float*> channelPointers;      ///< one an entry of channelSlots
        std::vector<const float*> sourcePointers; ///< one an entry of sources
        std::vector<juce::MidiBuffer> midiBuffers;
        float* delayed = nullptr;
        std::vector<float*> dry; ///< for what goes past a bypassed node: as many as any node may need
    };

    mutable Workspace workspace;
};

} // namespace host
