#pragma once

#include <chrono>

namespace host
{

/** How long a plugin is checked. */
struct CheckOptions
{
    double seconds = 5.0;                  ///< audio time a phase, within 400 to 4900 blocks
    std::chrono::seconds wallLimit{ 120 }; ///< a plugin; then the check is cut short
    std::chrono::seconds hangLimit{ 10 };  ///< without progress
};

} // namespace host
