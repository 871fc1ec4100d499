#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace demo
{

/** A stereo pair of resonant low-passes, 12 dB an octave, as state-variable filters whose cutoff may move at every sample
    without a click (A. Simper, "Linear Trapezoidal Integrated State Variable Filter", Cytomic, 2013).

    The cutoff is set on a grid of samples and glides from one grid point to the next.
*/
class LowPass
{
public:
    /** Hz to the filter's own measure; cutoffs above 0.45 of the sample rate are held there. */
    static float gainFor (double cutoff, double sampleRate) noexcept
    {
        return static_cast<float> (std::tan (std::numbers::pi * std::min (cutoff / sampleRate, 0.45)));
    }

    void start (float newGain) noexcept
    {
        state = {};
        gain = newGain;
        step = 0.0f;
    }

    /** Reaches that gain after so many more samples. */
    void glideTo (float newGain, int samples) noexcept { step = (newGain - gain) / static_cast<float> (samples); }

    /** Filters one sample of both channels in place; damping is 2 (none of resonance) down to above 0. */
    void process (float& left, float& right, float damping) noexcept
    {
        gain += step;

        const auto a1 = 1.0f / (1.0f + gain * (gain + damping));
        const auto a2 = gain * a1;
        const auto a3 = gain * a2;

        left = processChannel (state[0], left, a1, a2, a3);
        right = processChannel (state[1], right, a1, a2, a3);
    }

private:
    struct State
    {
        float first = 0.0f;
        float second = 0.0f;
    };

    static float processChannel (State& s, float input, float a1, float a2, float a3) noexcept
    {
        const auto v3 = input - s.second;
        const auto v1 = a1 * s.first + a2 * v3;
        const auto v2 = s.second + a2 * s.first + a3 * v3;
        s.first = 2.0f * v1 - s.first;
        s.second = 2.0f * v2 - s.second;
        return v2;
    }

    std::array<State, 2> state{};
    float gain = 0.1f;
    float step = 0.0f;
};

} // namespace demo
