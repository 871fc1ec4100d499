#pragma once

#include <algorithm>

namespace host
{

/** How far a linear fade of 256 samples has got. One thread at a time.

    The position is a whole number and the gain a multiple of 1/256, exact in float: a fade that is cut into blocks anywhere, or
    turns back half-way, gives the same samples as one in one piece.
*/
class Fade
{
public:
    static constexpr int samples = 256;

    explicit Fade (int start) noexcept : position (start) {}

    bool isFull() const noexcept { return position == samples; }
    bool isZero() const noexcept { return position == 0; }
    int getPosition() const noexcept { return position; }

    /** The gain of the next sample, on the way to full or to zero. */
    float next (bool towardsFull) noexcept
    {
        position = std::clamp (position + (towardsFull ? 1 : -1), 0, samples);
        return float (position) * (1.0f / float (samples));
    }

    /** Skips the way. */
    void jump (bool toFull) noexcept { position = toFull ? samples : 0; }

private:
    int position;
};

} // namespace host
