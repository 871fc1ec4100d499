#include "Threads.h"

using Catch::Matchers::Contains;
using namespace threads;

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
        REQUIRE (block["outcome"] == (block["number"] == 0 ? "late" : "busy"));

    // At first the worker may not have come to the node yet.
    REQUIRE (recording.back()["culprit"] == 3);
}

TEST_CASE_METHOD (Threads, "threads: a plugin that hangs on the audio thread itself is named, and the program ends")
{
    const auto threads = GENERATE (as<std::string>(), "1", "2");
    const auto played = play (writePair ("TestHangInProcessNow"), { "--threads", threads, "--seconds", "0.5" });
    REQUIRE (played.exitCode == 1);
    REQUIRE_THAT (played.err, Contains ("AudioHost: node 3 (TestHangInProcessNow3): has not returned"));
}
