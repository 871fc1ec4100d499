#pragma once

#include <cstddef>

namespace rt
{

/** How far apart two things must lie so that writing one does not slow down a thread that uses the other.

    128 rather than std::hardware_destructive_interference_size: x86 fetches its 64-byte lines in pairs, some ARM machines
    have lines of 128, and the standard's constant changes with the compiler's flags, so it has no place in a layout.
*/
inline constexpr std::size_t cacheLineBytes = 128;

} // namespace rt
