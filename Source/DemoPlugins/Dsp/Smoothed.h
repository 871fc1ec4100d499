#pragma once

#include <cmath>

namespace demo
{

/** A value that follows its target without steps, by a one-pole low-pass. */
class Smoothed
{
public:
    /** Covers 63 % of the way in `seconds`; `rate` is how often next() is called a second. */
    void prepare (double seconds, double rate) noexcept { pole = static_cast<float> (std::exp (-1.0 / (seconds * rate))); }

    void setTarget (float newTarget) noexcept { target = newTarget; }
    void snap() noexcept { value = target; }
    float getValue() const noexcept { return value; }

    float next() noexcept
    {
        value = target + (value - target) * pole;
        return value;
    }

private:
    float target = 0.0f;
    float value = 0.0f;
    float pole = 0.0f;
};

} // namespace demo
