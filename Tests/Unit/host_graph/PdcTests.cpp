#include "GraphPlayer.h"

using namespace graphtest;

namespace
{
/** Delays all that comes in by its latency, sums it into each output, and notes when something comes in. */
class ProbeNode : public host::NodeProcessor
{
public:
    ProbeNode (host::NodePorts portsToUse, int latencyToUse) : ports (portsToUse) { setLatency (latencyToUse); }

    juce::String getName() const override { return "Probe"; }
    host::NodePorts getPorts() const override { return ports; }
    void prepare (const host::PrepareInfo&) override {}
    int getLatencySamples() const override { return latency; }

    void setLatency (int samples)
    {
        latency = samples;
        sums.assign (std::size_t (now) + std::size_t (samples), 0.0f);
        events.assign (std::size_t (now) + std::size_t (samples), 0);
    }

    void process (host::ProcessContext& context) noexcept override
    {
        for (int i = 0; i < context.numSamples; ++i, ++now)
        {
            auto sum = 0.0f;

            for (int input = 0; input < ports.audioInputs; ++input)
                sum += context.channels[input][i];

            if (sum != 0.0f)
                heard.insert (now);

            sums.push_back (sum);
            events.push_back (0);

            for (int output = 0; output < ports.audioOutputs; ++output)
                context.channels[output][i] = std::min (1.0f, sums[std::size_t (now)]);
        }

        for (const auto event : context.midi)
        {
            heard.insert (now - context.numSamples + event.samplePosition);
            ++events[std::size_t (now - context.numSamples + event.samplePosition + latency)];
        }

        context.midi.clear();

        for (int i = 0; i < context.numSamples && ports.midiOutput; ++i)
            if (events[std::size_t (now - context.numSamples + i)] > 0)
                context.midi.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), i);
    }

    std::set<std::int64_t> heard; ///< samples at which something came in

private:
    host::NodePorts ports;
    int latency = 0;
    std::int64_t now = 0;
    std::vector<float> sums; // by the sample at which they go out
    std::vector<int> events;
};

/** Pulses, audio and MIDI at once, through a random graph. */
class Pulses
{
public:
    explicit Pulses (std::uint32_t seed) : random (seed)
    {
        info.maxBlockSize = random.oneOf (std::vector<int>{ 1, 16, 64, 200 });
        const auto numNodes = random.between (2, 50);

        // Ids in a random order: 1 and 2 are the inputs.
        addEnd (1, host::NodeRole::audioInput, { 0, 2, false, false });
        addEnd (2, host::NodeRole::midiInput, { 0, 0, false, true });
        std::vector<host::NodeId> order;

        for (int i = 0; i < numNodes; ++i)
            order.insert (order.begin() + random.below (i + 1), host::NodeId (10 + i));

        for (std::size_t i = 0; i < order.size(); ++i)
        {
            const host::NodePorts ports{ random.between (1, 3), random.between (1, 3), random.oneIn (3), random.oneIn (3) };
            const auto latency = makeLatency();
            auto node = makeNode (order[i], host::NodeRole::processor, std::make_unique<ProbeNode> (ports, latency));
            node->bypassed = ! ports.midiInput && ! ports.midiOutput && random.oneIn (6);
            model.addNode (node);
            connectFrom (order, i, order[i]);
        }

        for (int i = 0; i < 3; ++i)
        {
            const auto id = host::NodeId (3 + i);
            addEnd (id, host::NodeRole::audioOutput, { 2, 0, false, false });
            connectFrom (order, order.size(), id);
        }

        addEnd (6, host::NodeRole::midiOutput, { 0, 0, true, false });
        connectFrom (order, order.size(), 6);
        wire ({ 1, 0 }, { 3, 0 });
        wire ({ 2, host::PortRef::midi }, { 6, host::PortRef::midi });
    }

    /** Other latencies for some of the nodes; signals are delayed likewise. */
    void changeLatencies()
    {
        for (const auto& node : model.getNodes())
            if (node->role == host::NodeRole::processor && ! node->bypassed && random.oneIn (3))
                probe (*node).setLatency (makeLatency());
    }

    template <typename Player>
    void check (Player& player)
    {
        // What the compensation is to be, from the definition.
        ReferenceGraph reference (info);
        reference.setModel (model);
        player.setModel (model);

        // Fades and lines of the change before end; then comes the pulse.
        renderBlocks (player, 256 + 2 * longest, -1);

        for (const auto& node : model.getNodes())
            if (node->role == host::NodeRole::processor)
                probe (*node).heard.clear();

        const auto pulse = now + random.below (100);
        audioHeard.clear();
        midiHeard.clear();
        renderBlocks (player, 100 + longest + 10, pulse);

        CAPTURE (pulse);
        int numHeard = 0;

        for (const auto& node : model.getNodes())
        {
            if (node->role != host::NodeRole::processor || node->bypassed)
                continue;

            const auto& heard = probe (*node).heard;
            const auto arrival = pulse + reference.getArrival (node->id);
            CAPTURE (node->id, arrival);
            REQUIRE ((heard.empty() || heard == std::set<std::int64_t>{ arrival }));
            numHeard += heard.empty() ? 0 : 1;
        }

        const auto atSinks = std::set<std::int64_t>{ pulse + reference.getTotalLatency() };
        REQUIRE (audioHeard == atSinks);
        REQUIRE (midiHeard == atSinks);
        numProbesThatHeard += numHeard;
    }

    int numProbesThatHeard = 0;

    host::PrepareInfo info;
    rt::Collector collector; // before all that it collects

private:
    int makeLatency() { return random.oneIn (2) ? 0 : random.between (1, random.oneIn (4) ? 300 : 20); }

    static ProbeNode& probe (const host::NodeRuntime& node) { return static_cast<ProbeNode&> (*node.processor); }

    host::GraphModel::Node makeNode (host::NodeId id, host::NodeRole role, std::unique_ptr<host::NodeProcessor> processor)
    {
        auto node = rt::makeShared<host::NodeRuntime> (collector, id, role, "n", std::move (processor));
        node->isWarm = true;
        return node;
    }

    void addEnd (host::NodeId id, host::NodeRole role, host::NodePorts ports)
    {
        model.addNode (makeNode (id, role, std::make_unique<host::IoNode> ("io", ports)));
    }

    void wire (const host::PortRef& from, const host::PortRef& to)
    {
        const auto& wires = model.getWires();

        if (const host::Wire added{ from, to }; std::find (wires.begin(), wires.end(), added) == wires.end())
            model.connect (added);
    }

    /** Some wires into a node, from the inputs and from nodes that come before it. */
    void connectFrom (const std::vector<host::NodeId>& order, std::size_t numBefore, host::NodeId to)
    {
        const auto ports = model.find (to)->ports;

        for (int left = random.between (1, 5); left > 0; --left)
        {
            const auto choice = random.below (int (numBefore) + 2);
            const auto from = choice < 2 ? host::NodeId (choice + 1) : order[std::size_t (choice - 2)];
            const auto source = model.find (from)->ports;

            if (source.audioOutputs > 0 && ports.audioInputs > 0)
                wire ({ from, random.below (source.audioOutputs) }, { to, random.below (ports.audioInputs) });

            if (source.midiOutput && ports.midiInput)
                wire ({ from, host::PortRef::midi }, { to, host::PortRef::midi });
        }
    }

    template <typename Player>
    void renderBlocks (Player& player, int numSamples, std::int64_t pulse)
    {
        juce::MidiBuffer midiIn, midiOut;
        midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);

        for (int left = numSamples; left > 0;)
        {
            const auto length = std::min (left, random.between (1, info.maxBlockSize));
            std::vector<float> in (std::size_t (length), 0.0f), first (in), second (in);
            midiIn.clear();

            if (pulse >= now && pulse < now + length)
            {
                in[std::size_t (pulse - now)] = 1.0f;
                midiIn.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), int (pulse - now));
            }

            const float* inputs[] = { in.data(), in.data() };
            float* outputs[] = { first.data(), second.data() };
            player.render ({ inputs, 2, outputs, 2, length, midiIn, midiOut, {} });

            for (int i = 0; i < length; ++i)
                if (first[std::size_t (i)] != 0.0f || second[std::size_t (i)] != 0.0f)
                    audioHeard.insert (now + i);

            for (const auto event : midiOut)
                midiHeard.insert (now + event.samplePosition);

            now += length;
            left -= length;
        }
    }

    static constexpr int longest = 3000; // of any path, by far

    Random random;
    host::GraphModel model;
    std::int64_t now = 0;
    std::set<std::int64_t> audioHeard, midiHeard;
};

template <typename MakePlayer>
void checkPulses (const MakePlayer& makePlayer, int numGraphs)
{
    int numHeard = 0;

    for (std::uint32_t seed = 1; seed <= std::uint32_t (numGraphs); ++seed)
    {
        CAPTURE (seed);
        Pulses pulses (seed);
        auto player = makePlayer (pulses.info, pulses.collector);
        pulses.check (player);

        for (int i = 0; i < 3; ++i)
        {
            CAPTURE (i);
            pulses.changeLatencies();
            pulses.check (player);
        }

        numHeard += pulses.numProbesThatHeard;
    }

    REQUIRE (numHeard > numGraphs * 20); // the pulses do get about
}
} // namespace

TEST_CASE ("pulses line up at every node and sink, audio and MIDI, and again when latencies have changed: reference",
           "[pdc]")
{
    checkPulses (withReference, scaled (10));
}

TEST_CASE ("pulses line up at every node and sink, audio and MIDI, and again when latencies have changed: serial", "[pdc]")
{
    checkPulses (withSerialRenderer, scaled (200));
}

TEST_CASE ("pulses line up at every node and sink, audio and MIDI, and again when latencies have changed: parallel", "[pdc]")
{
    checkPulses (withThreads (3), scaled (50));
}
