#pragma once

#include "GraphContender.h"

#include <host_graph/host_graph.h>
#include <rt_guard/rt_guard.h>
#include <rt_memory/rt_memory.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace graphs
{

/** A juce::AudioProcessor as a node of ours. */
class ProcessorNode : public host::NodeProcessor
{
public:
    explicit ProcessorNode (std::unique_ptr<juce::AudioProcessor> processorToUse)
        : processor (std::move (processorToUse)),
          ports{ processor->getTotalNumInputChannels(), processor->getTotalNumOutputChannels(), processor->acceptsMidi(),
                 processor->producesMidi() }
    {
    }

    juce::String getName() const override { return processor->getName(); }
    host::NodePorts getPorts() const override { return ports; }
    std::optional<double> getTailSeconds() const override { return processor->getTailLengthSeconds(); }

    void prepare (const host::PrepareInfo& info) override
    {
        processor->setRateAndBufferSizeDetails (info.sampleRate, info.maxBlockSize);
        processor->prepareToPlay (info.sampleRate, info.maxBlockSize);
    }

    void process (host::ProcessContext& context) noexcept override
    {
        // The buffer copies the pointers, which are the same from block to block until there is another plan.
        if (! refersTo (context)) [[unlikely]]
            refer (context);

        processor->processBlock (buffer, context.midi);
    }

private:
    bool refersTo (const host::ProcessContext& context) const noexcept
    {
        const auto* const ours = buffer.getArrayOfReadPointers();
        const auto* const theirs = context.channels;

        if (context.numSamples != buffer.getNumSamples() || context.numChannels != buffer.getNumChannels())
            return false;

        // Most are stereo: a loop's end costs more than all the rest, as it is often foretold wrongly.
        return context.numChannels == 2 ? ours[0] == theirs[0] && ours[1] == theirs[1]
                                        : std::equal (theirs, theirs + context.numChannels, ours);
    }

    [[gnu::noinline]] void refer (host::ProcessContext& context) noexcept
    {
        buffer.setDataToReferTo (context.channels, context.numChannels, context.numSamples);
    }

    std::unique_ptr<juce::AudioProcessor> processor;
    host::NodePorts ports;
    juce::AudioBuffer<float> buffer;
};

/** Our graph: all that the benchmarks ask of host_graph is asked here.

    Two threads may share it as in the program: toggle() and collect() belong to one, takePlan() and process() to the other.
*/
template <typename Renderer>
class OurGraph : public EditableGraph
{
public:
    /** @param rendererArguments  what the renderer is made of */
    template <typename... Arguments>
    OurGraph (const shapes::Shape& shape, int blockSize, int work, Arguments&&... rendererArguments)
        : info{ sampleRate, blockSize, false }, renderer (std::forward<Arguments> (rendererArguments)...),
          output (numChannels, blockSize)
    {
        auto id = host::NodeId{ 0 };

        for (const auto& node : shape.nodes)
        {
            auto runtime = rt::makeShared<host::NodeRuntime> (collector, ++id, roleOf (node.kind), node.name,
                                                              makeProcessor (node, work));
            runtime->prepare (info);
            model.addNode (std::move (runtime));

            if (node.kind == shapes::Kind::audioInput)
                numInputs = numChannels;
        }

        for (const auto& wire : shape.wires)
            model.connect (toWire (wire));

        renderer.setRecorder (recorder);
        midi.ensureSize (host::RenderPlan::midiCapacityBytes);
        rt::guard::warmUp();
        compile();
        takePlan();
    }

    void process (Block& block) override
    {
        const host::BlockIO io{ block.buffer.getArrayOfReadPointers(),
                                numInputs,
                                output.getArrayOfWritePointers(),
                                numChannels,
                                block.buffer.getNumSamples(),
                                block.midi,
                                midi,
                                {} };

        {
            const rt::guard::RealtimeScope scope (numBlocks++);

            if constexpr (std::is_same_v<Renderer, host::SerialRenderer>)
                renderer.render (*plan, io);
            else
                renderer.render (plan, io);
        }

        for (int channel = 0; channel < numChannels; ++channel)
            block.buffer.copyFrom (channel, 0, output, channel, 0, block.buffer.getNumSamples());
    }

    void toggle (const shapes::Wire& shapeWire) override
    {
        const auto wire = toWire (shapeWire);
        const auto& wires = model.getWires();

        if (std::find (wires.begin(), wires.end(), wire) != wires.end())
            model.disconnect (wire);
        else
            model.connect (wire);

        compile();
        collect();
    }

    /** Takes the latest plan, makes it ready to be played, and drops the one before. */
    void takePlan() noexcept
    {
        if (auto next = mailbox.take())
        {
            plan = std::move (next);
            renderer.warmUp (*plan);
        }
    }

    void settle (Block& block) override
    {
        takePlan();

        const auto play = [&]
        {
            for (int done = 0; done < samplesToSettle; done += block.buffer.getNumSamples())
            {
                block.fill (level);
                process (block);
            }
        };

        // Once what has changed has faded, a plan without the fades follows.
        play();
        compile();
        takePlan();
        play();
    }

    void collect() { collector.collect(); }

    /** Time and levels of every node in every block. */
    void setMetered (bool shouldMeter)
    {
        renderer.setMeasuring (shouldMeter);
        renderer.setMetering (shouldMeter);
    }

    /** Makes another plan and drops it.
        @returns the bytes that it had, as mallinfo2() counts them */
    std::size_t measurePlan();

    std::size_t getNumNodes() const noexcept { return model.getNodes().size(); }

private:
    // Twice the longest fade.
    static constexpr int samplesToSettle = 1024;

    static host::NodeRole roleOf (shapes::Kind kind)
    {
        switch (kind)
        {
            case shapes::Kind::audioInput: return host::NodeRole::audioInput;
            case shapes::Kind::audioOutput: return host::NodeRole::audioOutput;
            case shapes::Kind::midiInput: return host::NodeRole::midiInput;
            case shapes::Kind::processor: break;
        }

        return host::NodeRole::processor;
    }

    static std::unique_ptr<host::NodeProcessor> makeProcessor (const shapes::Node& node, int work)
    {
        if (node.kind == shapes::Kind::processor)
            return std::make_unique<ProcessorNode> (std::make_unique<Processor> (node, work));

        return std::make_unique<host::IoNode> (
            node.name, host::NodePorts{ node.audioInputs, node.audioOutputs, node.midiInput, node.midiOutput });
    }

    static host::Wire toWire (const shapes::Wire& wire)
    {
        const auto toPort = [] (int node, int channel)
        {
            return host::PortRef{ static_cast<host::NodeId> (node) + 1,
                                  channel == shapes::midi ? host::PortRef::midi : channel };
        };

        return { toPort (wire.fromNode, wire.fromChannel), toPort (wire.toNode, wire.toChannel) };
    }

    void compile()
    {
        latest = host::compileGraph (model, info, collector, latest.get());
        mailbox.publish (latest);
    }

    host::PrepareInfo info;
    rt::Collector collector;
    host::GraphModel model;
    rt::Shared<const host::RenderPlan> latest; // the message thread's

    rt::SharedMailbox<const host::RenderPlan> mailbox;

    rt::Shared<const host::RenderPlan> plan; // the audio thread's
    host::FlightRecorder recorder{ 1 }; // as in live play
    Renderer renderer;
    juce::AudioBuffer<float> output;
    juce::MidiBuffer midi;
    int numInputs = 0;
    std::uint64_t numBlocks = 0;
};

/** Bytes that malloc() has given out. */
std::size_t countAllocatedBytes();

template <typename Renderer>
std::size_t OurGraph<Renderer>::measurePlan()
{
    collect();
    const auto before = countAllocatedBytes();
    auto another = host::compileGraph (model, info, collector, latest.get());
    const auto bytes = countAllocatedBytes() - before;
    another.reset();
    collect();
    return bytes;
}

} // namespace graphs
