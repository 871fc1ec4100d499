#include "OpenDevice.h"

#include "../SignalStack.h"
#include "JackDevice.h"
#include "MonotonicClock.h"
#include "ThreadScheduling.h"

#include <host_graph/Error.h>

#include <pthread.h>

#include <algorithm>
#include <atomic>

namespace host
{

/** Stands between the driver and whoever plays. */
class OpenDevice::Relay final : public juce::AudioIODeviceCallback
{
public:
    explicit Relay (bool shouldPromote) : promote (shouldPromote) {}

    void audioDeviceIOCallbackWithContext (const float* const* inputs, int numInputs, float* const* outputs, int numOutputs,
                                           int numSamples, const juce::AudioIODeviceCallbackContext& driversContext) override
    {
        // Dekker's pattern with takeAway(): sequential consistency makes sure that one of the two sees the other.
        inCallback.store (true);
        auto* callback = target.load();

        const auto now = monotonicNanoseconds();
        const auto driversTime =
            driversContext.hostTimeNs != nullptr ? *driversContext.hostTimeNs : static_cast<std::uint64_t> (now);

        // JACK's estimate steps back when its server was late and begins anew.
        hostTime = std::max (driversTime, hostTime + 1);
        juce::AudioIODeviceCallbackContext context;
        context.hostTimeNs = &hostTime;

        if (const auto self = pthread_self(); numCallbacks == 0 || ! pthread_equal (self, thread))
        {
            thread = self;
            giveThisThreadSignalStack();
            realtime = promote ? makeThisThreadRealtime (RealtimePriority::audio) : isThisThreadRealtime();
        }

        if (callback != nullptr)
            callback->audioDeviceIOCallbackWithContext (inputs, numInputs, outputs, numOutputs, numSamples, context);
        else
            for (int i = 0; i < numOutputs; ++i)
                if (outputs[i] != nullptr)
                    juce::FloatVectorOperations::clear (outputs[i], numSamples);

        lastCallback.store (now, std::memory_order_relaxed);
        numCallbacks.store (numCallbacks.load (std::memory_order_relaxed) + 1, std::memory_order_release);
        inCallback.store (false);
    }

    void audioDeviceAboutToStart (juce::AudioIODevice*) override {}
    void audioDeviceStopped() override {}

    /** False when a callback is still under way after the time. */
    bool takeAway (double timeoutSeconds)
    {
        target.store (nullptr);
        const auto end = monotonicNanoseconds() + static_cast<std::int64_t> (timeoutSeconds * 1.0e9);

        while (inCallback.load())
        {
            const auto now = monotonicNanoseconds();

            if (now >= end)
                return false;

            sleepUntilMonotonic (now + 200'000);
        }

        return true;
    }

    std::atomic<juce::AudioIODeviceCallback*> target{ nullptr };
    juce::AudioIODeviceCallback* lastTarget = nullptr; // the message thread's
    std::atomic<bool> inCallback{ false }, realtime{ false };
    std::atomic<std::int64_t> numCallbacks{ 0 }, lastCallback{ 0 };

private:
    const bool promote;
    pthread_t thread{};
    std::uint64_t hostTime = 0; // of the last block
};

namespace
{

juce::String nameOf (juce::AudioIODevice& device)
{
    return device.getTypeName() == device.getName() ? device.getName() : device.getTypeName() + " " + device.getName();
}

std::string withColon (juce::AudioIODevice& device) { return (device.getTypeName() + ":" + device.getName()).toStdString(); }

} // namespace

OpenDevice::OpenDevice (std::unique_ptr<juce::AudioIODevice> openedDevice, Facts factsToUse)
    : device (std::move (openedDevice)), relay (std::make_unique<Relay> (factsToUse.promoteCallbackThread)),
      facts (std::move (factsToUse))
{
    device->start (relay.get());
    const auto end = monotonicNanoseconds() + 5'000'000'000;

    while (relay->numCallbacks.load (std::memory_order_acquire) == 0)
    {
        const auto now = monotonicNanoseconds();

        if (now >= end || ! device->isPlaying())
        {
            const auto why = device->getLastError();
            device->close();
            throw Error (withColon (*device), why.isNotEmpty() ? why.toStdString() : "it opens, but never asks for sound",
                         "choose another device with --device, or --device Virtual to play without one",
                         Error::Kind::failed);
        }

        sleepUntilMonotonic (now + 500'000);
    }

    relay->lastCallback = monotonicNanoseconds();

    if (device->getLastError().isNotEmpty())
        facts.note = facts.note.isEmpty() ? device->getLastError() : facts.note + "; " + device->getLastError();
}

OpenDevice::~OpenDevice()
{
    if (stop())
    {
        device->close();
        return;
    }

    // A thread that hangs inside the callback still uses both.
    static_cast<void> (device.release());
    static_cast<void> (relay.release());
}

void OpenDevice::start (juce::AudioIODeviceCallback& callback)
{
    if (! stop())
        throw Error (withColon (*device), "the audio callback before this one has not come back", "quit and start again",
                     Error::Kind::failed);

    callback.audioDeviceAboutToStart (device.get());
    relay->lastTarget = &callback;
    relay->target.store (&callback);
}

bool OpenDevice::stop (double timeoutSeconds)
{
    if (! relay->takeAway (timeoutSeconds))
        return false;

    if (auto* callback = std::exchange (relay->lastTarget, nullptr))
        callback->audioDeviceStopped();

    return true;
}

double OpenDevice::getSampleRate() const { return device->getCurrentSampleRate(); }

int OpenDevice::getBlockSize() const { return device->getCurrentBufferSizeSamples(); }

int OpenDevice::getNumInputs() const { return device->getActiveInputChannels().countNumberOfSetBits(); }

int OpenDevice::getNumOutputs() const { return device->getActiveOutputChannels().countNumberOfSetBits(); }

int OpenDevice::getInputLatency() const { return device->getInputLatencyInSamples(); }

int OpenDevice::getOutputLatency() const { return device->getOutputLatencyInSamples(); }

int OpenDevice::getXrunCount() const { return std::max (0, device->getXRunCount()); }

bool OpenDevice::isRealtime() const noexcept { return relay->realtime; }

std::int64_t OpenDevice::getNumCallbacks() const noexcept { return relay->numCallbacks.load (std::memory_order_relaxed); }

bool OpenDevice::hasFailed()
{
    if (failure.isNotEmpty())
        return true;

    if (auto* jack = dynamic_cast<JackDevice*> (device.get()))
        failure = jack->getFailure();

    const auto patience = 3.0e9 + 8.0e9 * getBlockSize() / std::max (1.0, getSampleRate());

    if (failure.isEmpty() && ! relay->inCallback
        && double (monotonicNanoseconds() - relay->lastCallback.load (std::memory_order_relaxed)) > patience)
    {
        const auto driversWord = device->getLastError();
        failure = "it has stopped asking for sound" + (driversWord.isEmpty() ? juce::String() : " (" + driversWord + ")");
    }

    if (failure.isEmpty())
        return false;

    failure = nameOf (*device) + ": " + failure + "; bring it back or choose another device, then play again";
    return true;
}

juce::String OpenDevice::getDescription() const
{
    const auto text = nameOf (*device) + ", " + juce::String (getSampleRate() / 1000.0) + " kHz, "
                      + juce::String (getBlockSize()) + (getBlockSize() == 1 ? " sample, " : " samples, ")
                      + juce::String (getNumInputs()) + " in " + juce::String (getNumOutputs()) + " out, "
                      + (isRealtime() ? "real-time" : "not real-time");

    juce::StringArray notes, wishes;

    if (facts.wantedRate && *facts.wantedRate != getSampleRate())
        wishes.add (juce::String (*facts.wantedRate / 1000.0) + " kHz");

    if (facts.wantedBlock && *facts.wantedBlock != getBlockSize())
        wishes.add (juce::String (*facts.wantedBlock) + " samples");

    if (! wishes.isEmpty())
        notes.add ("asked for " + wishes.joinIntoString (" and ") + ", but the device has its own");

    if (facts.note.isNotEmpty())
        notes.add (facts.note);

    return notes.isEmpty() ? text : text + " (" + notes.joinIntoString ("; ") + ")";
}

} // namespace host
