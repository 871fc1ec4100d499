#include "Support/Render.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <cmath>

using Catch::Matchers::Contains;

namespace
{

/** A Standard MIDI File with note-ons at the given ticks, 480 a quarter note of 0.5 s. */
std::string makeMidi (const std::vector<std::pair<int, int>>& ticksAndVelocities)
{
    std::string track;
    int last = 0;

    for (const auto& [tick, velocity] : ticksAndVelocities)
    {
        const auto delta = tick - last;
        last = tick;
        track += { char (0x80 | (delta >> 7)), char (delta & 0x7f), char (0x90), char (60), char (velocity) };
    }

    track += std::string ("\0\xff\x2f\0", 4);
    std::string file ("MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0", 20);
    file += { char (track.size() >> 8), char (track.size() & 0xff) };
    return file + track;
}

} // namespace

TEST_CASE_METHOD (Render, "render: a gain plugin multiplies every sample, in every format")
{
    const auto name = GENERATE (as<std::string>(), "TestGain.vst3", "TestJuceGain.vst3", "TestDpfGain.vst3",
                                "TestLv2Gain.lv2", "ladspa/TestLadspaGain.so");
    const auto path = std::string (TEST_PLUGINS) + "/" + name;
    CAPTURE (path);
    REQUIRE (std::filesystem::exists (path));
    const auto input = Wav::makeNoise (2, 5000);
    const auto describe = run ({ "describe", path, "--json" });
    const auto isStereo = describe.json()["buses"][0]["channels"] == 2;
    const auto output = render ({ "--plugin", path, "--input", writeInput (input), "--set", "2.Gain=0.5", "--bits", "32f" });

    // The tails of LV2 and LADSPA plugins are unknown: a second of silence follows.
    const auto knowsItsTail = name.find (".vst3") != std::string::npos;
    REQUIRE (output.length() == (knowsItsTail ? 5000u : 53000u));
    REQUIRE (output.channels.size() == 2);

    for (std::size_t i = 0; i < 5000; ++i)
        for (std::size_t channel = 0; channel < (isStereo ? 2u : 1u); ++channel)
            REQUIRE (output.channels[channel][i] == input.channels[channel][i] * 0.5f);
}

TEST_CASE_METHOD (Render, "render: PCM that passes through comes out bit for bit")
{
    const auto bits = GENERATE (16, 24);
    const auto input = Wav::makeNoise (2, 5000, bits);
    render ({ "--plugin", testPlugin ("TestPass"), "--input", writeInput (input), "--bits", std::to_string (bits) });
    const auto bytes = readText (folder.path / "out.wav");
    const auto expected = input.encode();
    REQUIRE (bytes.substr (bytes.size() - expected.size() + 44) == expected.substr (44));
}

TEST_CASE_METHOD (Render, "render: a delay is exact")
{
    const auto input = Wav::makeNoise (2, 5000);
    const auto output = render ({ "--plugin", testPlugin ("TestDelay"), "--input", writeInput (input), "--set",
                                  "2.Samples=0.25", "--bits", "32f", "--seconds", "0.2" });
    REQUIRE (output.length() == 9600);

    for (std::size_t i = 0; i < 9600; ++i)
        REQUIRE (output.channels[1][i] == (i >= 1200 && i < 6200 ? input.channels[1][i - 1200] : 0.0f));
}

TEST_CASE_METHOD (Render, "render: latency is compensated, or kept when asked")
{
    const auto input = Wav::makeNoise (2, 5000);
    const auto path = writeInput (input);
    const std::vector<std::string> chain{
        "--plugin", testPlugin ("TestLatency64"), "--plugin", testPlugin ("TestLatency512"), "--input", path, "--bits", "32f"
    };
    auto output = render (chain);
    REQUIRE (output.length() == 5000);
    REQUIRE (output.channels[0] == input.channels[0]);
    REQUIRE (report["nodes"][1]["latency"] == 64);

    auto keeping = chain;
    keeping.push_back ("--keep-latency");
    output = render (keeping);
    REQUIRE (output.length() == 5576);
    REQUIRE (std::equal (input.channels[0].begin(), input.channels[0].end(), output.channels[0].begin() + 576));
}

TEST_CASE_METHOD (Render, "render: parallel paths of different latency line up")
{
    const auto session = writeSession (R"({"id":1,"type":"audioInput"},{"id":2,"type":"plugin","ref":")"
                                           + testPlugin ("TestLatency512") + R"("},{"id":3,"type":"audioOutput"})",
                                       R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"1:0","to":"3:0"})");
    const auto input = Wav::makeNoise (2, 3000);
    const auto output = render ({ session, "--input", writeInput (input), "--bits", "32f" });

    for (std::size_t i = 0; i < 3000; ++i)
        REQUIRE (output.channels[0][i] == input.channels[0][i] + input.channels[0][i]);
}

TEST_CASE_METHOD (Render, "render: notes arrive at their sample, whatever the block size")
{
    const auto block = GENERATE (as<std::string>(), "1", "17", "64", "512", "4096");
    // Ticks 0, 481 and 1000 are 0, 24050 and 50000 samples.
    const auto midi = folder.write ("notes.mid", makeMidi ({ { 0, 127 }, { 481, 64 }, { 1000, 100 } }));
    const auto output = render (
        { "--plugin", testPlugin ("TestSynth"), "--midi", midi, "--seconds", "1.1", "--block", block, "--bits", "32f" });
    std::vector<std::size_t> hits;

    for (std::size_t i = 0; i < output.length(); ++i)
        if (output.channels[0][i] != 0.0f)
            hits.push_back (i);

    REQUIRE (hits == std::vector<std::size_t>{ 0, 24050, 50000 });
    REQUIRE (output.channels[0][0] == 1.0f);
}

TEST_CASE_METHOD (Render, "render: a side-chain is the channels after the main bus")
{
    const auto session = writeSession (
        R"({"id":1,"type":"audioInput","channels":4},{"id":2,"type":"plugin","ref":")" + testPlugin ("TestSideChain")
            + R"("},{"id":3,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"1:1","to":"2:1"},{"from":"1:2","to":"2:2"},{"from":"1:3","to":"2:3"},{"from":"2:0","to":"3:0"},{"from":"2:1","to":"3:1"})");
    const auto input = Wav::makeNoise (4, 3000);
    const auto output = render ({ session, "--input", writeInput (input), "--bits", "32f" });

    for (std::size_t i = 0; i < 3000; ++i)
        for (std::size_t channel = 0; channel < 2; ++channel)
            REQUIRE (output.channels[channel][i] == input.channels[channel][i] - input.channels[channel + 2][i]);
}

TEST_CASE_METHOD (Render, "render: the demo is one piece of music at every block size, twice over")
{
    std::string hash;

    for (const auto* block : { "512", "512", "1", "17", "64", "4096" })
    {
        const auto output = render ({ DEMO_SESSION, "--block", block });
        REQUIRE (output.peak() > 0.1f);
        REQUIRE (output.peak() < 1.0f);
        REQUIRE (output.length() > 20 * 48000);

        if (hash.empty())
            hash = report["outputHash"];

        REQUIRE (report["outputHash"] == hash);
        REQUIRE (report["guard"]["total"] == 0);
    }
}

TEST_CASE_METHOD (Render, "render: the report has every key of the contract")
{
    render ({ "--plugin", testPlugin ("TestGain"), "--input", writeInput (Wav::makeNoise (2, 4800)) });

    std::vector<std::string> keys;

    for (const auto& [key, value] : report.items())
        keys.push_back (key);

    REQUIRE (keys
             == std::vector<std::string>{ "blocks", "sampleRate", "blockSize", "threads", "xruns", "deadlineMisses",
                                          "clipped", "blockMicros", "outputHash", "nodes", "guard", "collector", "cache",
                                          "latency", "load", "droppedBlocks", "flight" }); // the last four are beyond the contract
    REQUIRE (report["blocks"] == 10);
    REQUIRE (report["sampleRate"] == 48000);
    REQUIRE (report["blockSize"] == 512);
    REQUIRE (report["threads"] == 1);
    REQUIRE (report["clipped"] == 0);

    for (const auto* key : { "p50", "p99", "p999", "max" })
        REQUIRE (report["blockMicros"][key] > 0.0);

    REQUIRE (report["nodes"].size() == 4);
    const auto& node = report["nodes"][1];
    REQUIRE (node["id"] == 2);
    REQUIRE (node["name"] == "TestGain");
    REQUIRE (node["isolation"] == "in-process");
    REQUIRE (node["latency"] == 0);
    REQUIRE (node["micros"]["p50"] > 0.0);
    REQUIRE (node["crashes"].is_null());
    REQUIRE (node["state"] == "running");
    REQUIRE (report["guard"]["mode"] == "count");
    REQUIRE (report["guard"]["violations"].is_array());
    REQUIRE (report["collector"]["allocated"] > 0);
    REQUIRE (report["cache"]["hits"].is_null());
}

TEST_CASE_METHOD (Render, "render: the hash is of the float samples before conversion")
{
    const auto path = writeInput (Wav::makeNoise (2, 1000));
    const std::vector<std::string> chain{ "--plugin", testPlugin ("TestGain"), "--input", path, "--set", "2.Gain=0.3" };
    std::string hash;

    for (const auto* bits : { "16", "24", "32f" })
    {
        auto arguments = chain;
        arguments.insert (arguments.end(), { "--bits", bits });
        render (arguments);
        REQUIRE (report["outputHash"].get<std::string>().size() == 64);
        REQUIRE ((hash.empty() || report["outputHash"] == hash));
        hash = report["outputHash"];
    }

    // The file's data bytes are those samples: sha256sum knows best.
    const auto bytes = readText (folder.path / "out.wav");
    folder.write ("data", bytes.substr (bytes.size() - 8000));
    REQUIRE (std::system (("test $(sha256sum < " + folder.file ("data") + " | cut -c1-64) = " + hash).c_str()) == 0);
}

TEST_CASE_METHOD (Render, "render: the length is the input's and the tail's, or the seconds asked for")
{
    const auto path = writeInput (Wav::makeNoise (2, 5000));
    REQUIRE (render ({ "--plugin", testPlugin ("TestGain"), "--input", path }).length() == 5000);
    REQUIRE (render ({ "--plugin", testPlugin ("TestGain"), "--input", path, "--seconds", "0.05" }).length() == 2400);
    REQUIRE (render ({ "--plugin", testPlugin ("TestGain"), "--input", path, "--seconds", "1" }).length() == 48000);

    const auto feedback = writeSession (
        R"({"id":1,"type":"audioInput"},{"id":2,"type":"feedback"},{"id":3,"type":"gain","parameters":{"Gain":0.5}},{"id":4,"type":"audioOutput"})",
        R"({"from":"1:0","to":"3:0"},{"from":"3:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"3:0","to":"4:0"})");
    const auto output = render ({ feedback, "--input", path, "--bits", "32f" });
    // 0.5 halves every 512 samples until it is under -90 dBFS; a second of that, and the end.
    REQUIRE (output.length() > 5000 + 48000);
    REQUIRE (output.length() < 5000 + 48000 + 512 * 20);
    REQUIRE (std::abs (output.channels[0].back()) < std::pow (10.0f, -4.5f));

    const auto nothing = run ({ "render", "--plugin", testPlugin ("TestGain"), "--output", "x.wav" });
    REQUIRE (nothing.exitCode == 2);
    REQUIRE_THAT (nothing.err, Contains ("--seconds"));
}

TEST_CASE_METHOD (Render, "render: the tail is that of the parameters which the session gives")
{
    const auto session =
        writeSession (R"({"id":1,"type":"audioInput"},{"id":2,"type":"plugin","ref":")" + testPlugin ("TestDelay")
                          + R"(","parameters":{"Samples":0.5}},{"id":3,"type":"audioOutput"})",
                      R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");
    const auto input = Wav::makeNoise (1, 5000);
    const auto output = render ({ session, "--input", writeInput (input), "--bits", "32f" });
    REQUIRE (output.length() == 7400);
    REQUIRE (output.channels[0].back() == input.channels[0].back());
}

TEST_CASE_METHOD (Render, "render: a mono file feeds every input, and extra channels are dropped with a warning")
{
    const auto mono = Wav::makeNoise (1, 1000);
    auto output = render ({ "--plugin", testPlugin ("TestPass"), "--input", writeInput (mono), "--bits", "32f" });
    REQUIRE (output.channels[0] == mono.channels[0]);
    REQUIRE (output.channels[1] == mono.channels[0]);

    const auto wide = Wav::makeNoise (3, 1000);
    output = render ({ "--plugin", testPlugin ("TestPass"), "--input", writeInput (wide), "--bits", "32f" });
    REQUIRE (output.channels.size() == 2);
    REQUIRE (output.channels[1] == wide.channels[1]);
    REQUIRE_THAT (result.err, Contains ("3 channels") && Contains ("dropped"));
}

TEST_CASE_METHOD (Render, "render: the rate is the input's unless asked otherwise, and files at another rate are resampled")
{
    const auto sine = Wav::make (
        1, 44100, [] (int, std::size_t i)
        { return 0.5f * float (std::sin (2.0 * 3.141592653589793 * 441.0 * double (i) / 44100.0)); }, 32, 44100);
    auto output = render ({ "--plugin", testPlugin ("TestPass"), "--input", writeInput (sine), "--bits", "32f" });
    REQUIRE (output.rate == 44100);
    REQUIRE (output.channels[0] == sine.channels[0]);

    output = render (
        { "--plugin", testPlugin ("TestPass"), "--input", folder.file ("in.wav"), "--rate", "96000", "--bits", "32f" });
    REQUIRE (output.rate == 96000);
    REQUIRE (output.length() == 96000);

    for (std::size_t i = 5000; i < 90000; ++i)
        REQUIRE (output.channels[0][i]
                 == Approx (0.5 * std::sin (2.0 * 3.141592653589793 * 441.0 * double (i) / 96000.0)).margin (1.0e-4));
}

TEST_CASE_METHOD (Render, "render: PCM beyond full scale is clipped and counted, float is left alone")
{
    const auto input = Wav::make (2, 1000, [] (int channel, std::size_t i) { return channel == 0 && i < 10 ? 0.9f : 0.0f; });
    const auto session = writeSession (
        R"({"id":1,"type":"audioInput"},{"id":2,"type":"gain","parameters":{"Gain":2.0}},{"id":3,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");
    auto output = render ({ session, "--input", writeInput (input), "--bits", "16" });
    REQUIRE (report["clipped"] == 10);
    REQUIRE (output.channels[0][5] == 32767.0f / 32768.0f);
    REQUIRE_THAT (result.err, Contains ("10 samples") && Contains ("clipped"));

    output = render ({ session, "--input", folder.file ("in.wav"), "--bits", "32f" });
    REQUIRE (report["clipped"] == 0);
    REQUIRE (output.channels[0][5] == 1.8f);
}

TEST_CASE_METHOD (
    Render, "render: --set finds nodes by id and name, parameters by name and id, and splits at the first . and the last =")
{
    const auto session = writeSession (
        R"({"id":1,"type":"tone","name":"A","parameters":{"Shape":"square","Level":1.0}},{"id":2,"type":"gain","name":"Left"},{"id":3,"type":"gain","name":"Same"},{"id":4,"type":"gain","name":"Same"},{"id":5,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"5:0"})");
    const auto peakWith = [&] (const std::string& assignment)
    { return render ({ session, "--seconds", "0.1", "--bits", "32f", "--set", assignment }).peak(); };

    REQUIRE (peakWith ("2.Gain=0.25") == 0.25f);
    REQUIRE (peakWith ("Left.Gain=0.5") == 0.5f);
    REQUIRE (peakWith ("Left.#0=3") == 3.0f);

    for (const auto& [assignment, word] :
         std::vector<std::pair<std::string, std::string>>{ { "Left.Gain", "NODE.PARAM=VALUE" },
                                                           { "9.Gain=1", "no node" },
                                                           { "Same.Gain=1", "several nodes" },
                                                           { "2.Volume=1", "no parameter" },
                                                           { "2.Gain=5", "0 to 4" },
                                                           { "2.Gain=nan", "number" },
                                                           { "2.Gain=", "number" },
                                                           { "Le=ft.Gain=1", "no node" } })
    {
        CAPTURE (assignment);
        const auto wrong = run ({ "render", session, "--seconds", "0.1", "--output", "x.wav", "--set", assignment });
        REQUIRE (wrong.exitCode == 2);
        REQUIRE_THAT (wrong.err, Contains (word));
    }

    const auto many = render (
        { "--plugin", testPlugin ("TestManyParams"), "--seconds", "0.1", "--set", "2.Gain#2=0.25", "--set", "2.Level=1" });
    (void) many;
}

TEST_CASE_METHOD (Render, "render: NaN mutes its node, is counted, and never reaches the file")
{
    const auto output = render (
        { "--plugin", testPlugin ("TestNaNNow"), "--input", writeInput (Wav::makeNoise (2, 2000)), "--bits", "32f" });
    REQUIRE (output.peak() == 0.0f);
    REQUIRE (report["nodes"][1]["mutedBlocks"] == 3); // of 4: in the first its sound is found at the output, and stopped there
    REQUIRE (report["nodes"][2]["mutedBlocks"] == 1);
    REQUIRE_THAT (result.err, Contains ("node 2 (TestNaNNow)") && Contains ("NaN"));
}

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own allocator is in between, and stacks and blame differ
TEST_CASE_METHOD (Render,
                  "render: allocations are counted against the plugin, with the stack, and abort strikes at the first")
{
    render ({ "--plugin", testPlugin ("TestGain"), "--plugin", testPlugin ("TestAllocates"), "--seconds", "0.1" });
    const auto& guard = report["guard"];
    REQUIRE (guard["total"] == 20); // 10 blocks, malloc and free
    REQUIRE (guard["host"] == 0);

    for (const auto& violation : guard["violations"])
    {
        REQUIRE (violation["node"] == 3);
        REQUIRE (violation["by"] == "plugin");
        REQUIRE (violation["count"] == 10);
        REQUIRE (violation["phase"] == "process");
        REQUIRE_THAT (violation["module"].get<std::string>(), Contains ("TestAllocates"));
        REQUIRE (violation["stack"].size() > 0);
    }

    render ({ "--plugin", testPlugin ("TestAllocates"), "--seconds", "0.1", "--guard", "off" });
    REQUIRE (report["guard"]["total"] == 0);
    REQUIRE (report["guard"]["mode"] == "off");

    const auto aborted = run (
        { "render", "--plugin", testPlugin ("TestAllocates"), "--seconds", "0.1", "--output", "x.wav", "--guard", "abort" });
    REQUIRE (aborted.exitCode == 1);
    REQUIRE_THAT (aborted.err, Contains ("malloc"));
}
#endif

TEST_CASE_METHOD (Render, "render: a plugin that crashes or exits is named, exit code 1, and nothing half written stays")
{
    for (const auto& [name, word] : std::vector<std::pair<std::string, std::string>>{ { "TestCrashInProcessNow", "SIGSEGV" },
                                                                                      { "TestOverflowInProcessNow", "SIGSEGV" },
                                                                                      { "TestExitInProcessNow", "exit()" } })
    {
        folder.write ("x.wav", "an older file");
        const auto crashed = run ({ "render", "--plugin", testPlugin (name), "--seconds", "0.5", "--output", "x.wav" });
        REQUIRE (crashed.exitCode == 1);
        REQUIRE_THAT (crashed.err, Contains ("node 2 (" + name + ")") && Contains (word));
        REQUIRE (readText (folder.path / "x.wav") == "an older file");

        for (const auto& entry : std::filesystem::directory_iterator (folder.path))
            REQUIRE_THAT (entry.path().string(), ! Contains (".part"));
    }
}

TEST_CASE_METHOD (Render, "render: a plugin that dies as it is loaded takes nothing with it, in a session the rest goes on")
{
    for (const auto* name : { "TestCrashOnScan", "TestExitOnScan" })
    {
        const auto alone = run ({ "render", "--plugin", testPlugin (name), "--seconds", "0.5", "--output", "x.wav" });
        REQUIRE (alone.exitCode == 1);
        REQUIRE_THAT (alone.err, Contains (testPlugin (name)) && Contains ("ended its process"));

        const auto session =
            writeSession (R"({"id":1,"type":"tone"},{"id":2,"type":"plugin","ref":")" + testPlugin (name)
                              + R"("},{"id":3,"type":"audioOutput"})",
                          R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"1:1","to":"3:1"})");
        const auto output = render ({ session, "--seconds", "0.1", "--bits", "32f" }, 1);
        REQUIRE (report["nodes"][1]["state"] == "missing");
        REQUIRE (output.peak() > 0.2f);
    }
}

TEST_CASE_METHOD (Render, "render: a missing plugin is told by name, stays silent, and makes exit code 1")
{
    const auto session = writeSession (
        R"({"id":1,"type":"tone"},{"id":2,"type":"plugin","ref":"/nowhere/Lost.vst3","name":"Lost Reverb"},{"id":3,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"1:1","to":"3:1"})");
    const auto output = render ({ session, "--seconds", "0.1", "--bits", "32f" }, 1);
    REQUIRE_THAT (result.err, Contains ("Lost Reverb") && Contains ("/nowhere/Lost.vst3"));
    REQUIRE (report["nodes"][1]["state"] == "missing");
    REQUIRE (*std::max_element (output.channels[0].begin(), output.channels[0].end()) == 0.0f);
    REQUIRE (*std::max_element (output.channels[1].begin(), output.channels[1].end()) > 0.2f);
}

TEST_CASE_METHOD (Render, "render: Ctrl-C and SIGTERM end it cleanly, faded, with a report")
{
    const auto signal = GENERATE (SIGINT, SIGTERM);
    const auto session =
        writeSession (R"({"id":1,"type":"tone","parameters":{"Shape":"square"}},{"id":2,"type":"audioOutput"})",
                      R"({"from":"1:0","to":"2:0"})");
    const auto stopped = runAndSignal (
        { "render", session, "--seconds", "100000", "--output", "out.wav", "--bits", "32f", "--report", "report.json" },
        signal, std::chrono::milliseconds (700));
    REQUIRE (stopped.exitCode == 1);
    REQUIRE_THAT (stopped.err, Contains ("stopped"));
    const auto output = Wav::read (folder.file ("out.wav"));
    REQUIRE (output.length() > 1000);
    REQUIRE (output.channels[0].back() == Approx (0.0f).margin (0.01));
    REQUIRE (std::abs (output.channels[0][output.length() - 300]) == 0.25f);
    REQUIRE (nlohmann::json::parse (readText (folder.path / "report.json"))["blocks"] > 0);
}

TEST_CASE_METHOD (Render, "render: what does not exist yet exits 2 and says so")
{
    for (const auto& option : std::vector<std::vector<std::string>>{
             { "--isolation", "sync" }, { "--isolation", "pipelined" } })
    {
        std::vector<std::string> arguments{ "render", DEMO_SESSION, "--output", "x.wav" };
        arguments.insert (arguments.end(), option.begin(), option.end());
        const auto refused = run (arguments);
        CAPTURE (option);
        REQUIRE (refused.exitCode == 2);
        REQUIRE_THAT (refused.err, Contains ("not exist yet"));
        REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
    }

    const auto session = writeSession (
        R"({"id":1,"type":"plugin","ref":")" + testPlugin ("TestGain") + R"(","isolation":"sync","group":"vendor"})", "");
    const auto kept = run ({ "render", session, "--seconds", "0.1", "--output", "x.wav" });
    REQUIRE (kept.exitCode == 0);
    REQUIRE_THAT (kept.err, Contains ("isolation \"sync\" does not exist yet"));
}

TEST_CASE_METHOD (Render, "render: wires add in float32, in ascending order of their sources, an unwired input is silence")
{
    const auto session =
        writeSession (R"({"id":1,"type":"audioInput","channels":3},{"id":3,"type":"audioOutput","channels":2})",
                      R"({"from":"1:2","to":"3:0"},{"from":"1:0","to":"3:0"},{"from":"1:1","to":"3:0"})");
    const auto input =
        Wav::make (3, 100, [] (int channel, std::size_t) { return channel == 0   ? 1.0e8f
                                                                  : channel == 1 ? -1.0e8f
                                                                                 : 1.0f; });
    const auto output = render ({ session, "--input", writeInput (input), "--bits", "32f" });
    REQUIRE (output.channels[0][50] == 1.0f);
    REQUIRE (output.channels[1][50] == 0.0f);
}

TEST_CASE_METHOD (Render, "render: a session's state and parameters reach the plugin")
{
    const auto session =
        writeSession (R"({"id":1,"type":"audioInput"},{"id":2,"type":"plugin","ref":")" + testPlugin ("TestGain")
                          + R"(","parameters":{"Gain":0.125}},{"id":3,"type":"audioOutput"})",
                      R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");
    const auto input = Wav::makeNoise (2, 1000);
    const auto output = render ({ session, "--input", writeInput (input), "--bits", "32f" });
    REQUIRE (output.channels[0][7] == input.channels[0][7] * 0.125f);
}

TEST_CASE_METHOD (Render, "render: a device such as /dev/null is written in place, and a full one is an error")
{
    REQUIRE (run ({ "render", DEMO_SESSION, "--seconds", "1", "--output", "/dev/null" }).exitCode == 0);
    REQUIRE (std::filesystem::is_character_file ("/dev/null"));
    const auto full = run ({ "render", DEMO_SESSION, "--seconds", "3", "--output", "/dev/full" });
    REQUIRE (full.exitCode == 1);
    REQUIRE_THAT (full.err, Contains ("/dev/full") && Contains ("space"));
}
