#include "Support/Expect.h"
#include "Support/PluginFiles.h"

#include <catch2/catch.hpp>

using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

namespace
{

struct Describe : Program
{
    Json describe (const std::string& ref)
    {
        CAPTURE (ref);
        const auto result = run ({ "describe", ref, "--json" });
        expectQuietSuccess (result);
        return result.json();
    }

    void refuse (const std::string& ref, const std::string& thing, int exitCode = 2)
    {
        CAPTURE (ref);
        expectError (run ({ "describe", ref, "--json" }), exitCode, thing);
    }
};

Json bus (const char* direction, int channels, const char* name)
{
    return { { "direction", direction }, { "channels", channels }, { "name", name } };
}

const std::string ladspaFile = std::string (TEST_PLUGINS) + "/ladspa/TestLadspaGain.so";

} // namespace

TEST_CASE_METHOD (Describe, "describe: the JSON has the keys of the contract")
{
    const auto d = describe (testPlugin ("TestGain"));
    REQUIRE (keysOf (d)
             == std::vector<std::string>{ "id", "name", "format", "buses", "parameters", "latency", "tail", "programs" });
    REQUIRE (d["id"] == "VST3:41484F53544553540000000000000001");
    REQUIRE (d["name"] == "TestGain");
    REQUIRE (d["format"] == "VST3");
    REQUIRE (d["latency"] == 0);
    REQUIRE (d["tail"] == 0.0);
    REQUIRE (d["programs"].is_array());
    REQUIRE (keysOf (d["buses"][0]) == std::vector<std::string>{ "direction", "channels", "name" });
    REQUIRE (keysOf (d["parameters"][0])
             == std::vector<std::string>{ "id", "name", "label", "default", "min", "max", "steps" });
}

TEST_CASE_METHOD (Describe, "describe: buses, in the order in which a session numbers their channels")
{
    REQUIRE (describe (testPlugin ("TestSideChain"))["buses"]
             == Json::array ({ bus ("input", 2, "Input"), bus ("input", 2, "Side-chain"), bus ("output", 2, "Output") }));
    REQUIRE (describe (testPlugin ("TestMono"))["buses"]
             == Json::array ({ bus ("input", 1, "Input"), bus ("output", 1, "Output") }));
    REQUIRE (describe (testPlugin ("TestSynth"))["buses"] == Json::array ({ bus ("output", 2, "Output") }));
}

TEST_CASE_METHOD (Describe, "describe: parameters have unique names, the format's ids, normalised defaults and steps")
{
    const auto many = describe (testPlugin ("TestManyParams"))["parameters"];
    const auto parameter = [] (const char* id, const char* name) -> Json
    {
        return { { "id", id },   { "name", name }, { "label", "" }, { "default", 1.0 },
                 { "min", 0.0 }, { "max", 1.0 },   { "steps", 0 } };
    };
    REQUIRE (many == Json::array ({ parameter ("0", "Gain"), parameter ("1", "Gain#2"), parameter ("2", "Level") }));

    const auto samples = describe (testPlugin ("TestDelay"))["parameters"][0];
    REQUIRE (samples["name"] == "Samples");
    REQUIRE (samples["default"].get<double>() == Approx (100.0 / 4800.0));
    REQUIRE (samples["max"] == 1.0);
    REQUIRE (samples["steps"] == 4801);

    // JUCE's and DPF's wrappers add 2080 parameters for MIDI controllers, which are not the plugin's.
    const auto juces = describe (testPlugin ("TestJuceGain"))["parameters"];
    REQUIRE (juces.size() == 2);
    REQUIRE (juces[0]["name"] == "Gain");
    REQUIRE (juces[1]["name"] == "Bypass"); // JUCE's own, and a real one

    if (std::filesystem::exists (testPlugin ("TestDpfMidiGain")))
        REQUIRE (describe (testPlugin ("TestDpfMidiGain"))["parameters"].size() == 1);
}

TEST_CASE_METHOD (Describe, "describe: latency, tail and programs")
{
    REQUIRE (describe (testPlugin ("TestLatency64"))["latency"] == 64);
    REQUIRE (describe (testPlugin ("TestLatency512"))["latency"] == 512);
    REQUIRE (describe (testPlugin ("TestDelay"))["tail"].get<double>() == Approx (100.0 / 48000.0));

    // These formats have no word for a tail.
    REQUIRE (describe (ladspaFile)["tail"].is_null());
    REQUIRE (describe (std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2")["tail"].is_null());

    REQUIRE (describe (testPlugin ("TestGain"))["programs"] == Json::array());
}

TEST_CASE_METHOD (Describe,
                  "describe: a plugin by its path: absolute, relative, with a slash, or its library inside the bundle")
{
    const auto bundle = PluginFiles::copy ("TestGain", folder.path);

    for (const auto& ref : { bundle, std::string ("TestGain.vst3"), std::string ("./TestGain.vst3/"),
                             PluginFiles::getBinary (bundle).string() })
        REQUIRE (describe (ref)["name"] == "TestGain");
}

TEST_CASE_METHOD (Describe, "describe: a plugin by its id from the catalogue, in any case")
{
    const std::string id = "VST3:41484F53544553540000000000000001";
    refuse (id, id);
    run ({ "scan", testPlugin ("TestGain") });

    for (const auto* ref : { "VST3:41484F53544553540000000000000001", "VST3:41484f53544553540000000000000001",
                             "vst3:41484f53544553540000000000000001" })
        REQUIRE (describe (ref)["id"] == id);
}

TEST_CASE_METHOD (Describe, "describe: a file with several plugins exits 2 and lists their ids, FILE#name picks one")
{
    const auto file = testPlugin ("TestTwoPlugins");
    const std::string a = "VST3:41484F53544553540000000000000011", b = "VST3:41484F53544553540000000000000012";

    for (const auto& ref : { file, file + "#Two C" })
    {
        const auto refused = run ({ "describe", ref });
        CAPTURE (ref, refused.err);
        REQUIRE (refused.exitCode == 2);
        REQUIRE (refused.out.empty());
        REQUIRE_THAT (refused.err, Catch::Matchers::StartsWith ("AudioHost: " + file + ": ")
                                       && Contains ("\n  " + a + "  Two A\n") && Contains ("\n  " + b + "  Two B\n"));
    }

    REQUIRE (describe (file + "#Two A")["id"] == a);
    REQUIRE (describe (file + "#Two B")["id"] == b);
    REQUIRE (describe (file + "#two b")["id"] == b);
    REQUIRE (describe (file + "#41484F53544553540000000000000011")["id"] == a);
    REQUIRE (describe (testPlugin ("TestGain") + "#TestGain")["name"] == "TestGain");

    run ({ "scan", file });
    REQUIRE (describe (b)["name"] == "Two B");
}

TEST_CASE_METHOD (Describe, "describe: an LV2 plugin by its URI, without a scan, or by its bundle")
{
    const std::string uri = "urn:audiohost:test:lv2-gain";
    refuse (uri, uri);

    const auto byBundle = describe (std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2");
    REQUIRE (byBundle["id"] == "LV2:" + uri);
    REQUIRE (byBundle["parameters"][0]["name"] == "Gain");

    environment.push_back (std::string ("LV2_PATH=") + TEST_PLUGINS);
    REQUIRE (describe (uri) == byBundle);
    REQUIRE (describe ("LV2:" + uri) == byBundle);
    environment.pop_back();

    // Scanned where it lies, it is known by its URI as well.
    run ({ "scan", std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2" });
    REQUIRE (describe (uri) == byBundle);
}

TEST_CASE_METHOD (Describe, "describe: an LV2 plugin of this system (package mda-lv2)")
{
    const auto ambience = describe ("http://drobilla.net/plugins/mda/Ambience");
    REQUIRE (ambience["name"] == "MDA Ambience");
    REQUIRE (ambience["id"] == "LV2:http://drobilla.net/plugins/mda/Ambience");
    REQUIRE (ambience["parameters"].size() == 4);
    REQUIRE (ambience["parameters"][0]["name"] == "Size");
    REQUIRE (ambience["parameters"][0]["default"].get<double>() == Approx (0.7));
}

TEST_CASE_METHOD (Describe, "describe: a LADSPA plugin by its path and by its id")
{
    const auto byPath = describe (ladspaFile);
    REQUIRE (byPath["id"] == "LADSPA:TestLadspaGain.so:test_gain");
    REQUIRE (byPath["name"] == "TestLadspaGain");
    REQUIRE (byPath["buses"].size() == 2);

    refuse ("LADSPA:TestLadspaGain.so:test_gain", "TestLadspaGain.so");

    environment.push_back (std::string ("LADSPA_PATH=") + TEST_PLUGINS + "/ladspa");
    REQUIRE (describe ("LADSPA:TestLadspaGain.so:test_gain") == byPath);
    refuse ("LADSPA:TestLadspaGain.so:other", "other");
    environment.pop_back();

    run ({ "scan", ladspaFile });
    REQUIRE (describe ("LADSPA:TestLadspaGain.so:test_gain") == byPath);
}

TEST_CASE_METHOD (Describe, "describe: what is no plugin, or not there, is told")
{
    refuse ("", "empty");
    refuse ("nowhere.vst3", "nowhere.vst3");
    refuse (folder.path.string(), "folder");
    refuse (folder.write ("text.vst3", "hello"), "text.vst3");
    refuse ("VST3:41484F53544553540000000000000FFF", "VST3:41484F53544553540000000000000FFF");
    refuse ("VST3:xyz", "VST3:xyz");
    refuse ("LADSPA:nothing", "LADSPA:nothing");
    refuse ("LADSPA:nothing.so:at_all", "nothing.so");
    refuse ("LV2:urn:nothing:here", "urn:nothing:here");
    refuse ("http://example.org/nothing", "http://example.org/nothing");
    refuse ("AU:aufx", "AU:aufx");
}

TEST_CASE_METHOD (Describe, "describe: a plugin that crashes or exits takes only its own process with it")
{
    refuse (testPlugin ("TestCrashOnScan"), "SIGSEGV", 1);
    refuse (testPlugin ("TestExitOnScan"), "TestExitOnScan", 1);
}

TEST_CASE_METHOD (Describe, "describe: a person reads the same")
{
    const auto shown = run ({ "describe", testPlugin ("TestManyParams") });
    expectQuietSuccess (shown);
    REQUIRE_THAT (shown.out, Contains ("TestManyParams") && Contains ("VST3:41484F53544553540000000000000013")
                                 && Contains ("2 channels") && Contains ("Gain#2") && Contains ("latency"));
}
