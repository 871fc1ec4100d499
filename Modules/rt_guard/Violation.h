#pragma once

#include "Phase.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rt::guard
{

/** A site: one function called by one node with one stack, however often. */
struct Violation
{
    std::string function;         ///< "malloc", "operator new", ...
    std::uint32_t node = 0;       ///< 0: the host itself, outside any node
    Phase phase = Phase::process; ///< of the first call
    std::uint64_t count = 0;
    std::uint64_t firstBlock = 0;   ///< the RealtimeScope's block of the first call
    std::string module;             ///< file name of the innermost module that is not the C or C++ library or the guard
    std::string by;                 ///< "host" when that module is the executable, else "plugin"
    std::vector<std::string> stack; ///< innermost first, from the caller of `function` to whoever opened the scope
};

} // namespace rt::guard
