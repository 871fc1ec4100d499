#include "Support/Expect.h"
#include "Support/Render.h"

#include <algorithm>
#include <csignal>

using Catch::Matchers::Contains;

namespace
{

/** Samples that an edit takes to fade; what is compared here lies before and after that. */
constexpr std::size_t fade = 256;

std::string at (std::size_t sample, const std::string& rest)
{
    return R"({"at":)" + std::to_string (sample) + "," + rest + "}\n";
}

std::string connect (const std::string& from, const std::string& to)
{
    return R"("do":"connect","from":")" + from + R"(","to":")" + to + '"';
}

std::string disconnect (const std::string& from, const std::string& to)
{
    return R"("do":"disconnect","from":")" + from + R"(","to":")" + to + '"';
}

std::string add (const std::string& node) { return R"("do":"add","node":{)" + node + "}"; }
std::string remove (int id) { return R"("do":"remove","id":)" + std::to_string (id); }

std::string set (const std::string& node, const std::string& parameter, const std::string& value)
{
    return R"("do":"set","node":)" + node + R"(,"param":")" + parameter + R"(","value":)" + value;
}

std::string bypass (int id, bool on)
{
    return R"("do":"bypass","id":)" + std::to_string (id) + R"(,"on":)" + (on ? "true" : "false");
}

struct Edits : Render
{
    /** audioInput 1; its left channel through gain 2 "Half" of 0.5, its right one straight to audioOutput 3. */
    std::string makeSession()
    {
        return writeSession (
            R"({"id":1,"type":"audioInput"},{"id":2,"type":"gain","name":"Half","parameters":{"Gain":0.5}},{"id":3,"type":"audioOutput"})",
            R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"1:1","to":"3:1"})");
    }

    /** Renders the session over the noise with this script. The right channel is none of the script's business. */
    Wav renderEdits (const std::string& script, std::vector<std::string> more = {}, int exitCode = 0)
    {
        more.insert (more.begin(), { makeSession(), "--input", writeInput (input), "--bits", "32f", "--edits",
                                     folder.write ("edits.jsonl", script) });
        return render (more, exitCode);
    }

    /** Requires that the left channel is the input's, times the gain, from one sample to before the other. */
    void expectGain (const Wav& output, std::size_t first, std::size_t end, float gain)
    {
        for (auto i = first; i < end; ++i)
        {
            if (output.channels[0][i] != input.channels[0][i] * gain)
            {
                CAPTURE (i, gain);
                REQUIRE (output.channels[0][i] == input.channels[0][i] * gain);
            }
        }
    }

    Wav input = Wav::makeNoise (2, 5000);
};

} // namespace

TEST_CASE_METHOD (Edits, "edits: wires come and go at their sample, whatever is not edited stays the same to the bit")
{
    const auto block = GENERATE (as<std::string>(), "1", "17", "512", "4096");
    const auto output = renderEdits (at (1000, disconnect ("1:0", "2:0")) + "\n" + at (3000, connect ("1:1", "3:0"))
                                         + at (4000, connect ("1:0", "2:0")) + at (4000, disconnect ("1:1", "3:0")),
                                     { "--block", block });
    REQUIRE (result.err.empty());
    expectGain (output, 0, 1000, 0.5f);
    expectGain (output, 1000 + fade, 3000, 0.0f);

    for (auto i = 3000 + fade; i < 4000; ++i)
        REQUIRE (output.channels[0][i] == input.channels[1][i]);

    expectGain (output, 4000 + fade, 5000, 0.5f);
    REQUIRE (output.channels[1] == input.channels[1]);
    REQUIRE (output.length() == 5000);
}

TEST_CASE_METHOD (Edits, "edits: nodes come, built in or plugins, and go with their wires")
{
    const auto output = renderEdits (
        at (500, add (R"("id":7,"type":"gain","parameters":{"Gain":0.25})")) + at (500, connect ("1:0", "7:0"))
        + at (500, connect ("7:0", "3:0")) + at (500, remove (2)) + at (2000, remove (7))
        + at (3000, add (R"("id":8,"type":"plugin","parameters":{"Gain":0.75},"ref":")" + testPlugin ("TestGain") + '"'))
        + at (3000, connect ("1:0", "8:0")) + at (3500, connect ("8:0", "3:0")));
    REQUIRE (result.err.empty());
    expectGain (output, 0, 500, 0.5f);
    expectGain (output, 500 + fade, 2000, 0.25f);
    expectGain (output, 2000 + fade, 3500, 0.0f);
    expectGain (output, 3500 + fade, 5000, 0.75f);
    REQUIRE (output.channels[1] == input.channels[1]);

    // The report is on the graph that there is at the end.
    REQUIRE (report["nodes"].size() == 3);
    REQUIRE (report["nodes"][2]["id"] == 8);
    REQUIRE (report["nodes"][2]["name"] == "TestGain");
}

TEST_CASE_METHOD (Edits, "edits: an id that is free again may be used again")
{
    const auto output =
        renderEdits (at (1000, remove (2)) + at (2000, add (R"("id":2,"type":"gain","parameters":{"Gain":3})"))
                     + at (2000, connect ("1:0", "2:0")) + at (2000, connect ("2:0", "3:0")));
    expectGain (output, 0, 1000, 0.5f);
    expectGain (output, 1000 + fade, 2000, 0.0f);
    expectGain (output, 2000 + fade, 5000, 3.0f);
}

TEST_CASE_METHOD (Edits, "edits: parameters are set by id and name, bypass goes on and off")
{
    const auto output =
        renderEdits (at (500, set ("2", "Gain", "2")) + at (1000, set (R"("Half")", "#0", "0.125"))
                     + at (2000, bypass (2, true)) + at (3000, bypass (2, false)) + at (4000, bypass (2, true)));
    expectGain (output, 0, 500, 0.5f);
    expectGain (output, 500 + fade, 1000, 2.0f);
    expectGain (output, 1000 + fade, 2000, 0.125f);
    expectGain (output, 2000 + fade, 3000, 1.0f);
    expectGain (output, 3000 + fade, 4000, 0.125f);
    expectGain (output, 4000 + fade, 5000, 1.0f);
    REQUIRE (report["nodes"][1]["state"] == "bypassed");
    REQUIRE (report["nodes"][2]["state"] == "running");
}

TEST_CASE_METHOD (Edits, "edits: a script meets the values that --set gave, and a chain's nodes")
{
    const auto script = folder.write ("edits.jsonl", at (1000, set (R"("TestGain")", "Gain", "0.25")) + at (2000, remove (2))
                                                         + at (2000, connect ("1:0", "3:0")) + at (3000, bypass (3, true)));
    const auto output = render ({ "--plugin", testPlugin ("TestGain"), "--plugin", testPlugin ("TestPass"), "--set",
                                  "2.Gain=0.5", "--input", writeInput (input), "--bits", "32f", "--edits", script });
    expectGain (output, 0, 1000, 0.5f);
    expectGain (output, 1000 + fade, 2000, 0.25f);
    expectGain (output, 2000 + fade, 5000, 1.0f);
}

TEST_CASE_METHOD (Edits, "edits: one at the first sample is made there, a script may be empty")
{
    auto output = renderEdits (at (0, disconnect ("1:0", "2:0")) + at (0, connect ("1:0", "3:0")));
    expectGain (output, fade, 5000, 1.0f);
    output = renderEdits ("\n");
    expectGain (output, 0, 5000, 0.5f);
    REQUIRE (result.err.empty());
}

TEST_CASE_METHOD (Edits, "edits: the output is the same at every block size, twice over")
{
    const auto session = writeSession (
        R"({"id":1,"type":"tone","parameters":{"Frequency":997}},{"id":2,"type":"plugin","ref":")" + testPlugin ("TestGain")
            + R"("},{"id":3,"type":"audioOutput"},{"id":4,"type":"midiInput"},{"id":5,"type":"plugin","ref":")"
            + testPlugin ("TestLatency64") + R"("})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"1:1","to":"5:1"},{"from":"5:1","to":"3:1"})");
    std::string script;

    for (std::size_t i = 0; i < 20; ++i)
    {
        const auto id = std::to_string (10 + i);
        const auto time = 333 + 1777 * i;
        script += at (time, add (R"("id":)" + id + R"(,"type":"plugin","ref":")"
                                 + testPlugin (i % 3 == 0 ? "TestLatency512" : "TestDelay") + '"'))
                  + at (time, connect ("1:0", id + ":0")) + at (time + 1, connect (id + ":0", "3:1"))
                  + at (time + 100, set ("2", "Gain", "0." + std::to_string (i + 1)))
                  + at (time + 100, bypass (5, i % 2 == 0)) + at (time + 120, disconnect ("1:0", "2:0"))
                  + at (time + 500, connect ("1:0", "2:0")) + at (time + 1000, bypass (int (10 + i), true))
                  + at (time + 1776, remove (int (10 + i)));
    }

    // A bypass that comes back before it has faded, and one that stops there: what is left in the plugin then is heard again.
    script += at (40000, bypass (5, true)) + at (40100, bypass (5, false)) + at (40150, bypass (5, true))
              + at (41000, bypass (5, false));
    const auto edits = folder.write ("edits.jsonl", script);
    std::string hash;

    for (const auto* block : { "512", "512", "1", "17", "64", "4096" })
    {
        const auto output = render ({ session, "--edits", edits, "--seconds", "1", "--block", block });
        REQUIRE (result.err.empty());
        REQUIRE (output.peak() > 0.1f);

        if (hash.empty())
            hash = report["outputHash"];

        REQUIRE (report["outputHash"] == hash);
        REQUIRE (report["guard"]["host"] == 0);
    }
}

TEST_CASE_METHOD (Edits, "edits: nodes change places at one sample, the same at every block size")
{
    const auto session = writeSession (
        R"({"id":1,"type":"audioInput"},{"id":2,"type":"gain","parameters":{"Gain":0.5}},{"id":3,"type":"audioOutput"},{"id":4,"type":"plugin","parameters":{"Gain":0.25},"ref":")"
            + testPlugin ("TestGain") + R"("})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"4:0"},{"from":"4:0","to":"3:0"})");
    const auto edits =
        folder.write ("edits.jsonl", at (1000, disconnect ("1:0", "2:0")) + at (1000, disconnect ("2:0", "4:0"))
                                         + at (1000, disconnect ("4:0", "3:0")) + at (1000, connect ("1:0", "4:0"))
                                         + at (1000, connect ("4:0", "2:0")) + at (1000, connect ("2:0", "3:0"))
                                         + at (2500, set ("2", "Gain", "1")) + at (3500, remove (4)));
    std::string hash;

    for (const auto* block : { "512", "1", "17", "64", "4096" })
    {
        const auto output =
            render ({ session, "--edits", edits, "--input", writeInput (input), "--bits", "32f", "--block", block });
        expectGain (output, 0, 1000, 0.125f);
        expectGain (output, 1000 + 3 * fade, 2500, 0.125f);
        expectGain (output, 2500 + fade, 3500, 0.25f);
        expectGain (output, 3500 + fade, 5000, 0.0f);

        if (hash.empty())
            hash = report["outputHash"];

        REQUIRE (report["outputHash"] == hash);
    }
}

TEST_CASE_METHOD (Edits, "edits: `at` counts rendered samples, those of the latency that is dropped included")
{
    const auto session = writeSession (R"({"id":1,"type":"audioInput"},{"id":2,"type":"plugin","ref":")"
                                           + testPlugin ("TestLatency512") + R"("},{"id":3,"type":"audioOutput"})",
                                       R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");
    const auto edits = folder.write ("edits.jsonl", at (2000, disconnect ("2:0", "3:0")));
    const std::vector<std::string> arguments{ session, "--edits", edits, "--input", writeInput (input), "--bits", "32f" };
    auto output = render (arguments);
    expectGain (output, 0, 2000 - 512, 1.0f);
    expectGain (output, 2000 - 512 + fade, 5000, 0.0f);

    auto keeping = arguments;
    keeping.push_back ("--keep-latency");
    output = render (keeping);
    REQUIRE (output.length() == 5512);
    REQUIRE (output.channels[0][1999] == input.channels[0][1999 - 512]);
    REQUIRE (output.channels[0][2000 + fade] == 0.0f);
}

TEST_CASE_METHOD (Edits, "edits: when the graph gets later, what is played last still comes out")
{
    const auto output =
        renderEdits (at (1000, add (R"("id":7,"type":"plugin","ref":")" + testPlugin ("TestLatency512") + '"'))
                     + at (1000, connect ("1:0", "7:0")) + at (1000, connect ("7:0", "3:0")) + at (1000, remove (2)));
    expectGain (output, 0, 1000, 0.5f);
    REQUIRE (output.length() == 5512);

    for (std::size_t channel = 0; channel < 2; ++channel)
        for (auto i = 1000 + 512 + fade; i < output.length(); ++i)
            REQUIRE (output.channels[channel][i] == input.channels[channel][i - 512]);
}

TEST_CASE_METHOD (Edits, "edits: the tail is that of the graph which has the longest")
{
    const auto delay = R"("type":"plugin","parameters":{"Samples":0.5},"ref":")" + testPlugin ("TestDelay") + '"';
    const auto script =
        at (1000, add (R"("id":7,)" + delay)) + at (1000, connect ("1:0", "7:0")) + at (1000, connect ("7:0", "3:0"));
    auto output = renderEdits (script);
    REQUIRE (output.length() == 7400);
    REQUIRE (output.channels[0].back() == input.channels[0].back());

    // It was there, so it may sound on.
    output = renderEdits (script + at (2000, remove (7)));
    REQUIRE (output.length() == 7400);
    output = renderEdits (script, { "--seconds", "0.05" });
    REQUIRE (output.length() == 2400);
}

TEST_CASE_METHOD (Edits, "edits: music that a script adds counts for the length, its file is searched beside the session")
{
    // A note of 960 ticks, 480 a quarter note of 0.5 s.
    folder.write ("notes.mid",
                  std::string ("MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x0d\0\x90\x3c\x7f\x87\x40\x80\x3c\0\0\xff\x2f\0", 35));
    const auto output = renderEdits (at (100, add (R"("id":7,"type":"midiPlayer","file":"notes.mid")"))
                                     + at (100, add (R"("id":8,"type":"plugin","ref":")" + testPlugin ("TestSynth") + '"'))
                                     + at (100, connect ("7:midi", "8:midi")) + at (200, connect ("8:0", "3:0")));
    REQUIRE (output.length() == 48000);
}

TEST_CASE_METHOD (Edits, "edits: those at the end or beyond it are left out, and told in one line")
{
    const auto output = renderEdits (at (4999, bypass (2, true)) + at (5000, disconnect ("1:0", "2:0"))
                                     + at (5000, disconnect ("2:0", "3:0")) + at (900000, remove (2)));
    REQUIRE (output.length() == 5000);
    REQUIRE (std::count (result.err.begin(), result.err.end(), '\n') == 1);
    REQUIRE_THAT (result.err,
                  Contains ("edits.jsonl, line 2: the edit at 5000 and 2 more come after the end: 5000 samples"));
    REQUIRE (report["nodes"][1]["state"] == "bypassed");
}

TEST_CASE_METHOD (Edits, "edits: every mistake is told before anything is rendered, with file, line and thing, exit code 2")
{
    const auto session = makeSession();
    const auto good = at (10, bypass (2, true)) + "\n" + at (20, bypass (2, false));

    for (const auto& [line, thing] : std::vector<std::pair<std::string, std::string>>{
             { "{\"at\":30,", "is not JSON" },
             { at (30, R"("do":"mute","id":2)"), "\"mute\"" },
             { at (30, R"("do":"remove")"), "\"id\"" },
             { at (30, R"("do":"remove","id":2,"id":2)"), "\"id\" twice" },
             { R"({"at":-30,"do":"remove","id":2})", "-30" },
             { at (19, remove (2)), "its \"at\" is 19, and that of line 3 is 20" },
             { at (30, connect ("1:0", "7:0")), "wire 1:0 -> 7:0: there is no node 7" },
             { at (30, connect ("1:5", "2:0")), "no output 5" },
             { at (30, connect ("1:0", "2:0")), "wire 1:0 -> 2:0: is there twice" },
             { at (30, connect ("2:0", "2:0")), "cycle: 2 (Half) -> 2 (Half)" },
             { at (30, disconnect ("1:0", "3:0")), "there is no such wire" },
             { at (30, set ("2", "Volume", "1")), "\"Volume\"" },
             { at (30, set ("2", "Gain", "5")), "\"5\"" },
             { at (30, set (R"("Whole")", "Gain", "1")), "\"Whole\"" },
             { at (30, bypass (3, true)), "node 3 (Audio Output)" },
             { at (30, add (R"("id":2,"type":"gain")")), "node 2: its id is used twice" },
             { at (30, add (R"("id":7,"type":"recorder")")), "has no \"file\"" },
             { at (30, add (R"("id":7)")), "without an id and a type" } })
    {
        CAPTURE (line);
        const auto edits = folder.write ("edits.jsonl", good + line);
        const auto refused = run ({ "render", session, "--seconds", "0.1", "--output", "x.wav", "--edits", edits });
        expectError (refused, 2, thing);
        REQUIRE_THAT (refused.err, Contains (edits + ", line 4: "));
        REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
    }

    for (const auto& [path, why] :
         std::vector<std::pair<std::string, std::string>>{ { "none.jsonl", "no such file" }, { ".", "is a folder" } })
        expectError (run ({ "render", session, "--seconds", "0.1", "--output", "x.wav", "--edits", path }), 2, why);
}

TEST_CASE_METHOD (Edits, "edits: a key that is not known is told, and does no harm")
{
    const auto output = renderEdits (at (1000, bypass (2, true) + R"(,"why":"louder")"));
    REQUIRE_THAT (result.err, Contains ("edits.jsonl, line 1: \"why\" is not known"));
    expectGain (output, 1000 + fade, 5000, 1.0f);
}

TEST_CASE_METHOD (Edits, "edits: a missing plugin is told and silent, the other edits are made, exit code 1")
{
    for (const auto& ref : { std::string ("/nowhere/Lost.vst3"), testPlugin ("TestCrashOnScan") })
    {
        const auto output =
            renderEdits (at (1000, add (R"("id":7,"type":"plugin","name":"Lost Reverb","ref":")" + ref + '"'))
                             + at (1000, connect ("1:0", "7:5")) + at (1000, connect ("7:1", "3:0"))
                             + at (1000, set ("7", "Mix", "1")) + at (2000, set ("2", "Gain", "2")),
                         {}, 1);
        REQUIRE_THAT (result.err, Contains ("node 7 (Lost Reverb) is missing") && Contains (ref));
        REQUIRE (report["nodes"][3]["state"] == "missing");
        expectGain (output, 0, 2000, 0.5f);
        expectGain (output, 2000 + fade, 5000, 2.0f);
    }
}

TEST_CASE_METHOD (Edits, "edits: what a plugin did wrong is told although it is gone at the end")
{
    renderEdits (at (100, add (R"("id":7,"type":"plugin","ref":")" + testPlugin ("TestNaNNow") + '"'))
                 + at (100, connect ("1:0", "7:0")) + at (100, connect ("7:0", "3:0")) + at (2000, remove (7)));
    REQUIRE_THAT (result.err, Contains ("node 7 (TestNaNNow): gave NaN"));
}

TEST_CASE_METHOD (Edits,
                  "edits: a plugin that crashes where it is added is named, exit code 1, and nothing half written stays")
{
    const auto script = folder.write (
        "edits.jsonl", at (100, add (R"("id":7,"type":"plugin","ref":")" + testPlugin ("TestCrashInProcessNow") + '"'))
                           + at (100, connect ("1:0", "7:0")) + at (200, connect ("7:0", "3:0")));
    const auto crashed = run ({ "render", makeSession(), "--seconds", "0.5", "--output", "x.wav", "--edits", script });
    REQUIRE (crashed.exitCode == 1);
    REQUIRE_THAT (crashed.err, Contains ("node 7 (TestCrashInProcessNow)") && Contains ("SIGSEGV"));
    REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
}

TEST_CASE_METHOD (Edits, "edits: tens of thousands of them are no trouble")
{
    std::string script;

    for (std::size_t i = 0; i < 20000; ++i)
        script += at (10 * i, i % 2 == 0 ? disconnect ("1:0", "2:0") : connect ("1:0", "2:0"));

    const auto output = renderEdits (script, { "--seconds", "4.2" });
    REQUIRE (output.length() == 201600);
    REQUIRE (output.channels[1][4999] == input.channels[1][4999]);
    REQUIRE (report["blocks"] >= 20000);
}

TEST_CASE_METHOD (Edits, "edits: Ctrl-C ends a render in the midst of a long script, faded and valid")
{
    std::string script;

    for (std::size_t i = 0; i < 20000; ++i)
        script += at (1000 * i, set ("2", "Gain", i % 2 == 0 ? "1" : "0.5"));

    const auto session = writeSession (
        R"({"id":1,"type":"tone","parameters":{"Shape":"square"}},{"id":2,"type":"gain"},{"id":3,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");
    const auto stopped = runAndSignalWhen (
        { "render", session, "--seconds", "100000", "--output", "out.wav", "--bits", "32f", "--edits",
          folder.write ("edits.jsonl", script + at (4700000000, remove (2))) },
        SIGINT,
        [&]
        {
            // Once samples are written.
            for (const auto& entry : std::filesystem::directory_iterator (folder.path))
                if (entry.path().string().find (".part") != std::string::npos && entry.file_size() > 100000)
                    return true;

            return false;
        });
    REQUIRE (stopped.exitCode == 1);
    REQUIRE (std::count (stopped.err.begin(), stopped.err.end(), '\n') == 1);
    REQUIRE_THAT (stopped.err, Contains ("stopped"));
    const auto output = Wav::read (folder.file ("out.wav"));
    REQUIRE (output.length() > 1000);
    REQUIRE (output.channels[0].back() == Approx (0.0f).margin (0.01));
}
