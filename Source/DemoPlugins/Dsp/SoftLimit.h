#pragma once

#include <cmath>

namespace demo
{

/** Leaves a sample as it is up to 0.7 and bends it towards 1, smoothly, above. */
inline float softLimit (float x) noexcept
{
    constexpr auto knee = 0.7f;
    constexpr auto room = 1.0f - knee;
    const auto size = std::abs (x);

    if (size <= knee)
        return x;

    const auto over = (size - knee) / room;
    return std::copysign (knee + room * over / (1.0f + over), x);
}

} // namespace demo
