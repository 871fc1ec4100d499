#include "Support/DrumKitShape.h"

#include <catch2/catch.hpp>
#include <host_graph/host_graph.h>

#include <cmath>

namespace
{
/** What every node of the kit does: depends on its number, and on all that it was given. */
class KitNode : public host::NodeProcessor
{
public:
    KitNode (const shapes::Node& node, int numberToUse)
        : ports{ node.audioInputs, node.audioOutputs, node.midiInput, node.midiOutput }, number (numberToUse)
    {
    }

    juce::String getName() const override { return "Kit"; }
    host::NodePorts getPorts() const override { return ports; }
    void prepare (const host::PrepareInfo&) override {}

    void process (host::ProcessContext& context) noexcept override
    {
        for (const auto event : context.midi)
            level = 0.9f * level + 0.001f * float (event.data[1] + number);

        for (int i = 0; i < context.numSamples; ++i)
        {
            phase += 0.01f + 0.0001f * float (number);

            for (int channel = ports.audioOutputs; --channel >= 0;)
            {
                const auto in = ports.audioInputs > 0 ? context.channels[channel % ports.audioInputs][i] : std::sin (phase);
                context.channels[channel][i] = in * (0.3f + 0.001f * float (number % 100)) + level * float (channel);
            }
        }
    }

private:
    const host::NodePorts ports;
    const int number;
    float level = 0.0f, phase = 0.0f;
};

/** One kit, with nodes and a renderer of its own. */
class Kit
{
public:
    static constexpr int blockSize = 64;

    explicit Kit (int numThreads) : renderer (withThreads (numThreads))
    {
        midiIn.ensureSize (1024);
        midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);
        const auto shape = shapes::makeDrumKit();

        for (std::size_t i = 0; i < shape.nodes.size(); ++i)
            add (shape.nodes[i], int (i) + 1);

        for (const auto& wire : shape.wires)
            model.connect ({ { host::NodeId (wire.fromNode + 1), wire.fromChannel },
                             { host::NodeId (wire.toNode + 1), wire.toChannel } });

        compile();
    }

    void compile() { plan = host::compileGraph (model, info, collector, plan.get()); }

    std::array<std::vector<float>, 2> render (int block)
    {
        std::array<std::vector<float>, 2> result{ std::vector<float> (blockSize), std::vector<float> (blockSize) };
        float* outputs[] = { result[0].data(), result[1].data() };
        midiIn.clear();
        midiIn.addEvent (juce::MidiMessage::noteOn (1, block % 128, juce::uint8 (100)), block % blockSize);
        REQUIRE (renderer.render (plan, { nullptr, 0, outputs, 2, blockSize, midiIn, midiOut, {} })
                 == host::ParallelRenderer::Outcome::complete);
        return result;
    }

    host::GraphModel model;
    rt::Collector collector;
    rt::Shared<const host::RenderPlan> plan;
    host::ParallelRenderer renderer;

private:
    static host::ParallelRenderer::Options withThreads (int numThreads)
    {
        host::ParallelRenderer::Options options;
        options.numThreads = numThreads;
        options.isAlwaysParallel = true;
        return options;
    }

    void add (const shapes::Node& node, int number)
    {
        using host::NodeRole;
        const auto role = node.kind == shapes::Kind::audioInput    ? NodeRole::audioInput
                          : node.kind == shapes::Kind::audioOutput ? NodeRole::audioOutput
                          : node.kind == shapes::Kind::midiInput   ? NodeRole::midiInput
                                                                   : NodeRole::processor;
        std::unique_ptr<host::NodeProcessor> processor;

        if (role == NodeRole::processor)
            processor = std::make_unique<KitNode> (node, number);
        else
            processor = std::make_unique<host::IoNode> (
                "end", host::NodePorts{ node.audioInputs, node.audioOutputs, node.midiInput, node.midiOutput });

        auto runtime =
            rt::makeShared<host::NodeRuntime> (collector, host::NodeId (number), role, node.name, std::move (processor));
        runtime->prepare (info);
        model.addNode (std::move (runtime));
    }

    const host::PrepareInfo info{ 48000.0, blockSize, false };
    juce::MidiBuffer midiIn, midiOut;
};
} // namespace

TEST_CASE (
    "the drum kit of 678 nodes and 1,950 wires: one sound on 1, 2 and 4 threads, and an edit is heard in the next block",
    "[parallel][drumkit]")
{
    constexpr int editedBlock = 20, numBlocks = 40;
    Kit untouched (1), serial (1), two (2), four (4);
    REQUIRE (serial.model.getNodes().size() == 678);
    REQUIRE (serial.model.getWires().size() == 1950);
    REQUIRE (serial.plan->nodes.size() == 678);

    // A player of the first piece, at a close microphone's trim.
    const auto isPlayersAtTrim = [&] (const host::Wire& wire)
    {
        return serial.model.find (wire.from.node)->name == "piece 1 player"
               && serial.model.find (wire.to.node)->name == "piece 1 close trim";
    };
    const auto& wires = serial.model.getWires();
    const auto found = std::find_if (wires.begin(), wires.end(), isPlayersAtTrim);
    REQUIRE (found != wires.end());
    const host::Wire wire = *found;

    for (int block = 0; block < numBlocks; ++block)
    {
        if (block == editedBlock)
        {
            for (auto* kit : { &serial, &two, &four })
            {
                kit->model.disconnect (wire);
                kit->compile();
            }
        }

        const auto asBefore = untouched.render (block), expected = serial.render (block);
        CAPTURE (block);
        REQUIRE (two.render (block) == expected);
        REQUIRE (four.render (block) == expected);
        REQUIRE (std::abs (expected[0].back()) > 0.0f);

        if (block < editedBlock)
            REQUIRE (asBefore == expected);
        else
            REQUIRE (asBefore[0] != expected[0]);
    }

    REQUIRE (two.renderer.wasParallel());
    REQUIRE (four.renderer.wasParallel());
}
