#include "CheckReport.h"

#include "../process/ChildProcess.h"
#include "CheckOptions.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace host
{

using nlohmann::ordered_json;

bool CheckReport::hasFailed() const
{
    return hasDied() || std::any_of (findings.begin(), findings.end(), [] (auto& finding) { return ! finding.isWarning(); })
           || std::any_of (violations.begin(), violations.end(), [] (auto& violation) { return violation.by != "host"; });
}

std::string CheckReport::getPlace() const
{
    if (isClosing)
        return "while it was taken down";

    return lastPhase ? std::string ("in the phase ") + toString (*lastPhase) : "while it was loaded";
}

std::string CheckReport::getDeath() const
{
    if (crashed)
        return "CRASHED with " + ChildProcess::getSignalName (signal.value_or (0)) + " " + getPlace();

    if (hung)
        return "HUNG " + getPlace() + " (no progress for " + std::to_string (CheckOptions().hangLimit.count()) + " s)";

    if (exited)
        return "ENDED THE PROCESS " + getPlace() + " (it called exit)";

    return {};
}

ordered_json CheckReport::toJson() const
{
    auto violationsJson = ordered_json::array();

    for (const auto& v : violations)
        violationsJson.push_back ({ { "function", v.function },
                                    { "by", v.by },
                                    { "count", v.count },
                                    { "firstBlock", v.firstBlock },
                                    { "phase", toString (v.phase) },
                                    { "module", v.module },
                                    { "stack", v.stack },
                                    { "contended", v.contended },
                                    { "worstMicros", std::round (v.worstMicros * 1000.0) / 1000.0 } });

    auto findingsJson = ordered_json::array();

    for (const auto& f : findings)
        findingsJson.push_back ({ { "kind", f.kind }, { "detail", f.detail }, { "phase", toString (f.phase) } });

    return { { "ref", ref },
             { "name", name },
             { "blocks", blocks },
             { "crashed", crashed },
             { "hung", hung },
             { "exited", exited },
             { "signal", signal ? ordered_json (*signal) : ordered_json (nullptr) },
             { "violations", violationsJson },
             { "findings", findingsJson } };
}

ordered_json CheckReport::toResults() const
{
    auto usesJson = ordered_json::array();

    for (const auto& use : suppressions)
        usesJson.push_back ({ { "origin", use.suppression.origin }, { "calls", use.calls } });

    return { { "report", toJson() }, { "notes", notes }, { "suppressed", suppressed }, { "suppressions", usesJson } };
}

void CheckReport::readResults (const ordered_json& json)
{
    const auto readPhase = [] (const ordered_json& object)
    { return rt::guard::parsePhase (object.at ("phase").get<std::string>()).value_or (rt::guard::Phase::process); };

    CheckReport result;
    const auto& report = json.at ("report");
    result.blocks = report.at ("blocks").get<int>();

    for (const auto& v : report.at ("violations"))
    {
        rt::guard::Violation violation;
        violation.function = v.at ("function").get<std::string>();
        violation.by = v.at ("by").get<std::string>();
        violation.count = v.at ("count").get<std::uint64_t>();
        violation.firstBlock = v.at ("firstBlock").get<std::uint64_t>();
        violation.phase = readPhase (v);
        violation.module = v.at ("module").get<std::string>();
        violation.stack = v.at ("stack").get<std::vector<std::string>>();
        violation.contended = v.at ("contended").get<std::uint64_t>();
        violation.worstMicros = v.at ("worstMicros").get<double>();
        result.violations.push_back (std::move (violation));
    }

    for (const auto& f : report.at ("findings"))
        result.findings.push_back ({ f.at ("kind").get<std::string>(), f.at ("detail").get<std::string>(), readPhase (f) });

    result.notes = json.at ("notes").get<std::vector<std::string>>();
    result.suppressed = json.at ("suppressed").get<std::uint64_t>();

    for (const auto& u : json.at ("suppressions"))
    {
        rt::guard::SuppressionUse use;
        use.suppression.origin = u.at ("origin").get<std::string>();
        use.calls = u.at ("calls").get<std::uint64_t>();
        result.suppressions.push_back (std::move (use));
    }

    blocks = result.blocks;
    violations = std::move (result.violations);
    findings = std::move (result.findings);
    notes = std::move (result.notes);
    suppressed = result.suppressed;
    suppressions = std::move (result.suppressions);
}

} // namespace host
