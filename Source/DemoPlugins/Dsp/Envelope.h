#pragma once

#include <algorithm>
#include <cmath>

namespace demo
{

/** An attack, decay, sustain, release envelope with the curves of a charging and discharging capacitor, from 0 to 1.

    Each stage aims a little beyond where it ends, so that it ends: after a release of t seconds from full level the value is
    exactly 0.
*/
class Envelope
{
public:
    struct Times
    {
        double attack = 0.01; ///< seconds from 0 to 1
        double decay = 0.5;   ///< seconds from 1 to (a sustain of) 0
        double sustain = 0.5; ///< level, 0 to 1
        double release = 0.5; ///< seconds from 1 to 0
    };

    /** Times made ready for a sample rate; many envelopes can share one. */
    class Shape
    {
    public:
        Shape() = default;

        Shape (const Times& times, double sampleRate) noexcept
            : attackPole (poleFor (times.attack * sampleRate, attackOvershoot)),
              decayPole (poleFor (times.decay * sampleRate, overshoot)),
              releasePole (poleFor (times.release * sampleRate, overshoot)), sustain (static_cast<float> (times.sustain))
        {
        }

    private:
        friend class Envelope;

        /** So that a way of length 1 that aims `beyond` its end takes that many samples. */
        static float poleFor (double samples, float beyond) noexcept
        {
            const auto d = static_cast<double> (beyond);
            return static_cast<float> (std::exp (-std::log ((1.0 + d) / d) / std::max (samples, 1.0)));
        }

        float attackPole = 0.0f, decayPole = 0.0f, releasePole = 0.0f;
        float sustain = 0.0f;
    };

    void start() noexcept
    {
        value = 0.0f;
        stage = Stage::attack;
    }

    void release() noexcept
    {
        if (stage != Stage::off)
            stage = Stage::release;
    }

    bool isActive() const noexcept { return stage != Stage::off; }
    float getValue() const noexcept { return value; }

    float next (const Shape& shape) noexcept
    {
        switch (stage)
        {
            case Stage::attack:
                value = towards (1.0f + attackOvershoot, shape.attackPole);

                if (value >= 1.0f)
                {
                    value = 1.0f;
                    stage = Stage::decay;
                }
                break;

            case Stage::decay:
                // Also follows a sustain level that is moved while the note is held.
                value = towards (shape.sustain, shape.decayPole);
                break;

            case Stage::release:
                value = towards (-overshoot, shape.releasePole);

                if (value <= 0.0f)
                {
                    value = 0.0f;
                    stage = Stage::off;
                }
                break;

            case Stage::off: break;
        }

        return value;
    }

private:
    enum class Stage
    {
        off,
        attack,
        decay,
        release
    };

    static constexpr float attackOvershoot = 0.3f;
    static constexpr float overshoot = 0.001f;

    float towards (float target, float pole) const noexcept { return target + (value - target) * pole; }

    Stage stage = Stage::off;
    float value = 0.0f;
};

} // namespace demo
