#include "VirtualDevice.h"

#include "MonotonicClock.h"
#include "ThreadScheduling.h"

#include <algorithm>
#include <cmath>

namespace host
{

VirtualDevice::VirtualDevice() : AudioIODevice ("Virtual", "Virtual") {}

VirtualDevice::~VirtualDevice() { close(); }

juce::Array<double> VirtualDevice::getAvailableSampleRates()
{
    return { 8000.0, 11025.0, 16000.0, 22050.0, 32000.0, 44100.0, 48000.0, 88200.0, 96000.0, 176400.0, 192000.0, 384000.0 };
}

juce::Array<int> VirtualDevice::getAvailableBufferSizes()
{
    juce::Array<int> sizes;

    for (int size = minBlock; size <= maxBlock; size *= 2)
        sizes.add (size);

    return sizes;
}

juce::String VirtualDevice::open (const juce::BigInteger& inputs, const juce::BigInteger& outputs, double rate, int block)
{
    close();

    const auto wantedRate = rate > 0.0 ? rate : 48000.0;
    const auto wantedBlock = block > 0 ? block : getDefaultBufferSize();

    // Written so that a rate that is not a number fails as well.
    if (! (wantedRate >= minRate && wantedRate <= maxRate) || wantedBlock > maxBlock)
    {
        lastError = "the Virtual device runs at 8000 to 384000 Hz with blocks of 1 to 16384 samples";
        return lastError;
    }

    sampleRate = wantedRate;
    blockSize = wantedBlock;
    activeInputs = inputs;
    activeOutputs = outputs;
    activeInputs.setRange (2, std::max (0, activeInputs.getHighestBit() - 1), false);
    activeOutputs.setRange (2, std::max (0, activeOutputs.getHighestBit() - 1), false);
    inputBuffer.setSize (activeInputs.countNumberOfSetBits(), blockSize);
    outputBuffer.setSize (activeOutputs.countNumberOfSetBits(), blockSize);
    inputBuffer.clear();
    lastError = {};
    opened = true;
    return {};
}

void VirtualDevice::close()
{
    stop();
    opened = false;
}

void VirtualDevice::start (juce::AudioIODeviceCallback* newCallback)
{
    stop();

    if (! opened || newCallback == nullptr)
        return;

    xruns = 0;
    skippedPeriods = 0;
    shouldStop = false;
    realtime = false;
    newCallback->audioDeviceAboutToStart (this);
    callback = newCallback;
    thread = std::thread ([this] { run(); });
}

void VirtualDevice::stop()
{
    if (callback == nullptr)
        return;

    shouldStop = true;
    thread.join();
    std::exchange (callback, nullptr)->audioDeviceStopped();
}

void VirtualDevice::run()
{
    realtime = makeThisThreadRealtime (RealtimePriority::audio);

    // Long periods are slept in pieces, so that stop() need not wait for a whole one.
    constexpr std::int64_t longestSleep = 50'000'000;

    const auto period = double (blockSize) * 1.0e9 / sampleRate;
    const auto start = monotonicNanoseconds();
    const auto startOf = [&] (std::int64_t index) { return start + std::int64_t (double (index) * period); };

    for (std::int64_t index = 0;;)
    {
        const auto due = startOf (index);

        while (! shouldStop)
        {
            const auto now = monotonicNanoseconds();

            if (now >= due)
                break;

            sleepUntilMonotonic (std::min (due, now + longestSleep));
        }

        if (shouldStop)
            return;

        const auto hostTime = static_cast<std::uint64_t> (due);
        juce::AudioIODeviceCallbackContext context;
        context.hostTimeNs = &hostTime;

        callback->audioDeviceIOCallbackWithContext (inputBuffer.getArrayOfReadPointers(), inputBuffer.getNumChannels(),
                                                    outputBuffer.getArrayOfWritePointers(), outputBuffer.getNumChannels(),
                                                    blockSize, context);
        ++index;
        const auto late = monotonicNanoseconds() - startOf (index);

        if (late > 0)
        {
            const auto skipped = static_cast<std::int64_t> (double (late) / period) + 1;
            xruns.fetch_add (1, std::memory_order_relaxed);
            skippedPeriods.fetch_add (skipped, std::memory_order_relaxed);
            index += skipped;
        }
    }
}

int VirtualDeviceType::getIndexOfDevice (juce::AudioIODevice* device, bool) const
{
    return dynamic_cast<VirtualDevice*> (device) != nullptr ? 0 : -1;
}

juce::AudioIODevice* VirtualDeviceType::createDevice (const juce::String& outputName, const juce::String& inputName)
{
    const auto wanted = outputName.isNotEmpty() ? outputName : inputName;
    return wanted == "Virtual" ? new VirtualDevice : nullptr;
}

} // namespace host
