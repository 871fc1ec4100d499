#pragma once

#include <host_graph/host_graph.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace graphtest
{

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

} // namespace graphtest
