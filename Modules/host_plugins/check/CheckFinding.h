#pragma once

#include <rt_guard/Phase.h>

#include <string>

namespace host
{

/** Something wrong with what a plugin does that is no forbidden call. */
struct CheckFinding
{
    std::string kind;   ///< "nan", "runaway", "output-without-input", "slow" or "cut-short"
    std::string detail; ///< a sentence for a person
    rt::guard::Phase phase = rt::guard::Phase::process;

    /** Whether this alone fails no check: how fast a machine is says less about a plugin. */
    bool isWarning() const { return kind == "slow"; }

    bool operator== (const CheckFinding&) const = default;
};

} // namespace host
