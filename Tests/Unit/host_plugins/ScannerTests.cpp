#include "PluginFixture.h"

#include <fstream>

using namespace std::chrono_literals;
using Job = host::Scanner::Job;

namespace
{
struct ScannerFixture : PluginFixture
{
    host::Scanner::Options options() const
    {
        host::Scanner::Options o;
        o.journal = folder.getChildFile ("journal");
        o.command = [this] (const Job& job, int first)
        {
            ++numChildren;
            host::ChildProcess::Options child;
            child.program = helper ("host_plugins_child");
            child.arguments = { "scan-child", job.format.toStdString(), job.file.getFullPathName().toStdString(),
                                std::to_string (first) };
            return child;
        };
        return o;
    }

    static Job job (const juce::String& format, const juce::String& path) { return { format, testPlugin (path), true }; }

    mutable std::atomic<int> numChildren{ 0 };
};
} // namespace

TEST_CASE_METHOD (ScannerFixture, "plugins are found, and those that crash, exit or are none are classed")
{
    folder.getChildFile ("None.vst3").createDirectory();
    const auto broken = folder.getChildFile ("broken.so");
    broken.replaceWithText ("no library");

    auto o = options();
    o.timeout = 300s;
    o.numChildren = GENERATE (1, 3);
    const auto outcome = host::Scanner (o).run ({ job ("VST3", "TestCrashOnScan.vst3"),
                                                  job ("VST3", "TestGain.vst3"),
                                                  job ("VST3", "TestManyParams.vst3"),
                                                  job ("VST3", "TestExitOnScan.vst3"),
                                                  job ("LADSPA", "ladspa/TestLadspaGain.so"),
                                                  job ("LV2", "TestLv2Gain.lv2"),
                                                  { "VST3", folder.getChildFile ("None.vst3"), true },
                                                  { "LADSPA", broken, true },
                                                  job ("VST3", "TestTwoPlugins.vst3"),
                                                  job ("VST3", "TestSideChain.vst3") });

    REQUIRE (outcome.files.size() == 10);
    CHECK (outcome.isComplete);
    CHECK (outcome.numResumed == 0);
    const auto& files = outcome.files;

    const auto requireFailure = [&] (std::size_t i, const char* reason, const char* detail)
    {
        CAPTURE (i);
        CHECK (files[i].plugins.empty());
        REQUIRE (files[i].failures.size() == 1);
        CHECK (files[i].failures[0].reason == reason);
        CHECK_THAT (files[i].failures[0].detail.toStdString(), Catch::Matchers::Contains (detail));
        CHECK (files[i].failures[0].file == files[i].file);
    };

    requireFailure (0, "crashed", "SIGSEGV");
    requireFailure (3, "crashed", "exit code");
    requireFailure (6, "no-plugin", "no folder Contents");
    requireFailure (7, "unreadable", "not a shared library");

    for (const std::size_t i : { 1u, 2u, 4u, 5u, 9u })
    {
        CHECK (files[i].plugins.size() == 1);
        CHECK (files[i].failures.empty());
    }

    CHECK (files[1].plugins[0] == formats.resolve (pathOf ("TestGain.vst3")));
    CHECK (files[5].plugins[0].file == "urn:audiohost:test:lv2-gain");
    CHECK (files[8].plugins.size() == 2);
    CHECK (files[9].plugins[0].inputs == 4); // with the side-chain, which is off by default in no host but in JUCE's list
    CHECK_FALSE (o.journal.exists());
}

TEST_CASE_METHOD (ScannerFixture, "a plugin that hangs is given up after the timeout")
{
    auto o = options();
    o.timeout = 1500ms;
    const auto outcome = host::Scanner (o).run ({ job ("VST3", "TestHangOnScan.vst3") });
    REQUIRE (outcome.files.size() == 1);
    REQUIRE (outcome.files[0].failures.size() == 1);
    CHECK (outcome.files[0].failures[0].reason == "timed-out");
    CHECK (outcome.files[0].failures[0].detail == "no sign of life for 1.5 s");
}

TEST_CASE_METHOD (ScannerFixture, "a plugin that refuses to be made does not hide its neighbours")
{
    const auto outcome = host::Scanner (options()).run ({ { "LADSPA", juce::File (ODD_LADSPA), true } });
    REQUIRE (outcome.files.size() == 1);
    CHECK (outcome.files[0].plugins.size() == 4);
    REQUIRE (outcome.files[0].failures.size() == 1);
    CHECK (outcome.files[0].failures[0].reason == "unreadable");
    CHECK_THAT (outcome.files[0].failures[0].detail.toStdString(), Catch::Matchers::Contains (":refuses"));
}

TEST_CASE_METHOD (ScannerFixture, "a plugin that crashes when it is made does not hide its neighbours")
{
    // A child that tells of three plugins and dies over the second: each start begins where the last one ended.
    auto o = options();
    std::vector<int> starts;
    o.numChildren = 1;
    o.command = [&] (const Job&, int first)
    {
        starts.push_back (first);
        const auto plugin = [] (int i)
        {
            host::PluginInfo info;
            info.id = "VST3:" + juce::String (i);
            info.format = "VST3";
            return "\x1e"
                   R"({"making":)"
                   + std::to_string (i) + R"(,"id":"VST3:)" + std::to_string (i) + "\"}\n"
                   + (i == 1 ? std::string()
                             : "\x1e"
                               R"({"plugin":)"
                                   + host::Catalogue::print (host::Catalogue::toJson (info), -1) + "}\n");
        };

        auto text = std::string ("\x1e{\"count\":3}\nrubbish that a plugin has written\n");

        for (int i = first; i < 3 && (i == first || i != 2 || first == 2); ++i)
            text += plugin (i);

        host::ChildProcess::Options child;
        child.program = "/bin/sh";
        child.arguments = { "-c",
                            "printf '%s' \"$1\" >&3; "
                                + std::string (first == 2 ? "printf '\\036{\"done\":true}\\n' >&3" : "kill -ABRT $$"),
                            "sh", text };
        return child;
    };

    const auto outcome = host::Scanner (o).run ({ { "VST3", folder.getChildFile ("Three.vst3"), true } });
    CHECK (starts == std::vector<int>{ 0, 2 });
    REQUIRE (outcome.files.size() == 1);
    CHECK (outcome.files[0].plugins.size() == 2);
    REQUIRE (outcome.files[0].failures.size() == 1);
    CHECK (outcome.files[0].failures[0].detail == "VST3:1: signal SIGABRT (Aborted)");
}

TEST_CASE_METHOD (ScannerFixture, "a scan that was killed is taken up: what it had found is not looked at again")
{
    const auto journal = folder.getChildFile ("journal").getFullPathName().toStdString();
    const auto program = helper ("host_plugins_child");
    host::ChildProcess::Options killed;
    killed.program = program;
    killed.arguments = { "scan-and-die",
                         journal,
                         program,
                         pathOf ("TestGain.vst3").toStdString(),
                         pathOf ("TestTwoPlugins.vst3").toStdString(),
                         pathOf ("TestCrashOnScan.vst3").toStdString() };
    host::ChildProcess dying (killed);
    REQUIRE (dying.wait().signal == SIGKILL);
    REQUIRE (juce::File (juce::String (journal)).existsAsFile());

    // The last line is cut off too, as a crash of the machine may leave it.
    std::ofstream (journal, std::ios::app) << "{\"done\":\"VST3 /half";

    const auto o = options();
    const auto outcome = host::Scanner (o).run ({ job ("VST3", "TestGain.vst3"), job ("VST3", "TestTwoPlugins.vst3"),
                                                  job ("VST3", "TestCrashOnScan.vst3"), job ("VST3", "TestDelay.vst3") });
    CHECK (outcome.numResumed == 2);
    CHECK (numChildren == 2);
    REQUIRE (outcome.files.size() == 4);
    CHECK (outcome.files[0].plugins.size() == 1);
    CHECK (outcome.files[0].plugins[0] == formats.resolve (pathOf ("TestGain.vst3")));
    CHECK (outcome.files[1].plugins.size() == 2);
    CHECK (outcome.files[2].failures.size() == 1);
    CHECK (outcome.files[3].plugins.size() == 1);
    CHECK_FALSE (o.journal.exists());
}

TEST_CASE_METHOD (ScannerFixture, "a scan that is stopped ends soon and keeps what it found")
{
    std::atomic<bool> stop{ false };
    auto o = options();
    o.numChildren = 1;
    o.stop = &stop;
    o.progress = [&] (int done, int total, const juce::File& current)
    {
        CHECK (total == 3);

        if (current.getFileName().contains ("Hang"))
        {
            CHECK (done == 1);
            stop = true;
        }
    };

    const auto outcome = host::Scanner (o).run (
        { job ("VST3", "TestGain.vst3"), job ("VST3", "TestHangOnScan.vst3"), job ("VST3", "TestDelay.vst3") });
    CHECK_FALSE (outcome.isComplete);
    REQUIRE (outcome.files.size() == 1);
    CHECK (outcome.files[0].plugins.size() == 1);
    CHECK_FALSE (o.journal.exists());
}

TEST_CASE_METHOD (ScannerFixture, "a child that cannot be started stops the scan with its reason")
{
    auto o = options();
    o.command = [] (const Job&, int)
    {
        host::ChildProcess::Options child;
        child.program = "/nonexistent";
        return child;
    };
    CHECK_THAT (errorOf ([&] { host::Scanner (o).run ({ job ("VST3", "TestGain.vst3") }); }, host::Error::Kind::failed),
                Catch::Matchers::Contains ("/nonexistent"));
}

TEST_CASE_METHOD (ScannerFixture, "paths become jobs: folders are searched, files taken, what is not there refused")
{
    juce::Array<juce::File> roots;
    const auto formatsToScan = host::PluginPaths::getFormats();

    const auto paths = [&] (const juce::StringArray& formatNames, const juce::StringArray& what)
    {
        juce::StringArray found;
        roots.clear();

        for (const auto& j : host::Scanner::findJobs (formatNames, what, roots))
            found.add (j.format + " " + j.file.getFileName());

        return found;
    };

    const auto all = paths (formatsToScan, { TEST_PLUGINS });
    CHECK (all.contains ("VST3 TestGain.vst3"));
    CHECK (all.contains ("LADSPA TestLadspaGain.so"));
    CHECK (all.contains ("LV2 TestLv2Gain.lv2"));
    CHECK_FALSE (all.joinIntoString (" ").contains ("TestLv2Gain.so")); // what is inside a bundle is no LADSPA file
    CHECK_FALSE (all.joinIntoString (" ").contains ("LADSPA TestGain.so"));
    CHECK (roots == juce::Array<juce::File>{ juce::File (TEST_PLUGINS) });

    CHECK (paths ({ "LADSPA" }, { TEST_PLUGINS }) == juce::StringArray{ "LADSPA TestLadspaGain.so" });
    CHECK (paths (formatsToScan, { pathOf ("TestGain.vst3/Contents") }) == juce::StringArray{ "VST3 TestGain.vst3" });
    CHECK (paths (formatsToScan, { pathOf ("TestLv2Gain.lv2/manifest.ttl") }) == juce::StringArray{ "LV2 TestLv2Gain.lv2" });
    CHECK (paths (formatsToScan, { "/etc/passwd" }) == juce::StringArray{ "VST3 passwd" });
    CHECK (paths (formatsToScan, { folder.getFullPathName() }).isEmpty());
    CHECK_THAT (errorOf ([&] { paths (formatsToScan, { "/none/such" }); }), Catch::Matchers::Contains ("/none/such"));
    CHECK_THAT (errorOf ([&] { paths (formatsToScan, { "" }); }), Catch::Matchers::Contains ("no such file"));
}

TEST_CASE_METHOD (ScannerFixture, "folders that link in a circle are searched once")
{
    const auto inner = folder.getChildFile ("a/b");
    REQUIRE (inner.createDirectory());
    REQUIRE (folder.createSymbolicLink (inner.getChildFile ("up"), true));
    REQUIRE (testPlugin ("TestGain.vst3").createSymbolicLink (inner.getChildFile ("Linked.vst3"), true));
    CHECK (host::PluginPaths::findPluginFiles ("VST3", folder).size() == 1);
}

TEST_CASE_METHOD (ScannerFixture, "LADSPA_PATH and LV2_PATH say where to look")
{
    setenv ("LADSPA_PATH", pathOf ("ladspa").toRawUTF8(), 1);
    setenv ("LV2_PATH", TEST_PLUGINS, 1);
    juce::Array<juce::File> roots;
    CHECK (host::PluginPaths::getFolders ("LADSPA").contains (testPlugin ("ladspa")));
    CHECK (host::Scanner::findJobs ({ "LV2" }, {}, roots).size() == 1);
    CHECK (host::PluginFormats().resolve ("urn:audiohost:test:lv2-gain").name == "TestLv2Gain");
    CHECK (host::PluginFormats().resolve ("LADSPA:TestLadspaGain.so:test_gain").name == "TestLadspaGain");
    unsetenv ("LADSPA_PATH");
    unsetenv ("LV2_PATH");
}
