#include "CountingCallback.h"

#include <host_engine/devices/VirtualDevice.h>

#include <catch2/catch.hpp>

#include <limits>

namespace
{

juce::BigInteger stereo()
{
    juce::BigInteger channels;
    channels.setRange (0, 2, true);
    return channels;
}

} // namespace

TEST_CASE ("The Virtual device delivers the rate and block size asked for")
{
    const auto [rate, block, numBlocks] = GENERATE (
        std::make_tuple (8000.0, 1, 200), std::make_tuple (48000.0, 17, 200), std::make_tuple (44100.0, 64, 200),
        std::make_tuple (48000.0, 512, 30), std::make_tuple (384000.0, 1024, 100), std::make_tuple (384000.0, 16384, 5));
    host::VirtualDevice device;
    CountingCallback callback;

    REQUIRE (device.open (stereo(), stereo(), rate, block).isEmpty());
    REQUIRE (device.isOpen());
    device.start (&callback);
    REQUIRE (callback.waitFor (numBlocks));
    REQUIRE (device.isPlaying());
    device.stop();

    CHECK (callback.rateAtStart == rate);
    CHECK (callback.blockAtStart == block);
    CHECK (callback.smallest == block);
    CHECK (callback.largest == block);
    CHECK (callback.lastNumInputs == 2);
    CHECK (callback.lastNumOutputs == 2);
    CHECK_FALSE (callback.heardSomething);
    CHECK_FALSE (callback.timeWentBack);
    CHECK (callback.starts == 1);
    CHECK (callback.stops == 1);
    CHECK_FALSE (device.isPlaying());
}

TEST_CASE ("The Virtual device keeps time: its blocks are dated one period apart, but for the skipped ones")
{
    host::VirtualDevice device;
    CountingCallback callback;
    std::vector<std::int64_t> dates;
    dates.reserve (1000);
    callback.onCallback = [&] (int)
    {
        if (dates.size() < dates.capacity())
            dates.push_back (callback.lastTime);
    };

    REQUIRE (device.open (stereo(), stereo(), 48000.0, 48).isEmpty());
    device.start (&callback);
    REQUIRE (callback.waitFor (500));
    device.stop();

    std::int64_t missing = 0;

    for (std::size_t i = 1; i < dates.size(); ++i)
    {
        const auto distance = dates[i] - dates[i - 1];
        REQUIRE (distance % 1'000'000 == 0);
        missing += distance / 1'000'000 - 1;
    }

    CHECK (missing <= device.getSkippedPeriods());
    CHECK ((device.getSkippedPeriods() == 0) == (device.getXRunCount() == 0));
}

TEST_CASE ("The Virtual device refuses rates and blocks outside its limits")
{
    const auto [rate, block] =
        GENERATE (std::make_tuple (7999.0, 512), std::make_tuple (384001.0, 512), std::make_tuple (48000.0, 16385),
                  std::make_tuple (std::numeric_limits<double>::quiet_NaN(), 1 << 20),
                  std::make_tuple (std::numeric_limits<double>::infinity(), 64));
    host::VirtualDevice device;
    CountingCallback callback;

    CHECK (device.open (stereo(), stereo(), rate, block).isNotEmpty());
    CHECK_FALSE (device.isOpen());
    device.start (&callback);
    CHECK_FALSE (device.isPlaying());
    CHECK (callback.starts == 0);
}

TEST_CASE ("The Virtual device opens the channels asked for, and never more than it has")
{
    host::VirtualDevice device;
    CountingCallback callback;
    juce::BigInteger many;
    many.setRange (0, 70, true);

    REQUIRE (device.open ({}, many, 48000.0, 32).isEmpty());
    device.start (&callback);
    REQUIRE (callback.waitFor (2));
    device.stop();
    CHECK (callback.lastNumInputs == 0);
    CHECK (callback.lastNumOutputs == 2);
    CHECK (device.getActiveOutputChannels().countNumberOfSetBits() == 2);
}

TEST_CASE ("The Virtual device stops and starts again, and does not call in between")
{
    host::VirtualDevice device;
    CountingCallback callback;
    REQUIRE (device.open (stereo(), stereo(), 48000.0, 64).isEmpty());

    for (int round = 1; round <= 20; ++round)
    {
        const auto before = callback.count.load();
        device.start (&callback);
        REQUIRE (callback.waitFor (before + 3));
        device.stop();
        REQUIRE (callback.starts == round);
        REQUIRE (callback.stops == round);
    }

    REQUIRE_FALSE (callback.calledWhileStopped);
    device.stop();
    CHECK (callback.stops == 20);
}

TEST_CASE ("The Virtual device can be stopped from another thread, also in the middle of a long period")
{
    host::VirtualDevice device;
    CountingCallback callback;
    REQUIRE (device.open (stereo(), stereo(), 8000.0, 16384).isEmpty());
    device.start (&callback);
    REQUIRE (callback.waitFor (1));
    std::thread ([&device] { device.stop(); }).join();
    CHECK_FALSE (device.isPlaying());
    CHECK (callback.stops == 1);
}

TEST_CASE ("A callback that overruns is one xrun, its periods are skipped, not caught up")
{
    host::VirtualDevice device;
    CountingCallback callback;
    std::vector<std::int64_t> dates (40);

    // A period is 10 ms; the fifth callback takes 35.
    callback.onCallback = [&] (int index)
    {
        if (index < 40)
            dates[static_cast<std::size_t> (index)] = callback.lastTime;

        if (index == 5)
            std::this_thread::sleep_for (std::chrono::milliseconds (35));
    };

    REQUIRE (device.open (stereo(), stereo(), 48000.0, 480).isEmpty());
    device.start (&callback);
    REQUIRE (callback.waitFor (20));
    device.stop();

    CHECK (device.getXRunCount() >= 1);
    CHECK (device.getSkippedPeriods() >= 3);
    CHECK (device.getSkippedPeriods() >= device.getXRunCount());

    // It ran into the fourth period after its own, so the next to begin is the fifth at the earliest.
    CHECK (dates[6] - dates[5] >= 40'000'000);
    CHECK (dates[7] > dates[6]);
}

TEST_CASE ("The Virtual type has one device, and only that")
{
    host::VirtualDeviceType type;
    type.scanForDevices();
    CHECK (type.getTypeName() == "Virtual");
    CHECK (type.getDeviceNames (false) == juce::StringArray{ "Virtual" });

    const std::unique_ptr<juce::AudioIODevice> device (type.createDevice ("Virtual", {})),
        other (type.createDevice ("other", {}));
    REQUIRE (device != nullptr);
    CHECK (other == nullptr);
    CHECK (type.getIndexOfDevice (device.get(), false) == 0);
}
