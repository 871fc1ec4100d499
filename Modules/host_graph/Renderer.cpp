#include "Renderer.h"

#include <rt_guard/TickClock.h>

#include <cmath>

namespace host
{

Renderer::Renderer()
{
    constexpr std::uint64_t manyTicks = 1 << 20;
    rt::guard::TickClock::warmUp();
    nanosecondsPerTick = rt::guard::TickClock::toNanoseconds (manyTicks) / double (manyTicks);
}

detail::BlockContext Renderer::beginBlock (const RenderPlan& plan, const BlockIO& io) noexcept
{
    constexpr auto smoothingSeconds = 0.3f;
    const auto seconds = float (io.numSamples) / float (plan.info.sampleRate);

    detail::BlockContext context;
    context.plan = &plan;
    context.isSilent = plan.workspace->isSilent.data();
    context.numSamples = io.numSamples;
    context.transport = io.transport;
    context.number = numBlocks++;
    context.isMeasuring = measuring.load (std::memory_order_relaxed);
    context.timeMask = context.isMeasuring ? 0 : detail::OpRunner::measuredBlocks - 1;
    context.isMetering = metering.load (std::memory_order_relaxed);
    context.isHunting = huntingLeft > 0;
    context.isRecording = recorder != nullptr && recorder->isRecording();
    context.isReleasing = std::exchange (releasing, false);
    context.isPlain = ! (context.isMetering || context.isHunting);
    context.peakFall = std::exp (-seconds / smoothingSeconds);
    context.smoothing = 1.0f - context.peakFall;
    context.nanosecondsPerTick = nanosecondsPerTick;
    context.loadPerNanosecond = seconds > 0.0f ? 1.0e-9f / seconds : 0.0f;

    if (context.isRecording)
        context.start = rt::guard::TickClock::readBoth();

    return context;
}

void Renderer::endBlock (const detail::BlockContext& context, const BlockIO& io) noexcept
{
    const auto& plan = *context.plan;
    const auto areAllFinite = detail::OpRunner::finish (context, io);
    huntingLeft = areAllFinite ? std::max (0, huntingLeft - 1) : blocksOfHunting;
    detail::OpRunner::noteSettledEdges (plan);
    plan.isRendered.store (true, std::memory_order_relaxed);
}

void Renderer::setRecorder (FlightRecorder& recorderToUse) noexcept
{
    recorder = &recorderToUse;
    audioThread.lane = recorder->getLane (0);
}

void Renderer::warmUpNode (NodeRuntime& node, float* const* channels, int maxBlockSize, int numSamples) noexcept
{
    const auto numChannels = std::max (node.ports.audioInputs, node.ports.audioOutputs);
    const TransportPosition stopped;
    juce::MidiBuffer midi;

    // Notes off reach no sounding voice, but they make lists of events grow now and not in the music.
    if (node.ports.midiInput)
    {
        midi.ensureSize (RenderPlan::midiCapacityBytes);

        for (int i = 0; i < 1024; ++i)
            midi.addEvent (juce::MidiMessage::noteOff (1 + i / 128, i % 128), 0);
    }

    // The same number of samples whatever the block size, so that what free-running oscillators do then is the same.
    for (int left = numSamples; left > 0;)
    {
        const auto length = std::min (left, maxBlockSize);

        for (int i = 0; i < numChannels; ++i)
            juce::FloatVectorOperations::clear (channels[i], length);

        ProcessContext context{ channels, numChannels, length, midi, stopped };
        node.processor->process (context);
        midi.clear();
        left -= length;
    }
}

void Renderer::warmUp (const RenderPlan& plan, int numSamples) noexcept
{
    const juce::ScopedNoDenormals noDenormals;
    isSomeNodeCold = false;
    plan.isTaken.store (true, std::memory_order_release); // with the compiler's load

    if (numSamples == 0)
        return;

    for (const auto index : plan.newOps)
    {
        const auto& op = plan.ops[std::size_t (index)];
        auto& node = *op.node;

        if (node.isWarm)
            continue;

        // A plugin that was bypassed because it misbehaves must not run at all.
        if (node.bypassed.load (std::memory_order_relaxed))
        {
            isSomeNodeCold = true;
            continue;
        }

        audioThread.running.store (node.id, std::memory_order_relaxed);
        warmUpNode (node, op.channels, plan.info.maxBlockSize, numSamples);
        audioThread.running.store (0, std::memory_order_relaxed);
        node.isWarm = true;
    }
}

} // namespace host
