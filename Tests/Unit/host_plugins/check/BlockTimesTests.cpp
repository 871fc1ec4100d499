#include <host_plugins/check/detail/BlockTimes.h>

#include <catch2/catch.hpp>

using host::check::BlockTimes;
using rt::guard::Phase;
using namespace std::chrono_literals;

TEST_CASE ("More than one late block in ten makes a plugin slow, at the rate where it is so")
{
    constexpr auto period = std::chrono::nanoseconds (2000000); // of 96 samples at 48 kHz
    BlockTimes times;

    const auto add = [&times] (int number, double sampleRate, std::chrono::nanoseconds time)
    {
        for (int i = 0; i < number; ++i)
            times.add (Phase::midi, sampleRate, 96, time);
    };

    add (90, 48000.0, period - 1ns);
    add (10, 48000.0, 2 * period);
    CHECK (times.getFindings().empty());

    add (200, 44100.0, 1ns); // other rates do not make up for it
    add (2, 48000.0, 3 * period);
    const auto findings = times.getFindings();
    REQUIRE (findings.size() == 1);
    CHECK (findings[0].kind == "slow");
    CHECK (findings[0].phase == Phase::midi);
    CHECK (findings[0].detail
           == "at 48000 Hz 12 of 102 blocks took more processor time than they last; the worst, of 96 samples, 3.0 times as "
              "much");
}

TEST_CASE ("Few blocks and very short ones say nothing about speed")
{
    BlockTimes times;

    for (int i = 0; i < 19; ++i)
        times.add (Phase::process, 48000.0, 512, 1s);

    for (int i = 0; i < 1000; ++i)
        times.add (Phase::state, 48000.0, 63, 1s);

    CHECK (times.getFindings().empty());
    times.add (Phase::process, 48000.0, 512, 1s);
    CHECK (times.getFindings().size() == 1);
}
