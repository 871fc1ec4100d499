#pragma once

#include "Support/Expect.h"
#include "Support/Render.h"

#include <algorithm>
#include <map>
#include <set>

/** Sessions with something to do for several threads, and what they say of it. */
namespace threads
{

using Arguments = std::vector<std::string>;
using Json = nlohmann::ordered_json;

inline std::string plugin (int id, const std::string& name, const std::string& parameters = "")
{
    return R"({"id":)" + std::to_string (id) + R"(,"type":"plugin","name":")" + name + std::to_string (id) + R"(","ref":")"
           + testPlugin (name) + '"' + (parameters.empty() ? "" : R"(,"parameters":{)" + parameters + "}") + "}";
}

inline std::string wire (const std::string& from, const std::string& to)
{
    return R"({"from":")" + from + R"(","to":")" + to + R"("})";
}

inline std::string at (int sample, const std::string& rest)
{
    return R"({"at":)" + std::to_string (sample) + "," + rest + "}\n";
}

inline std::string change (const char* what, const std::string& from, const std::string& to)
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
        UNSCOPED_INFO (played.out << played.err);
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
inline std::map<std::pair<int, int>, int> expectConsistent (const Json& recording, int numThreads)
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
        REQUIRE ((block["culprit"].is_null() || ! isComplete));
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
            REQUIRE (start * 1.001 + 0.01 >= ends[thread]); // two clocks: one for when, one for how long
            REQUIRE (end <= length * 1.01 + 0.01);
            ends[thread] = end;
            ++counts[{ run["node"].get<int>(), thread }];
        }
    }

    return counts;
}

} // namespace threads
