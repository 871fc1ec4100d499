#pragma once

#include "CheckFinding.h"

#include <rt_guard/Suppressions.h>

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace host
{

/** What a check found out about one plugin. */
struct CheckReport
{
    /** In the order in which a plugin goes through them. */
    static constexpr std::array phases{ rt::guard::Phase::process, rt::guard::Phase::midi, rt::guard::Phase::parameter,
                                        rt::guard::Phase::state };

    std::string ref;  ///< as it was asked for
    std::string name; ///< empty if the plugin never came to tell it
    int blocks = 0;   ///< under the guard
    bool crashed = false, hung = false, exited = false;
    std::optional<int> signal; ///< that it crashed with
    std::vector<rt::guard::Violation> violations;
    std::vector<CheckFinding> findings;

    std::optional<rt::guard::Phase> lastPhase; ///< that it was last heard of in
    bool isClosing = false;                    ///< it was last heard of when it was taken down, after all phases
    std::string lastWords;                     ///< the end of what it printed, if it did not live to the end
    std::vector<std::string> notes;            ///< what could not be tried or watched, and why

    std::uint64_t suppressed = 0; ///< calls that suppressions kept quiet
    std::vector<rt::guard::SuppressionUse> suppressions;

    double loadingSeconds = 0.0;          ///< wall time until the first phase
    std::array<double, 4> phaseSeconds{}; ///< wall time, in the order of `phases`

    /** Whether this is more than warnings and what the host's own wrapper does. */
    bool hasFailed() const;

    /** Whether it lives on no more. */
    bool hasDied() const { return crashed || hung || exited; }

    /** Where it was last heard of: "while it was loaded", "in the phase midi" or "while it was taken down". */
    std::string getPlace() const;

    /** How it died, and where: "CRASHED with SIGSEGV in the phase midi". Empty if it did not. */
    std::string getDeath() const;

    /** The keys of the contract. */
    nlohmann::ordered_json toJson() const;

    /** What the process that checks sends to the one that asked. */
    nlohmann::ordered_json toResults() const;

    /** Takes over blocks, violations, findings, notes and suppressions from toResults()'s result. Throws
        nlohmann::json::exception for others. */
    void readResults (const nlohmann::ordered_json&);
};

} // namespace host
