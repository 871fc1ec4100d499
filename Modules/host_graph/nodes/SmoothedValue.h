#pragma once

namespace host
{

/** A value that reaches a new target in a straight line of 256 samples. Rendering thread. */
class SmoothedValue
{
public:
    static constexpr int rampSamples = 256;

    explicit SmoothedValue (float initial) noexcept : current (initial), target (initial) {}

    void setTarget (float newTarget) noexcept
    {
        if (newTarget == target)
            return;

        target = newTarget;
        step = (target - current) / float (rampSamples);
        left = rampSamples;
    }

    bool isMoving() const noexcept { return left > 0; }

    /** The value for the next sample. */
    float next() noexcept
    {
        if (left == 0)
            return current;

        current = --left == 0 ? target : current + step;
        return current;
    }

    /** Goes to the target at once. */
    void jump() noexcept
    {
        current = target;
        left = 0;
    }

    float getTarget() const noexcept { return target; }

private:
    float current, target, step = 0.0f;
    int left = 0;
};

} // namespace host
