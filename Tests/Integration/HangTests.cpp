#include "Support/Expect.h"

#include <catch2/catch.hpp>

using Catch::Matchers::Contains;

TEST_CASE_METHOD (
    Program, "hang: a render none of whose blocks ends for 30 s names the node, on one thread and on several, exit code 1")
{
    const auto threads = GENERATE (as<std::string>(), "1", "2", "4");
    std::string nodes = R"({"id":1,"type":"tone"},{"id":99,"type":"audioOutput"})", wires;

    for (int id = 2; id < 10; ++id)
    {
        const auto* name = id == 7 ? "TestHangInProcess" : "TestGain";
        nodes += R"(,{"id":)" + std::to_string (id) + R"(,"type":"plugin","ref":")" + testPlugin (name) + R"("})";
        wires += R"({"from":"1:0","to":")" + std::to_string (id) + R"(:0"},{"from":")" + std::to_string (id)
                 + R"(:0","to":"99:0"})" + (id < 9 ? "," : "");
    }

    const auto session =
        folder.write ("test.audiohost", R"({"audiohost":1,"nodes":[)" + nodes + R"(],"connections":[)" + wires + "]}");

    // The first blocks of a graph are shared out, to see whether that is faster; so is the one that never ends.
    const auto edits = folder.write ("edits.jsonl", R"({"at":1024,"do":"set","node":"7","param":"Trigger","value":1})");
    const auto hung =
        run ({ "render", session, "--threads", threads, "--seconds", "5", "--output", "x.wav", "--edits", edits });
    CAPTURE (threads);
    expectError (hung, 1, "node 7 (TestHangInProcess): has not returned for 30 s");
    REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
}
