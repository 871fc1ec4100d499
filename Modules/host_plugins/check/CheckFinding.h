#pragma once

#include <rt_guard/Phase.h>

#include <string>

namespace host
{

/** Something wrong with what a plugin does that is no forbidden call. */
struct CheckFinding
{
    std::string kind;   ///< "nan", "runaway" or "cut-short"
    std::string detail; ///< a sentence for a person
    rt::guard::Phase phase = rt::guard::Phase::process;

    bool operator== (const CheckFinding&) const = default;
};

} // namespace host
