#include "Support/Program.h"
#include "Support/Wav.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace
{

struct Play : Program
{
    nlohmann::ordered_json readReport() const
    {
        return nlohmann::ordered_json::parse (readText (folder.path / "report.json"));
    }
};

/** A JACK server of our own, under a name of its own. */
class JackServer
{
public:
    JackServer (int rate, int frames)
    {
        server = ::fork();

        if (server == 0)
        {
            const auto r = std::to_string (rate), f = std::to_string (frames);
            (void) ! ::freopen ("/dev/null", "w", stdout);
            (void) ! ::freopen ("/dev/null", "w", stderr);
            ::execlp ("jackd", "jackd", "-n", name, "-R", "-P", "70", "-d", "dummy", "-r", r.c_str(), "-p", f.c_str(),
                      nullptr);
            ::_exit (127);
        }

        // Ready when a client of the server's own tools gets an answer.
        for (int i = 0; i < 200 && ! isReady; ++i)
        {
            std::this_thread::sleep_for (std::chrono::milliseconds (50));
            isReady =
                std::system (
                    (std::string ("JACK_DEFAULT_SERVER=") + name + " jack_wait -c 2>/dev/null | grep -q '^running'").c_str())
                == 0;
        }
    }

    ~JackServer()
    {
        ::kill (server, SIGKILL);
        ::waitpid (server, nullptr, 0);
    }

    JackServer (const JackServer&) = delete;
    JackServer& operator= (const JackServer&) = delete;

    void kill() const { ::kill (server, SIGKILL); }

    static constexpr auto* name = "audiohost-test";
    bool isReady = false;

private:
    pid_t server = -1;
};

} // namespace

TEST_CASE_METHOD (Play, "play: the demo on the Virtual device, with a report")
{
    const auto result = run ({ "play", DEMO_SESSION, "--device", "Virtual", "--rate", "44100", "--block", "128", "--seconds",
                               "2", "--report", "report.json" });
    INFO (result.err);
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.out, Contains ("Playing Demo on Virtual") && Contains ("44.1 kHz") && Contains ("128 samples"));

    const auto report = readReport();
    REQUIRE (report["sampleRate"] == 44100);
    REQUIRE (report["blockSize"] == 128);
    REQUIRE (report["blocks"] > 300); // 689 in 2 s; a busy machine may lose some
    REQUIRE (report["xruns"].is_number());
    REQUIRE (report["deadlineMisses"].is_number());
    REQUIRE (report["outputHash"].is_null());
    REQUIRE (report["guard"]["total"] == 0); // neither we nor our plugins allocate on the audio thread
    REQUIRE (report["collector"]["pending"] == 0);
}

TEST_CASE_METHOD (Play, "play: without a session it is the demo, and without hardware the Virtual device, which it says")
{
    const auto result = run ({ "play", "--seconds", "0.3" });
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.out, StartsWith ("Playing Demo on "));
}

TEST_CASE_METHOD (Play, "play: demo and plugins are found beside the program when the shell finds it on its PATH")
{
    const auto folderOfBinary = std::filesystem::path (binary).parent_path().string();
    binary = "/usr/bin/env";
    environment.push_back ("PATH=" + folderOfBinary + ":/usr/bin:/bin");
    const auto result = run ({ "AudioHost", "play", "--device", "Virtual", "--seconds", "0.3" });
    INFO (result.err);
    REQUIRE (result.exitCode == 0);
}

TEST_CASE_METHOD (Play, "play: Ctrl-C and SIGTERM end it cleanly")
{
    const auto signal = GENERATE (SIGINT, SIGTERM);
    const auto result = runAndSignal ({ "play", DEMO_SESSION, "--device", "Virtual", "--report", "report.json" }, signal,
                                      std::chrono::seconds (1));
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.out, Contains ("Played"));
    REQUIRE (readReport()["blocks"] > 0);
}

TEST_CASE_METHOD (Play, "play: what sounds above +12 dBFS is limited and counted")
{
    const auto session = folder.write (
        "loud.audiohost",
        R"({"audiohost":1,"nodes":[{"id":1,"type":"tone","parameters":{"Shape":"square","Level":1.0}},{"id":2,"type":"gain","parameters":{"Gain":4.0}},{"id":3,"type":"gain","parameters":{"Gain":4.0}},{"id":4,"type":"audioOutput"}],)"
        R"("connections":[{"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"},{"from":"3:0","to":"4:0"}]})");
    const auto result = run ({ "play", session, "--device", "Virtual", "--seconds", "0.5", "--report", "report.json" });
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.err, Contains ("+12 dBFS"));
    REQUIRE (readReport()["clipped"] > 1000);
}

TEST_CASE_METHOD (Play, "play: who makes blocks late is named in a log, too, though nobody asked for times")
{
    const auto session = folder.write (
        "slow.audiohost",
        R"({"audiohost":1,"nodes":[{"id":7,"type":"plugin","ref":")" + testPlugin ("TestMischief")
            + R"(#IsSlow","name":"Slow One"},{"id":8,"type":"audioOutput"}],"connections":[{"from":"7:0","to":"8:0"}]})");
    const auto result = run ({ "play", session, "--device", "Virtual", "--block", "64", "--seconds", "1.5" });
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.err, Contains ("was late (") && Contains ("node 7 (Slow One) took "));
}

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own allocator is in between, and stacks and blame differ
TEST_CASE_METHOD (Play, "play: a plugin that allocates is named, and with --guard report its stack is told while it plays")
{
    const auto session = folder.write (
        "bad.audiohost",
        R"({"audiohost":1,"nodes":[{"id":7,"type":"plugin","ref":")" + testPlugin ("TestAllocates")
            + R"(","name":"Bad One"},{"id":8,"type":"audioOutput"}],"connections":[{"from":"7:0","to":"8:0"}]})");
    const auto result =
        run ({ "play", session, "--device", "Virtual", "--seconds", "0.5", "--guard", "report", "--report", "report.json" });
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.err, Contains ("node 7 (Bad One): called malloc") && Contains ("allocateInProcess"));
    REQUIRE (readReport()["guard"]["total"] > 0);
    REQUIRE (readReport()["guard"]["host"] == 0);

    const auto aborted = run ({ "play", session, "--device", "Virtual", "--seconds", "5", "--guard", "abort" });
    REQUIRE (aborted.exitCode == 1);
}
#endif

TEST_CASE_METHOD (Play, "play: a missing plugin is told, the rest plays, and the exit code is 1")
{
    const auto session = folder.write (
        "lost.audiohost",
        R"({"audiohost":1,"nodes":[{"id":1,"type":"plugin","ref":"VST3:00000000000000000000000000000000","name":"Lost"},{"id":2,"type":"audioOutput"}],"connections":[{"from":"1:0","to":"2:0"}]})");
    const auto result = run ({ "play", session, "--device", "Virtual", "--seconds", "0.3" });
    REQUIRE (result.exitCode == 1);
    REQUIRE_THAT (result.err, Contains ("node 1 (Lost) is missing"));
    REQUIRE_THAT (result.out, Contains ("Played"));
}

TEST_CASE_METHOD (Play, "play: a crash names its node, exit code 1")
{
    const auto name = std::string (GENERATE ("TestCrashInProcessNow", "TestOverflowInProcessNow"));
    const auto session =
        folder.write ("crash.audiohost",
                      R"({"audiohost":1,"nodes":[{"id":5,"type":"plugin","ref":")" + testPlugin (name)
                          + R"("},{"id":8,"type":"audioOutput"}],"connections":[{"from":"5:0","to":"8:0"}]})");
    const auto result = run ({ "play", session, "--device", "Virtual", "--seconds", "2" });
    REQUIRE (result.exitCode == 1);
    REQUIRE_THAT (result.err, Contains ("node 5 (" + name + ")") && Contains ("SIGSEGV"));
}

TEST_CASE_METHOD (Play, "play: --bounded needs a second processor, and says so")
{
    // Children may use what the parent may.
    cpu_set_t before, one;
    REQUIRE (::sched_getaffinity (0, sizeof (before), &before) == 0);
    CPU_ZERO (&one);

    for (std::size_t i = 0; i < CPU_SETSIZE && CPU_COUNT (&one) == 0; ++i)
        if (CPU_ISSET (i, &before))
            CPU_SET (i, &one);

    REQUIRE (::sched_setaffinity (0, sizeof (one), &one) == 0);
    const auto bounded = run ({ "play", DEMO_SESSION, "--bounded", "--seconds", "1" });
    const auto plain = run ({ "play", DEMO_SESSION, "--seconds", "0.3", "--report", "report.json" });
    REQUIRE (::sched_setaffinity (0, sizeof (before), &before) == 0);

    REQUIRE (bounded.exitCode == 2);
    REQUIRE_THAT (bounded.err, Contains ("--bounded") && Contains ("second processor"));

    // Without it there are as many threads as processors.
    REQUIRE (plain.exitCode == 0);
    REQUIRE (nlohmann::ordered_json::parse (readText (folder.path / "report.json"))["threads"] == 1);
}

TEST_CASE_METHOD (Play, "play: wrong devices, and what does not exist yet, exit 2")
{
    for (const auto& [options, word] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{ { { "--device", "Nonsense" }, "Virtual" },
                                                                        { { "--device", "Virtual:Nonsense" }, "Nonsense" },
                                                                        { { "--bounded", "--threads", "1" }, "--threads 2" },
                                                                        { { "--osc", "9000" }, "not exist yet" },
                                                                        { { "--threads", "65" }, "out of range" },
                                                                        { { "--guard", "maybe" }, "maybe" } })
    {
        std::vector<std::string> arguments{ "play", DEMO_SESSION, "--seconds", "1" };
        arguments.insert (arguments.end(), options.begin(), options.end());
        const auto result = run (arguments);
        CAPTURE (options, result.err);
        REQUIRE (result.exitCode == 2);
        REQUIRE_THAT (result.err, StartsWith ("AudioHost: ") && Contains (word));
    }
}

TEST_CASE_METHOD (Play, "play: the demo on a real JACK server of 64 frames", "[jack]")
{
    const JackServer server (48000, 64);
    REQUIRE (server.isReady);
    environment.push_back (std::string ("JACK_DEFAULT_SERVER=") + JackServer::name);

    const auto result = run ({ "play", DEMO_SESSION, "--device", "JACK", "--seconds", "5", "--report", "report.json" });
    INFO (result.err);
    REQUIRE (result.exitCode == 0);
    REQUIRE_THAT (result.out, Contains ("JACK") && Contains ("48 kHz") && Contains ("64 samples"));

    const auto report = readReport();
    REQUIRE (report["blockSize"] == 64);
    REQUIRE (report["blocks"] > 1500); // 3750 in 5 s
    REQUIRE (report["guard"]["total"] == 0);
}

TEST_CASE_METHOD (Play, "play: when the JACK server dies it says so and ends", "[jack]")
{
    const JackServer server (48000, 256);
    REQUIRE (server.isReady);
    environment.push_back (std::string ("JACK_DEFAULT_SERVER=") + JackServer::name);

    std::thread killer (
        [&]
        {
            std::this_thread::sleep_for (std::chrono::seconds (3));
            server.kill();
        });
    const auto result = run ({ "play", DEMO_SESSION, "--device", "JACK" }, std::chrono::seconds (40));
    killer.join();
    REQUIRE_FALSE (result.timedOut);
    REQUIRE (result.exitCode == 1);
    REQUIRE_THAT (result.err, Contains ("JACK"));
}
