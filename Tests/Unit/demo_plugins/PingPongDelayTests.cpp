#include "Spectrum.h"

#include <Echo/PingPongDelay.h>
#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <algorithm>

namespace
{

constexpr auto sampleRate = 48000.0;

demo::PingPongDelay makeDelay (double samples, float feedback, float mix)
{
    demo::PingPongDelay delay;
    delay.prepare (sampleRate);
    delay.setDelay (samples);
    delay.setFeedback (feedback);
    delay.setMix (mix);
    delay.setTone (16000.0f);
    return delay;
}

struct Sound
{
    std::vector<float> left, right;
};

Sound process (demo::PingPongDelay& delay, const std::vector<float>& input, std::size_t blockSize)
{
    Sound sound{ input, input };

    for (std::size_t at = 0; at < input.size(); at += blockSize)
        delay.process (sound.left.data() + at, sound.right.data() + at, sound.left.data() + at, sound.right.data() + at,
                       static_cast<int> (std::min (blockSize, input.size() - at)));

    return sound;
}

std::size_t firstSound (const std::vector<float>& sound, std::size_t from = 0)
{
    const auto found =
        std::find_if (sound.begin() + static_cast<std::ptrdiff_t> (from), sound.end(), [] (float x) { return x != 0.0f; });
    return static_cast<std::size_t> (found - sound.begin());
}

} // namespace

TEST_CASE ("Repeats bounce from left to right, each at its exact sample")
{
    // A dotted eighth at 120 quarter notes a minute is 0.375 s.
    auto delay = makeDelay (0.375 * sampleRate, 0.5f, 1.0f);
    std::vector<float> impulse (60000, 0.0f);
    impulse[100] = 1.0f;
    const auto sound = process (delay, impulse, 512);

    CHECK (firstSound (sound.left) == 100 + 18000);
    CHECK (sound.left[100 + 18000] == 1.0f);
    CHECK (firstSound (sound.right) == 100 + 36000);
    CHECK (sound.right[100 + 36000] > 0.3f);
    CHECK (firstSound (sound.left, 100 + 18000 + 5000) == 100 + 54000);
}

TEST_CASE ("A dry echo leaves sound as it is")
{
    auto delay = makeDelay (1000.0, 0.5f, 0.0f);
    std::vector<float> input (5000);

    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = std::sin (0.01f * static_cast<float> (i));

    CHECK (process (delay, input, 64).left == input);
}

TEST_CASE ("The echo's sound does not depend on the block size, nor on the silence before")
{
    std::vector<float> input (200000, 0.0f);

    for (std::size_t i = 3000; i < 9000; ++i)
        input[i] = 0.5f * std::sin (0.05f * static_cast<float> (i));

    const auto reference = makeDelay (18620.69, 0.6f, 0.4f);
    auto copy = reference;
    const auto expected = process (copy, input, 512);

    for (const auto blockSize : { 1u, 17u, 64u, 4096u })
    {
        copy = reference;
        const auto sound = process (copy, input, blockSize);
        CHECK (sound.left == expected.left);
        CHECK (sound.right == expected.right);
    }

    // A host's warm-up, at another tempo: what is set before the first sound holds at once.
    copy = reference;
    copy.setDelay (1000.0);
    process (copy, std::vector<float> (777, 0.0f), 512);
    copy.setDelay (18620.69);
    CHECK (process (copy, input, 512).left == expected.left);
}

TEST_CASE ("After the reported tail the echo is below -80 dB, and later it sleeps in exact silence")
{
    auto delay = makeDelay (6000.0, 0.7f, 1.0f);
    const auto tail = static_cast<std::size_t> (sampleRate * demo::PingPongDelay::getTailSeconds (6000.0 / sampleRate, 0.7));
    std::vector<float> input (tail + 20 * 48000, 0.0f);

    for (std::size_t i = 0; i < 100; ++i)
        input[i] = 1.0f;

    const auto sound = process (delay, input, 512);
    const auto peakFrom = [] (const std::vector<float>& s, std::size_t from)
    {
        auto peak = 0.0f;

        for (auto i = from; i < s.size(); ++i)
            peak = std::max (peak, std::abs (s[i]));

        return peak;
    };

    CHECK (peakFrom (sound.left, tail / 4) > 1.0e-3f);
    CHECK (peakFrom (sound.left, tail + 100) < 1.0e-4f);
    CHECK (peakFrom (sound.right, tail + 100) < 1.0e-4f);
    CHECK (peakFrom (sound.left, input.size() - 48000) == 0.0f);
}

TEST_CASE ("A new delay time fades in without a step")
{
    auto delay = makeDelay (12000.0, 0.0f, 1.0f);
    std::vector<float> sine (48000);

    for (std::size_t i = 0; i < sine.size(); ++i)
        sine[i] = 0.5f * std::sin (0.02f * static_cast<float> (i));

    const auto largestStep = [] (const std::vector<float>& s, std::size_t from)
    {
        auto step = 0.0f;

        for (auto i = std::max<std::size_t> (from, 1); i < s.size(); ++i)
            step = std::max (step, std::abs (s[i] - s[i - 1]));

        return step;
    };

    auto sound = process (delay, sine, 512);
    const auto usual = largestStep (sound.left, 30000);

    delay.setDelay (11843.0); // half a cycle of the sine: the two taps are against each other
    sound = process (delay, sine, 512);

    // The sine itself starts anew at sample 0, and comes back after 11843.
    sound.left.resize (11000);
    CHECK (largestStep (sound.left, 1) < 1.5f * usual);

    // Once the fade is over, it is the new delay.
    for (std::size_t i = 3000; i < 11000; ++i)
        REQUIRE (sound.left[i] == sine[sine.size() + i - 11843]);
}

TEST_CASE ("The echo stays within bounds at full feedback")
{
    auto delay = makeDelay (200.0, demo::PingPongDelay::maxFeedback, 1.0f);
    std::vector<float> noise (480000);
    auto seed = 1u;

    for (auto& sample : noise)
    {
        seed = seed * 1664525u + 1013904223u;
        sample = static_cast<float> (seed >> 8) / 8388608.0f - 1.0f;
    }

    for (const auto sample : process (delay, noise, 512).left)
        REQUIRE (std::abs (sample) < 20.0f);
}

TEST_CASE ("The echo calls nothing forbidden while it plays")
{
    auto delay = makeDelay (6000.0, 0.7f, 0.5f);
    std::vector<float> buffer (4096, 0.5f);
    rt::guard::warmUp();
    const auto before = rt::guard::getViolationCount();

    {
        const rt::guard::RealtimeScope scope (0);

        for (int i = 0; i < 40; ++i)
        {
            delay.setDelay (5000.0 + i);
            delay.setTone (1000.0f);
            delay.process (buffer.data(), buffer.data(), buffer.data(), buffer.data(), 4096);
        }
    }

    CHECK (rt::guard::getViolationCount() == before);

    // The guard does see this thread.
    {
        const rt::guard::RealtimeScope scope (0);
        buffer = std::vector<float> (1);
    }

    CHECK (rt::guard::getViolationCount() > before);
}
