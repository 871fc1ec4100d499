#include "GraphContender.h"

#include "Threads.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace graphs
{

namespace
{
// So far from 1 that one node more or less is seen, and so close that a thousand of them leave something.
constexpr float gainOfNode = 0.999f;

juce::AudioChannelSet makeLayout (int size)
{
    return size == 1   ? juce::AudioChannelSet::mono()
           : size == 2 ? juce::AudioChannelSet::stereo()
                       : juce::AudioChannelSet::discreteChannels (size);
}

// A loop of our own: the build sees to it that it begins on a cache line. That of juce::FloatVectorOperations begins anywhere.
[[gnu::noinline]] void multiply (float* samples, float factor, int numSamples) noexcept
{
    for (int i = 0; i < numSamples; ++i)
        samples[i] *= factor;
}
} // namespace

juce::AudioProcessor::BusesProperties Processor::makeBuses (const shapes::Node& node)
{
    BusesProperties buses;

    if (node.audioInputs > 0)
        buses.addBus (true, "In", makeLayout (node.audioInputs));

    if (node.audioOutputs > 0)
        buses.addBus (false, "Out", makeLayout (node.audioOutputs));

    return buses;
}
double readThreadNanoseconds()
{
    timespec now{};
    ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double> (now.tv_sec) * 1e9 + static_cast<double> (now.tv_nsec);
}

Processor::Processor (const shapes::Node& node, int workToDo)
    : AudioProcessor (makeBuses (node)), name (node.name), numInputs (node.audioInputs), numOutputs (node.audioOutputs),
      takesMidi (node.midiInput), makesMidi (node.midiOutput), work (workToDo), gain (findGain (workToDo))
{
}

float Processor::findGain (int work) noexcept { return gainOfNode * burn (work); }

float Processor::burn (int numMultiplications) noexcept
{
    auto up = 1.25f, down = 0.8f, result = 1.0f;
    bench::keep (up);
    bench::keep (down);

    for (int i = 0; i < numMultiplications; i += 2)
        result = result * up * down;

    return result;
}

void Processor::processBlock (juce::AudioBuffer<float>& buffer, juce::MidiBuffer&)
{
    const auto numSamples = buffer.getNumSamples();
    auto* const* channels = buffer.getArrayOfWritePointers();
    const auto factor = work > 0 ? findGain (work) : gain;

    for (int i = 0; i < numOutputs; ++i)
    {
        if (i < numInputs)
            multiply (channels[i], factor, numSamples);
        else if (numInputs > 0)
            juce::FloatVectorOperations::copy (channels[i], channels[numInputs - 1], numSamples);
        else
            juce::FloatVectorOperations::fill (channels[i], factor * level, numSamples);
    }
}

Levels findLevels (const shapes::Shape& shape, float input, int work)
{
    const auto numNodes = shape.nodes.size();
    std::vector<std::vector<shapes::Wire>> wiresInto (numNodes);

    for (const auto& wire : shape.wires)
        if (wire.fromChannel != shapes::midi)
            wiresInto[static_cast<std::size_t> (wire.toNode)].push_back (wire);

    std::vector<Levels> outputs (numNodes), inputs (numNodes);
    std::vector<bool> isDone (numNodes);

    const std::function<void (std::size_t)> find = [&] (std::size_t index)
    {
        if (isDone[index])
            return;

        const auto& node = shape.nodes[index];
        auto& ins = inputs[index];
        auto& outs = outputs[index];
        ins.assign (static_cast<std::size_t> (node.audioInputs), 0.0);

        for (const auto& wire : wiresInto[index])
        {
            const auto source = static_cast<std::size_t> (wire.fromNode);
            find (source);
            ins[static_cast<std::size_t> (wire.toChannel)] += outputs[source][static_cast<std::size_t> (wire.fromChannel)];
        }

        outs.assign (static_cast<std::size_t> (node.audioOutputs), static_cast<double> (input));

        if (node.kind == shapes::Kind::processor)
        {
            const auto gain = static_cast<double> (Processor::findGain (work));

            for (std::size_t i = 0; i < outs.size(); ++i)
                outs[i] = gain * (ins.empty() ? static_cast<double> (level) : ins[std::min (i, ins.size() - 1)]);
        }

        isDone[index] = true;
    };

    for (std::size_t i = 0; i < numNodes; ++i)
    {
        find (i);

        if (shape.nodes[i].kind == shapes::Kind::audioOutput)
            return inputs[i];
    }

    return {};
}

void expectLevels (const Block& block, const Levels& expected, const std::string& what)
{
    // Sums of a thousand floats, in any order.
    constexpr double tolerance = 2.0e-4;

    for (int channel = 0; channel < numChannels; ++channel)
    {
        const auto wanted = expected.at (static_cast<std::size_t> (channel));

        for (int i = 0; i < block.buffer.getNumSamples(); ++i)
        {
            const auto found = static_cast<double> (block.buffer.getSample (channel, i));

            if (std::abs (found - wanted) <= tolerance * std::abs (wanted))
                continue;

            std::fprintf (stderr, "%s: sample %d of channel %d is %g, not %g\n", what.c_str(), i, channel, found, wanted);
            std::exit (1);
        }
    }
}

DirectLoop::DirectLoop (const shapes::Shape& shape, int work) : gain (Processor::findGain (work))
{
    for (const auto& node : shape.nodes)
        if (node.kind == shapes::Kind::processor)
            processors.push_back (std::make_unique<Processor> (node, work));
}

Levels DirectLoop::findLevels (float input) const
{
    auto result = static_cast<double> (input);

    for (std::size_t i = 0; i < processors.size(); ++i)
        result *= static_cast<double> (gain);

    return Levels (numChannels, result);
}

JuceGraph::JuceGraph (const shapes::Shape& shape, int blockSize, int work)
{
    using Io = juce::AudioProcessorGraph::AudioGraphIOProcessor;
    constexpr auto later = juce::AudioProcessorGraph::UpdateKind::async;

    const auto hasInput = std::any_of (shape.nodes.begin(), shape.nodes.end(),
                                       [] (const auto& node) { return node.kind == shapes::Kind::audioInput; });
    graph.setPlayConfigDetails (hasInput ? numChannels : 0, numChannels, sampleRate, blockSize);

    for (const auto& node : shape.nodes)
    {
        std::unique_ptr<juce::AudioProcessor> processor;

        switch (node.kind)
        {
            case shapes::Kind::audioInput: processor = std::make_unique<Io> (Io::audioInputNode); break;
            case shapes::Kind::audioOutput: processor = std::make_unique<Io> (Io::audioOutputNode); break;
            case shapes::Kind::midiInput: processor = std::make_unique<Io> (Io::midiInputNode); break;
            case shapes::Kind::processor: processor = std::make_unique<Processor> (node, work); break;
        }

        ids.push_back (graph.addNode (std::move (processor), {}, later)->nodeID);
    }

    for (const auto& wire : shape.wires)
        graph.addConnection (toConnection (wire), later);

    const auto start = readThreadNanoseconds();
    graph.prepareToPlay (sampleRate, blockSize);
    buildNanoseconds = readThreadNanoseconds() - start;
}

void JuceGraph::toggle (const shapes::Wire& wire)
{
    const auto connection = toConnection (wire);

    if (! graph.removeConnection (connection))
        graph.addConnection (connection);
}

juce::AudioProcessorGraph::Connection JuceGraph::toConnection (const shapes::Wire& wire) const
{
    const auto toChannel = [] (int channel)
    { return channel == shapes::midi ? juce::AudioProcessorGraph::midiChannelIndex : channel; };

    return { { ids[static_cast<std::size_t> (wire.fromNode)], toChannel (wire.fromChannel) },
             { ids[static_cast<std::size_t> (wire.toNode)], toChannel (wire.toChannel) } };
}

} // namespace graphs
