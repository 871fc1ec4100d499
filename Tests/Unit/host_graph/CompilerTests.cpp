#include "GraphFixture.h"

#include <map>

using Catch::Matchers::Contains;

TEST_CASE_METHOD (GraphFixture, "a cycle is refused by name, unless a feedback node is in it")
{
    addFunction (1, { 1, 1, false, false }, [] (auto&) {});
    addFunction (2, { 1, 1, false, false }, [] (auto&) {});
    addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    REQUIRE_NOTHROW (compile());
    connect ("3:0", "2:0");
    REQUIRE_THROWS_WITH (compile(), Contains ("cycle") && Contains ("2 (n2)") && Contains ("3 (n3)") && ! Contains ("1 (n1)")
                                        && Contains ("feedback node"));

    model.disconnect ({ { 3, 0 }, { 2, 0 } });
    add (4, host::NodeRole::feedback, std::make_unique<host::FeedbackNode> (1));
    connect ("3:0", "4:0");
    connect ("4:0", "2:0");
    REQUIRE_NOTHROW (compile());
}

TEST_CASE_METHOD (GraphFixture, "a node wired to itself is a cycle")
{
    addFunction (7, { 1, 1, false, false }, [] (auto&) {});
    connect ("7:0", "7:0");
    REQUIRE_THROWS_WITH (compile(), Contains ("7 (n7) -> 7 (n7)"));
}

TEST_CASE_METHOD (GraphFixture, "paths of different latency meet at the same sample, audio and MIDI")
{
    const auto block = GENERATE (1, 7, 64);
    addInput (1, 1);
    addLateNode (2, 10);
    addLateNode (3, 25);
    addFunction (4, { 2, 2, true, true }, [] (auto&) {});
    addOutput (5, 3);
    addMidiInput (6);
    addMidiOutput (7);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0"); // 35 late
    connect ("1:0", "4:1"); // direct
    connect ("6:midi", "4:midi");
    connect ("4:midi", "7:midi");
    connect ("4:0", "5:0");
    connect ("4:1", "5:1");
    connect ("2:0", "5:2"); // 10 late
    compile();
    REQUIRE (plan->latency == 35);

    juce::AudioBuffer<float> input (1, 200);
    input.clear();
    input.setSample (0, 5, 1.0f);
    juce::MidiBuffer midi, midiOutput;
    midi.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 5);
    const auto output = render (input, 3, block, midi, &midiOutput);

    for (int channel = 0; channel < 3; ++channel)
        for (int i = 0; i < 200; ++i)
            REQUIRE (output.getSample (channel, i) == (i == 40 ? 1.0f : 0.0f));

    REQUIRE (midiOutput.getNumEvents() == 1);
    REQUIRE ((*midiOutput.begin()).samplePosition == 40);
}

TEST_CASE_METHOD (GraphFixture, "the delay of a wire that stays as it was is carried into the next plan")
{
    addInput (1, 1);
    addLateNode (2, 40);
    addOutput (3, 2);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("1:0", "3:1");
    compile();

    juce::AudioBuffer<float> first (1, 64), second (1, 64);
    first.clear();
    second.clear();
    first.setSample (0, 50, 1.0f);
    render (first, 2, 64);

    addFunction (9, { 1, 1, false, false }, [] (auto&) {}); // an edit elsewhere
    compile();
    const auto output = render (second, 2, 64);
    REQUIRE (output.getSample (1, 26) == 1.0f); // 50 + 40 - 64
}

TEST_CASE_METHOD (GraphFixture, "sources add in ascending (node, channel), whatever the order of the wires")
{
    // In float32 the order of these three matters.
    const float values[]{ 1.0f, 1.0e8f, -1.0e8f };

    for (int i = 0; i < 3; ++i)
        addFunction (host::NodeId (10 - i), { 0, 1, false, false }, [value = values[i]] (host::ProcessContext& context)
                     { juce::FloatVectorOperations::fill (context.channels[0], value, context.numSamples); });

    addOutput (20, 1);
    connect ("9:0", "20:0");
    connect ("10:0", "20:0");
    connect ("8:0", "20:0");
    compile();

    const auto expected = (values[2] + values[1]) + values[0]; // nodes 8, 9, 10
    const auto output = render (juce::AudioBuffer<float> (0, 8), 1, 8);
    REQUIRE (output.getSample (0, 3) == expected);
    REQUIRE (expected != (values[0] + values[1]) + values[2]);
}

namespace
{
/** What a graph of FunctionNodes should give, worked out the slow and obvious way: every port has its own buffer. */
std::vector<float> interpret (const GraphFixture& fixture, const juce::AudioBuffer<float>& input, host::PortRef wanted,
                              int length)
{
    std::map<host::NodeId, std::vector<std::vector<float>>> done;

    const std::function<const std::vector<std::vector<float>>&(host::NodeId)> run =
        [&] (host::NodeId id) -> const std::vector<std::vector<float>>&
    {
        if (const auto found = done.find (id); found != done.end())
            return found->second;

        const auto node = fixture.model.find (id);
        const auto channels = std::max (node->ports.audioInputs, node->ports.audioOutputs);
        auto buffers = std::vector (std::size_t (channels), std::vector<float> (std::size_t (length)));

        for (int channel = 0; channel < node->ports.audioInputs; ++channel)
        {
            std::vector<host::PortRef> sources;

            for (const auto& wire : fixture.model.getWires())
                if (wire.to == host::PortRef{ id, channel })
                    sources.push_back (wire.from);

            std::sort (sources.begin(), sources.end());

            for (std::size_t s = 0; s < sources.size(); ++s)
            {
                const auto& source = run (sources[s].node)[std::size_t (sources[s].channel)];

                for (std::size_t i = 0; i < source.size(); ++i)
                    buffers[std::size_t (channel)][i] = s == 0 ? source[i] : buffers[std::size_t (channel)][i] + source[i];
            }
        }

        if (node->role == host::NodeRole::audioInput)
            for (int channel = 0; channel < channels; ++channel)
                std::copy_n (input.getReadPointer (channel), length, buffers[std::size_t (channel)].begin());

        if (node->role == host::NodeRole::processor)
        {
            std::vector<float*> pointers;

            for (auto& buffer : buffers)
                pointers.push_back (buffer.data());

            juce::MidiBuffer midi;
            const host::TransportPosition transport;
            host::ProcessContext context{ pointers.data(), channels, length, midi, transport };
            node->processor->process (context);
        }

        return done[id] = std::move (buffers);
    };

    return run (wanted.node)[std::size_t (wanted.channel)];
}
} // namespace

TEST_CASE ("random graphs give what a naive interpreter gives, bit for bit")
{
    const auto seed = unsigned (GENERATE (range (0, 300)));
    std::mt19937 random (seed);
    const auto upTo = [&] (int most) { return std::uniform_int_distribution<> (0, most) (random); };

    GraphFixture fixture;
    fixture.addInput (1, 2);
    const auto numNodes = 2 + upTo (40);

    for (int i = 0; i < numNodes; ++i)
    {
        const host::NodePorts ports{ upTo (4), upTo (4), false, false };
        fixture.addFunction (host::NodeId (i + 2), ports,
                             [ports, k = 0.1f + float (upTo (100)) * 0.01f] (host::ProcessContext& context)
                             {
                                 // Every output depends on every input, in a fixed order; extra channels are dirtied.
                                 for (int sample = 0; sample < context.numSamples; ++sample)
                                 {
                                     float sum = k;

                                     for (int c = 0; c < ports.audioInputs; ++c)
                                         sum = sum * 0.5f + context.channels[c][sample];

                                     for (int c = 0; c < context.numChannels; ++c)
                                         context.channels[c][sample] = sum * float (c + 1) * 0.25f;
                                 }
                             });
    }

    const auto outputId = host::NodeId (numNodes + 2);
    fixture.addOutput (outputId, 2);

    for (int i = 0; i < numNodes * 3; ++i)
    {
        // Forward only: from a lower to a higher id, so no cycles.
        const auto from = host::NodeId (1 + upTo (numNodes)),
                   to = host::NodeId (from + 1 + host::NodeId (upTo (int (outputId - from) - 1)));
        const auto source = fixture.model.find (from), destination = fixture.model.find (to);

        if (source->ports.audioOutputs == 0 || destination->ports.audioInputs == 0)
            continue;

        const host::Wire wire{ { from, upTo (source->ports.audioOutputs - 1) },
                               { to, upTo (destination->ports.audioInputs - 1) } };

        if (std::find (fixture.model.getWires().begin(), fixture.model.getWires().end(), wire)
            == fixture.model.getWires().end())
            fixture.model.connect (wire);
    }

    fixture.compile();
    const auto input = GraphFixture::makeNoise (2, 64, seed);
    const auto output = fixture.render (input, 2, 64);

    for (int channel = 0; channel < 2; ++channel)
    {
        auto expected = interpret (fixture, input, { outputId, channel }, 64);
        REQUIRE (isSame (expected.data(), output.getReadPointer (channel), 64));
    }
}

TEST_CASE_METHOD (GraphFixture, "a chain needs two buffers, however long it is")
{
    addInput (1, 1);

    for (host::NodeId id = 2; id < 102; ++id)
    {
        addFunction (id, { 1, 1, false, false }, [] (auto&) {});
        connect (std::to_string (id - 1) + ":0", std::to_string (id) + ":0");
    }

    addOutput (102, 1);
    connect ("101:0", "102:0");
    compile();
    REQUIRE (plan->numSlots <= 2);
}

namespace
{
/** What a plugin is to the graph. */
struct Foreign : GraphFixture::FunctionNode
{
    using FunctionNode::FunctionNode;
    bool isPlugin() const override { return true; }
};

/** An input that goes through many branches of two nodes each, which are all summed up at the output. */
struct WideMix : GraphFixture
{
    template <typename Second>
    void build (int numBranches)
    {
        addInput (1, 2);
        addOutput (host::NodeId (10 * numBranches), 2);

        for (int branch = 1; branch <= numBranches; ++branch)
        {
            const auto id = host::NodeId (2 * branch);
            addFunction (id, { 2, 2, false, false }, [] (auto&) {});
            add (id + 1, host::NodeRole::processor,
                 std::make_unique<Second> (host::NodePorts{ 2, 2, false, false }, [] (auto&) {}));

            for (const auto* channel : { ":0", ":1" })
            {
                connect ("1" + std::string (channel), std::to_string (id) + channel);
                connect (std::to_string (id) + channel, std::to_string (id + 1) + channel);
                connect (std::to_string (id + 1) + channel, std::to_string (10 * numBranches) + channel);
            }
        }

        compile();
    }

    int countWaiting() const
    {
        return int (std::count_if (plan->ops.begin(), plan->ops.end(),
                                   [] (const auto& op) {
                                       return op.kind == host::RenderPlan::Kind::process && op.numPredecessors > 0
                                              && op.id % 2 == 0;
                                   }));
    }
};
} // namespace

TEST_CASE_METHOD (WideMix, "a mix of a thousand branches needs the buffers of some dozens")
{
    build<FunctionNode> (1000);
    REQUIRE (plan->numSlots < 2 * 64);
    REQUIRE (countWaiting() > 900);
    const auto input = makeNoise (2, 64);
    const auto output = render (input, 2, 64);

    for (int channel = 0; channel < 2; ++channel)
    {
        for (int i = 0; i < 64; ++i)
        {
            auto sum = input.getSample (channel, i);

            for (int branch = 1; branch < 1000; ++branch)
                sum += input.getSample (channel, i);

            REQUIRE (output.getSample (channel, i) == sum);
        }
    }
}

TEST_CASE_METHOD (WideMix, "a plugin waits for nothing but what is wired to it, however wide the mix behind it")
{
    build<Foreign> (1000);
    REQUIRE (countWaiting() == 0);
}
