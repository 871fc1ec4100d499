#include "Support/Expect.h"
#include "Support/PluginFiles.h"
#include "Support/Terminal.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <set>
#include <sstream>
#include <thread>

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
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

[[maybe_unused]] std::vector<std::string> linesOf (const std::string& text)
{
    std::istringstream stream (text);
    std::vector<std::string> lines;

    for (std::string line; std::getline (stream, line);)
        lines.push_back (line);

    return lines;
}

/** A plugin of TestMischief; what each does is told at the top of its source. */
std::string mischief (const std::string& name) { return testPlugin ("TestMischief") + "#" + name; }

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
                 == std::vector<std::string>{ "function", "by", "count", "firstBlock", "phase", "module", "stack",
                                              "contended", "worstMicros" });
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
                              "TestManyParams" })
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

TEST_CASE_METHOD (Check, "check: what a plugin prints does not mix with what is told, and is told itself")
{
    const auto plugin = check (testPlugin ("TestPrints"), AUDIOHOST_SANITIZED ? 0 : 1);
    REQUIRE (plugin["name"] == "TestPrints");
    REQUIRE (kindsOf (plugin).empty());

#if ! AUDIOHOST_SANITIZED
    for (const auto& violation : plugin["violations"])
        REQUIRE (violation["function"] == "write");

    REQUIRE (countBy (plugin, "plugin") >= 1);
#endif
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

//======================================================================================================================
TEST_CASE_METHOD (Check, "check: a process that is ended without exit() is told as ended")
{
    for (const auto* name : { "EndsAtOnce", "EndsQuickly" })
    {
        CAPTURE (name);
        const auto plugin = check (mischief (name), 1);
        REQUIRE (plugin["exited"] == true);
        REQUIRE (plugin["crashed"] == false);
        REQUIRE (plugin["hung"] == false);
        REQUIRE (plugin["name"] == name);
    }
}

TEST_CASE_METHOD (Check, "check: an exception that nobody catches, and a signal that nobody can, are crashes")
{
    const auto thrown = check (mischief ("Throws"), 1);
    REQUIRE (thrown["crashed"] == true);
    REQUIRE (thrown["signal"] == SIGABRT);

    const auto killed = check (mischief ("KillsItself"), 1);
    REQUIRE (killed["crashed"] == true);
    REQUIRE (killed["signal"] == SIGKILL);
}

TEST_CASE_METHOD (Check, "check: a crash in the destructor is a crash, after all phases")
{
    const auto crashed = check (mischief ("CrashesAtEnd"), 1);
    REQUIRE (crashed["crashed"] == true);
    REQUIRE (crashed["signal"] == SIGABRT);
    REQUIRE (crashed["blocks"] >= 1600);

    const auto text = run ({ "check", mischief ("CrashesAtEnd"), "--seconds", "0.2" });
    REQUIRE_THAT (text.out, Contains ("CRASHED with SIGABRT while it was taken down"));

    const auto ended = check (mischief ("EndsAtEnd"), 1);
    REQUIRE (ended["exited"] == true);
}

// Waits for the ten seconds without progress after which a plugin counts as hung.
TEST_CASE_METHOD (Check, "check: a destructor that never returns is a hang")
{
    const auto plugin = check (mischief ("HangsAtEnd"), 1);
    REQUIRE (plugin["hung"] == true);
    REQUIRE (plugin["blocks"] >= 1600);
}

TEST_CASE_METHOD (Check, "check: a plugin that closes our pipe is told so, and no hang")
{
    for (const auto& ref : { mischief ("ClosesAll"), testPlugin ("TestClosesAtStart") })
    {
        CAPTURE (ref);
        const auto plugin = check (ref, 1);
        REQUIRE (plugin["hung"] == false);
        REQUIRE (plugin["crashed"] == false);
        REQUIRE (plugin["exited"] == false);
        REQUIRE (kindsOf (plugin) == std::set<std::string>{ "cut-short" });
        REQUIRE_THAT (plugin["findings"][0]["detail"].get<std::string>(), Contains ("descriptor"));
    }
}

TEST_CASE_METHOD (Check, "check: nothing of ours is written into a plugin's own file")
{
    const auto file = folder.write ("plugins own", "");
    environment.push_back ("TEST_MISCHIEF_FILE=" + file);
    REQUIRE (kindsOf (check (mischief ("TakesDescriptor"), 1)) == std::set<std::string>{ "cut-short" });
    REQUIRE (readText (file).empty());
}

TEST_CASE_METHOD (Check, "check: what a plugin writes into our pipe is no record")
{
    const auto plugin = check (mischief ("WritesRecords"), AUDIOHOST_SANITIZED ? 0 : 1);
    REQUIRE (plugin["name"] == "WritesRecords");
    REQUIRE (plugin["crashed"] == false);
    REQUIRE (plugin["exited"] == false);
    REQUIRE (kindsOf (plugin).empty());
    REQUIRE (plugin["blocks"] >= 1600);
#if ! AUDIOHOST_SANITIZED
    REQUIRE (plugin["violations"].size() == 1); // write() itself
    REQUIRE (plugin["violations"][0]["function"] == "write");
#endif
}

TEST_CASE_METHOD (Check, "check: processes that a plugin leaves behind change nothing in what is told of it")
{
    const auto crashed = check (mischief ("ForksAndCrashes"), 1);
    REQUIRE (crashed["crashed"] == true);
    REQUIRE (crashed["signal"] == SIGSEGV);
    REQUIRE (crashed["hung"] == false);

    const auto went = check (testPlugin ("TestForksAtStart"), 0);
    REQUIRE (went["name"] == "TestForksAtStart");
    REQUIRE (kindsOf (went).empty());
    REQUIRE (went["blocks"] >= 1600);

    for (const auto* name : { "TestMischief", "TestForksAtStart" })
    {
        for (int i = 0; i < 500 && isRunning (name); ++i)
            std::this_thread::sleep_for (std::chrono::milliseconds (10));

        REQUIRE (! isRunning (name));
    }
}

TEST_CASE_METHOD (Check, "check: sound without input is a finding")
{
    const auto plugin = check (mischief ("Hums"), 1);
    REQUIRE (kindsOf (plugin) == std::set<std::string>{ "output-without-input" });
    REQUIRE (plugin["findings"][0]["phase"] == "process");
}

TEST_CASE_METHOD (Check, "check: slowness is a warning, and fails nothing")
{
    const auto plugin = check (mischief ("IsSlow"), 0);
    REQUIRE (kindsOf (plugin).contains ("slow"));

    const auto text = run ({ "check", mischief ("IsSlow"), "--seconds", "0.2" });
    REQUIRE (text.exitCode == 0);
    REQUIRE_THAT (text.out, Contains ("clean, with a warning") && Contains ("warning: slow (process): at "));
}

//======================================================================================================================
TEST_CASE_METHOD (Check, "check: the last line tells failed plugins from those that could not be checked")
{
    const auto none = run ({ "check", testPlugin ("TestPass"), testPlugin ("TestGain"), "--seconds", "0.2" });
    REQUIRE (none.exitCode == 0);
    REQUIRE_THAT (none.out, EndsWith ("\n0 of 2 plugins failed.\n"));

    const auto mixed =
        run ({ "check", "nowhere.vst3", testPlugin ("TestNaNNow"), testPlugin ("TestGain"), "--seconds", "0.2" });
    REQUIRE (mixed.exitCode == 2);
    REQUIRE_THAT (mixed.out, EndsWith ("\n1 of 3 plugins failed, 1 could not be checked.\n"));
    REQUIRE_THAT (mixed.err, StartsWith ("AudioHost: ") && Contains ("nowhere.vst3"));
}

TEST_CASE_METHOD (Check, "check: a terminal shows how far it is with which of several plugins, and nothing of it stays")
{
    const auto slow = mischief ("IsSlow");
    const std::vector<std::string> arguments{ "check", testPlugin ("TestPass"), slow, "--seconds", "5" };
    Terminal terminal;
    beforeExec = [&terminal] { terminal.becomeStandardError(); };
    const auto shown = run (arguments);
    const auto text = terminal.takeText();
    REQUIRE (shown.exitCode == 0);

    // Each line begins anew where the one before it was.
    const std::string again = "\r\033[K", title = "Checking 2/2 " + slow + " [";
    REQUIRE_THAT (text, StartsWith (again + "Checking ") && EndsWith (again));
    REQUIRE (std::count (text.begin(), text.end(), '\n') == 0);
    std::vector<int> percentages;

    for (auto at = text.find (again + title); at != std::string::npos; at = text.find (again + title, at + 1))
    {
        const auto end = text.find ("] ", at);
        REQUIRE (end != std::string::npos);
        percentages.push_back (std::stoi (text.substr (end + 2)));
    }

    REQUIRE (percentages.size() > 1);
    REQUIRE (std::is_sorted (percentages.begin(), percentages.end()));
    REQUIRE (percentages.front() < percentages.back());
    REQUIRE_THAT (shown.out, ! Contains ("Checking") && ! Contains ("\r") && Contains ("IsSlow"));

    beforeExec = {};
    REQUIRE (run (arguments).err.empty());
}

TEST_CASE_METHOD (Check, "check: a JUnit report has each plugin, those that could not be checked too, and is written whole")
{
    const auto file = folder.file ("report.xml");
    const auto checked = run ({ "check", testPlugin ("TestNaNNow"), testPlugin ("TestCrashInProcessNow"), "nowhere.vst3",
                                "--seconds", "0.2", "--json", "--junit", file });
    REQUIRE (checked.exitCode == 2);
    REQUIRE (checked.json()["plugins"].size() == 2);

    const auto xml = readText (file);
    const auto count = [&xml] (const std::string& text)
    {
        int number = 0;

        for (auto at = xml.find (text); at != std::string::npos; at = xml.find (text, at + 1))
            ++number;

        return number;
    };

    REQUIRE_THAT (xml,
                  StartsWith ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ") && EndsWith ("</testsuites>\n"));
    REQUIRE (count ("<testsuite ") == 3);
    REQUIRE (count ("<testcase ") == 15);
    REQUIRE (count ("<failure ") == 4); // NaN in each phase
    REQUIRE (count ("<error ") == 2);
    REQUIRE_THAT (xml, Contains ("CRASHED with SIGSEGV in the phase process") && Contains ("nowhere.vst3"));

    const auto nowhere = run ({ "check", testPlugin ("TestPass"), "--seconds", "0.2", "--junit", "/nowhere/report.xml" });
    REQUIRE (nowhere.exitCode == 1);
    REQUIRE_THAT (nowhere.out, Contains ("clean"));
    REQUIRE_THAT (nowhere.err, StartsWith ("AudioHost: /nowhere/report.xml: cannot be written"));
}

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own allocator is in between, and stacks and blame differ
TEST_CASE_METHOD (Check, "check: annotations name the plugin's source and line, on stdout, or with --json on stderr")
{
    const auto isAnnotation = [] (const std::string& line)
    {
        // As the compiler was given it: a compiler cache may have made it relative.
        return line.starts_with ("::error file=")
               && line.find ("/Tests/Plugins/TestAllocates.cpp,line=") != std::string::npos
               && line.find (",title=AudioHost check%3A TestAllocates::") != std::string::npos
               && line.find ("%0A") != std::string::npos;
    };

    const auto text = run ({ "check", testPlugin ("TestAllocates"), "--seconds", "0.2", "--annotations" });
    REQUIRE (text.exitCode == 1);
    REQUIRE (text.err.empty());
    REQUIRE_THAT (text.out, Contains ("FAILED"));
    const auto lines = linesOf (text.out);
    REQUIRE (std::count_if (lines.begin(), lines.end(), isAnnotation) >= 4);

    const auto json = run ({ "check", testPlugin ("TestAllocates"), "--seconds", "0.2", "--annotations", "--json" });
    REQUIRE (json.json()["plugins"].size() == 1);
    const auto errors = linesOf (json.err);
    REQUIRE (! errors.empty());
    REQUIRE (std::all_of (errors.begin(), errors.end(), isAnnotation));

    // An unreadable plugin, and none: the line that a person reads is told all the same.
    const auto missing = run ({ "check", "nowhere.vst3", "--annotations" });
    REQUIRE (missing.exitCode == 2);
    REQUIRE_THAT (missing.out, StartsWith ("::error title=AudioHost check%3A nowhere.vst3::"));
    REQUIRE (linesOf (missing.err).size() == 1);
}

TEST_CASE_METHOD (Check, "check: suppressions keep quiet what they are for, and their use is told")
{
    const auto file = folder.write ("known.txt", "# what we live with\n"
                                                 "stack: allocateInProcess\n"
                                                 "function: fopen\n"
                                                 "module: TestAllocates.so; function: free\n");
    const auto checked = run ({ "check", testPlugin ("TestAllocates"), "--seconds", "0.2", "--suppressions", file });
    REQUIRE (checked.exitCode == 1); // parameter changes still allocate
    REQUIRE_THAT (checked.out, Contains ("allocateInParameterChange") && ! Contains ("      allocateInProcess")
                                   && Contains ("\nSuppressed:\n  " + file + ":2: ")
                                   && Contains ("\n  " + file + ":3: not needed\n") && Contains ("\n  " + file + ":4: "));

    const auto all = folder.write ("all.txt", "module: TestAllocates.so\n");
    const auto plugin = [&]
    {
        result = run ({ "check", testPlugin ("TestAllocates"), "--seconds", "0.2", "--json", "--suppressions", all });
        REQUIRE (result.exitCode == 0);
        return result.json()["plugins"][0];
    }();
    REQUIRE (countBy (plugin, "plugin") == 0);

    expectError (run ({ "check", testPlugin ("TestPass"), "--suppressions", "nowhere.txt" }), 2, "nowhere.txt");
    const auto wrong = folder.write ("wrong.txt", "function: malloc\nfunktion: free\n");
    expectError (run ({ "check", testPlugin ("TestPass"), "--suppressions", wrong }), 2, "line 2");
}

TEST_CASE_METHOD (Check, "check: system calls are seen however they are made, and locks say whether they waited")
{
    const auto futex = check (testPlugin ("TestBreaksDynamic") + "#Futex", 1);
    REQUIRE (countBy (futex, "plugin") >= 1);
    REQUIRE (std::any_of (futex["violations"].begin(), futex["violations"].end(),
                          [] (const Json& v) { return v["function"] == "syscall futex" && v["phase"] == "parameter"; }));

    const auto contended = check (testPlugin ("TestBreaksDynamic") + "#LockContended", 1);
    REQUIRE (
        std::any_of (contended["violations"].begin(), contended["violations"].end(), [] (const Json& v)
                     { return v["function"] == "pthread_mutex_lock" && v["contended"] > 0 && v["worstMicros"] > 0.0; }));
}
#endif
