#include "LivePlayer.h"

#include <rt_guard/rt_guard.h>

#include <chrono>
#include <cmath>

namespace host
{

LivePlayer::LivePlayer (Engine& e, MidiInputs& inputs, MidiOutputs& outputs)
    : engine (e), midiInputs (inputs), midiOutputs (outputs), pageFaults (engine.getPageFaults())
{
    midiIn.ensureSize (RenderPlan::midiCapacityBytes);
    midiOut.ensureSize (RenderPlan::midiCapacityBytes);
    droppedBefore = engine.getDroppedBlocks();
}

void LivePlayer::audioDeviceIOCallbackWithContext (const float* const* inputs, int numInputs, float* const* outputs,
                                                   int numOutputs, int numSamples,
                                                   const juce::AudioIODeviceCallbackContext& context)
{
    processBlock (inputs, numInputs, outputs, numOutputs, numSamples, context);

    // Asks the kernel, and so outside the guard's scope.
    if (engine.isCountingPageFaults())
        pageFaults.endBlock();
}

void LivePlayer::processBlock (const float* const* inputs, int numInputs, float* const* outputs, int numOutputs,
                               int numSamples, const juce::AudioIODeviceCallbackContext& context) noexcept
{
    const auto start = std::chrono::steady_clock::now();
    const auto sampleRate = engine.getInfo().sampleRate;
    const auto period = std::chrono::nanoseconds (std::llround (1.0e9 * numSamples / sampleRate));
    const auto blockTime = context.hostTimeNs != nullptr ? std::int64_t (*context.hostTimeNs)
                                                         : std::chrono::nanoseconds (start.time_since_epoch()).count();

    // New nodes are warmed up outside the guard; all the rest of the callback is inside it.
    engine.takePlan();
    const rt::guard::RealtimeScope scope (engine.getBlockCount());

    midiIn.clear();
    midiInputs.drainInto (midiIn, RenderPlan::midiCapacityBytes, { numSamples, sampleRate, blockTime });
    engine.process ({ inputs, numInputs, outputs, numOutputs, numSamples, midiIn, midiOut, {} });

    // What sounds in this block leaves the device one block later.
    midiOutputs.push (midiOut, blockTime + period.count(), sampleRate);

    makeSafe (outputs, numOutputs, numSamples);
    fade (outputs, numOutputs, numSamples);

    const auto dropped = engine.getDroppedBlocks();

    // A block that is not there in time is as late as one that comes too late.
    if (std::chrono::steady_clock::now() - start > period || dropped != droppedBefore)
        deadlineMisses.store (deadlineMisses.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);

    droppedBefore = dropped;
}

void LivePlayer::makeSafe (float* const* outputs, int numOutputs, int numSamples) noexcept
{
    std::uint64_t limited = 0;
    auto loudest = peak.load (std::memory_order_relaxed);

    for (int channel = 0; channel < numOutputs; ++channel)
    {
        for (int i = 0; i < numSamples; ++i)
        {
            auto& sample = outputs[channel][i];
            const auto size = std::abs (sample);

            // Not "size > limit": that would let NaN pass.
            if (! (size <= limit))
            {
                sample = std::isnan (sample) ? 0.0f : std::copysign (limit, sample);
                ++limited;
            }
            else
            {
                loudest = std::max (loudest, size);
            }
        }
    }

    peak.store (limited > 0 ? limit : loudest, std::memory_order_relaxed);
    limitedSamples.store (limitedSamples.load (std::memory_order_relaxed) + limited, std::memory_order_relaxed);
}

void LivePlayer::fade (float* const* outputs, int numOutputs, int numSamples) noexcept
{
    const auto target = isEnding.load (std::memory_order_relaxed) ? 0.0f : 1.0f;

    if (fadeGain == 1.0f && target == 1.0f)
        return;

    constexpr auto step = 1.0f / float (fadeSamples);
    auto gain = fadeGain;

    for (int i = 0; i < numSamples; ++i)
    {
        gain = target > gain ? std::min (target, gain + step) : std::max (target, gain - step);

        for (int channel = 0; channel < numOutputs; ++channel)
            outputs[channel][i] *= gain;
    }

    fadeGain = gain;
    isOver.store (target == 0.0f && gain == 0.0f, std::memory_order_relaxed);
}

} // namespace host
