#include "Support/Expect.h"
#include "Support/Render.h"

#include <algorithm>
#include <map>
#include <set>

using Catch::Matchers::Contains;
using Arguments = std::vector<std::string>;
using Json = nlohmann::ordered_json;

namespace
{

std::string plugin (int id, const std::string& name, const std::string& parameters = "")
{
    return R"({"id":)" + std::to_string (id) + R"(,"type":"plugin","name":")" + name + std::to_string (id) + R"(","ref":")"
           + testPlugin (name) + '"' + (parameters.empty() ? "" : R"(,"parameters":{)" + parameters + "}") + "}";
}

std::string wire (const std::string& from, const std::string& to)
{
    return R"({"from":")" + from + R"(","to":")" + to + R"("})";
}

std::string at (int sample, const std::string& rest) { return R"({"at":)" + std::to_string (sample) + "," + rest + "}\n"; }

std::string change (const char* what, const std::string& from, const std::string& to)
{
    return R"("do":")" + std::string (what) + R"(","from":")" + from + R"(","to":")" + to + '"';
}

struct Threads : Render
{
    /** Plays on the Virtual device, with a report. */
    ProgramResult play (const std::string& session, Arguments more)
    {
        more.insert (more.begin(), { "play", session, "--device", "Virtual", "--report", "report.json" });
        auto played = run (more);
        CAPTURE (played.out, played.err);
        REQUIRE_FALSE (played.timedOut);
        REQUIRE (played.signal == 0);
        return played;
    }

    Json readReport() const { return Json::parse (readText (folder.path / "report.json")); }

    /** 1 is a tone, 2 a gain; 3 is the plugin under test, 4 another one beside it; 5 is the output. */
    std::string writePair (const std::string& suspect)
    {
        return writeSession (R"({"id":1,"type":"tone","name":"Tone"},{"id":2,"type":"gain","name":"Volume"},)"
                                 + plugin (3, suspect) + "," + plugin (4, "TestGain")
                                 + R"(,{"id":5,"type":"audioOutput","name":"Out"})",
                             wire ("1:0", "2:0") + "," + wire ("2:0", "3:0") + "," + wire ("2:0", "4:0") + ","
                                 + wire ("3:0", "5:0") + "," + wire ("4:0", "5:1"));
    }

    /** Eight branches of plugins, some of them late, from the input and from MIDI, with a side-chain and a loop. */
    std::string writeBranches()
    {
        std::string nodes =
            R"({"id":1,"type":"audioInput"},{"id":2,"type":"midiInput"},{"id":90,"type":"audioOutput"},)"
            R"({"id":91,"type":"mixer","inputs":2},{"id":92,"type":"gain","parameters":{"Gain":0.4}},{"id":93,"type":"feedback"})";
        std::string wires;

        const auto connect = [&] (const std::string& from, const std::string& to)
        { wires += (wires.empty() ? "" : ",") + wire (from, to); };

        for (int branch = 0; branch < 8; ++branch)
        {
            const auto first = 10 + branch * 3;
            const auto share = std::to_string (0.02 + 0.03 * branch);
            nodes += "," + plugin (first, branch % 2 == 0 ? "TestLatency512" : "TestLatency64") + ","
                     + plugin (first + 1, "TestDelay", R"("Samples":)" + share) + ","
                     + plugin (first + 2, "TestGain", R"("Gain":0.37)");

            for (const auto* channel : { ":0", ":1" })
            {
                connect ("1" + std::string (channel), std::to_string (first) + channel);
                connect (std::to_string (first) + channel, std::to_string (first + 1) + channel);
                connect (std::to_string (first + 1) + channel, std::to_string (first + 2) + channel);
                connect (std::to_string (first + 2) + channel, std::string ("90") + channel);
            }
        }

        // MIDI straight and by way of a plugin that is late, to instruments of the tests and to one that sounds on.
        nodes += "," + plugin (50, "TestPass") + "," + plugin (51, "TestSynth") + "," + plugin (52, "TestSynth")
                 + R"(,{"id":53,"type":"plugin","ref":"VST3:8B3F6D215E0C4A97A1D47C3092E85F16"},)"
                 + plugin (54, "TestSideChain");
        connect ("2:midi", "50:midi");
        connect ("10:0", "50:0");
        connect ("50:midi", "51:midi");
        connect ("2:midi", "52:midi");
        connect ("50:midi", "53:midi");
        connect ("51:0", "90:0");
        connect ("52:1", "90:1");
        connect ("53:0", "54:0");
        connect ("53:1", "54:1");
        connect ("20:0", "54:2");
        connect ("22:1", "54:3");
        connect ("54:0", "90:0");
        connect ("54:1", "90:1");

        // The loop.
        connect ("12:0", "91:0");
        connect ("93:0", "91:2");
        connect ("91:0", "92:0");
        connect ("92:0", "93:0");
        connect ("91:1", "90:1");
        return writeSession (nodes, wires);
    }

    /** Notes all along, two a quarter of a second. */
    std::string writeMidi()
    {
        std::string track;

        for (int i = 0; i < 24; ++i)
        {
            const auto key = char (48 + i % 12);
            track += std::string ("\x3c\x90", 2) + key + "\x60" + std::string ("\x3c\x80", 2) + key + std::string ("\0", 1);
        }

        track += std::string ("\0\xff\x2f\0", 4);
        return folder.write ("notes.mid", std::string ("MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0", 20) + char (track.size() >> 8)
                                              + char (track.size()) + track);
    }

    /** Expects the same file and the same samples on one thread, on two and on four. */
    void expectSameOnThreads (const Arguments& arguments)
    {
        std::string hash, file;

        for (const auto* threads : { "1", "2", "4" })
        {
            CAPTURE (threads);
            auto all = arguments;
            all.insert (all.end(), { "--threads", threads });
            const auto output = render (all);
            REQUIRE (output.peak() > 0.05f);
            REQUIRE (report["threads"] == std::stoi (threads));
#if ! AUDIOHOST_SANITIZED
            REQUIRE (report["guard"]["host"] == 0);
#endif

            if (hash.empty())
            {
                hash = report["outputHash"];
                file = readText (folder.path / "out.wav");
            }

            REQUIRE (report["outputHash"] == hash);
            REQUIRE (readText (folder.path / "out.wav") == file);
        }
    }
};

/** What a recording says must fit together; @returns how many runs there are of each node on each thread. */
std::map<std::pair<int, int>, int> expectConsistent (const Json& recording, int numThreads)
{
    REQUIRE (recording.size() > 0);
    REQUIRE (recording.size() <= 256);
    std::map<std::pair<int, int>, int> counts;
    auto number = recording[0]["number"].get<std::int64_t>() - 1;
    std::int64_t pageFaults = 0, violations = 0;

    for (const auto& block : recording)
    {
        CAPTURE (block.dump());
        REQUIRE (keysOf (block)
                 == Arguments{ "number", "micros", "period", "outcome", "parallel", "ready", "pageFaults", "violations",
                               "culprit", "runs" });
        REQUIRE (block["number"].get<std::int64_t>() > number);
        number = block["number"];

        const auto isComplete = block["outcome"] == "complete";
        REQUIRE ((isComplete || block["outcome"] == "late" || block["outcome"] == "busy"));
        REQUIRE (block["culprit"].is_null() == isComplete);
        REQUIRE (block["parallel"].is_boolean());
        REQUIRE (block["ready"] >= 0);
        REQUIRE (block["pageFaults"].get<std::int64_t>() >= pageFaults);
        REQUIRE (block["violations"].get<std::int64_t>() >= violations);
        pageFaults = block["pageFaults"];
        violations = block["violations"];

        if (! isComplete)
            continue;

        // A node runs once, within its block, and a thread runs one at a time.
        const auto length = block["micros"].get<double>();
        std::set<int> nodes;
        std::map<int, double> ends;

        for (const auto& run : block["runs"])
        {
            REQUIRE (keysOf (run) == Arguments{ "node", "thread", "start", "micros" });
            const auto start = run["start"].get<double>(), end = start + run["micros"].get<double>();
            const auto thread = run["thread"].get<int>();
            REQUIRE (nodes.insert (run["node"].get<int>()).second);
            REQUIRE (thread >= 0);
            REQUIRE (thread < numThreads);
            REQUIRE ((thread == 0 || block["parallel"]));
            REQUIRE (start >= 0.0);
            REQUIRE (start + 0.01 >= ends[thread]); // two clocks: one for when, one for how long
            REQUIRE (end <= length * 1.01 + 0.01);
            ends[thread] = end;
            ++counts[{ run["node"].get<int>(), thread }];
        }
    }

    return counts;
}

} // namespace

//======================================================================================================================
TEST_CASE_METHOD (Threads, "threads: play --bounded runs the demo, its plugins on workers alone, and says what it ran where")
{
    const auto played = play (DEMO_SESSION, { "--bounded", "--threads", "2", "--block", "512", "--seconds", "1.5" });
    REQUIRE (played.exitCode == 0);
    const auto all = readReport();
    REQUIRE (all["threads"] == 2);
    REQUIRE (all["blocks"] > 50); // 140 in that time; a busy machine may lose some
#if ! AUDIOHOST_SANITIZED
    REQUIRE (all["guard"]["host"] == 0);
    REQUIRE (all["guard"]["total"] == 0);
#endif

    const auto counts = expectConsistent (all["flight"].back(), 2);
    const auto countOf = [&] (int node, int thread) {
        return counts.count ({ node, thread }) == 0 ? 0 : counts.at ({ node, thread });
    };

    // 3 and 4 are the plugins.
    REQUIRE (countOf (3, 1) > 0);
    REQUIRE (countOf (4, 1) > 0);
    REQUIRE (countOf (3, 0) == 0);
    REQUIRE (countOf (4, 0) == 0);
    REQUIRE (countOf (5, 0) + countOf (5, 1) > 0);
    REQUIRE (countOf (1, 0) > 0); // the audio thread begins with what it may run
}

TEST_CASE_METHOD (Threads,
                  "threads: with --bounded a plugin that hangs is named, the callback goes on, and the program ends")
{
    const auto played = play (writePair ("TestHangInProcessNow"), { "--bounded", "--threads", "2", "--seconds", "1.5" });
    REQUIRE (played.exitCode == 1);
    REQUIRE_THAT (played.err, Contains ("silent because node 3 (TestHangInProcessNow3) was late")
                                  && Contains ("AudioHost: node 3 (TestHangInProcessNow3): has not returned")
                                  && ! Contains ("node 4") && ! Contains ("node 2 "));

    // Every callback came back, with silence: it was the first block already that it hung in.
    const auto all = readReport();
    REQUIRE (all["blocks"] > 50);
    REQUIRE (all["droppedBlocks"] == all["blocks"]);
    REQUIRE (all["deadlineMisses"] == all["blocks"]);
#if ! AUDIOHOST_SANITIZED
    REQUIRE (all["guard"]["host"] == 0);
#endif

    std::vector<std::string> names;

    for (const auto& node : all["nodes"])
        names.push_back (node["name"]);

    REQUIRE (names == Arguments{ "Tone", "Volume", "TestHangInProcessNow3", "TestGain4", "Out" });

    const auto recording = all["flight"].back();
    expectConsistent (recording, 2);

    for (const auto& block : recording)
    {
        REQUIRE (block["outcome"] == (block["number"] == 0 ? "late" : "busy"));
        REQUIRE (block["culprit"] == 3);
    }
}

TEST_CASE_METHOD (Threads, "threads: a plugin that hangs on the audio thread itself is named, and the program ends")
{
    const auto threads = GENERATE (as<std::string>(), "1", "2");
    const auto played = play (writePair ("TestHangInProcessNow"), { "--threads", threads, "--seconds", "0.5" });
    REQUIRE (played.exitCode == 1);
    REQUIRE_THAT (played.err, Contains ("AudioHost: node 3 (TestHangInProcessNow3): has not returned"));
}

TEST_CASE_METHOD (Threads, "threads: a plugin that crashes or exits on a worker is named as on the audio thread")
{
    const auto [name, word] = GENERATE (table<std::string, std::string> (
        { { "TestCrashInProcessNow", "crashed with SIGSEGV" }, { "TestExitInProcessNow", "exit()" } }));
    const auto session = writePair (name);

    for (const auto& arguments :
         std::vector<Arguments>{ { "play", session, "--device", "Virtual", "--seconds", "5", "--bounded", "--threads", "2" },
                                 { "play", session, "--device", "Virtual", "--seconds", "5", "--threads", "2" } })
    {
        CAPTURE (arguments);
        const auto died = run (arguments);
        REQUIRE (died.exitCode == 1);
        REQUIRE_THAT (died.err, Contains ("AudioHost: node 3 (" + name + "3): ") && Contains (word));
    }
}

TEST_CASE_METHOD (Threads, "threads: of many plugins side by side in a render the one that crashes is named")
{
    const auto [name, word] = GENERATE (table<std::string, std::string> (
        { { "TestCrashInProcess", "crashed with SIGSEGV" }, { "TestExitInProcess", "exit()" } }));
    std::string nodes = R"({"id":1,"type":"tone"},{"id":99,"type":"audioOutput"})", wires;

    for (int id = 2; id < 18; ++id)
    {
        nodes += "," + plugin (id, id == 12 ? name : "TestGain");
        wires += (wires.empty() ? "" : ",") + wire ("1:0", std::to_string (id) + ":0") + ","
                 + wire (std::to_string (id) + ":0", "99:0");
    }

    // The first blocks of a graph are shared out, to see whether that is faster; so is the one that dies.
    const auto edits = folder.write ("edits.jsonl", at (1024, R"("do":"set","node":"12","param":"Trigger","value":1)"));
    const auto died = run ({ "render", writeSession (nodes, wires), "--threads", "4", "--seconds", "5", "--output", "x.wav",
                             "--edits", edits });
    REQUIRE (died.exitCode == 1);
    REQUIRE_THAT (died.err, Contains ("AudioHost: node 12 (" + name + "12): ") && Contains (word));
    REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
}

//======================================================================================================================
TEST_CASE_METHOD (Threads, "threads: the report of play has every key, of its kind, and figures that fit together")
{
    const auto played = play (writeBranches(), { "--threads", "2", "--block", "512", "--seconds", "1.5", "--page-faults" });
    REQUIRE (played.exitCode == 0);
    const auto all = readReport();
    const auto contract =
        Arguments{ "blocks",      "sampleRate", "blockSize", "threads", "xruns",     "deadlineMisses", "clipped",
                   "blockMicros", "outputHash", "nodes",     "guard",   "collector", "cache" };
    auto keys = keysOf (all);
    REQUIRE (keys.size() > contract.size());
    REQUIRE (std::equal (contract.begin(), contract.end(), keys.begin()));
    keys.erase (keys.begin(), keys.begin() + int (contract.size()));
    REQUIRE (keys == Arguments{ "latency", "load", "droppedBlocks", "flight" });

    for (const auto* key : { "blocks", "xruns", "deadlineMisses", "clipped", "droppedBlocks" })
        REQUIRE (all[key].is_number_unsigned());

    REQUIRE (all["blocks"] > 50);
    REQUIRE (all["sampleRate"] == 48000);
    REQUIRE (all["blockSize"] == 512);
    REQUIRE (all["threads"] == 2);
    REQUIRE (all["outputHash"].is_null());
    REQUIRE (all["latency"] == 512);
    REQUIRE (all["load"].is_number());
    REQUIRE (all["load"] > 0.0);
    REQUIRE (all["droppedBlocks"] <= all["deadlineMisses"]);
    REQUIRE (all["deadlineMisses"] <= all["blocks"]);

    const auto expectAscending = [] (const Json& micros, const Arguments& names)
    {
        CAPTURE (micros.dump());
        REQUIRE (keysOf (micros) == names);
        auto before = 0.0;

        for (const auto& name : names)
        {
            REQUIRE (micros[name].is_number());
            REQUIRE (micros[name] >= before * 0.93); // percentiles are those of buckets 6 % wide, the greatest is exact
            before = micros[name];
        }

        REQUIRE (before > 0.0);
    };

    expectAscending (all["blockMicros"], { "p50", "p99", "p999", "max" });

    REQUIRE (keysOf (all["guard"])
             == Arguments{ "mode", "total", "host", "suppressed", "violations", "overflow", "suppressions", "pageFaults",
                           "rescue" });
    REQUIRE (keysOf (all["guard"]["pageFaults"]) == Arguments{ "minor", "major", "blocks" });
    REQUIRE (keysOf (all["collector"]) == Arguments{ "allocated", "collected", "pending" });
    REQUIRE (all["collector"]["collected"].get<int>() + all["collector"]["pending"].get<int>()
             <= all["collector"]["allocated"].get<int>());
    REQUIRE (keysOf (all["cache"]) == Arguments{ "hits", "misses", "underruns" });

    // What each node took, of those that are called at all.
    REQUIRE (all["nodes"].size() == 35);
    std::map<int, double> longest;

    for (const auto& node : all["nodes"])
    {
        CAPTURE (node.dump());
        REQUIRE (keysOf (node)
                 == Arguments{ "id", "name", "isolation", "latency", "micros", "crashes", "restarts", "misses",
                               "mutedBlocks", "droppedEvents", "lostSamples", "state" });
        const auto id = node["id"].get<int>();
        const auto isCalled = id != 1 && id != 2 && id != 90 && id != 93;
        REQUIRE (node["state"] == "running");
        REQUIRE (node["isolation"] == "in-process");
        REQUIRE (node["latency"] == (id >= 10 && id < 34 && (id - 10) % 3 == 0 ? (id % 2 == 0 ? 512 : 64) : 0));

        if (isCalled)
        {
            expectAscending (node["micros"], { "p50", "p99", "max" });
            longest[id] = node["micros"]["max"];
            REQUIRE (longest[id] <= all["blockMicros"]["max"].get<double>() * 1.01 + 0.01);
        }
        else
        {
            REQUIRE (node["micros"]["p50"].is_null());
        }
    }

    // The recording knows the same nodes, and no time in it is longer than the longest.
    REQUIRE (all["flight"].is_array());

    for (const auto& recording : all["flight"])
    {
        expectConsistent (recording, 2);

        for (const auto& block : recording)
            for (const auto& run : block["runs"])
                REQUIRE (run["micros"] <= longest.at (run["node"].get<int>()) * 1.001 + 0.01);
    }

    // All that is called is in a whole block, of which there are some.
    const auto& last = all["flight"].back();
    REQUIRE (
        std::any_of (last.begin(), last.end(), [&] (const Json& block) { return block["runs"].size() == longest.size(); }));
}

//======================================================================================================================
TEST_CASE_METHOD (Threads, "threads: the demo renders to the same samples on one thread and on several")
{
    expectSameOnThreads ({ DEMO_SESSION, "--seconds", "6" });
}

TEST_CASE_METHOD (Threads,
                  "threads: branches, latencies, MIDI, a loop and a side-chain are the same on any number of threads")
{
    const auto block = GENERATE (as<std::string>(), "64", "512");
    expectSameOnThreads (
        { writeBranches(), "--input", writeInput (Wav::makeNoise (2, 100000)), "--midi", writeMidi(), "--block", block });
}

TEST_CASE_METHOD (Threads, "threads: edits in the midst of a render are the same on any number of threads")
{
    std::string script;

    // Wires go and come back, nodes come and go, latencies change, MIDI is cut off in the midst of notes.
    for (int i = 0; i < 30; ++i)
    {
        const auto time = 777 + 2999 * i;
        const auto branch = std::to_string (10 + i % 8 * 3);
        const auto id = std::to_string (100 + i);
        script +=
            at (time, R"("do":"add","node":)" + plugin (100 + i, i % 2 == 0 ? "TestLatency512" : "TestDelay"))
            + at (time, change ("connect", branch + ":0", id + ":0")) + at (time, change ("connect", id + ":0", "90:1"))
            + at (time + 100, change ("disconnect", "1:0", branch + ":0"))
            + at (time + 200, change ("connect", "1:0", branch + ":0"))
            + at (time + 700, R"("do":"bypass","id":)" + branch + R"(,"on":true)")
            + at (time + 900, change ("disconnect", "50:midi", "53:midi"))
            + at (time + 1000, R"("do":"set","node":"12","param":"Gain","value":0.)" + std::to_string (10 + i))
            + at (time + 1500, R"("do":"bypass","id":)" + branch + R"(,"on":false)")
            + at (time + 1800, change ("connect", "50:midi", "53:midi")) + at (time + 2500, R"("do":"remove","id":)" + id);
    }

    expectSameOnThreads ({ writeBranches(), "--input", writeInput (Wav::makeNoise (2, 100000)), "--midi", writeMidi(),
                           "--block", "256", "--edits", folder.write ("edits.jsonl", script) });
}
