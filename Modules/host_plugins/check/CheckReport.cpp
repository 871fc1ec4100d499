#include "CheckReport.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace host
{

bool CheckReport::hasFailed() const
{
    return crashed || hung || exited || ! findings.empty()
           || std::any_of (violations.begin(), violations.end(), [] (auto& violation) { return violation.by != "host"; });
}

nlohmann::ordered_json CheckReport::toJson() const
{
    auto violationsJson = nlohmann::ordered_json::array();

    for (const auto& v : violations)
        violationsJson.push_back ({ { "function", v.function },
                                    { "by", v.by },
                                    { "count", v.count },
                                    { "firstBlock", v.firstBlock },
                                    { "phase", toString (v.phase) },
                                    { "module", v.module },
                                    { "stack", v.stack } });

    auto findingsJson = nlohmann::ordered_json::array();

    for (const auto& f : findings)
        findingsJson.push_back ({ { "kind", f.kind }, { "detail", f.detail }, { "phase", toString (f.phase) } });

    return { { "ref", ref },
             { "name", name },
             { "blocks", blocks },
             { "crashed", crashed },
             { "hung", hung },
             { "exited", exited },
             { "signal", signal ? nlohmann::ordered_json (*signal) : nlohmann::ordered_json (nullptr) },
             { "violations", violationsJson },
             { "findings", findingsJson } };
}

void CheckReport::readResults (const nlohmann::ordered_json& json)
{
    blocks = json.at ("blocks").get<int>();
    violations.clear();
    findings.clear();

    for (const auto& v : json.at ("violations"))
    {
        rt::guard::Violation violation;
        violation.function = v.at ("function").get<std::string>();
        violation.by = v.at ("by").get<std::string>();
        violation.count = v.at ("count").get<std::uint64_t>();
        violation.firstBlock = v.at ("firstBlock").get<std::uint64_t>();
        violation.phase = rt::guard::parsePhase (v.at ("phase").get<std::string>()).value_or (rt::guard::Phase::process);
        violation.module = v.at ("module").get<std::string>();
        violation.stack = v.at ("stack").get<std::vector<std::string>>();
        violations.push_back (std::move (violation));
    }

    for (const auto& f : json.at ("findings"))
        findings.push_back (
            { f.at ("kind").get<std::string>(), f.at ("detail").get<std::string>(),
              rt::guard::parsePhase (f.at ("phase").get<std::string>()).value_or (rt::guard::Phase::process) });
}

} // namespace host
