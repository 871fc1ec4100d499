#include "Threads.h"

using Catch::Matchers::Contains;
using namespace threads;

TEST_CASE_METHOD (Threads, "threads: a plugin that crashes or exits on a worker is named as on the audio thread")
{
    const auto [name, word] = GENERATE (table<std::string, std::string> (
        { { "TestCrashInProcessNow", "crashed with SIGSEGV" },
          { "TestOverflowInProcessNow", "crashed with SIGSEGV" },
          { "TestExitInProcessNow", "exit()" } }));
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

    // Other threads are inside plugins still: none of their objects may end before the program does.
    REQUIRE_THAT (died.err, ! Contains ("objects have ended"));
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
