#include "Support/Expect.h"
#include "Support/Render.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>

using Catch::Matchers::Contains;

namespace
{
const std::string out = R"({"id":9,"type":"audioOutput"})";
const std::string toOut = R"({"from":"2:0","to":"9:0"},{"from":"2:1","to":"9:1"})";
} // namespace

TEST_CASE_METHOD (Render, "streams: a file is rendered as it is, its path relative to the session, as long as it plays")
{
    const auto file = Wav::makeNoise (2, 100000);
    std::filesystem::create_directory (folder.path / "stems");
    file.write (folder.file ("stems/in.wav"));
    const auto session = writeSession (R"({"id":2,"type":"filePlayer","file":"stems/in.wav"},)" + out, toOut);
    const auto output = render ({ session, "--bits", "32f" });
    CHECK (output.channels == file.channels);
    CHECK (report["cache"]["hits"].get<int>() + report["cache"]["misses"].get<int>() > 0);
    CHECK (report["cache"]["underruns"] == 0);
    CHECK (report["guard"]["host"] == 0);
    CHECK (report["guard"]["total"] == 0);
}

TEST_CASE_METHOD (Render, "streams: a render is the same for any block size and number of threads")
{
    const auto rate = GENERATE (48000, 44100);
    CAPTURE (rate);
    std::string nodes = out, wires;

    for (int i = 0; i < 4; ++i)
    {
        const auto name = "in" + std::to_string (i) + ".wav", id = std::to_string (20 + i);
        Wav::makeNoise (2, 60000 + 7000 * std::size_t (i), 24, rate).write (folder.file (name));
        nodes += R"(,{"id":)" + id + R"(,"type":"filePlayer","file":")" + name + R"(","start":0.)" + std::to_string (i)
                 + R"(,"loop":)" + (i % 2 == 0 ? "true" : "false") + "}";
        wires += (i == 0 ? "" : ",") + (R"({"from":")" + id + R"(:0","to":"9:0"},{"from":")" + id + R"(:1","to":"9:1"})");
    }

    const auto session = writeSession (nodes, wires);
    std::string hash;

    for (const auto* block : { "1", "17", "64", "512", "4096", "16384" })
        for (const auto* threads : { "1", "2", "4" })
        {
            CAPTURE (block, threads);
            render (
                { session, "--seconds", "3", "--rate", "48000", "--bits", "32f", "--block", block, "--threads", threads });
            CHECK (report["cache"]["underruns"] == 0);
            CHECK (report["guard"]["host"] == 0);

            if (hash.empty())
                hash = report["outputHash"];

            REQUIRE (report["outputHash"] == hash);
        }
}

TEST_CASE_METHOD (Render, "streams: a file that is not there leaves its node silent, and the render fails")
{
    const auto session = writeSession (R"({"id":2,"type":"filePlayer","file":"gone.wav"},)" + out, toOut);
    const auto output = render ({ session, "--seconds", "0.1" }, 1);
    CHECK (output.peak() == 0.0f);
    CHECK (report["nodes"][0]["state"] == "missing");
    CHECK (report["cache"]["underruns"].is_null());
    CHECK_THAT (result.err, Contains ("node 2 (filePlayer) is missing and stays silent: ")
                                && Contains ("gone.wav: there is no such file"));

    folder.write ("text.wav", "this is no sound");
    render ({ writeSession (R"({"id":2,"type":"filePlayer","file":"text.wav"},)" + out, toOut), "--seconds", "0.1" }, 1);
    CHECK_THAT (result.err, Contains ("text.wav: is no audio file this program can read"));

    // A recorder in a folder that is not there.
    render ({ writeSession (R"({"id":2,"type":"recorder","file":"nowhere/take.wav"},)" + out, ""), "--seconds", "0.1" }, 1);
    CHECK_THAT (result.err, Contains ("nowhere/take.wav: cannot be recorded to: "));
}

TEST_CASE_METHOD (Render, "streams: a recorder records what is rendered")
{
    const auto file = Wav::makeNoise (2, 200000);
    file.write (folder.file ("in.wav"));
    const auto session =
        writeSession (R"({"id":2,"type":"filePlayer","file":"in.wav"},{"id":3,"type":"recorder","file":"take.wav"},)" + out,
                      toOut + R"(,{"from":"2:0","to":"3:1"},{"from":"2:1","to":"3:0"})");
    const auto block = GENERATE (as<std::string>(), "64", "4096");
    const auto output = render ({ session, "--bits", "32f", "--block", block });
    const auto take = Wav::read (folder.file ("take.wav"));
    CHECK (output.channels == file.channels);
    CHECK (take.rate == 48000);
    REQUIRE (take.channels.size() == 2);
    CHECK (take.channels[0] == file.channels[1]);
    CHECK (take.channels[1] == file.channels[0]);
    CHECK (report["nodes"][1]["lostSamples"] == 0);
    CHECK (report["guard"]["host"] == 0);
}

TEST_CASE_METHOD (Render, "streams: a recorder records silence, too, to the sample")
{
    // Nodes whose input has been silent for a while come to rest; a recorder must not: it would close the gap.
    auto file = Wav::makeNoise (2, 500001);

    for (auto& channel : file.channels)
    {
        std::fill (channel.begin() + 30003, channel.begin() + 330007, 0.0f); // more than six seconds
        std::fill (channel.begin() + 350011, channel.end(), 0.0f);
    }

    file.write (folder.file ("in.wav"));
    const auto session =
        writeSession (R"({"id":2,"type":"filePlayer","file":"in.wav"},{"id":3,"type":"recorder","file":"take.wav"},)" + out,
                      toOut + R"(,{"from":"2:0","to":"3:0"},{"from":"2:1","to":"3:1"})");
    render ({ session, "--bits", "32f", "--block", "64" });
    const auto take = Wav::read (folder.file ("take.wav"));
    REQUIRE (take.length() == file.length());
    CHECK (take.channels == file.channels);
    CHECK (report["nodes"][1]["lostSamples"] == 0);
}

TEST_CASE_METHOD (Render, "streams: a recorder that nothing is wired to records silence")
{
    const auto session = writeSession (R"({"id":3,"type":"recorder","file":"take.wav"},)" + out, "");
    render ({ session, "--seconds", "5", "--rate", "48000" });
    const auto take = Wav::read (folder.file ("take.wav"));
    CHECK (take.length() == 240000);
    CHECK (take.peak() == 0.0f);
}

TEST_CASE_METHOD (Render, "streams: a disk that is full is told, and the render fails")
{
    const auto session = writeSession (R"({"id":2,"type":"tone"},{"id":3,"type":"recorder","file":"/dev/full"},)" + out,
                                       toOut + R"(,{"from":"2:0","to":"3:0"})");
    render ({ session, "--seconds", "1" }, 1);
    CHECK_THAT (result.err, Contains ("/dev/full: cannot be recorded to: No space left on device"));
}

TEST_CASE_METHOD (Render, "streams: after kill -9 a recording can be read, and is what was played")
{
    const auto session = writeSession (
        R"({"id":2,"type":"tone","parameters":{"Shape":"noise"}},{"id":3,"type":"recorder","file":"take.wav"},)" + out,
        toOut + R"(,{"from":"2:0","to":"3:0"},{"from":"2:1","to":"3:1"})");
    const auto take = folder.path / "take.wav";
    const auto killed =
        runAndSignalWhen ({ "play", session, "--device", "Virtual", "--rate", "48000", "--block", "64" }, SIGKILL,
                          [&] { return std::filesystem::exists (take) && std::filesystem::file_size (take) > 500000; });
    REQUIRE (killed.signal == SIGKILL);
    const auto recorded = Wav::read (take.string());
    REQUIRE (recorded.channels.size() == 2);
    REQUIRE (recorded.length() > 60000);

    const auto whole = render ({ session, "--seconds", "20", "--rate", "48000", "--bits", "32f", "--block", "64" });
    REQUIRE (whole.length() > recorded.length());

    // Playing fades in from nothing; after that it is the same.
    std::size_t numOther = 0;

    for (std::size_t i = 0; i < recorded.length(); ++i)
        numOther += recorded.channels[0][i] == whole.channels[0][i] ? 0u : 1u;

    CHECK (numOther <= 256);
}

TEST_CASE_METHOD (Program, "streams: live, a file plays from the first block on, without a violation")
{
    Wav::makeNoise (2, 480000, 16, 44100).write (folder.file ("in.wav"));
    const auto session = folder.write ("test.audiohost",
                                       R"({"audiohost":1,"nodes":[{"id":2,"type":"filePlayer","file":"in.wav","loop":true},)"
                                           + out + R"(],"connections":[)" + toOut + "]}");
    const auto result = run ({ "play", session, "--device", "Virtual", "--rate", "48000", "--block", "64", "--seconds", "3",
                               "--report", "report.json" });
    CHECK (result.exitCode == 0);
    const auto report = nlohmann::ordered_json::parse (readText (folder.path / "report.json"));
    CHECK (report["cache"]["hits"].get<int>() > 8);
    CHECK (report["cache"]["misses"] == 0);
    CHECK (report["cache"]["underruns"] == 0);
    CHECK (report["guard"]["total"] == 0);
}
