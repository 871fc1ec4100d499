#include "Support/Expect.h"
#include "Support/PluginFiles.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

namespace
{

struct Check : Program
{
    /** Checks one plugin, shortly; expects the exit code. @returns its report */
    Json check (const std::string& ref, int exitCode)
    {
        result = run ({ "check", ref, "--seconds", "0.2", "--json" });
        INFO (result.out << result.err);
        REQUIRE (result.signal == 0);
        REQUIRE (result.exitCode == exitCode);
        REQUIRE (result.err.empty());
        const auto document = result.json();
        REQUIRE (keysOf (document) == std::vector<std::string>{ "plugins" });
        REQUIRE (document["plugins"].size() == 1);
        return document["plugins"][0];
    }

    ProgramResult result;
};

/** Whose fault it is. */
int countBy (const Json& plugin, const char* by)
{
    return int (std::count_if (plugin["violations"].begin(), plugin["violations"].end(),
                               [by] (const Json& v) { return v["by"] == by; }));
}

std::set<std::string> kindsOf (const Json& plugin)
{
    std::set<std::string> kinds;

    for (const auto& finding : plugin["findings"])
        kinds.insert (finding["kind"].get<std::string>());

    return kinds;
}

const std::set<std::string> phases{ "process", "parameter", "midi", "state" };

} // namespace

TEST_CASE_METHOD (Check, "check: a clean plugin passes, and the JSON has the keys of the contract")
{
    const auto plugin = check (testPlugin ("TestGain"), 0);
    REQUIRE (keysOf (plugin)
             == std::vector<std::string>{ "ref", "name", "blocks", "crashed", "hung", "exited", "signal", "violations",
                                          "findings" });
    REQUIRE (plugin["ref"] == testPlugin ("TestGain"));
    REQUIRE (plugin["name"] == "TestGain");
    REQUIRE (plugin["blocks"] > 1000);
    REQUIRE (plugin["crashed"] == false);
    REQUIRE (plugin["hung"] == false);
    REQUIRE (plugin["exited"] == false);
    REQUIRE (plugin["signal"].is_null());
    REQUIRE (plugin["violations"] == Json::array());
}

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own allocator is in between, and stacks and blame differ
TEST_CASE_METHOD (Check, "check: allocations fail a plugin, with function, culprit, phase, module and stack")
{
    const auto plugin = check (testPlugin ("TestAllocates"), 1);
    REQUIRE (countBy (plugin, "plugin") >= 4);
    REQUIRE (countBy (plugin, "host") == 0);
    std::set<std::string> seen;

    for (const auto& violation : plugin["violations"])
    {
        CAPTURE (violation.dump (2));
        REQUIRE (keysOf (violation)
                 == std::vector<std::string>{ "function", "by", "count", "firstBlock", "phase", "module", "stack" });
        REQUIRE (violation["by"] == "plugin");
        REQUIRE (violation["module"] == "TestAllocates.so");
        REQUIRE (violation["count"] > 0);
        REQUIRE (violation["firstBlock"] >= 1);
        REQUIRE (phases.contains (violation["phase"]));

        const auto& innermost = violation["stack"][0].get<std::string>();
        REQUIRE_THAT (innermost, Contains ("allocateIn"));

        if (innermost.find ("allocateInProcess") != std::string::npos)
            seen.insert (violation["function"].get<std::string>() + " in process");

        if (innermost.find ("allocateInParameterChange") != std::string::npos && violation["phase"] == "parameter")
            seen.insert (violation["function"].get<std::string>() + " in a parameter change");
    }

    REQUIRE (seen
             == std::set<std::string>{ "malloc in process", "free in process", "malloc in a parameter change",
                                       "free in a parameter change" });

    // Once a block, in every block.
    const auto& first = plugin["violations"][0];
    REQUIRE (first["firstBlock"] == 1);
    REQUIRE (first["phase"] == "process");
    REQUIRE (first["count"] == plugin["blocks"]);
}
#endif

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own allocator is in between, and stacks and blame differ
TEST_CASE_METHOD (Check, "check: a person reads what and where")
{
    const auto failed = run ({ "check", testPlugin ("TestAllocates"), "--seconds", "0.2" });
    REQUIRE (failed.exitCode == 1);
    REQUIRE (failed.err.empty());
    REQUIRE_THAT (failed.out, Contains ("TestAllocates") && Contains ("FAILED") && Contains ("malloc")
                                  && Contains ("allocateInProcess"));

    const auto passed = run ({ "check", testPlugin ("TestGain"), "--seconds", "0.2" });
    expectQuietSuccess (passed);
    REQUIRE_THAT (passed.out, Contains ("TestGain") && Contains ("clean"));
}
#endif

TEST_CASE_METHOD (Check, "check: the demo plugins and every well-behaved test plugin are clean")
{
    const auto demo = std::filesystem::path (AUDIOHOST_BINARY).parent_path() / "plugins";
    std::vector<std::string> arguments{ "check", "--seconds", "0.2", "--json" };

    for (const auto& entry : std::filesystem::directory_iterator (demo))
        arguments.push_back (entry.path().string());

    REQUIRE (arguments.size() == 6); // the synth and the delay

    for (const auto* name : { "TestGain", "TestDelay", "TestPass", "TestSynth", "TestSideChain", "TestMono", "TestLatency64",
                              "TestManyParams", "TestPrints" })
        arguments.push_back (testPlugin (name));

    arguments.push_back (std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2");
    arguments.push_back (std::string (TEST_PLUGINS) + "/ladspa/TestLadspaGain.so");

    const auto checked = run (arguments);
    INFO (checked.out << checked.err);
    REQUIRE (checked.exitCode == 0);
    REQUIRE (checked.err.empty());

    const auto report = checked.json();

    for (const auto& plugin : report["plugins"])
    {
        REQUIRE (countBy (plugin, "plugin") == 0);
        REQUIRE (kindsOf (plugin).empty());
    }
}

TEST_CASE_METHOD (Check, "check: a plugin that crashes, at once or when a parameter is moved")
{
    for (const auto* name : { "TestCrashInProcess", "TestCrashInProcessNow" })
    {
        CAPTURE (name);
        const auto plugin = check (testPlugin (name), 1);
        REQUIRE (plugin["crashed"] == true);
        REQUIRE (plugin["signal"] == SIGSEGV);
        REQUIRE (plugin["hung"] == false);
        REQUIRE (plugin["exited"] == false);
        REQUIRE (plugin["name"] == name);
        REQUIRE ((plugin["blocks"] > 0) == (std::string (name) == "TestCrashInProcess"));
    }

    const auto onScan = check (testPlugin ("TestCrashOnScan"), 1);
    REQUIRE (onScan["crashed"] == true);
    REQUIRE (onScan["blocks"] == 0);
}

TEST_CASE_METHOD (Check, "check: a plugin that ends its process, even with status 0")
{
    for (const auto* name : { "TestExitInProcess", "TestExitInProcessNow", "TestExitOnScan" })
    {
        CAPTURE (name);
        const auto plugin = check (testPlugin (name), 1);
        REQUIRE (plugin["exited"] == true);
        REQUIRE (plugin["crashed"] == false);
        REQUIRE (plugin["hung"] == false);
        REQUIRE (plugin["signal"].is_null());
    }
}

// Each waits for the ten seconds without progress after which a plugin counts as hung.
TEST_CASE_METHOD (Check, "check: a plugin that never returns, at once or when a parameter is moved")
{
    const auto name = GENERATE (as<std::string>(), "TestHangInProcess", "TestHangInProcessNow");
    CAPTURE (name);
    const auto plugin = check (testPlugin (name), 1);
    REQUIRE (plugin["hung"] == true);
    REQUIRE (plugin["crashed"] == false);
    REQUIRE (plugin["exited"] == false);
    REQUIRE (plugin["name"] == name);
}

TEST_CASE_METHOD (Check, "check: NaN in the output is a finding, in the phase where it came")
{
    const auto now = check (testPlugin ("TestNaNNow"), 1);
    REQUIRE (kindsOf (now) == std::set<std::string>{ "nan" });
    REQUIRE (keysOf (now["findings"][0]) == std::vector<std::string>{ "kind", "detail", "phase" });
    REQUIRE (now["findings"][0]["phase"] == "process");
    REQUIRE (! now["findings"][0]["detail"].get<std::string>().empty());

    const auto later = check (testPlugin ("TestNaN"), 1);
    REQUIRE (kindsOf (later) == std::set<std::string>{ "nan" });

    for (const auto& finding : later["findings"])
        REQUIRE ((finding["phase"] == "parameter" || finding["phase"] == "state"));
}

TEST_CASE_METHOD (Check, "check: a loud plugin is no runaway: +40 dB is a gain that somebody may want")
{
    REQUIRE (! kindsOf (check (testPlugin ("TestLoud"), 0)).contains ("runaway"));
}

TEST_CASE_METHOD (Check, "check: several plugins in one call, in their order, and the worst decides")
{
    const auto checked =
        run ({ "check", testPlugin ("TestGain"), testPlugin ("TestNaNNow"), testPlugin ("TestCrashInProcessNow"),
               testPlugin ("TestPass"), "--seconds", "0.2", "--json" });
    REQUIRE (checked.exitCode == 1);
    const auto plugins = checked.json()["plugins"];
    REQUIRE (plugins.size() == 4);
    REQUIRE (plugins[0]["name"] == "TestGain");
    REQUIRE (plugins[1]["name"] == "TestNaNNow");
    REQUIRE (plugins[2]["crashed"] == true);
    REQUIRE (plugins[3]["name"] == "TestPass");
    REQUIRE (plugins[3]["crashed"] == false);
}

TEST_CASE_METHOD (Check, "check: an unreadable REF exits 2, the others are checked all the same")
{
    expectError (run ({ "check", "nowhere.vst3", "--json" }), 2, "nowhere.vst3");
    expectError (run ({ "check", "VST3:41484F53544553540000000000000FFF", "--json" }), 2,
                 "VST3:41484F53544553540000000000000FFF");

    const auto mixed = run ({ "check", "nowhere.vst3", testPlugin ("TestAllocates"), "--seconds", "0.2", "--json" });
    REQUIRE (mixed.exitCode == 2);
    REQUIRE_THAT (mixed.err, Catch::Matchers::StartsWith ("AudioHost: ") && Contains ("nowhere.vst3"));
    REQUIRE (std::count (mixed.err.begin(), mixed.err.end(), '\n') == 1);
    REQUIRE (mixed.json()["plugins"].size() == 1);
    REQUIRE (mixed.json()["plugins"][0]["name"] == "TestAllocates");
}

TEST_CASE_METHOD (Check, "check: a file with several plugins lists their ids, and each can be checked")
{
    const auto file = testPlugin ("TestTwoPlugins");
    const auto refused = run ({ "check", file });
    REQUIRE (refused.exitCode == 2);
    REQUIRE_THAT (refused.err,
                  Contains ("VST3:41484F53544553540000000000000011") && Contains ("VST3:41484F53544553540000000000000012"));
    REQUIRE (check (file + "#Two B", 0)["name"] == "Two B");
}

TEST_CASE_METHOD (Check, "check: Ctrl-C ends it, and no child stays behind")
{
    const auto hanging = PluginFiles::copy ("TestHangInProcessNow", folder.path);
    const auto asChild = std::string ("--\0", 3) + hanging; // as the child alone is called
    const auto stopped = runAndSignalWhen ({ "check", hanging }, SIGINT, [&] { return isRunning (asChild); });
    REQUIRE (! stopped.timedOut);
    REQUIRE (stopped.signal == SIGINT);

    // The child dies with its parent; the kernel may take a moment.
    for (int i = 0; i < 500 && isRunning (hanging); ++i)
        std::this_thread::sleep_for (std::chrono::milliseconds (10));

    REQUIRE (! isRunning (hanging));
}
