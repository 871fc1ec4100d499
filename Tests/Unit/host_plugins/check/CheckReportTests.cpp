#include "Reports.h"

#include <nlohmann/json.hpp>

using host::CheckReport;
using rt::guard::Phase;

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
}

TEST_CASE ("Every finding fails a check, but for slowness")
{
    for (const auto* kind : { "nan", "runaway", "output-without-input", "slow", "cut-short" })
    {
        CAPTURE (kind);
        CheckReport report;
        report.findings.push_back ({ kind, "", Phase::process });
        CHECK (report.hasFailed() == (std::string (kind) != "slow"));
    }
}

TEST_CASE ("A report has the contract's keys in the contract's order")
{
    CheckReport report;
    report.ref = "a.vst3";
    report.name = "A";
    report.blocks = 1612;
    report.crashed = true;
    report.signal = 11;
    report.violations.push_back (makeViolation ("plugin"));
    report.findings.push_back ({ "nan", "in 3 blocks", Phase::state });

    CHECK (report.toJson().dump()
           == R"({"ref":"a.vst3","name":"A","blocks":1612,"crashed":true,"hung":false,"exited":false,"signal":11,)"
              R"("violations":[{"function":"malloc","by":"plugin","count":12,"firstBlock":34,"phase":"midi",)"
              R"("module":"Some.so","stack":["inner at src/a.cpp:12 [Some.so+0x1]","outer [Some.so+0x2]"],)"
              R"("contended":0,"worstMicros":1.235}],)"
              R"("findings":[{"kind":"nan","detail":"in 3 blocks","phase":"state"}]})");

    CHECK (CheckReport().toJson().at ("signal").is_null());
    CHECK (CheckReport().toJson().at ("violations").is_array());
}

TEST_CASE ("What one process sends of a report another reads whole, or not at all")
{
    CheckReport report;
    report.blocks = 1612;
    report.violations.push_back (makeViolation ("plugin"));
    report.violations[0].contended = 3;
    report.findings.push_back ({ "nan", "in 3 blocks", Phase::state });
    report.notes = { "a note" };
    report.suppressed = 7;
    report.suppressions.push_back (
        { { .function = "free", .module = {}, .node = {}, .caller = {}, .stack = {}, .by = {}, .origin = "f:3" }, 7 });

    CheckReport copy;
    copy.readResults (report.toResults());
    CHECK (copy.blocks == 1612);
    CHECK (copy.findings == report.findings);
    REQUIRE (copy.violations.size() == 1);
    CHECK (copy.violations[0].function == "malloc");
    CHECK (copy.violations[0].phase == Phase::midi);
    CHECK (copy.violations[0].stack == report.violations[0].stack);
    CHECK (copy.violations[0].contended == 3);
    CHECK (copy.violations[0].worstMicros == 1.235);
    CHECK (copy.notes == report.notes);
    CHECK (copy.suppressed == 7);
    REQUIRE (copy.suppressions.size() == 1);
    CHECK (copy.suppressions[0].suppression.origin == "f:3");
    CHECK (copy.suppressions[0].calls == 7);
    CHECK_FALSE (copy.crashed);

    auto half = report.toResults();
    half.at ("report").at ("violations") = nlohmann::ordered_json::array();
    half.erase ("suppressions");
    CHECK_THROWS_AS (copy.readResults (half), nlohmann::json::exception);
    CHECK (copy.violations.size() == 1);
    CHECK_THROWS_AS (copy.readResults (nlohmann::ordered_json::object()), nlohmann::json::exception);
}

TEST_CASE ("A death is told with its place")
{
    CheckReport report;
    CHECK (report.getDeath().empty());
    report.crashed = true;
    report.signal = 11;
    CHECK (report.getDeath() == "CRASHED with SIGSEGV while it was loaded");
    report.lastPhase = Phase::midi;
    CHECK (report.getDeath() == "CRASHED with SIGSEGV in the phase midi");
    report.lastPhase = Phase::state;
    report.isClosing = true;
    CHECK (report.getDeath() == "CRASHED with SIGSEGV while it was taken down");
}
