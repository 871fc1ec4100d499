#include "CountingCallback.h"

#include <host_engine/devices/AudioDevices.h>
#include <host_engine/devices/VirtualDevice.h>
#include <host_graph/Error.h>

#include <juce_events/juce_events.h>

#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>
#include <semaphore>

using Catch::Matchers::Contains;

namespace
{

/** JUCE as the program has it, and no JACK server in reach, whatever runs on this machine. */
struct Surroundings
{
    Surroundings() { ::setenv ("JACK_DEFAULT_SERVER", "audiohost-no-such-server", 1); }

    juce::ScopedJuceInitialiser_GUI juceInitialiser;
};

/** A driver that goes wrong: it calls back so many times, and then no more. */
class BrokenDevice : public juce::AudioIODevice
{
public:
    BrokenDevice (int callbacksToMake, bool claimsToPlay)
        : AudioIODevice ("Broken", "Test"), numCallbacks (callbacksToMake), playing (claimsToPlay)
    {
    }

    ~BrokenDevice() override { stop(); }

    juce::StringArray getOutputChannelNames() override { return { "1" }; }
    juce::StringArray getInputChannelNames() override { return {}; }
    juce::Array<double> getAvailableSampleRates() override { return { 48000.0 }; }
    juce::Array<int> getAvailableBufferSizes() override { return { 32 }; }
    int getDefaultBufferSize() override { return 32; }
    juce::String open (const juce::BigInteger&, const juce::BigInteger&, double, int) override { return {}; }
    void close() override { stop(); }
    bool isOpen() override { return true; }

    void start (juce::AudioIODeviceCallback* callback) override
    {
        thread = std::thread (
            [this, callback]
            {
                std::array<float, 32> samples{};
                float* const channels[]{ samples.data() };

                for (int i = 0; i < numCallbacks; ++i)
                    callback->audioDeviceIOCallbackWithContext (nullptr, 0, channels, 1, 32, {});
            });
    }

    void stop() override
    {
        if (thread.joinable())
            thread.join();
    }

    bool isPlaying() override { return playing; }
    juce::String getLastError() override { return playing ? "" : "the cable is loose"; }
    int getCurrentBufferSizeSamples() override { return 32; }
    double getCurrentSampleRate() override { return 48000.0; }
    int getCurrentBitDepth() override { return 32; }
    juce::BigInteger getActiveOutputChannels() const override { return 1; }
    juce::BigInteger getActiveInputChannels() const override { return {}; }
    int getOutputLatencyInSamples() override { return 0; }
    int getInputLatencyInSamples() override { return 0; }

protected:
    std::thread thread;

private:
    const int numCallbacks;
    const bool playing;
};

/** A driver whose clock stands still for a block, steps back, and is silent about the time, in turn. */
class DeviceWithBadClock : public BrokenDevice
{
public:
    DeviceWithBadClock() : BrokenDevice (0, true) {}
    ~DeviceWithBadClock() override { stop(); }

    void start (juce::AudioIODeviceCallback* callback) override
    {
        thread = std::thread (
            [this, callback]
            {
                std::array<float, 32> samples{};
                float* const channels[]{ samples.data() };
                const std::array<std::uint64_t, 4> times{ 2'000'000, 2'000'000, 1'000'000, 3'000'000 };

                for (std::size_t i = 0; ! ended; ++i)
                {
                    juce::AudioIODeviceCallbackContext context;
                    context.hostTimeNs = i % 5 < 4 ? &times[i % 5] : nullptr;
                    callback->audioDeviceIOCallbackWithContext (nullptr, 0, channels, 1, 32, context);
                    std::this_thread::sleep_for (std::chrono::microseconds (100));
                }
            });
    }

    void stop() override
    {
        ended = true;
        BrokenDevice::stop();
    }

private:
    std::atomic<bool> ended{ false };
};

std::string errorOf (const host::DeviceRequest& request)
{
    host::AudioDevices devices;

    try
    {
        devices.open (request);
    }
    catch (const host::Error& error)
    {
        return error.what();
    }

    return {};
}

} // namespace

TEST_CASE ("The choice without a spec: JACK before ALSA before Virtual")
{
    CHECK (host::AudioDevices::chooseType (true, true) == "JACK");
    CHECK (host::AudioDevices::chooseType (true, false) == "JACK");
    CHECK (host::AudioDevices::chooseType (false, true) == "ALSA");
    CHECK (host::AudioDevices::chooseType (false, false) == "Virtual");
}

TEST_CASE ("An empty spec opens Virtual on a machine without server and card, and says so")
{
    Surroundings surroundings;

    if (host::AudioDevices::hasSoundCard())
    {
        WARN ("this machine has a sound card: not tried");
        return;
    }

    host::AudioDevices devices;
    auto device = devices.open ({});
    CHECK_THAT (device->getDescription().toStdString(), Contains ("Virtual, 48 kHz, 512 samples, 2 in 2 out"));
    CHECK_THAT (device->getDescription().toStdString(), Contains ("no JACK server and no sound card"));
}

TEST_CASE ("A type's name may be written in any case, and rate and block are as asked for")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    const auto spec = GENERATE ("virtual", "VIRTUAL", " Virtual ", "Virtual:Virtual", "virtual:virt");
    CAPTURE (spec);

    auto device = devices.open ({ spec, 44100.0, 100 });
    CHECK (device->getSampleRate() == 44100.0);
    CHECK (device->getBlockSize() == 100);
    CHECK (device->getNumInputs() == 2);
    CHECK (device->getNumOutputs() == 2);
    CHECK_THAT (device->getDescription().toStdString(), Contains ("Virtual, 44.1 kHz, 100 samples, 2 in 2 out, "));
    CHECK_FALSE (device->hasFailed());
}

TEST_CASE ("What cannot be opened is told with its name, what there is, and what to do")
{
    Surroundings surroundings;

    CHECK_THAT (errorOf ({ "Nonsense", {}, {} }),
                Contains ("--device Nonsense: there is no such type") && Contains ("JACK, ALSA, Virtual"));
    CHECK_THAT (errorOf ({ "Virtual:loud", {}, {} }),
                Contains ("--device Virtual:loud") && Contains ("use one of \"Virtual\""));
    CHECK_THAT (errorOf ({ "jack", {}, {} }), Contains ("--device jack: no JACK server answers; start one"));
    CHECK_THAT (errorOf ({ "Virtual", 7999.0, {} }), Contains ("--rate 7999") && Contains ("8000 to 384000"));
    CHECK_THAT (errorOf ({ "Virtual", std::nan (""), {} }), Contains ("8000 to 384000"));
    CHECK_THAT (errorOf ({ "Virtual", {}, 0 }), Contains ("--block 0") && Contains ("1 to 16384"));
    CHECK_THAT (errorOf ({ "Virtual", {}, 1000000000 }), Contains ("1 to 16384"));

    if (! host::AudioDevices::hasSoundCard())
        CHECK_THAT (errorOf ({ "ALSA:hw", {}, {} }), Contains ("--device ALSA:hw"));
}

TEST_CASE ("Errors of the request are unusable input, an absent server is a failure")
{
    Surroundings surroundings;
    host::AudioDevices devices;

    const auto kindOf = [&] (const host::DeviceRequest& request)
    {
        try
        {
            devices.open (request);
        }
        catch (const host::Error& error)
        {
            return error.getKind();
        }

        FAIL ("nothing thrown");
        return host::Error::Kind::failed;
    };

    CHECK (kindOf ({ "Nonsense", {}, {} }) == host::Error::Kind::unusable);
    CHECK (kindOf ({ {}, 1.0, {} }) == host::Error::Kind::unusable);
    CHECK (kindOf ({ "JACK", {}, {} }) == host::Error::Kind::failed);
}

TEST_CASE ("An open device runs with silence, then with the callback it is given, and without it again")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    auto device = devices.open ({ "Virtual", 48000.0, 64 });
    CountingCallback first, second;

    device->start (first);
    CHECK (first.rateAtStart == 48000.0);
    CHECK (first.blockAtStart == 64);
    REQUIRE (first.waitFor (10));

    device->start (second);
    CHECK (first.stops == 1);
    REQUIRE (second.waitFor (10));
    CHECK (device->stop());
    CHECK (second.stops == 1);
    const auto counted = second.count.load();
    const auto callbacks = device->getNumCallbacks();

    // The device itself goes on.
    REQUIRE (CountingCallback::waitUntil ([&] { return device->getNumCallbacks() > callbacks + 5; }));
    CHECK (second.count == counted);
    CHECK_FALSE (first.calledWhileStopped);
    CHECK_FALSE (second.calledWhileStopped);
    CHECK_FALSE (second.timeWentBack);
    CHECK_FALSE (device->hasFailed());
}

TEST_CASE ("Starting and stopping an open device many times never leaves a callback running")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    auto device = devices.open ({ "Virtual", 384000.0, 32 });

    for (int i = 0; i < 200; ++i)
    {
        CountingCallback callback;
        device->start (callback);

        if (i % 3 == 0)
            REQUIRE (callback.waitFor (1));

        REQUIRE (device->stop());
        REQUIRE_FALSE (callback.calledWhileStopped);
    }
}

TEST_CASE ("A callback that never comes back does not hang whoever stops the device")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    auto device = devices.open ({ "Virtual", 48000.0, 64 });

    // The device's thread outlives the test, and what it uses with it.
    auto* callback = new CountingCallback;
    auto* semaphore = new std::binary_semaphore (0);
    callback->onCallback = [semaphore] (int) { semaphore->acquire(); };

    device->start (*callback);
    REQUIRE (CountingCallback::waitUntil ([&] { return callback->lastNumSamples > 0; }));
    CHECK_FALSE (device->stop (0.05));
    CHECK_FALSE (device->hasFailed());
    CHECK_THROWS_AS (device->start (*callback), host::Error);

    SECTION ("the device is left behind")
    {
        device.reset();
        CHECK (callback->stops == 0);
    }

    SECTION ("unless it comes back after all")
    {
        semaphore->release();
        CHECK (device->stop());
        CHECK (callback->stops == 1);
        device.reset();
        delete callback;
        delete semaphore;
    }
}

TEST_CASE ("Overruns are counted through the open device as well")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    CountingCallback callback; // outlives the device, which tells it that it stops
    callback.onCallback = [] (int index)
    {
        if (index == 3)
            std::this_thread::sleep_for (std::chrono::milliseconds (5));
    };

    auto device = devices.open ({ "Virtual", 48000.0, 48 });

    const auto before = device->getXrunCount();
    device->start (callback);
    REQUIRE (callback.waitFor (6));
    CHECK (device->getXrunCount() > before);
}

TEST_CASE ("A device that stops calling back has failed, and says so")
{
    host::OpenDevice device (std::make_unique<BrokenDevice> (3, true), {});
    CHECK_FALSE (device.hasFailed());
    REQUIRE (CountingCallback::waitUntil ([&] { return device.hasFailed(); }));
    CHECK_THAT (device.getFailure().toStdString(), Contains ("Test Broken: it has stopped asking for sound; "));
    CHECK (device.getNumCallbacks() == 3);
    CHECK (device.getXrunCount() == 0);
    CHECK (device.stop());
}

TEST_CASE ("Each block is later than the one before, whatever the driver's clock does")
{
    CountingCallback callback;
    host::OpenDevice device (std::make_unique<DeviceWithBadClock>(), {});
    device.start (callback);
    REQUIRE (callback.waitFor (50));
    CHECK (device.stop());
    CHECK_FALSE (callback.timeWentBack);
}

TEST_CASE ("A device that never calls back does not open, and the driver's reason is told")
{
    CHECK_THROWS_WITH (host::OpenDevice (std::make_unique<BrokenDevice> (0, false), {}),
                       Contains ("Test:Broken: the cable is loose; choose another device"));
    CHECK_THROWS_WITH (host::OpenDevice (std::make_unique<BrokenDevice> (0, true), {}),
                       Contains ("Test:Broken: it opens, but never asks for sound; "));
}

TEST_CASE ("The types are named, and asking for one's devices does not disturb")
{
    Surroundings surroundings;
    host::AudioDevices devices;
    CHECK (devices.getTypeNames() == juce::StringArray{ "JACK", "ALSA", "Virtual" });
    CHECK (devices.getDeviceNames ("virtual") == juce::StringArray{ "Virtual" });
    CHECK (devices.getDeviceNames ("JACK").isEmpty());
    CHECK_THROWS_AS (devices.getDeviceNames ("x"), host::Error);
}
