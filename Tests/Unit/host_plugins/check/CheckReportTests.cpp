#include <host_plugins/check/CheckReport.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using host::CheckReport;
using rt::guard::Phase;

namespace
{

rt::guard::Violation makeViolation (std::string by)
{
    rt::guard::Violation violation;
    violation.function = "malloc";
    violation.phase = Phase::midi;
    violation.count = 12;
    violation.firstBlock = 34;
    violation.module = "Some.so";
    violation.by = std::move (by);
    violation.stack = { "inner", "outer" };
    return violation;
}

} // namespace

TEST_CASE ("A check fails for what the plugin did, not for what the host did around it")
{
    CHECK_FALSE (CheckReport().hasFailed());

    CheckReport report;
    report.violations.push_back (makeViolation ("host"));
    CHECK_FALSE (report.hasFailed());
    report.violations.push_back (makeViolation ("plugin"));
    CHECK (report.hasFailed());

    for (auto member : { &CheckReport::crashed, &CheckReport::hung, &CheckReport::exited })
    {
        CheckReport other;
        other.*member = true;
        CHECK (other.hasFailed());
    }

    CheckReport found;
    found.findings.push_back ({ "cut-short", "", Phase::process });
    CHECK (found.hasFailed());
}

TEST_CASE ("A report has the contract's keys in the contract's order, and its results can be read back")
{
    CheckReport report;
    report.ref = "a.vst3";
    report.name = "A";
    report.blocks = 1612;
    report.crashed = true;
    report.signal = 11;
    report.violations.push_back (makeViolation ("plugin"));
    report.findings.push_back ({ "nan", "in 3 blocks", Phase::state });

    const auto json = report.toJson();
    CHECK (json.dump()
           == R"({"ref":"a.vst3","name":"A","blocks":1612,"crashed":true,"hung":false,"exited":false,"signal":11,)"
              R"("violations":[{"function":"malloc","by":"plugin","count":12,"firstBlock":34,"phase":"midi",)"
              R"("module":"Some.so","stack":["inner","outer"]}],)"
              R"("findings":[{"kind":"nan","detail":"in 3 blocks","phase":"state"}]})");

    CheckReport copy;
    copy.readResults (json);
    CHECK (copy.blocks == 1612);
    CHECK (copy.findings == report.findings);
    REQUIRE (copy.violations.size() == 1);
    CHECK (copy.violations[0].function == "malloc");
    CHECK (copy.violations[0].phase == Phase::midi);
    CHECK (copy.violations[0].stack == report.violations[0].stack);
    CHECK_FALSE (copy.crashed);

    CHECK (CheckReport().toJson().at ("signal").is_null());
    CHECK (CheckReport().toJson().at ("violations").is_array());
    CHECK_THROWS_AS (copy.readResults (nlohmann::ordered_json::object()), nlohmann::json::exception);
}
