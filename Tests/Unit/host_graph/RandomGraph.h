#pragma once

#include <host_graph/host_graph.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace graphtest
{

/** The same numbers with every library. */
class Random
{
public:
    explicit Random (std::uint32_t seed) : engine (seed) {}

    int below (int end) { return int (engine() % std::uint32_t (end)); }
    int between (int first, int last) { return first + below (last - first + 1); }
    bool oneIn (int n) { return below (n) == 0; }
    float between (float low, float high) { return low + (high - low) * (float (engine() >> 8) / 16777216.0f); }

    template <typename T>
    const T& oneOf (const std::vector<T>& values)
    {
        return values[std::size_t (below (int (values.size())))];
    }

private:
    std::mt19937 engine;
};

/** All there is to know about a node: from one of these any number of like nodes can be made. */
struct NodeSpec
{
    enum class Kind
    {
        gain,    ///< passes its inputs, multiplied
        mix,     ///< all inputs in every output; the last of three or more is a side chain that ducks
        onePole, ///< a low-pass
        counter, ///< adds a ramp
        noise,   ///< adds a xorshift generator's output
        sine,    ///< adds a sine that has its phase
        synth    ///< adds a sine whose amplitude is set by notes, at their sample
    };

    host::NodeId id = 0;
    int instance = 0; ///< tells apart nodes that have one id after each other
    host::NodeRole role = host::NodeRole::processor;
    host::NodePorts ports;
    Kind kind = Kind::gain;
    float gain = 1.0f;        ///< of what comes in
    float amplitude = 0.5f;   ///< of what is added
    double frequency = 100.0; ///< Hz
    int latency = 0;          ///< reported at first; its signal's delay for good
    int transpose = 0;        ///< of the notes that go through
    int period = 100;         ///< samples, of the notes that it plays if it has an output for them and no input
    bool bypassed = false;
    bool mayBeBypassed = false; ///< or else its latency may change
    bool isFixed = false;       ///< no edit touches it
    double position = 0.0;      ///< wires go to higher positions, or into or out of a feedback node

    std::string toString() const;
};

/** What a processor of a random graph does: depends on every sample that it was ever given and on no block's length. */
class TestNode : public host::NodeProcessor
{
public:
    explicit TestNode (const NodeSpec&);

    juce::String getName() const override { return "Test"; }
    host::NodePorts getPorts() const override { return spec.ports; }
    void prepare (const host::PrepareInfo&) override;
    void process (host::ProcessContext& context) noexcept override { makeBlock (context); }
    int getLatencySamples() const override { return latency; }

    /** What it reports. Its signal's delay stays as it is. */
    void setLatency (int samples) { latency = samples; }

private:
    struct Waiting
    {
        std::int64_t due;
        juce::uint8 bytes[3];
    };

    void makeBlock (host::ProcessContext&);
    void handle (const juce::MidiMessageMetadata&);
    void play();
    void send (int status, int data1, int data2);
    float makeOutput (int channel, const float* inputs);

    const NodeSpec spec;
    int latency;
    double sampleRate = 48000.0;
    std::int64_t now = 0;
    float filters[4]{}, level = 0.0f;
    std::uint32_t noise;
    double phase = 0.0;
    std::vector<std::vector<float>> delays; // rings, by output
    std::deque<Waiting> waiting;
};

struct Action
{
    enum class Kind
    {
        add,
        remove,
        restore, ///< the node that was taken out last under this id comes back as it is
        connect,
        disconnect,
        bypass,
        latency
    };

    Kind kind = Kind::add;
    host::NodeId node = 0; ///< not of wires
    NodeSpec spec;         ///< of add
    host::Wire wire;       ///< of connect and disconnect
    int value = 0;         ///< of bypass and latency

    std::string toString() const;
};

struct Edit
{
    int sample = 0;
    std::vector<Action> actions;
};

struct TimedEvent
{
    int sample = 0;
    std::vector<juce::uint8> bytes;

    bool operator== (const TimedEvent&) const = default;
};

/** A graph, what comes into it, and what is done to it while it plays. A value: the same one is played by any renderer. */
struct Scenario
{
    std::uint32_t seed = 0;
    host::PrepareInfo info;
    std::vector<NodeSpec> nodes;
    std::vector<host::Wire> wires;
    std::vector<Edit> edits;
    std::vector<TimedEvent> midi;
    std::vector<int> blocks; ///< lengths; a block begins at every edit
    int numInputs = 0, numOutputs = 0;
    bool hasUncompensated = false; ///< some wires are there for low-latency monitoring

    int countSamples() const;

    /** A wire is one or the other as often as it comes. */
    bool isCompensated (const host::Wire&) const;

    /** Noise. */
    float getInput (int channel, int sample) const;

    std::string toString() const;
};

struct Limits
{
    int maxNodes = 200;
    int minSamples = 300, maxSamples = 2000;
    int maxEdits = 0;
    int maxLatency = 120;   ///< of a node
    bool hasWideMixes = false; ///< inputs with dozens of sources, which are summed up step by step
    bool onlySines = false; ///< sines through gains of at most 1 and delays, no MIDI, no loops, sinks that stay
    bool hasFixedPart =
        false; ///< beside the rest: nodes with an outlet of their own, outlets last, that no edit touches and
               ///< whose path is the latest of all, so that no edit moves it
};

/** The same for the same seed and limits. */
Scenario makeScenario (std::uint32_t seed, const Limits&);

/** Cut into blocks of other lengths: 0 is random. */
void setBlocks (Scenario&, int numSamples, int blockLength, std::uint32_t seed);

/** One life of a scenario's graph: nodes of its own, and the model as edits change it. What an edit cannot do (for a smaller
    scenario has lost the node) it leaves out. */
class GraphInstance
{
public:
    /** @param scenarioToPlay  stays where it is */
    GraphInstance (const Scenario& scenarioToPlay, rt::Collector&);

    /** @returns whether the model has changed, or a latency in it */
    bool apply (const Edit&);

    const host::GraphModel& getModel() const { return model; }

private:
    void add (const NodeSpec&);
    bool apply (const Action&);

    void connect (const host::Wire&);

    const Scenario& scenario;
    rt::Collector& collector;
    host::GraphModel model;
    std::map<host::NodeId, host::GraphModel::Node> removed;
};

/** Follows a scenario's edits without playing it: what there is, and which wires fade. */
class ScenarioState
{
public:
    struct WireKey
    {
        int source = 0, channel = 0, destination = 0, input = 0; // nodes by instance

        auto operator<=> (const WireKey&) const = default;
    };

    /** @param scenarioToFollow  stays where it is */
    explicit ScenarioState (const Scenario& scenarioToFollow);

    /** Whether the nodes and wires are there for it, as GraphInstance looks at it. */
    bool isPossible (const Action&) const;

    /** Whether the definition tells what becomes of it: no cycle among what sounds, nothing that comes back after it went but
        before it is gone, no MIDI past a bypassed node. */
    bool isDefined (const Action&, int sample) const;

    void apply (const Action&);

    /** All of an edit's actions have been applied. */
    void commit (int sample);

    /** Events multiply where paths split and join: the most paths that lead from where events are made to one node. */
    int countMidiPaths() const;

    /** By which the wires of the present model are delayed. */
    std::map<WireKey, int> findDelays() const;

    WireKey keyOf (const host::Wire&) const;

    std::map<host::NodeId, NodeSpec> nodes;
    std::set<host::Wire> wires;
    std::map<int, NodeSpec> instances; ///< all that ever were

private:
    struct Fade
    {
        int position = 0, direction = 0, since = 0;
        bool isPresent = false;
        int endedAt = 0; ///< when it is not present

        int positionAt (int sample) const { return std::clamp (position + direction * (sample - since), 0, 256); }
    };

    bool mayComeBack (const host::Wire&, int sample) const;

    const Scenario& scenario;
    std::map<WireKey, Fade> fades;
    std::map<host::NodeId, NodeSpec> removed;
    int drain = 0; ///< no wire is delayed by more
    bool isFirst = true;
};

/** Whether the definition tells what a scenario sounds like (see ScenarioState::isDefined). */
bool isDefined (const Scenario&);

} // namespace graphtest
