// What the guard sees of plugins that break the rules, in whichever way they were linked, and what it tells of it.

#include "Support/Expect.h"
#include "Support/Program.h"

#include <catch2/catch.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <set>

using Catch::Matchers::Contains;
using Json = nlohmann::ordered_json;

#if ! AUDIOHOST_SANITIZED // there the sanitizer's own interceptors stay, and only allocations are seen

namespace
{

struct Guard : Program
{
    /** These tests say themselves which nets are out. */
    Guard() { environment.push_back ("AUDIOHOST_ABORT_ON_HOST_VIOLATIONS"); }

    /** A quarter of a second: 24 blocks. */
    Json render (std::vector<std::string> arguments)
    {
        arguments.insert (arguments.begin(), "render");
        arguments.insert (arguments.end(), { "--seconds", "0.25", "--output", "out.wav", "--report", "report.json" });
        result = run (arguments);
        INFO (result.err);
        REQUIRE (result.exitCode == 0);
        report = Json::parse (readText (folder.path / "report.json"));
        REQUIRE (report["blocks"] == 24);
        return report["guard"];
    }

    /** Node 2 is a gain, 3 the plugin, 4 a gain again, 5 passes sound through. */
    Json renderChain (const std::string& plugin, const std::vector<std::string>& options = {})
    {
        std::vector<std::string> arguments{ "--plugin", testPlugin ("TestGain"), "--plugin", plugin,
                                            "--plugin", testPlugin ("TestGain"), "--plugin", testPlugin ("TestPass") };
        arguments.insert (arguments.end(), options.begin(), options.end());
        return render (arguments);
    }

    Json renderBreaker (const std::string& name, std::vector<std::string> options = {},
                        const std::string& linkage = "Dynamic")
    {
        options.insert (options.end(), { "--set", "3.Trigger=1" });
        return renderChain (testPlugin ("TestBreaks" + linkage) + "#" + name, options);
    }

    ProgramResult result;
    Json report;
};

struct Broken
{
    std::string plugin, place;          ///< the function of its that calls what it must not
    std::vector<std::string> functions; ///< what is seen at least
    int times = 24;                     ///< of each; 0: it differs
};

const std::vector<Broken> brokenByCalls{
    { "Allocate", "allocateMemory", { "malloc" } },
    { "Free", "freeMemory", { "free" } },
    { "Reallocate", "reallocateMemory", { "realloc" } },
    { "Lock", "lockFreeMutex", { "pthread_mutex_lock", "pthread_mutex_unlock" } },
    { "LockContended", "lockHeldMutex", { "pthread_mutex_lock", "pthread_mutex_unlock" }, 0 },
    { "WaitForCondition", "waitForCondition", { "pthread_cond_clockwait" } },
    { "Sleep", "sleepShortly", { "nanosleep" } },
    { "File", "readFile", { "open", "read", "close" } },
    { "Socket", "useSocket", { "socketpair", "send", "recv", "close" } },
    { "Map", "mapMemory", { "mmap", "munmap" } },
    { "Thread", "startThread", { "pthread_create", "pthread_join" } },
    { "Load", "loadLibrary", { "dlopen", "dlclose" } },
    { "Print", "printText", { "printf", "fflush" } },
    { "Stream", "openStream", { "fopen", "fclose" } },
    { "Throw", "throwException", { "malloc", "free" } },
    { "TouchThreadLocal", "touchThreadLocal", { "malloc" }, 1 },
};

const std::vector<Broken> brokenBySystemCalls{
    { "Futex", "callFutex", { "syscall futex" } },
    { "CountProcessors", "countProcessors", { "syscall openat", "syscall read", "syscall close" } },
};

bool contains (const Json& stack, const std::string& word)
{
    return std::any_of (stack.begin(), stack.end(),
                        [&] (const Json& frame) { return frame.get<std::string>().find (word) != std::string::npos; });
}

/** All that was found is node 3's, in its module, with its function in every stack. */
void checkBlame (const Json& guard, const Broken& broken, const std::string& linkage)
{
    std::set<std::string> functions;
    std::uint64_t total = 0;

    for (const auto& violation : guard["violations"])
    {
        INFO (violation.dump (2));
        CHECK (violation["node"] == 3);
        CHECK (violation["by"] == "plugin");
        CHECK (violation["module"] == "TestBreaks" + linkage + ".so");
        CHECK (violation["phase"] == "process");
        CHECK (contains (violation["stack"], broken.place));

        // The plugin does it in its twentieth block, the first of which was its warm-up.
        CHECK (violation["firstBlock"] == (broken.times == 1 ? 18 : 0));

        if (broken.times != 0)
            CHECK (violation["count"] == broken.times);

        functions.insert (violation["function"].get<std::string>());
        total += violation["count"].get<std::uint64_t>();
    }

    for (const auto& function : broken.functions)
    {
        INFO (function);
        CHECK (functions.contains (function));
    }

    CHECK (guard["total"] == total);
    CHECK (guard["host"] == 0);
    CHECK (guard["overflow"] == 0);
}

void checkAll (Guard& program, const std::string& linkage)
{
    for (const auto& broken : brokenByCalls)
    {
        INFO (broken.plugin);
        const auto guard = program.renderBreaker (broken.plugin, {}, linkage);
        checkBlame (guard, broken, linkage);
        CHECK (program.report["nodes"][2]["name"] == broken.plugin);
        CHECK_THAT (program.result.err, Contains ("node 3 (" + broken.plugin + ")"));
    }

    for (const auto& broken : brokenBySystemCalls)
    {
        INFO (broken.plugin);
        CHECK (program.renderBreaker (broken.plugin, {}, linkage)["total"] == 0);
        checkBlame (program.renderBreaker (broken.plugin, { "--guard-syscalls" }, linkage), broken, linkage);
        CHECK_THAT (program.result.err, Contains ("node 3 (" + broken.plugin + ")"));
    }
}

} // namespace

TEST_CASE_METHOD (Guard, "guard: each kind of call is caught, and blamed on the plugin that made it")
{
    checkAll (*this, "Dynamic");
}

TEST_CASE_METHOD (Guard, "guard: each kind of call is caught in plugins that bring their own C++ library")
{
    checkAll (*this, "Static");
}

TEST_CASE_METHOD (Guard, "guard: each kind of call is caught in plugins that are bound to their own symbols")
{
    checkAll (*this, "Symbolic");
}

TEST_CASE_METHOD (Guard, "guard: with the system call net out, what the other net catches is counted once")
{
    for (const auto& broken : brokenByCalls)
    {
        INFO (broken.plugin);
        const auto guard = renderBreaker (broken.plugin, { "--guard-syscalls" });
        checkBlame (guard, broken, "Dynamic");

        for (const auto& violation : guard["violations"])
            CHECK_THAT (violation["function"].get<std::string>(), ! Contains ("syscall"));
    }
}

TEST_CASE_METHOD (Guard, "guard: a lock that had to be waited for is told from one that was free")
{
    // The mutex's holder lets go a millisecond after it has seen somebody wait.
    const auto contended = renderBreaker ("LockContended")["violations"][0];
    REQUIRE (contended["function"] == "pthread_mutex_lock");
    REQUIRE (contended["count"] > 0);
    REQUIRE (contended["contended"] == contended["count"]);
    REQUIRE (contended["worstMicros"] >= 1000.0);

    const auto uncontended = renderBreaker ("Lock")["violations"][0];
    REQUIRE (uncontended["function"] == "pthread_mutex_lock");
    REQUIRE (uncontended["contended"] == 0);
}

TEST_CASE_METHOD (Guard, "guard: nothing is found in plugins that keep to the rules")
{
    for (const auto& options : std::vector<std::vector<std::string>>{ {}, { "--guard-syscalls" } })
    {
        const auto guard = renderChain (testPlugin ("TestSideChain"), options);
        INFO (guard.dump (2));
        REQUIRE (guard["total"] == 0);
        REQUIRE (guard["violations"].empty());
        REQUIRE (result.err.empty());
    }
}

TEST_CASE_METHOD (Guard, "guard: what JUCE's wrapper does is known, counted, and hides nothing of a plugin's")
{
    const auto guard = renderBreaker ("Lock");
    std::uint64_t calls = 0;

    for (const auto& use : guard["suppressions"])
    {
        CHECK (keysOf (use) == std::vector<std::string>{ "origin", "calls" });
        CHECK_THAT (use["origin"].get<std::string>(), Contains ("JUCE") && Contains (".h:"));
        calls += use["calls"].get<std::uint64_t>();
    }

    // The wrapper of each of the four plugins, three times in every block.
    REQUIRE (calls >= 4 * 3 * 24);
    REQUIRE (guard["suppressed"] == calls);
    REQUIRE (guard["suppressions"].size() == 2); // clear() and getEventCount(), each with its lock and its unlock

    // The plugin's own, in the same blocks and of the same functions.
    REQUIRE (guard["total"] == 2 * 24);
    REQUIRE (guard["violations"].size() == 2);
}

TEST_CASE_METHOD (Guard, "guard: the host's own calls are the host's, and end the program where it is asked to be strict")
{
    // It makes an object for the plugin, and takes it back.
    const auto guard = renderBreaker ("AskHost");
    REQUIRE (guard["total"] == 2 * 24);
    REQUIRE (guard["host"] == guard["total"]);
    REQUIRE_THAT (result.err, Contains ("48 of the host's own"));

    for (const auto& violation : guard["violations"])
    {
        REQUIRE (violation["by"] == "host");
        REQUIRE (violation["module"] == "AudioHost");
        REQUIRE (violation["node"] == 3);
        REQUIRE (contains (violation["stack"], "askHostForMessage"));
    }

    environment.push_back ("AUDIOHOST_ABORT_ON_HOST_VIOLATIONS=1");
    const auto render = [this] (const std::string& plugin)
    {
        return run ({ "render", "--plugin", testPlugin ("TestBreaksDynamic") + "#" + plugin, "--set", "2.Trigger=1",
                      "--seconds", "0.1", "--output", "out.wav" });
    };

    const auto aborted = render ("AskHost");
    REQUIRE (aborted.exitCode == 1);
    REQUIRE_THAT (aborted.err, Contains ("node 2 (AskHost) called operator new") && Contains ("createInstance"));

    // A plugin's do not, and of system calls that only the other net sees none is the host's.
    REQUIRE (render ("Allocate").exitCode == 0);
    REQUIRE (render ("CountProcessors").exitCode == 0);
}

TEST_CASE_METHOD (Guard, "guard: suppressions from a file keep quiet what they match, and are counted")
{
    const auto file = folder.write ("my.supp", "# what we know of\n\nfunction: malloc; node: Allocate\nfunction: free\n");

    const auto guard = renderBreaker ("Allocate", { "--suppressions", file });
    REQUIRE (guard["total"] == 0);
    REQUIRE (guard["violations"].empty());
    REQUIRE (result.err.empty());
    REQUIRE (guard["suppressions"].back() == Json ({ { "origin", file + ":3" }, { "calls", 24 } }));

    // Others are told as before.
    REQUIRE (renderBreaker ("Reallocate", { "--suppressions", file })["total"] == 24);
    REQUIRE (renderBreaker ("Allocate")["total"] == 24);

    // Nor do they end the program.
    REQUIRE (renderBreaker ("Allocate", { "--suppressions", file, "--guard", "abort" })["total"] == 0);
}

TEST_CASE_METHOD (Guard, "guard: a suppression file that cannot be read or understood exits 2 and names the line")
{
    const std::vector<std::string> command{ "render",   "--plugin", testPlugin ("TestGain"), "--seconds", "0.1",
                                            "--output", "x.wav",    "--suppressions",        "none.supp" };
    expectError (run (command), 2, "none.supp");

    folder.write ("none.supp", "function: malloc\nfunktion: free\n");
    expectError (run (command), 2, "none.supp: line 2: there is no condition \"funktion\"");

    auto play = command;
    play[0] = "play";
    play.erase (play.begin() + 1, play.begin() + 3);
    play.erase (std::find (play.begin(), play.end(), "--output"), std::find (play.begin(), play.end(), "--suppressions"));
    expectError (run (play), 2, "none.supp: line 2");
}

TEST_CASE_METHOD (Guard, "guard: a net for system calls that the kernel refuses exits 2 and says so")
{
    // As on a kernel that does not know of it.
    beforeExec = []
    {
        std::array<sock_filter, 6> filter{ { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (seccomp_data, nr)),
                                             BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
                                             BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (seccomp_data, args)),
                                             BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SYSCALL_USER_DISPATCH, 0, 1),
                                             BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                                             BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) } };
        const sock_fprog program{ filter.size(), filter.data() };

        if (::prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            ::_exit (125);
    };

    const std::vector<std::string> command{ "render",   "--plugin", testPlugin ("TestGain"), "--seconds", "0.1",
                                            "--output", "x.wav",    "--guard-syscalls" };
    expectError (run (command), 2, "--guard-syscalls: ");

    // Without it all is as ever, also where tests would like to have it.
    environment.push_back ("AUDIOHOST_ABORT_ON_HOST_VIOLATIONS=1");
    expectQuietSuccess (run ({ command.begin(), command.end() - 1 }));
}

TEST_CASE_METHOD (Guard, "guard: what was found is summed up at the end, and told with stacks when asked")
{
    renderBreaker ("Lock");
    REQUIRE_THAT (result.err, Contains ("node 3 (Lock): called what the audio thread must not, 48 times "
                                        "(pthread_mutex_lock, pthread_mutex_unlock)"));
    REQUIRE_THAT (result.err, Contains ("the guard: 48 calls at 2 sites, 0 of the host's own; "));
    REQUIRE_THAT (result.err, ! Contains ("lockFreeMutex"));

    renderBreaker ("Lock", { "--guard", "report" });
    REQUIRE_THAT (result.err, Contains ("node 3 (Lock): called pthread_mutex_lock on the audio thread\n    ")
                                  && Contains ("lockFreeMutex"));
}

TEST_CASE_METHOD (Guard, "guard: page faults are counted when asked for")
{
    REQUIRE (renderBreaker ("Map")["pageFaults"].is_null());

    // A new page in every block; the first block does not count.
    const auto faults = renderBreaker ("Map", { "--page-faults" })["pageFaults"];
    REQUIRE (keysOf (faults) == std::vector<std::string>{ "minor", "major", "blocks" });
    REQUIRE (faults["blocks"] == 23);
    REQUIRE (faults["minor"] >= 23);
}

TEST_CASE_METHOD (Guard, "guard: both other nets are out in live play too")
{
    const auto session = folder.write (
        "live.audiohost",
        R"({"audiohost":1,"nodes":[{"id":6,"type":"plugin","ref":")" + testPlugin ("TestBreaksDynamic")
            + R"(#Map","name":"Map",)" + R"("parameters":{"Trigger":1.0}},{"id":7,"type":"plugin","ref":")"
            + testPlugin ("TestBreaksDynamic")
            + R"(#CountProcessors","name":"Count","parameters":{"Trigger":1.0}},{"id":8,"type":"audioOutput"}],)"
            + R"("connections":[{"from":"6:0","to":"7:0"},{"from":"7:0","to":"8:0"}]})");

    result = run ({ "play", session, "--device", "Virtual", "--seconds", "0.5", "--guard-syscalls", "--page-faults",
                    "--report", "report.json" });
    INFO (result.err);
    REQUIRE (result.exitCode == 0);
    report = Json::parse (readText (folder.path / "report.json"));
    const auto blocks = report["blocks"].get<std::uint64_t>();
    const auto& guard = report["guard"];
    REQUIRE (blocks > 1);
    REQUIRE (guard["pageFaults"]["blocks"] == blocks - 1);
    REQUIRE (guard["pageFaults"]["minor"] >= blocks - 1);
    REQUIRE (guard["host"] == 0);
    REQUIRE (guard["total"] == 5 * blocks); // mmap, munmap, openat, read, close

    for (const auto& violation : guard["violations"])
        REQUIRE ((violation["node"] == 7) == (violation["function"].get<std::string>().starts_with ("syscall ")));
}

TEST_CASE_METHOD (Guard, "guard: a plugin that allocates is rescued, and still told")
{
    REQUIRE (renderBreaker ("Allocate")["rescue"].is_null());

    const auto guard = renderBreaker ("Allocate", { "--guard", "rescue" });
    REQUIRE (guard["mode"] == "rescue");
    REQUIRE (guard["total"] == 24);
    REQUIRE (guard["rescue"]["served"] == 24);
    REQUIRE_THAT (result.err,
                  Contains ("node 3 (Allocate): called malloc on the audio thread") && Contains ("allocateMemory"));

    const auto freed = renderBreaker ("Free", { "--guard", "rescue" })["rescue"];
    REQUIRE (freed["deferred"] == 24);
    REQUIRE (freed["pending"] == 0); // those were done at the end at the latest
}

#endif
