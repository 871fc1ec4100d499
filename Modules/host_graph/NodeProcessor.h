#pragma once

#include <juce_audio_basics/juce_audio_basics.h>
#include <rt_guard/Nonblocking.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace host
{

/** A node's number in the session file: unique in a graph, and never 0. */
using NodeId = std::uint32_t;

/** How many channels and which events go in and out of a node. Channels are counted from 0 over all buses. */
struct NodePorts
{
    int audioInputs = 0;
    int audioOutputs = 0;
    bool midiInput = false;
    bool midiOutput = false;

    bool operator== (const NodePorts&) const = default;
};

/** A parameter as the session file and the command line name it. Plugins' values are normalised, 0 to 1; built-in nodes
    use plain units. */
struct ParameterInfo
{
    juce::String id;    ///< the format's own id
    juce::String name;  ///< unique within its node: a second "Gain" is "Gain#2"
    juce::String label; ///< the unit, such as "dB"; may be empty
    float defaultValue = 0.0f;
    float minimum = 0.0f;
    float maximum = 1.0f;
    int steps = 0; ///< 0 is continuous
    bool isAutomatable = true;
    bool isBypass = false; ///< of the plugin itself: it passes its input on
};

/** A number as a person reads it, with its unit: as many decimals as tell something, and none in steps of one. */
juce::String toParameterText (float value, const juce::String& unit, bool isWhole);

/** Makes names unique as the contract says: in order, duplicates become "Name#2", "Name#3". */
void makeParameterNamesUnique (std::vector<ParameterInfo>& parameters);

/** Where the music is at the first sample of a block. */
struct TransportPosition
{
    std::int64_t samples = 0;  ///< since the transport's start
    double quarterNotes = 0.0; ///< since the transport's start
    double tempo = 120.0;      ///< quarter notes a minute
    bool playing = false;
};

/** What a node is prepared for. */
struct PrepareInfo
{
    double sampleRate = 48000.0; ///< Hz, 8000 to 384000
    int maxBlockSize = 512;      ///< samples, 1 to 16384; blocks may be shorter, never longer
    bool offline = false;        ///< rendering to a file: quality may be bought with time

    bool operator== (const PrepareInfo&) const = default;
};

/** One block of a node's work, in place: on entry the channels hold the node's inputs and `midi` its events; on return
    they hold its outputs. Channels beyond the inputs hold silence on entry. */
struct ProcessContext
{
    float* const* channels = nullptr; ///< max (audioInputs, audioOutputs) of them
    int numChannels = 0;
    const int numSamples = 0;
    juce::MidiBuffer& midi;
    const TransportPosition& transport;
};

/** What a node does: a plugin, or one of the built-in nodes.

    Thread contract: construct, prepare, release and destroy on the message thread, and never while the node is in a
    published plan. process() and setParameter() belong to the thread that renders.
*/
class NodeProcessor
{
public:
    virtual ~NodeProcessor() = default;

    /** The name shown and reported: a plugin's own, or the node type's. */
    virtual juce::String getName() const = 0;

    virtual NodePorts getPorts() const = 0;

    /** Message thread. Called again whenever rate or block size change. Throws host::Error when it cannot. */
    virtual void prepare (const PrepareInfo&) = 0;

    /** Message thread. Undoes prepare(). */
    virtual void release() {}

    /** Rendering thread: no allocation, lock or system call in our own nodes. */
    virtual void process (ProcessContext&) noexcept RT_NONBLOCKING = 0;

    /** Message thread, not in a published plan: forgets everything that sounds (delay lines, voices). */
    virtual void reset() {}

    /** Samples by which the outputs are late. Any thread. */
    virtual int getLatencySamples() const { return 0; }

    /** Seconds for which sound goes on after the input ends; nullopt is infinite or unknown. Message thread. */
    virtual std::optional<double> getTailSeconds() const { return 0.0; }

    /** Whether it is somebody else's code, which may do anything: hang, allocate, crash. */
    virtual bool isPlugin() const { return false; }

    /** The fewest samples of a piece into which a block is cut at parameter changes, for this processor has no other way to
        change a parameter in mid-block. */
    virtual int getShortestPiece() const { return 1; }

    /** Fixed for the node's life. Message thread. */
    virtual const std::vector<ParameterInfo>& getParameters() const;

    /** Rendering thread, between blocks. The index is one into getParameters(); the value is clamped to its range. */
    virtual void setParameter (int /*index*/, float /*value*/) noexcept {}

    /** Any thread: the last value set, or the plugin's own. */
    virtual float getParameter (int /*index*/) const { return 0.0f; }

    /** A value of a parameter as a person reads it, with its unit: "-6.0 dB". Message thread. */
    virtual juce::String getParameterText (int index, float value) const;
};

} // namespace host
