#pragma once

#include "AudioEdge.h"
#include "GraphModel.h"
#include "MidiEdge.h"

#include <rt_queues/CacheLine.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace host
{

/** What a block is, compiled from a GraphModel: flat arrays in the order of execution, with the wires that are still fading out.

    A published plan is never changed; only the contents of its buffers and the state of its nodes and edges are, by the threads
    that render it. Plans reach the audio thread through an rt::SharedMailbox and die by way of the collector.

    Any order of execution in which an op comes after its predecessors is valid: a buffer is only used again where that follows
    from the wires. So one plan serves the serial renderer and the parallel one.
*/
struct RenderPlan
{
    static constexpr int none = -1;

    /** Events in one node's MIDI buffer: about 3,000 short messages a block. More are counted and dropped. */
    static constexpr int midiCapacityBytes = 32768;

    /** What an op does: a node is one op, but for feedback, whose two halves are apart. Mixes of very many sources have ops of their
        own beside their node's: each accumulates a few more of them. */
    enum class Kind : std::uint8_t
    {
        process,
        audioInput,
        audioOutput,
        midiInput,
        midiOutput,
        feedbackRead,
        feedbackWrite,
        accumulate
    };

    /** An output that is summed into an input channel. */
    struct Source
    {
        int slot = none;
        int op = none;   ///< that fills the slot
        int edge = none; ///< an index into audioEdges; none: passes as it is
    };

    /** An input channel with one source, which others read as well. */
    struct Copy
    {
        float* to = nullptr;
        const float* from = nullptr;
        int op = none; ///< that fills the source
    };

    /** Any other input channel that does not simply lie where its only source has left it. */
    struct Mix
    {
        int channel = 0; ///< into channelSlots
        int firstSource = 0, numSources = 0;
        bool isInPlace = false; ///< the first source's slot is the channel's own
        bool hasEdges = false;
    };

    struct MidiSource
    {
        int buffer = none;
        int edge = none; ///< an index into midiEdges
    };

    struct alignas (rt::cacheLineBytes) Op
    {
        // What is read in every block: a cache line.
        NodeProcessor* processor = nullptr;
        NodeRuntime* node = nullptr;
        float* const* channels = nullptr; ///< in channelPointers, from firstChannel on
        NodeId id = 0;
        Kind kind = Kind::process;
        bool isPlugin = false; ///< not one of our own nodes: may do anything
        bool isDirect = false; ///< an audio processor without MIDI and latency, whose inputs are those of one op, as they are

        int numChannels = 0;                           ///< max (inputs, outputs)
        int source = none;                             ///< the op whose outputs a direct op's inputs are
        int firstCopy = 0, numCopies = 0;
        int firstPlainSource = 0, numPlainSources = 0; ///< into plainSources: ops of which a wire without an edge comes
        int firstMix = 0, numMixes = 0;

        // The rest.
        int firstChannel = 0; ///< into channelSlots and channelPointers
        int numInputs = 0, numOutputs = 0;
        int firstBypassDelay = none; ///< into bypassDelays, min (inputs, outputs) of them; none without latency

        int midi = none; ///< into midiBuffers
        int firstMidiSource = 0, numMidiSources = 0;

        int arrival = 0; ///< samples by which its inputs are late

        int firstSuccessor = 0, numSuccessors = 0; ///< into successors
        int numPredecessors = 0;                   ///< the input ops do not count: they are done before all others
    };

    /** A wire as it is rendered, with the nodes themselves: one id may belong to a node that goes and one that comes. */
    struct PlanWire
    {
        NodeRuntime *from = nullptr, *to = nullptr;
        int fromChannel = 0, toChannel = 0; ///< PortRef::midi for MIDI
        int edge = none;                    ///< an index into audioEdges or midiEdges
        int delay = 0;                      ///< samples
        bool isPresent = true;              ///< false: it is in the model no more, and fades out
        bool isCompensated = true;

        bool isMidi() const noexcept { return fromChannel == PortRef::midi; }
    };

    template <typename Edge>
    struct EdgeUse
    {
        rt::Shared<Edge> edge;
        typename Edge::Wish wish;
        std::uint64_t since = 0; ///< the number of the plan in which this was wished for first
    };

    PrepareInfo info;
    std::uint64_t number = 1; ///< of this plan: one more than that of the plan before
    int latency = 0;          ///< samples: the maximum over the sinks, which are aligned to it

    std::vector<Op> ops;
    int numInputOps = 0;           ///< the first ops: the graph's own inputs
    std::vector<int> sinks;        ///< ops of the graph's own outputs, by ascending id
    std::vector<int> initialOps;   ///< ops without predecessors, but for the input ops
    std::vector<int> channelSlots; ///< by channel of an op
    std::vector<Copy> copies;
    std::vector<Mix> mixes;
    std::vector<Source> sources;
    std::vector<MidiSource> midiSources;
    std::vector<int> plainSources, successors;

    std::vector<rt::Shared<NodeRuntime>> nodes; ///< by ascending id: keeps alive what the ops point to
    std::vector<int> opOfNode;                  ///< by node; of a feedback node the writing half
    std::vector<PlanWire> wires;                ///< by destination, then source
    std::vector<EdgeUse<AudioEdge>> audioEdges;
    std::vector<EdgeUse<MidiEdge>> midiEdges;

    /** What goes past a bypassed node is as late as the node. */
    std::vector<EdgeUse<AudioEdge>> bypassDelays;

    /** The most ops that might run at once, about; and whether some are plugins. */
    int width = 0;
    bool hasPlugins = false;

    /** Ops of nodes that the plan before did not have: they are warmed up. */
    std::vector<int> newOps;

    /** Edges under way, as indices into audioEdges and midiEdges. */
    std::vector<int> fadingAudio, fadingMidi;

    /** Whether there was sound before this plan, from which a later one has to fade. */
    bool followsRendered = false;

    /** Whether wires had to be left out, because together with some that fade out they would make a cycle. They come with the
        next plan, once this one has settled. */
    bool isDeferring = false;

    int numSlots = 0;

    /** The buffers that the ops work on: carried from plan to plan, as nothing in them outlives a block. */
    struct Workspace
    {
        std::size_t stride = 0;     ///< samples from slot to slot
        std::vector<float> samples; ///< slots, from firstSlot on
        float* firstSlot = nullptr; ///< on a cache line
        std::vector<juce::MidiBuffer> midiBuffers;
        std::vector<std::uint8_t> isSilent;        ///< by op: its outputs are known to be all zero in this block
        std::vector<std::atomic<int>> unmetInputs; ///< by op, for the parallel renderer
    };

    rt::Shared<Workspace> workspace;
    std::vector<float*> channelPointers; ///< one an entry of channelSlots
    std::vector<float*> sourcePointers;  ///< one an entry of sources

    /** @name Written by the audio thread, read by any */
    /**@{*/
    mutable std::atomic<bool> isTaken{ false };    ///< it is or was the running one
    mutable std::atomic<bool> isRendered{ false }; ///< for one block at least
    mutable std::atomic<bool> isSettled{ false };  ///< nothing fades in it
    /**@}*/

    /** The op of a node, of a feedback node the writing half; null if the node is not in the plan. O(log n). */
    const Op* findOp (const NodeRuntime*) const noexcept;

    /** Bytes of this plan, its buffers and its delays, without the nodes. */
    std::size_t getMemoryBytes() const noexcept;
};

} // namespace host
