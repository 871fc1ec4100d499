#include "Support/Expect.h"
#include "Support/PluginFiles.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <thread>

using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

namespace
{

const std::string gainId = "VST3:41484F53544553540000000000000001";

struct Scan : Program
{
    /** Scans a folder of plugins, all formats, and expects exit code 0. */
    Json scan (std::vector<std::string> arguments)
    {
        arguments.insert (arguments.begin(), { "scan", "--json" });
        result = run (arguments);
        INFO (result.err);
        REQUIRE (result.signal == 0);
        REQUIRE (result.exitCode == 0);
        return result.json();
    }

    Json list()
    {
        const auto listed = run ({ "list", "--json" });
        expectQuietSuccess (listed);
        return listed.json();
    }

    std::string copy (const std::string& name, const std::string& to = "plugins")
    {
        return PluginFiles::copy (name, folder.path / to);
    }

    std::filesystem::path getCatalogue() const { return folder.path / "home" / "catalogue.json"; }
    std::filesystem::path getJournal() const { return folder.path / "home" / "scan-in-progress.jsonl"; }

    ProgramResult result;
};

std::set<std::string> namesOf (const Json& document)
{
    std::set<std::string> names;

    for (const auto& plugin : document["plugins"])
        names.insert (plugin["name"].get<std::string>());

    return names;
}

/** Reason by file name. */
std::map<std::string, std::string> reasonsOf (const Json& document)
{
    std::map<std::string, std::string> reasons;

    for (const auto& failure : document["failures"])
        reasons[std::filesystem::path (failure["file"].get<std::string>()).filename().string()] = failure["reason"];

    return reasons;
}

} // namespace

TEST_CASE_METHOD (Scan, "scan: the JSON has the keys of the contract, and list gives the same again")
{
    const auto path = copy ("TestGain");
    copy ("TestCrashOnScan");
    const auto found = scan ({ folder.file ("plugins") });
    expectQuietSuccess (result);

    REQUIRE (keysOf (found) == std::vector<std::string>{ "plugins", "failures" });
    REQUIRE (found["plugins"].size() == 1);
    REQUIRE (found["failures"].size() == 1);
    REQUIRE (keysOf (found["failures"][0]) == std::vector<std::string>{ "file", "reason", "detail" });

    REQUIRE (found["plugins"][0]
             == Json ({ { "id", gainId },
                        { "name", "TestGain" },
                        { "format", "VST3" },
                        { "manufacturer", "AudioHost" },
                        { "version", "0.1.0" },
                        { "category", "Fx|Tools" },
                        { "file", path },
                        { "isInstrument", false },
                        { "inputs", 2 },
                        { "outputs", 2 } }));
    REQUIRE (list() == found);
}

TEST_CASE_METHOD (Scan, "scan: each kind of plugin is known for what it is")
{
    const auto found = scan ({ testPlugin ("TestSynth"), testPlugin ("TestSideChain"), testPlugin ("TestMono"),
                               testPlugin ("TestTwoPlugins"), std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2",
                               std::string (TEST_PLUGINS) + "/ladspa" });
    REQUIRE (found["failures"].empty());
    std::map<std::string, Json> plugins;

    for (const auto& plugin : found["plugins"])
        plugins[plugin["name"]] = plugin;

    REQUIRE (plugins.size() == 7);
    REQUIRE (plugins["TestSynth"]["isInstrument"] == true);
    REQUIRE (plugins["TestSynth"]["inputs"] == 0);
    REQUIRE (plugins["TestSideChain"]["inputs"] == 4);
    REQUIRE (plugins["TestMono"]["outputs"] == 1);
    REQUIRE (plugins["Two A"]["file"] == plugins["Two B"]["file"]);
    REQUIRE (plugins["Two A"]["id"] != plugins["Two B"]["id"]);
    REQUIRE (plugins["TestLv2Gain"]["id"] == "LV2:urn:audiohost:test:lv2-gain");
    REQUIRE (plugins["TestLv2Gain"]["format"] == "LV2");
    REQUIRE (plugins["TestLadspaGain"]["id"] == "LADSPA:TestLadspaGain.so:test_gain");
    REQUIRE (plugins["TestLadspaGain"]["format"] == "LADSPA");
}

TEST_CASE_METHOD (Scan, "scan: every reason for a failure, from real files, and none changes the exit code")
{
    copy ("TestCrashOnScan");
    copy ("TestExitOnScan");
    copy ("TestHangOnScan");
    copy ("TestGain");
    PluginFiles::truncate (PluginFiles::getBinary (copy ("TestDelay")));
    PluginFiles::makeForeign (PluginFiles::getBinary (copy ("TestPass")));
    std::filesystem::remove_all (PluginFiles::getBinary (copy ("TestMono")).parent_path());
    std::filesystem::create_directories (folder.path / "plugins" / "Empty.vst3");
    std::filesystem::copy_file (AUDIOHOST_BINARY, folder.path / "plugins" / "program.so");
    folder.write ("plugins/text.so", "not a library\n");
    folder.write ("plugins/empty.so", "");

    // A shared library that is no plugin: a VST3's, outside its bundle.
    std::filesystem::copy_file (PluginFiles::getBinary (testPlugin ("TestSynth")), folder.path / "plugins" / "library.so");

    const auto found = scan ({ folder.file ("plugins"), "--timeout", "2" });
    INFO (found.dump (2));
    REQUIRE (namesOf (found) == std::set<std::string>{ "TestGain" });
    const auto reasons = reasonsOf (found);
    const std::map<std::string, std::string> expected{
        { "TestCrashOnScan.vst3", "crashed" }, { "TestExitOnScan.vst3", "crashed" }, { "TestHangOnScan.vst3", "timed-out" },
        { "TestDelay.vst3", "unreadable" },    { "TestPass.vst3", "unreadable" },    { "TestMono.vst3", "unreadable" },
        { "Empty.vst3", "no-plugin" },         { "program.so", "unreadable" },       { "text.so", "unreadable" },
        { "empty.so", "unreadable" },          { "library.so", "no-plugin" }
    };
    REQUIRE (reasons == expected);

    for (const auto& failure : found["failures"])
    {
        const auto file = failure["file"].get<std::string>();
        const auto detail = failure["detail"].get<std::string>();
        CAPTURE (file, detail);
        REQUIRE (! detail.empty());

        if (file.ends_with ("TestCrashOnScan.vst3"))
            REQUIRE_THAT (detail, Contains ("SIGSEGV"));
        if (file.ends_with ("TestExitOnScan.vst3"))
            REQUIRE_THAT (detail, Contains ("exit code 0"));
        if (file.ends_with ("TestPass.vst3"))
            REQUIRE_THAT (detail, Contains ("aarch64"));
        if (file.ends_with ("TestDelay.vst3"))
            REQUIRE_THAT (detail, Contains ("truncated"));
    }

    REQUIRE (list() == found);

    // A person is told the same.
    const auto shown = run ({ "list" });
    expectQuietSuccess (shown);
    REQUIRE_THAT (shown.out, Contains ("TestGain") && Contains (gainId) && Contains ("timed-out") && Contains ("SIGSEGV")
                                 && Contains ("1 plugin, 11 failures"));
}

TEST_CASE_METHOD (Scan, "scan: a hanging plugin is given up after --timeout, and is not left running")
{
    const auto path = copy ("TestHangOnScan");
    const auto found = scan ({ path, "--timeout", "0.3" });
    REQUIRE (reasonsOf (found) == std::map<std::string, std::string>{ { "TestHangOnScan.vst3", "timed-out" } });
    REQUIRE_THAT (found["failures"][0]["detail"].get<std::string>(), Contains ("0.3 s"));
    REQUIRE (! isRunning (path));
}

TEST_CASE_METHOD (Scan, "scan: --format leaves the other formats alone, and may be given more than once")
{
    REQUIRE (namesOf (scan ({ TEST_PLUGINS, "--format", "LADSPA" })) == std::set<std::string>{ "TestLadspaGain" });
    REQUIRE (namesOf (scan ({ TEST_PLUGINS, "--format", "LV2" })) == std::set<std::string>{ "TestLv2Gain" });
    REQUIRE (namesOf (scan ({ "--format", "LADSPA", "--format", "LV2", TEST_PLUGINS }))
             == std::set<std::string>{ "TestLadspaGain", "TestLv2Gain" });
    REQUIRE (namesOf (scan ({ testPlugin ("TestGain"), "--format", "LADSPA" })).empty());
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestLadspaGain", "TestLv2Gain" });
}

TEST_CASE_METHOD (Scan, "scan: without a PATH the standard folders of each format are searched")
{
    environment.push_back ("HOME=" + folder.path.string());
    copy ("TestGain", ".vst3");
    REQUIRE (namesOf (scan ({ "--format", "VST3" })).contains ("TestGain"));

    environment.push_back ("LV2_PATH=" + folder.file ("none") + ":" + TEST_PLUGINS);
    REQUIRE (namesOf (scan ({ "--format", "LV2" })) == std::set<std::string>{ "TestLv2Gain" });

    environment.push_back (std::string ("LADSPA_PATH=") + TEST_PLUGINS + "/ladspa");
    REQUIRE (namesOf (scan ({ "--format", "LADSPA" })) == std::set<std::string>{ "TestLadspaGain" });
}

TEST_CASE_METHOD (Scan, "scan: results merge, and what vanished goes only under the paths and formats scanned")
{
    const auto a = folder.file ("a"), b = folder.file ("b");
    copy ("TestGain", "a");
    copy ("TestCrashOnScan", "a");
    copy ("TestPass", "b");
    copy ("TestExitOnScan", "b");
    std::filesystem::copy_file (std::string (TEST_PLUGINS) + "/ladspa/TestLadspaGain.so",
                                folder.path / "a" / "TestLadspaGain.so");

    scan ({ a });
    scan ({ b });
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestGain", "TestLadspaGain", "TestPass" });
    REQUIRE (list()["failures"].size() == 2);

    for (const auto* name : { "a/TestGain.vst3", "a/TestCrashOnScan.vst3", "a/TestLadspaGain.so" })
        std::filesystem::remove_all (folder.path / name);

    scan ({ b });
    REQUIRE (namesOf (list()).size() == 3);
    REQUIRE (list()["failures"].size() == 2);

    scan ({ "--format", "LADSPA", a });
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestGain", "TestPass" });
    REQUIRE (list()["failures"].size() == 2);

    scan ({ a });
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestPass" });
    REQUIRE (reasonsOf (list()) == std::map<std::string, std::string>{ { "TestExitOnScan.vst3", "crashed" } });
}

TEST_CASE_METHOD (Scan, "scan: a plugin that was mended is a failure no longer, and one that broke is no plugin")
{
    const auto bundle = copy ("TestGain");
    const auto library = PluginFiles::getBinary (bundle);
    const auto whole = folder.file ("whole.so");
    std::filesystem::copy_file (library, whole);
    PluginFiles::truncate (library);
    REQUIRE (scan ({ bundle })["failures"].size() == 1);

    std::filesystem::copy_file (whole, library, std::filesystem::copy_options::overwrite_existing);
    scan ({ bundle });
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestGain" });
    REQUIRE (list()["failures"].empty());

    PluginFiles::makeForeign (library);
    scan ({ bundle });
    REQUIRE (list()["plugins"].empty());
    REQUIRE (list()["failures"].size() == 1);
}

TEST_CASE_METHOD (Scan, "scan: a PATH that does not exist, and one that is no plugin")
{
    copy ("TestGain");
    expectError (run ({ "scan", "--json", folder.file ("plugins"), folder.file ("nowhere") }), 2, folder.file ("nowhere"));
    REQUIRE (! std::filesystem::exists (getCatalogue()));

    const auto text = folder.write ("notes.txt", "no plugin\n");
    const auto found = scan ({ text });
    REQUIRE (found["plugins"].empty());
    REQUIRE (reasonsOf (found) == std::map<std::string, std::string>{ { "notes.txt", "no-plugin" } });

    std::filesystem::create_directories (folder.path / "nothing");
    REQUIRE (scan ({ folder.file ("nothing") }) == Json ({ { "plugins", Json::array() }, { "failures", Json::array() } }));
}

TEST_CASE_METHOD (Scan, "scan: an empty catalogue is said to be empty")
{
    REQUIRE (list() == Json ({ { "plugins", Json::array() }, { "failures", Json::array() } }));
    const auto shown = run ({ "list" });
    expectQuietSuccess (shown);
    REQUIRE_THAT (shown.out, Contains ("empty") && Contains ("AudioHost scan"));
}

TEST_CASE_METHOD (Scan, "scan: the catalogue lies in AUDIOHOST_HOME, else in XDG_CONFIG_HOME, else in ~/.config")
{
    environment = { "AUDIOHOST_HOME=" + folder.file ("one"), "XDG_CONFIG_HOME=" + folder.file ("two"),
                    "HOME=" + folder.file ("three") };
    scan ({ testPlugin ("TestGain") });
    REQUIRE (std::filesystem::exists (folder.path / "one" / "catalogue.json"));
    REQUIRE (! std::filesystem::exists (folder.path / "two"));

    environment[0] = "AUDIOHOST_HOME";
    REQUIRE (list()["plugins"].empty());
    scan ({ testPlugin ("TestGain") });
    REQUIRE (std::filesystem::exists (folder.path / "two" / "AudioHost" / "catalogue.json"));
    REQUIRE (! std::filesystem::exists (folder.path / "three"));
    REQUIRE (namesOf (list()).size() == 1);

    environment[1] = "XDG_CONFIG_HOME";
    scan ({ testPlugin ("TestGain") });
    REQUIRE (std::filesystem::exists (folder.path / "three" / ".config" / "AudioHost" / "catalogue.json"));
}

TEST_CASE_METHOD (Scan, "scan: a damaged catalogue is an error for list, and is moved aside whole by the next scan")
{
    scan ({ testPlugin ("TestGain") });
    const auto whole = readText (getCatalogue());

    for (const auto& damaged : { whole.substr (0, whole.size() / 2), std::string(),
                                 std::string ("\x7f"
                                              "ELF\0\xff\xfe",
                                              7),
                                 std::string ("[]"), std::string ("{\"plugins\":[],\"failures\":[]}"),
                                 std::string ("{\"audiohostCatalogue\":99,\"plugins\":[],\"failures\":[]}"),
                                 std::string ("{\"audiohostCatalogue\":1,\"plugins\":[{\"id\":3}],\"failures\":[]}"),
                                 std::string ("{\"audiohostCatalogue\":1,\"plugins\":7,\"failures\":[]}") })
    {
        CAPTURE (damaged);
        std::filesystem::remove_all (folder.path / "home");
        std::filesystem::create_directories (folder.path / "home");
        folder.write ("home/catalogue.json", damaged);

        expectError (run ({ "list", "--json" }), 2, getCatalogue().string());
        REQUIRE (readText (getCatalogue()) == damaged);
        expectError (run ({ "describe", gainId }), 2, getCatalogue().string());

        REQUIRE (namesOf (scan ({ testPlugin ("TestGain") })) == std::set<std::string>{ "TestGain" });
        REQUIRE_THAT (result.err, Catch::Matchers::StartsWith ("AudioHost: ") && Contains (getCatalogue().string())
                                      && Contains ("moved to"));
        REQUIRE (std::count (result.err.begin(), result.err.end(), '\n') == 1);
        REQUIRE (namesOf (list()) == std::set<std::string>{ "TestGain" });

        int numKept = 0;

        for (const auto& entry : std::filesystem::directory_iterator (folder.path / "home"))
            if (entry.path().string().find (".damaged-") != std::string::npos && readText (entry.path()) == damaged)
                ++numKept;

        REQUIRE (numKept == 1);
    }
}

TEST_CASE_METHOD (Scan, "scan: two damaged catalogues in the same second are both kept")
{
    std::filesystem::create_directories (folder.path / "home");
    std::set<std::string> kept;

    for (const auto* damaged : { "one", "two", "three" })
    {
        folder.write ("home/catalogue.json", damaged);
        scan ({ testPlugin ("TestGain") });
    }

    for (const auto& entry : std::filesystem::directory_iterator (folder.path / "home"))
        if (entry.path().string().find (".damaged-") != std::string::npos)
            kept.insert (readText (entry.path()));

    REQUIRE (kept == std::set<std::string>{ "one", "two", "three" });
}

TEST_CASE_METHOD (Scan, "scan: a home that cannot be written costs the catalogue, not the results")
{
    folder.write ("file", "");

    for (const std::string home : { "/proc/audiohost", "/dev/null/home" })
    {
        CAPTURE (home);
        environment = { "AUDIOHOST_HOME=" + home };
        const auto scanned = run ({ "scan", testPlugin ("TestGain"), "--json" });
        CAPTURE (scanned.out, scanned.err);
        REQUIRE (scanned.signal == 0);
        REQUIRE (scanned.exitCode == 1);
        REQUIRE_THAT (scanned.err, Catch::Matchers::StartsWith ("AudioHost: " + home + "/catalogue.json: ")
                                       && Contains ("cannot be written"));
        REQUIRE (std::count (scanned.err.begin(), scanned.err.end(), '\n') == 1);
        REQUIRE (namesOf (scanned.json()) == std::set<std::string>{ "TestGain" });
    }
}

TEST_CASE_METHOD (Scan, "scan: killed in the middle, it goes on where it was")
{
    const auto good = copy ("TestGain"), hanging = copy ("TestHangOnScan"), other = copy ("TestPass");
    const auto isMidway = [&]
    {
        const auto journal = readText (getJournal());
        return journal.find ("\"done\":\"VST3 " + good) != std::string::npos
               && journal.find ("\"done\":\"VST3 " + other) != std::string::npos
               && journal.find ("\"scanning\":\"VST3 " + hanging) != std::string::npos;
    };

    const auto killed = runAndSignalWhen ({ "scan", folder.file ("plugins"), "--timeout", "100" }, SIGKILL, isMidway);
    REQUIRE (killed.signal == SIGKILL);
    REQUIRE (! std::filesystem::exists (getCatalogue()));

    // The child dies with its parent; the kernel may take a moment.
    for (int i = 0; i < 500 && isRunning (hanging); ++i)
        std::this_thread::sleep_for (std::chrono::milliseconds (10));

    REQUIRE (! isRunning (hanging));

    const auto found = scan ({ folder.file ("plugins"), "--timeout", "1" });
    REQUIRE_THAT (result.err, Catch::Matchers::StartsWith ("AudioHost: scan: ") && Contains ("2 of 3 files"));
    REQUIRE (namesOf (found) == std::set<std::string>{ "TestGain", "TestPass" });
    REQUIRE (reasonsOf (found) == std::map<std::string, std::string>{ { "TestHangOnScan.vst3", "timed-out" } });
    REQUIRE (list() == found);
    REQUIRE (! std::filesystem::exists (getJournal()));

    scan ({ folder.file ("plugins"), "--timeout", "1" });
    REQUIRE (result.err.empty());
}

TEST_CASE_METHOD (Scan, "scan: Ctrl-C and SIGTERM keep what was found")
{
    const auto signal = GENERATE (SIGINT, SIGTERM);
    const auto good = copy ("TestGain"), hanging = copy ("TestHangOnScan");
    const auto isMidway = [&]
    {
        const auto journal = readText (getJournal());
        return journal.find ("\"done\":\"VST3 " + good) != std::string::npos
               && journal.find ("\"scanning\":\"VST3 " + hanging) != std::string::npos;
    };

    const auto stopped =
        runAndSignalWhen ({ "scan", folder.file ("plugins"), "--timeout", "100", "--json" }, signal, isMidway);
    CAPTURE (stopped.err);
    REQUIRE (stopped.exitCode == 1);
    REQUIRE_THAT (stopped.err, Catch::Matchers::StartsWith ("AudioHost: scan: stopped after 1 of 2 files"));
    REQUIRE (namesOf (stopped.json()) == std::set<std::string>{ "TestGain" });
    REQUIRE (namesOf (list()) == std::set<std::string>{ "TestGain" });
    REQUIRE (list()["failures"].empty());
    REQUIRE (! isRunning (hanging));
}

TEST_CASE_METHOD (Scan, "scan: what others have written into the catalogue stays")
{
    scan ({ testPlugin ("TestGain") });
    auto document = Json::parse (readText (getCatalogue()));
    document["colour"] = "green";
    document["plugins"][0]["favourite"] = true;
    folder.write ("home/catalogue.json", document.dump());

    scan ({ testPlugin ("TestGain"), testPlugin ("TestPass") });
    document = Json::parse (readText (getCatalogue()));
    REQUIRE (document["colour"] == "green");
    REQUIRE (document["plugins"].size() == 2);

    for (const auto& plugin : document["plugins"])
        REQUIRE (plugin.contains ("favourite") == (plugin["id"] == gainId));
}
