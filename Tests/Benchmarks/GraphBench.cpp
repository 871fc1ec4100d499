#include "Harness.h"
#include "Threads.h"

#include <host_graph/host_graph.h>
#include <juce_audio_processors/juce_audio_processors.h>

#include <cstdio>
#include <memory>

namespace
{

constexpr double sampleRate = 48000.0;
constexpr int numChannels = 2;
constexpr float gainPerNode = 0.9999f;

/** The work of every node, the same for all contenders. */
void applyGain (float* const* channels, int numSamples) noexcept
{
    for (int channel = 0; channel < numChannels; ++channel)
        juce::FloatVectorOperations::multiply (channels[channel], gainPerNode, numSamples);
}

/** A stereo block that a contender works on, filled before each block. */
class Block
{
public:
    explicit Block (int numSamples) : buffer (numChannels, numSamples) {}

    void fill()
    {
        for (int channel = 0; channel < numChannels; ++channel)
            juce::FloatVectorOperations::fill (buffer.getWritePointer (channel), 0.5f, buffer.getNumSamples());
    }

    juce::AudioBuffer<float> buffer;
    juce::MidiBuffer midi;
};

/** What takes one stereo block through a chain of gains. */
class Chain
{
public:
    virtual ~Chain() = default;
    virtual void process (Block&) = 0;
};

/** A call a node, and nothing else. */
class DirectChain : public Chain
{
public:
    explicit DirectChain (int length) : numNodes (length) {}

    void process (Block& block) override
    {
        for (int i = 0; i < numNodes; ++i)
        {
            bench::keep (block);
            applyGain (block.buffer.getArrayOfWritePointers(), block.buffer.getNumSamples());
        }
    }

private:
    int numNodes;
};

class OurChain : public Chain
{
public:
    OurChain (int length, int blockSize) : output (numChannels, blockSize)
    {
        const host::PrepareInfo info{ sampleRate, blockSize, false };
        const auto last = static_cast<host::NodeId> (length + 2);
        host::GraphModel model;

        add (model, 1, host::NodeRole::audioInput,
             std::make_unique<host::IoNode> ("In", host::NodePorts{ 0, numChannels, false, false }));

        for (auto id = host::NodeId{ 2 }; id < last; ++id)
            add (model, id, host::NodeRole::processor, std::make_unique<Gain>());

        add (model, last, host::NodeRole::audioOutput,
             std::make_unique<host::IoNode> ("Out", host::NodePorts{ numChannels, 0, false, false }));

        for (auto id = host::NodeId{ 1 }; id < last; ++id)
            for (int channel = 0; channel < numChannels; ++channel)
                model.connect ({ { id, channel }, { id + 1, channel } });

        for (const auto& node : model.getNodes())
            node->processor->prepare (info);

        plan = host::compileGraph (model, info, collector, nullptr);
        renderer.warmUp (*plan);
        midi.ensureSize (host::RenderPlan::midiCapacityBytes);
    }

    void setMeasuring (bool shouldMeasure) { renderer.setMeasuring (shouldMeasure); }

    void process (Block& block) override
    {
        const host::BlockIO io{ block.buffer.getArrayOfReadPointers(),
                                numChannels,
                                output.getArrayOfWritePointers(),
                                numChannels,
                                block.buffer.getNumSamples(),
                                block.midi,
                                midi,
                                {} };
        renderer.render (*plan, io);

        for (int channel = 0; channel < numChannels; ++channel)
            block.buffer.copyFrom (channel, 0, output, channel, 0, block.buffer.getNumSamples());
    }

private:
    class Gain : public host::NodeProcessor
    {
    public:
        juce::String getName() const override { return "Gain"; }
        host::NodePorts getPorts() const override { return { numChannels, numChannels, false, false }; }
        void prepare (const host::PrepareInfo&) override {}
        void process (host::ProcessContext& context) noexcept override { applyGain (context.channels, context.numSamples); }
    };

    void add (host::GraphModel& model, host::NodeId id, host::NodeRole role, std::unique_ptr<host::NodeProcessor> processor)
    {
        model.addNode (rt::makeShared<host::NodeRuntime> (collector, id, role, std::to_string (id), std::move (processor)));
    }

    rt::Collector collector;
    rt::Shared<const host::RenderPlan> plan;
    host::SerialRenderer renderer;
    juce::AudioBuffer<float> output;
    juce::MidiBuffer midi;
};

/** JUCE's graph with its own input and output nodes. Built before it is prepared, so that its slow rebuild runs once. */
class JuceChain : public Chain
{
public:
    JuceChain (int length, int blockSize)
    {
        using Graph = juce::AudioProcessorGraph;
        using Io = Graph::AudioGraphIOProcessor;
        constexpr auto later = Graph::UpdateKind::async;

        graph.setPlayConfigDetails (numChannels, numChannels, sampleRate, blockSize);
        auto previous = graph.addNode (std::make_unique<Io> (Io::audioInputNode), {}, later)->nodeID;

        for (int i = 0; i <= length; ++i)
        {
            std::unique_ptr<juce::AudioProcessor> processor;

            if (i < length)
                processor = std::make_unique<Gain>();
            else
                processor = std::make_unique<Io> (Io::audioOutputNode);

            const auto next = graph.addNode (std::move (processor), {}, later)->nodeID;

            for (int channel = 0; channel < numChannels; ++channel)
                graph.addConnection ({ { previous, channel }, { next, channel } }, later);

            previous = next;
        }

        graph.prepareToPlay (sampleRate, blockSize);
    }

    ~JuceChain() override { graph.releaseResources(); }

    void process (Block& block) override { graph.processBlock (block.buffer, block.midi); }

private:
    class Gain : public juce::AudioProcessor
    {
    public:
        Gain()
            : AudioProcessor (BusesProperties()
                                  .withInput ("In", juce::AudioChannelSet::stereo())
                                  .withOutput ("Out", juce::AudioChannelSet::stereo()))
        {
        }

        const juce::String getName() const override { return "Gain"; }
        void prepareToPlay (double, int) override {}
        void releaseResources() override {}
        double getTailLengthSeconds() const override { return 0.0; }
        bool acceptsMidi() const override { return false; }
        bool producesMidi() const override { return false; }
        juce::AudioProcessorEditor* createEditor() override { return nullptr; }
        bool hasEditor() const override { return false; }
        int getNumPrograms() override { return 1; }
        int getCurrentProgram() override { return 0; }
        void setCurrentProgram (int) override {}
        const juce::String getProgramName (int) override { return {}; }
        void changeProgramName (int, const juce::String&) override {}
        void getStateInformation (juce::MemoryBlock&) override {}
        void setStateInformation (const void*, int) override {}

        void processBlock (juce::AudioBuffer<float>& buffer, juce::MidiBuffer&) override
        {
            applyGain (buffer.getArrayOfWritePointers(), buffer.getNumSamples());
        }
    };

    juce::AudioProcessorGraph graph;
};

/** Everybody must have done the work that is timed. */
void expectGain (const Block& block, int length, const std::string& impl)
{
    auto expected = 0.5f;

    for (int i = 0; i < length; ++i)
        expected *= gainPerNode;

    for (int channel = 0; channel < numChannels; ++channel)
    {
        for (int i = 0; i < block.buffer.getNumSamples(); ++i)
        {
            if (juce::approximatelyEqual (block.buffer.getSample (channel, i), expected))
                continue;

            std::fprintf (stderr, "%s: sample %d is %g, not %g\n", impl.c_str(), i,
                          static_cast<double> (block.buffer.getSample (channel, i)), static_cast<double> (expected));
            std::exit (1);
        }
    }
}

/** ns_per_op: one block through one node. */
std::vector<bench::Value> measureChain (Chain& chain, int length, int blockSize, const std::string& impl)
{
    const auto numBlocks = std::max (20, 400'000 / length);
    Block block (blockSize);
    auto nanoseconds = 0.0;

    for (int i = 0; i < numBlocks; ++i)
    {
        block.fill();
        const auto start = bench::Clock::now();
        chain.process (block);
        nanoseconds += bench::nanosecondsSince (start);
    }

    expectGain (block, length, impl);
    return { { "ns_per_op", nanoseconds / numBlocks / length } };
}

/** The chains are made when a benchmark is first played: JUCE takes its time over long ones. */
bench::Bench makeChainBench (int length, int blockSize)
{
    struct Chains
    {
        Chains (int length, int blockSize) : ours (length, blockSize), juces (length, blockSize), direct (length) {}

        OurChain ours;
        JuceChain juces;
        DirectChain direct;
    };

    const auto chains = std::make_shared<std::unique_ptr<Chains>>();

    const auto contender = [=] (const std::string& impl, auto choose)
    {
        return bench::Contender{ impl, [=]
                                 {
                                     if (*chains == nullptr)
                                         *chains = std::make_unique<Chains> (length, blockSize);

                                     return measureChain (choose (**chains), length, blockSize, impl);
                                 } };
    };

    const auto ours = [] (bool measuring)
    {
        return [measuring] (Chains& all) -> Chain&
        {
            all.ours.setMeasuring (measuring);
            return all.ours;
        };
    };

    return { "graph.chain." + std::to_string (length) + "." + std::to_string (blockSize),
             false,
             { contender ("ours", ours (false)), contender ("ours/metered", ours (true)),
               contender ("juce", [] (Chains& all) -> Chain& { return all.juces; }),
               contender ("direct", [] (Chains& all) -> Chain& { return all.direct; }) } };
}

} // namespace

/** What a graph adds to the work of its nodes. */
int main (int argc, char** argv)
{
    const juce::ScopedJuceInitialiser_GUI juce;

    return bench::runProgram (
        argc, argv,
        { makeChainBench (100, 32), makeChainBench (100, 64), makeChainBench (1000, 32), makeChainBench (1000, 64) });
}
