#pragma once

#include "CheckFinding.h"

#include <rt_guard/Violation.h>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace host
{

/** What a check found out about one plugin. */
struct CheckReport
{
    std::string ref;  ///< as it was asked for
    std::string name; ///< empty if the plugin never came to tell it
    int blocks = 0;   ///< under the guard
    bool crashed = false, hung = false, exited = false;
    std::optional<int> signal;                 ///< that it crashed with
    std::optional<rt::guard::Phase> lastPhase; ///< that it was last heard of in
    std::vector<rt::guard::Violation> violations;
    std::vector<CheckFinding> findings;
    std::string lastWords; ///< the end of what it printed, if it did not live to the end

    /** Whether this is more than warnings and what the host's own wrapper does. */
    bool hasFailed() const;

    /** The keys of the contract. */
    nlohmann::ordered_json toJson() const;

    /** Takes over blocks, violations and findings from toJson()'s result. Throws nlohmann::json::exception for others. */
    void readResults (const nlohmann::ordered_json&);
};

} // namespace host
