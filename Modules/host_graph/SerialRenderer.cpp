#include "SerialRenderer.h"

#include "nodes/BuiltInNodes.h"

#include <rt_guard/rt_guard.h>

#include <chrono>
#include <cmath>

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

void SerialRenderer::render (const RenderPlan& plan, const BlockIO& io) noexcept RT_NONBLOCKING
{
    const juce::ScopedNoDenormals noDenormals;

    for (int channel = 0; channel < io.numOutputs; ++channel)
        juce::FloatVectorOperations::clear (io.outputs[channel], io.numSamples);

    io.midiOutput.clear();

    constexpr auto smoothingSeconds = 0.3f;
    const auto seconds = float (io.numSamples) / float (plan.info.sampleRate);
    peakFall = std::exp (-seconds / smoothingSeconds);
    smoothing = 1.0f - peakFall;
    blockNanoseconds = 1.0e9 * double (seconds);

    for (const auto& op : plan.ops)
    {
        gatherAudio (plan, op, io.numSamples);
        gatherMidi (plan, op, io);
        process (plan, op, io);

        if (metering.load (std::memory_order_relaxed))
            meter (plan, op, io.numSamples);
    }

    releasing = false;
}

void SerialRenderer::meter (const RenderPlan& plan, const RenderPlan::Op& op, int numSamples) noexcept
{
    const auto isSink = op.kind == RenderPlan::Kind::audioOutput;

    if (op.kind != RenderPlan::Kind::feedbackWrite)
    {
        auto* const* channels = plan.workspace.channelPointers.data() + op.firstChannel;
        const auto numChannels = std::min (int (op.node->peaks.size()), isSink ? op.numInputs : op.numOutputs);

        for (int i = 0; i < numChannels; ++i)
        {
            const auto range = juce::FloatVectorOperations::findMinAndMax (channels[i], numSamples);
            auto& peak = op.node->peaks[std::size_t (i)];
            peak.store (std::max ({ -range.getStart(), range.getEnd(), peak.load (std::memory_order_relaxed) * peakFall }),
                        std::memory_order_relaxed);
        }
    }

    if (op.midi == RenderPlan::none)
        return;

    if (const auto& midi = plan.workspace.midiBuffers[std::size_t (op.midi)]; ! midi.isEmpty())
        op.node->midiEvents.store (op.node->midiEvents.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
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

        case Kind::process: processNode (plan, op, io); break;
    }
}

void SerialRenderer::processNode (const RenderPlan& plan, const RenderPlan::Op& op, const BlockIO& io) noexcept
{
    auto& node = *op.node;
    auto* const* channels = plan.workspace.channelPointers.data() + op.firstChannel;
    const auto& dry = plan.workspace.dry;
    const auto numDry = std::min (op.numInputs, op.numOutputs);

    juce::MidiBuffer noMidi;
    auto& midi = op.midi == RenderPlan::none ? noMidi : plan.workspace.midiBuffers[std::size_t (op.midi)];

    const auto target = node.bypassed.load (std::memory_order_relaxed) ? 0.0f : 1.0f;

    if (node.wetGain < 0.0f)
        node.wetGain = target;

    const auto wasBypassed = node.wetGain == 0.0f;
    const auto isFading = node.wetGain != target;
    const auto isDelayed = op.firstBypassDelay != RenderPlan::none;

    // The delay is fed all the time: what goes past has to be there at the moment when it is wanted.
    for (int i = 0; i < numDry && isDelayed; ++i)
        plan.bypassDelays[std::size_t (op.firstBypassDelay + i)].line->process (channels[i], dry[std::size_t (i)],
                                                                                io.numSamples);

    for (int i = 0; i < numDry && ! isDelayed && (isFading || wasBypassed); ++i)
        juce::FloatVectorOperations::copy (dry[std::size_t (i)], channels[i], io.numSamples);

    if (wasBypassed && ! isFading)
    {
        for (int i = 0; i < op.numOutputs; ++i)
        {
            if (i < numDry)
                juce::FloatVectorOperations::copy (channels[i], dry[std::size_t (i)], io.numSamples);
            else
                juce::FloatVectorOperations::clear (channels[i], io.numSamples);
        }

        if (! (node.ports.midiInput && node.ports.midiOutput))
            midi.clear();

        node.load.store (0.0f, std::memory_order_relaxed);
        return;
    }

    if (node.ports.midiInput)
    {
        // What it was playing when it was bypassed ended long ago.
        if (releasing || wasBypassed)
        {
            node.notes.release (
                [&] (const juce::uint8 (&bytes)[3])
                {
                    if (! addWithinCapacity (midi, { bytes, 3, 0 }, 0, RenderPlan::midiCapacityBytes))
                        countDropped (node, 1);
                });
        }

        node.notes.update (midi);
    }

    ProcessContext context{ channels, op.numChannels, io.numSamples, midi, io.transport };
    run (op, context);
    silenceIfNotFinite (node, channels, op.numOutputs, io.numSamples);

    if (! isFading)
        return;

    constexpr auto step = 1.0f / float (fadeSamples);
    const auto start = node.wetGain;

    for (int i = 0; i < op.numOutputs; ++i)
    {
        auto gain = start;

        for (int j = 0; j < io.numSamples; ++j)
        {
            gain = target > gain ? std::min (target, gain + step) : std::max (target, gain - step);
            const auto past = i < numDry ? dry[std::size_t (i)][j] : 0.0f;
            channels[i][j] = past + (channels[i][j] - past) * gain;
        }
    }

    const auto change = step * float (io.numSamples);
    node.wetGain = target > start ? std::min (target, start + change) : std::max (target, start - change);
}

void SerialRenderer::run (const RenderPlan::Op& op, ProcessContext& context) noexcept
{
    auto& node = *op.node;
    const rt::guard::NodeScope scope (node.id, rt::guard::Phase::process);
    runningNode.store (node.id, std::memory_order_relaxed);

    if (measuring.load (std::memory_order_relaxed))
    {
        const auto start = std::chrono::steady_clock::now();
        node.processor->process (context);
        const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start;
        node.time.add (std::uint64_t (duration.count()));

        const auto load = node.load.load (std::memory_order_relaxed);
        const auto now = float (double (duration.count()) / blockNanoseconds);
        node.load.store (load + smoothing * (now - load), std::memory_order_relaxed);
    }
    else
    {
        node.processor->process (context);
    }

    runningNode.store (0, std::memory_order_relaxed);
}

void SerialRenderer::warmUp (const RenderPlan& plan) noexcept
{
    const juce::ScopedNoDenormals noDenormals;
    const TransportPosition stopped;
    isSomeNodeCold = false;

    for (const auto& op : plan.ops)
    {
        if (op.node->isWarm || op.kind != RenderPlan::Kind::process)
            continue;

        // A plugin that was bypassed because it misbehaves must not run at all.
        if (op.node->bypassed.load (std::memory_order_relaxed))
        {
            isSomeNodeCold = true;
            continue;
        }

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
