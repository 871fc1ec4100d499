#pragma once

#include <chrono>
#include <string>

namespace host
{

/** How a plugin is checked. */
struct CheckOptions
{
    double seconds = 5.0;                  ///< audio time a phase, within 400 to 4900 blocks
    std::chrono::seconds wallLimit{ 120 }; ///< a plugin; then the check is cut short
    std::chrono::seconds hangLimit{ 10 };  ///< without progress
    std::string suppressions{};            ///< a file of what shall not be told, see useSuppressions(); empty: none
};

} // namespace host
