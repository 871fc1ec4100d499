#include "Spectrum.h"

#include <Dsp/Oscillator.h>

#include <catch2/catch.hpp>

namespace
{

constexpr auto sampleRate = 48000.0;

std::vector<float> makeWave (int frequency, float square)
{
    demo::Oscillator oscillator;
    oscillator.setIncrement (frequency / sampleRate);
    std::vector<float> wave (48000); // a second: bins 1 Hz apart, so a whole number of Hz falls on one

    for (auto& sample : wave)
        sample = oscillator.next (square);

    return wave;
}

} // namespace

TEST_CASE ("An oscillator has the harmonics of its wave")
{
    constexpr auto pi = std::numbers::pi;
    const auto saw = makeWave (220, 0.0f);
    const auto square = makeWave (220, 1.0f);

    for (int harmonic = 1; harmonic <= 8; ++harmonic)
    {
        // The polynomial rounds the highs a little: 0.3 dB at 1.8 kHz.
        const auto n = static_cast<double> (harmonic);
        CHECK (test::amplitudeAt (saw, 220 * n, sampleRate) == Approx (2.0 / (pi * n)).epsilon (0.04));
        CHECK (test::amplitudeAt (square, 220 * n, sampleRate)
               == Approx (harmonic % 2 == 1 ? 4.0 / (pi * n) : 0.0).epsilon (0.04).margin (1.0e-4));
    }

    CHECK (test::amplitudeAt (saw, 110, sampleRate) < 1.0e-4);
    CHECK (test::amplitudeAt (saw, 330, sampleRate) < 1.0e-4);
}

TEST_CASE ("An oscillator's aliases are far below a plain wave's")
{
    // The 20th harmonic of 2501 Hz is beyond half the sample rate and comes back at 2020 Hz.
    constexpr auto alias = 2020.0;
    std::vector<float> plain (48000);

    for (std::size_t i = 0; i < plain.size(); ++i)
        plain[i] = static_cast<float> (2.0 * std::fmod (static_cast<double> (i) * 2501.0 / sampleRate + 0.5, 1.0) - 1.0);

    const auto saw = makeWave (2501, 0.0f);
    const auto ofPlain = test::toDecibels (test::amplitudeAt (plain, alias, sampleRate));
    const auto ofOurs = test::toDecibels (test::amplitudeAt (saw, alias, sampleRate));

    CHECK (test::amplitudeAt (saw, 2501, sampleRate) == Approx (0.6366).epsilon (0.05));
    CHECK (ofPlain > -35.0);
    CHECK (ofOurs < ofPlain - 30.0);
}

TEST_CASE ("An oscillator has no offset and stays in range")
{
    for (const auto square : { 0.0f, 0.5f, 1.0f })
    {
        auto sum = 0.0;
        auto peak = 0.0f;

        for (const auto sample : makeWave (441, square))
        {
            sum += static_cast<double> (sample);
            peak = std::max (peak, std::abs (sample));
        }

        CHECK (std::abs (sum / 48000.0) < 1.0e-3);
        CHECK (peak <= 1.0001f);
        CHECK (peak > 0.7f);
    }
}
