#include "Support/Render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace
{

std::string latencyPlugin (int id, int latency)
{
    return R"({"id":)" + std::to_string (id) + R"(,"type":"plugin","ref":")"
           + testPlugin (latency == 0 ? "TestPass" : "TestLatency" + std::to_string (latency)) + R"("})";
}

std::string at (std::size_t sample, const std::string& rest)
{
    return R"({"at":)" + std::to_string (sample) + "," + rest + "}\n";
}

/** Layers of plugins, each with a latency by chance, and each fed by some of the layer before; the last ones through gains, each
    twice the one before, into the output's left channel. What the output should be is the number of ways to each gain.

    MIDI goes to an instrument straight, and by way of a plugin that waits for sound that is late; both play into the right channel. */
struct Latencies : Render
{
    static constexpr int numLayers = 4, numInLayer = 4, firstPlugin = 10, firstGain = 60, output = 90;
    static constexpr std::size_t distance = 12000; ///< between impulses, in samples; a note is at each as well

    /** @param addedToFirst  what there is before the first plugin is late by so much; only for the latency that there would be */
    void makeSession (unsigned seed, int addedToFirst = 0)
    {
        std::mt19937 random (seed);
        const auto draw = [&] (int most) { return int (random() % unsigned (most + 1)); };
        std::string nodes = R"({"id":1,"type":"audioInput"},{"id":2,"type":"midiInput"},{"id":90,"type":"audioOutput"})",
                    wires;
        std::vector<int> ways (firstPlugin + numLayers * numInLayer), arrivals (ways.size()), departures (ways.size());
        expected = 0.0f;
        latency = 0;

        const auto connect = [&] (const std::string& from, const std::string& to)
        { wires += (wires.empty() ? "" : ",") + (R"({"from":")" + from + R"(","to":")" + to + R"("})"); };
        const auto port = [] (int id, const char* channel) { return std::to_string (id) + ":" + channel; };

        for (int layer = 0; layer < numLayers; ++layer)
        {
            for (int i = 0; i < numInLayer; ++i)
            {
                const auto id = firstPlugin + layer * numInLayer + i;
                const auto own = std::array{ 0, 64, 512 }[std::size_t (draw (2))];
                nodes += "," + latencyPlugin (id, own);

                if (layer == 0)
                {
                    connect ("1:0", port (id, "0"));
                    ways[std::size_t (id)] = 1;
                    arrivals[std::size_t (id)] = i == 0 ? addedToFirst : 0;
                }

                for (int before = 0; layer > 0 && before < numInLayer; ++before)
                {
                    // The one above is always among them.
                    if (before != i && draw (2) != 0)
                        continue;

                    const auto source = id - i - numInLayer + before;
                    connect (port (source, "0"), port (id, "0"));
                    ways[std::size_t (id)] += ways[std::size_t (source)];
                    arrivals[std::size_t (id)] = std::max (arrivals[std::size_t (id)], departures[std::size_t (source)]);
                }

                departures[std::size_t (id)] = arrivals[std::size_t (id)] + own;

                if (layer < numLayers - 1)
                    continue;

                const auto gain = std::ldexp (1.0f, i - numInLayer);
                nodes += R"(,{"id":)" + std::to_string (firstGain + i) + R"(,"type":"gain","parameters":{"Gain":)"
                         + std::to_string (gain) + "}}";
                connect (port (id, "0"), port (firstGain + i, "0"));
                connect (port (firstGain + i, "0"), port (output, "0"));
                expected += float (ways[std::size_t (id)]) * gain;
                latency = std::max (latency, departures[std::size_t (id)]);
            }
        }

        const auto withPlugin = [&] (int id, const std::string& name)
        { nodes += R"(,{"id":)" + std::to_string (id) + R"(,"type":"plugin","ref":")" + testPlugin (name) + R"("})"; };
        withPlugin (80, "TestPass");
        withPlugin (81, "TestSynth");
        withPlugin (82, "TestSynth");
        nodes += "," + latencyPlugin (83, 64);
        const auto late = firstPlugin + (numLayers - 2) * numInLayer + draw (numInLayer - 1);
        connect (port (late, "0"), "80:0");
        connect ("2:midi", "80:midi");
        connect ("80:midi", "81:midi");
        connect ("81:0", "83:0");
        connect ("83:0", "90:1");
        connect ("2:midi", "82:midi");
        connect ("82:0", "90:1");
        latency = std::max (latency, departures[std::size_t (late)] + 64);
        session = writeSession (nodes, wires);
    }

    /** An impulse and a note at each multiple of the distance. */
    std::vector<std::string> withInputs (std::size_t length, std::size_t numNotes)
    {
        auto input = Wav::make (1, length, [] (int, std::size_t i) { return i > 0 && i % distance == 0 ? 1.0f : 0.0f; });
        // A quarter note is half a second, of 480 ticks: a tick is 50 samples.
        std::string track;
        const auto addTime = [&] (std::size_t ticks) { track += { char (0x80 | (ticks >> 7)), char (ticks & 0x7f) }; };

        for (std::size_t i = 0; i < numNotes; ++i)
        {
            addTime (i == 0 ? distance / 50 : distance / 50 - 20);
            track += "\x90\x3c\x7f";
            addTime (20);
            track += std::string ("\x80\x3c\0", 3);
        }

        track += std::string ("\0\xff\x2f\0", 4);
        const auto midi = folder.write ("notes.mid", std::string ("MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0", 20)
                                                         + char (track.size() >> 8) + char (track.size()) + track);
        return { session,  "--input",   writeInput (input),
                 "--midi", midi,        "--bits",
                 "32f",    "--seconds", std::to_string (double (length) / 48000.0) };
    }

    /** Requires both impulses at this sample, and nothing else so near to it. */
    void expectImpulses (const Wav& sound, std::size_t sample, float left)
    {
        const auto begin = sample - distance / 4, end = std::min (sample + distance / 4, sound.length());

        for (auto i = begin; i < end; ++i)
        {
            const auto isThere = i == sample;

            if (sound.channels[0][i] != (isThere ? left : 0.0f) || sound.channels[1][i] != (isThere ? 2.0f : 0.0f))
            {
                CAPTURE (sample, i, sound.channels[0][i], sound.channels[1][i], left);
                REQUIRE (sound.channels[0][i] == (isThere ? left : 0.0f));
                REQUIRE (sound.channels[1][i] == (isThere ? 2.0f : 0.0f));
            }
        }
    }

    std::string session;
    float expected = 0.0f; ///< of an impulse of 1
    int latency = 0;
};

} // namespace

TEST_CASE_METHOD (Latencies,
                  "latency: impulses and notes line up to the sample on all ways through graphs of random latencies")
{
    for (unsigned seed = 1; seed <= 6; ++seed)
    {
        makeSession (seed);
        auto arguments = withInputs (4 * distance, 3);
        const auto* threads = seed % 2 == 0 ? "1" : "3";
        const auto* block = seed % 3 == 0 ? "64" : seed % 3 == 1 ? "512" : "333";
        arguments.insert (arguments.end(), { "--threads", threads, "--block", block });
        CAPTURE (seed, threads, block);
        const auto sound = render (arguments);
        REQUIRE (report["latency"] == latency);

        for (std::size_t i = 1; i < 4; ++i)
            expectImpulses (sound, i * distance, expected);
    }
}

TEST_CASE_METHOD (Latencies,
                  "latency: all lines up again after an edit has made a way longer, and after one has made it shorter")
{
    constexpr std::size_t longer = 3 * distance + distance / 2, shorter = 6 * distance + distance / 2;
    constexpr int added = 512;

    // The whole input goes through one more plugin to the first of the layer, and then as before.
    const auto first = std::to_string (firstPlugin) + ":0";
    const auto change = [] (const char* what, const std::string& from, const std::string& to)
    { return R"("do":")" + std::string (what) + R"(","from":")" + from + R"(","to":")" + to + '"'; };
    const auto script = folder.write (
        "edits.jsonl", at (longer, R"("do":"add","node":)" + latencyPlugin (70, added))
                           + at (longer, change ("disconnect", "1:0", first))
                           + at (longer, change ("connect", "1:0", "70:0")) + at (longer, change ("connect", "70:0", first))
                           + at (shorter, R"("do":"remove","id":70)") + at (shorter, change ("connect", "1:0", first)));
    int numGrown = 0;

    for (unsigned seed = 11; seed < 18; ++seed)
    {
        // Where others are late anyway, the graph need not be later than before.
        makeSession (seed, added);
        const auto latencyBetween = latency;
        makeSession (seed);
        const auto grown = std::size_t (latencyBetween - latency);
        numGrown += grown > 0 ? 1 : 0;

        const auto* threads = seed % 2 == 0 ? "1" : "3";
        auto arguments = withInputs (10 * distance, 9);
        arguments.insert (arguments.end(), { "--threads", threads, "--edits", script });
        CAPTURE (seed, threads, grown);
        const auto sound = render (arguments);
        REQUIRE (report["latency"] == latency);

        for (std::size_t i = 1; i < 10; ++i)
        {
            // Those that are under way while it changes come out along the old ways and the new ones.
            if (i == 3 || i == 6)
                continue;

            CAPTURE (i);
            expectImpulses (sound, i * distance + (i > 3 && i < 6 ? grown : 0), expected);
        }
    }

    REQUIRE (numGrown >= 2);
}

TEST_CASE_METHOD (Render, "latency: a parameter's change meets the sound that was at the input when it was made")
{
    const auto block = GENERATE (as<std::string>(), "64", "512", "4096");
    const auto chain =
        writeSession (R"({"id":1,"type":"audioInput"},)" + latencyPlugin (2, 512) + "," + latencyPlugin (3, 64)
                          + R"(,{"id":4,"type":"plugin","ref":")" + testPlugin ("TestGain")
                          + R"("},{"id":5,"type":"gain"},{"id":6,"type":"audioOutput"})",
                      R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"3:0","to":"4:0"},)"
                      R"({"from":"4:0","to":"5:0"},{"from":"5:0","to":"6:0"})");

    // `at` counts rendered samples: the input's.
    const auto script =
        folder.write ("edits.jsonl", at (3000, R"("do":"set","node":"4","param":"Gain","value":0.5)")
                                         + at (6000, R"("do":"set","node":"5","param":"Gain","value":0.25)"));
    const auto input = Wav::makeNoise (1, 10000);
    const auto sound =
        render ({ chain, "--input", writeInput (input), "--bits", "32f", "--edits", script, "--block", block });
    REQUIRE (report["latency"] == 576);

    for (std::size_t i = 0; i < 10000; ++i)
    {
        // The built-in one goes there in 256 samples, of which the first is this one.
        if (i >= 6000 && i < 6256)
            continue;

        const auto gain = i < 3000 ? 1.0f : i < 6000 ? 0.5f : 0.125f;

        if (sound.channels[0][i] != input.channels[0][i] * gain)
        {
            CAPTURE (i, gain);
            REQUIRE (sound.channels[0][i] == input.channels[0][i] * gain);
        }
    }

    REQUIRE (sound.channels[0][6001] != input.channels[0][6001] * 0.5f);
}
