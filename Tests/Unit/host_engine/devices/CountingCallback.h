#pragma once

#include <juce_audio_devices/juce_audio_devices.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

/** Counts what a device does to it, and plays a constant. */
struct CountingCallback : juce::AudioIODeviceCallback
{
    void audioDeviceIOCallbackWithContext (const float* const* inputs, int numInputs, float* const* outputs, int numOutputs,
                                           int numSamples, const juce::AudioIODeviceCallbackContext& context) override
    {
        lastNumInputs = numInputs;
        lastNumOutputs = numOutputs;
        lastNumSamples = numSamples;
        smallest = std::min (smallest.load(), numSamples);
        largest = std::max (largest.load(), numSamples);

        for (int c = 0; c < numInputs; ++c)
            for (int i = 0; i < numSamples; ++i)
                if (inputs[c][i] != 0.0f)
                    heardSomething = true;

        // Sanitizers see a block that is shorter than the device says.
        for (int c = 0; c < numOutputs; ++c)
            for (int i = 0; i < numSamples; ++i)
                outputs[c][i] = 0.25f;

        const auto time = context.hostTimeNs != nullptr ? static_cast<std::int64_t> (*context.hostTimeNs) : 0;

        if (time <= lastTime)
            timeWentBack = true;

        lastTime = time;

        if (stopped)
            calledWhileStopped = true;

        if (onCallback)
            onCallback (count);

        ++count;
    }

    void audioDeviceAboutToStart (juce::AudioIODevice* device) override
    {
        ++starts;
        stopped = false;
        rateAtStart = device->getCurrentSampleRate();
        blockAtStart = device->getCurrentBufferSizeSamples();
    }

    void audioDeviceStopped() override
    {
        ++stops;
        stopped = true;
    }

    /** Waits until there have been so many callbacks; false if they do not come in half a minute. */
    bool waitFor (int wantedCount) const
    {
        return waitUntil ([&] { return count >= wantedCount; });
    }

    template <typename Condition>
    static bool waitUntil (Condition&& condition)
    {
        for (int i = 0; i < 30000; ++i)
        {
            if (condition())
                return true;

            std::this_thread::sleep_for (std::chrono::milliseconds (1));
        }

        return false;
    }

    std::function<void (int)> onCallback;
    std::atomic<int> count{ 0 }, starts{ 0 }, stops{ 0 }, lastNumInputs{ -1 }, lastNumOutputs{ -1 }, lastNumSamples{ 0 },
        smallest{ 1 << 30 }, largest{ 0 };
    std::atomic<bool> heardSomething{ false }, timeWentBack{ false }, stopped{ true }, calledWhileStopped{ false };
    std::atomic<double> rateAtStart{ 0.0 };
    std::atomic<int> blockAtStart{ 0 };
    std::atomic<std::int64_t> lastTime{ 0 };
};
