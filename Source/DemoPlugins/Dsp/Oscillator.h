#pragma once

namespace demo
{

/** A band-limited oscillator that blends from a saw to a square.

    The steps of both waves are rounded off by a two-sample polynomial (PolyBLEP: V. Välimäki and A. Huovinen, "Antialiasing
    Oscillators in Subtractive Synthesis", IEEE Signal Processing Magazine 24(2), 2007).
*/
class Oscillator
{
public:
    /** Where in its cycle (0 to 1) it starts. */
    void start (double newPhase) noexcept { phase = newPhase; }

    /** In cycles a sample, below 0.5. */
    void setIncrement (double newIncrement) noexcept { increment = newIncrement; }

    /** The next sample, -1 to 1; square is 0 (saw) to 1. */
    float next (float square) noexcept
    {
        const auto half = phase < 0.5 ? phase + 0.5 : phase - 0.5;
        const auto stepAtStart = polyBlep (phase);
        const auto stepAtHalf = polyBlep (half);

        const auto saw = static_cast<float> (2.0 * half - 1.0 - stepAtHalf);
        const auto pulse = static_cast<float> ((phase < 0.5 ? 1.0 : -1.0) + stepAtStart - stepAtHalf);

        phase += increment;

        if (phase >= 1.0)
            phase -= 1.0;

        return saw + square * (pulse - saw);
    }

private:
    /** The difference between a naive and a band-limited step of height 2 at phase 0. */
    double polyBlep (double t) const noexcept
    {
        if (t < increment)
        {
            const auto x = t / increment;
            return x + x - x * x - 1.0;
        }

        if (t > 1.0 - increment)
        {
            const auto x = (t - 1.0) / increment;
            return x * x + x + x + 1.0;
        }

        return 0.0;
    }

    double phase = 0.0;
    double increment = 0.0;
};

} // namespace demo
