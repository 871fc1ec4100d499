#pragma once

#include <juce_audio_devices/juce_audio_devices.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace host
{

/** A sound card that is not there: a thread that wakes at absolute times, so that everything runs, and keeps time, on a
    machine without sound hardware. Two silent inputs; two outputs that nobody hears.

    The thread is real-time where that is allowed. A callback that ends after the next one should have begun is an xrun;
    the periods it slept through are skipped, never made up for in a burst.
    open, start, stop and close: one thread at a time, and never from within the callback. Counters: any thread.
*/
class VirtualDevice final : public juce::AudioIODevice
{
public:
    static constexpr double minRate = 8000.0, maxRate = 384000.0; ///< Hz
    static constexpr int minBlock = 1, maxBlock = 16384;          ///< samples

    VirtualDevice();
    ~VirtualDevice() override;

    /** True once the running thread has been granted real-time scheduling. */
    bool isRealtime() const noexcept { return realtime.load (std::memory_order_relaxed); }

    /** Callbacks that never happened because an earlier one ended too late. */
    std::int64_t getSkippedPeriods() const noexcept { return skippedPeriods.load (std::memory_order_relaxed); }

    juce::StringArray getOutputChannelNames() override { return { "out 1", "out 2" }; }
    juce::StringArray getInputChannelNames() override { return { "in 1", "in 2" }; }
    juce::Array<double> getAvailableSampleRates() override;
    juce::Array<int> getAvailableBufferSizes() override;
    int getDefaultBufferSize() override { return 512; }

    /** Any rate and block size within the limits; 0 means 48000 Hz or the default size. */
    juce::String open (const juce::BigInteger& inputs, const juce::BigInteger& outputs, double rate, int block) override;
    void close() override;
    bool isOpen() override { return opened; }
    void start (juce::AudioIODeviceCallback*) override;
    void stop() override;
    bool isPlaying() override { return callback != nullptr; }
    juce::String getLastError() override { return lastError; }

    int getCurrentBufferSizeSamples() override { return blockSize; }
    double getCurrentSampleRate() override { return sampleRate; }
    int getCurrentBitDepth() override { return 32; }
    juce::BigInteger getActiveOutputChannels() const override { return activeOutputs; }
    juce::BigInteger getActiveInputChannels() const override { return activeInputs; }
    int getOutputLatencyInSamples() override { return 0; }
    int getInputLatencyInSamples() override { return 0; }
    int getXRunCount() const noexcept override { return xruns.load (std::memory_order_relaxed); }

private:
    void run();

    double sampleRate = 48000.0;
    int blockSize = 512;
    bool opened = false;
    juce::BigInteger activeInputs, activeOutputs;
    juce::String lastError;

    juce::AudioBuffer<float> inputBuffer, outputBuffer;
    juce::AudioIODeviceCallback* callback = nullptr; // changed only while the thread is not running
    std::thread thread;
    std::atomic<bool> shouldStop{ false }, realtime{ false };
    std::atomic<int> xruns{ 0 };
    std::atomic<std::int64_t> skippedPeriods{ 0 };

    JUCE_DECLARE_NON_COPYABLE (VirtualDevice)
};

/** The type "Virtual" with its one device, "Virtual". */
class VirtualDeviceType final : public juce::AudioIODeviceType
{
public:
    VirtualDeviceType() : AudioIODeviceType ("Virtual") {}

    void scanForDevices() override {}
    juce::StringArray getDeviceNames (bool) const override { return { "Virtual" }; }
    int getDefaultDeviceIndex (bool) const override { return 0; }
    int getIndexOfDevice (juce::AudioIODevice*, bool) const override;
    bool hasSeparateInputsAndOutputs() const override { return false; }
    juce::AudioIODevice* createDevice (const juce::String& outputName, const juce::String& inputName) override;
};

} // namespace host
