#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace demo
{

/** A gentle stereo chorus: each side gets a copy of itself through a slowly swinging delay, the two a quarter turn apart. */
class Chorus
{
public:
    void prepare (double newSampleRate)
    {
        sampleRate = newSampleRate;

        for (auto& line : lines)
            line.assign (static_cast<std::size_t> (sampleRate * capacity) + 4, 0.0f);

        reset();
    }

    void reset() noexcept
    {
        for (auto& line : lines)
            std::fill (line.begin(), line.end(), 0.0f);

        position = 0;
        phase = 0.0;
        delays = targetDelays();
        steps = {};
    }

    /** After so many samples of silence nothing of the past is left. */
    int getLength() const noexcept { return static_cast<int> (lines[0].size()); }

    /** Moves the delays: call it every `samples` samples. */
    void advance (int samples) noexcept
    {
        phase += rate * samples / sampleRate;
        phase -= std::floor (phase);
        const auto targets = targetDelays();

        for (std::size_t c = 0; c < 2; ++c)
            steps[c] = (targets[c] - delays[c]) / static_cast<float> (samples);
    }

    /** One sample of both channels in place; amount is 0 (dry) to 1 (as much wet as dry). */
    void process (float& left, float& right, float amount) noexcept
    {
        const auto makeUp = 1.0f / (1.0f + 0.4f * amount);
        left = makeUp * (left + amount * next (0, left));
        right = makeUp * (right + amount * next (1, right));
        position = position + 1 == lines[0].size() ? 0 : position + 1;
    }

private:
    static constexpr double capacity = 0.03; // seconds
    static constexpr double centre = 0.011;
    static constexpr double depth = 0.0035;
    static constexpr double rate = 0.45; // Hz

    std::array<float, 2> targetDelays() const noexcept
    {
        const auto at = [this] (double turn)
        { return static_cast<float> (sampleRate * (centre + depth * std::sin (2.0 * std::numbers::pi * (phase + turn)))); };

        return { at (0.0), at (0.25) };
    }

    float next (std::size_t c, float input) noexcept
    {
        auto& line = lines[c];
        line[position] = input;
        delays[c] += steps[c];

        const auto whole = static_cast<std::size_t> (delays[c]);
        const auto x = delays[c] - static_cast<float> (whole);
        const auto tap = [&] (std::size_t back)
        { return line[position >= back ? position - back : position + line.size() - back]; };

        // Four-point, third-order Hermite interpolation.
        const auto y0 = tap (whole - 1), y1 = tap (whole), y2 = tap (whole + 1), y3 = tap (whole + 2);
        const auto slope = 0.5f * (y2 - y0);
        const auto c2 = y0 - 2.5f * y1 + 2.0f * y2 - 0.5f * y3;
        const auto c3 = 0.5f * (y3 - y0) + 1.5f * (y1 - y2);
        return ((c3 * x + c2) * x + slope) * x + y1;
    }

    std::array<std::vector<float>, 2> lines;
    std::array<float, 2> delays{};
    std::array<float, 2> steps{};
    std::size_t position = 0;
    double phase = 0.0;
    double sampleRate = 48000.0;
};

} // namespace demo
