#include "SerialRenderer.h"

#include "nodes/BuiltInNodes.h"

#include <rt_guard/rt_guard.h>

#include <chrono>

namespace host
{

namespace
{
/** NaN and infinity times zero are NaN, all else is zero: one pass without a branch a sample. */
bool isFinite (const float* samples, int numSamples) noexcept
{
    float sum = 0.0f;

    for (int i = 0; i < numSamples; ++i)
        sum += samples[i] * 0.0f;

    return sum == 0.0f;
}

void silenceIfNotFinite (NodeRuntime& node, float* const* channels, int numChannels, int numSamples) noexcept
{
    for (int i = 0; i < numChannels; ++i)
    {
        if (isFinite (channels[i], numSamples))
            continue;

        for (int j = 0; j < numChannels; ++j)
            juce::FloatVectorOperations::clear (channels[j], numSamples);

        node.mutedBlocks.fetch_add (1, std::memory_order_relaxed);
        return;
    }
}

void add (float* destination, const float* source, int numSamples) noexcept
{
    juce::FloatVectorOperations::add (destination, source, numSamples);
}

void countDropped (NodeRuntime& node, int numEvents) noexcept
{
    if (numEvents > 0)
        node.droppedEvents.fetch_add (std::uint64_t (numEvents), std::memory_order_relaxed);
}
} // namespace

void SerialRenderer::render (const RenderPlan& plan, const BlockIO& io) noexcept
{
    const juce::ScopedNoDenormals noDenormals;

    for (int channel = 0; channel < io.numOutputs; ++channel)
        juce::FloatVectorOperations::clear (io.outputs[channel], io.numSamples);

    io.midiOutput.clear();

    for (const auto& op : plan.ops)
    {
        gatherAudio (plan, op, io.numSamples);
        gatherMidi (plan, op, io);
        process (plan, op, io);
    }
}

void SerialRenderer::gatherAudio (const RenderPlan& plan, const RenderPlan::Op& op, int numSamples) noexcept
{
    const auto& workspace = plan.workspace;

    for (int channel = 0; channel < op.numChannels; ++channel)
    {
        auto* destination = workspace.channelPointers[std::size_t (op.firstChannel + channel)];
        bool isFirst = true;

        if (channel < op.numInputs)
        {
            const auto& input = plan.inputChannels[std::size_t (op.firstInput + channel)];

            for (int i = 0; i < input.numSources; ++i)
            {
                const auto index = std::size_t (input.firstSource + i);
                const auto delay = plan.sources[index].delay;
                const auto* source = workspace.sourcePointers[index];

                if (delay != RenderPlan::none)
                {
                    auto* delayed = isFirst ? destination : workspace.delayed;
                    plan.audioDelays[std::size_t (delay)].line->process (source, delayed, numSamples);
                    source = delayed;
                }

                if (! isFirst)
                    add (destination, source, numSamples);
                else if (source != destination)
                    juce::FloatVectorOperations::copy (destination, source, numSamples);

                isFirst = false;
            }
        }

        if (isFirst)
            juce::FloatVectorOperations::clear (destination, numSamples);
    }
}

void SerialRenderer::gatherMidi (const RenderPlan& plan, const RenderPlan::Op& op, const BlockIO& io) noexcept
{
    if (op.midi == RenderPlan::none)
        return;

    auto& buffer = plan.workspace.midiBuffers[std::size_t (op.midi)];
    buffer.clear();
    int dropped = 0;

    const auto addAll = [&] (const juce::MidiBuffer& source)
    {
        for (const auto event : source)
            dropped += addWithinCapacity (buffer, event, event.samplePosition, RenderPlan::midiCapacityBytes) ? 0 : 1;
    };

    if (op.kind == RenderPlan::Kind::midiInput)
        addAll (io.midiInput);

    for (int i = 0; i < op.numMidiSources; ++i)
    {
        const auto& source = plan.midiSources[std::size_t (op.firstMidiSource + i)];
        const auto& events = plan.workspace.midiBuffers[std::size_t (source.buffer)];

        if (source.delay == RenderPlan::none)
            addAll (events);
        else
            dropped += plan.midiDelays[std::size_t (source.delay)].line->process (events, buffer, io.numSamples);
    }

    countDropped (*op.node, dropped);
}

void SerialRenderer::process (const RenderPlan& plan, const RenderPlan::Op& op, const BlockIO& io) noexcept
{
    using Kind = RenderPlan::Kind;
    auto* const* channels = plan.workspace.channelPointers.data() + op.firstChannel;

    switch (op.kind)
    {
        case Kind::audioInput:
            for (int i = 0; i < std::min (op.numOutputs, io.numInputs); ++i)
                juce::FloatVectorOperations::copy (channels[i], io.inputs[i], io.numSamples);
            break;

        case Kind::audioOutput:
            for (int i = 0; i < std::min (op.numInputs, io.numOutputs); ++i)
                add (io.outputs[i], channels[i], io.numSamples);
            break;

        case Kind::midiInput: break; // gatherMidi() has done it

        case Kind::midiOutput:
            for (const auto event : plan.workspace.midiBuffers[std::size_t (op.midi)])
                if (! addWithinCapacity (io.midiOutput, event, event.samplePosition, RenderPlan::midiCapacityBytes))
                    countDropped (*op.node, 1);
            break;

        case Kind::feedbackRead: static_cast<FeedbackNode&> (*op.node->processor).read (channels, io.numSamples); break;

        case Kind::feedbackWrite: static_cast<FeedbackNode&> (*op.node->processor).write (channels, io.numSamples); break;

        case Kind::process:
        {
            juce::MidiBuffer noMidi;
            ProcessContext context{ channels, op.numChannels, io.numSamples,
                                    op.midi == RenderPlan::none ? noMidi : plan.workspace.midiBuffers[std::size_t (op.midi)],
                                    io.transport };

            const rt::guard::NodeScope scope (op.node->id, rt::guard::Phase::process);
            runningNode.store (op.node->id, std::memory_order_relaxed);

            if (measuring.load (std::memory_order_relaxed))
            {
                const auto start = std::chrono::steady_clock::now();
                op.node->processor->process (context);
                const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start;
                op.node->time.add (std::uint64_t (duration.count()));
            }
            else
            {
                op.node->processor->process (context);
            }

            runningNode.store (0, std::memory_order_relaxed);
            silenceIfNotFinite (*op.node, channels, op.numOutputs, io.numSamples);
            break;
        }
    }
}

void SerialRenderer::warmUp (const RenderPlan& plan) noexcept
{
    const juce::ScopedNoDenormals noDenormals;
    const TransportPosition stopped;

    for (const auto& op : plan.ops)
    {
        if (op.node->isWarm || op.kind != RenderPlan::Kind::process)
            continue;

        auto* const* channels = plan.workspace.channelPointers.data() + op.firstChannel;
        juce::MidiBuffer midi;

        // Notes off reach no sounding voice, but they make lists of events grow now and not in the music.
        if (op.node->ports.midiInput)
        {
            midi.ensureSize (RenderPlan::midiCapacityBytes);

            for (int i = 0; i < 1024; ++i)
                midi.addEvent (juce::MidiMessage::noteOff (1 + i / 128, i % 128), 0);
        }

        runningNode.store (op.node->id, std::memory_order_relaxed);

        // The same number of samples whatever the block size, so that what free-running oscillators do then is the same.
        for (int left = warmUpSamples; left > 0;)
        {
            const auto length = std::min (left, plan.info.maxBlockSize);

            for (int i = 0; i < op.numChannels; ++i)
                juce::FloatVectorOperations::clear (channels[i], length);

            ProcessContext context{ channels, op.numChannels, length, midi, stopped };
            op.node->processor->process (context);
            midi.clear();
            left -= length;
        }

        runningNode.store (0, std::memory_order_relaxed);
        op.node->isWarm = true;
    }
}

} // namespace host
