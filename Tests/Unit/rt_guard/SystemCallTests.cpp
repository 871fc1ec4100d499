#include "Child.h"
#include "Helpers.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <thread>

namespace guard = rt::guard;

#if defined(__x86_64__)

namespace
{

/** As a plugin might do it, past the C library. Kept apart so that a stack can name it. */
[[gnu::noinline]] long callKernel (long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0)
{
    long result = number;
    register long r10 asm ("r10") = d;
    register long r8 asm ("r8") = e;
    register long r9 asm ("r9") = f;
    asm volatile ("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

long addressOf (const void* object) { return static_cast<long> (reinterpret_cast<std::uintptr_t> (object)); }

/** The net while it lives. It cannot be had everywhere: in a sanitizer's build, or under valgrind. */
class Net
{
public:
    Net() : reason (guard::SystemCallNet::setEnabled (true)) {}
    ~Net() { guard::SystemCallNet::setEnabled (false); }

    Net (const Net&) = delete;
    Net& operator= (const Net&) = delete;

    bool isOut() const
    {
        if (! reason.empty())
            WARN ("The system call net is not tested here: " << reason);

        return reason.empty();
    }

private:
    std::string reason;
};

std::map<std::string, std::uint64_t> countCalls()
{
    std::map<std::string, std::uint64_t> counts;

    for (const auto& violation : guard::getSnapshot().violations)
        counts[violation.function] += violation.count;

    return counts;
}

using Counts = std::map<std::string, std::uint64_t>;

} // namespace

TEST_CASE ("Where it can be had is known: everywhere but under sanitizers and emulators")
{
    const Net net;

    // valgrind preloads a library.
    const auto isEmulated = std::getenv ("LD_PRELOAD") != nullptr;
    CHECK (guard::SystemCallNet::isEnabled() == (isInterposed && ! isEmulated));
}

TEST_CASE ("System calls are caught whichever way they were made, once, with result, node and stack")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    long process = 0, bad = 0, memory = 0;

    {
        const guard::RealtimeScope scope (9);
        const guard::NodeScope node (5, guard::Phase::midi);
        process = callKernel (SYS_getpid);
        bad = callKernel (SYS_close, -1);

        // Six arguments.
        memory = callKernel (SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }

    CHECK (process == ::getpid());
    CHECK (bad == -EBADF);
    REQUIRE (memory > 0);
    *reinterpret_cast<char*> (memory) = 1;
    ::munmap (reinterpret_cast<void*> (memory), 4096);

    const auto snapshot = guard::getSnapshot();
    CHECK (countCalls() == Counts{ { "syscall getpid", 1 }, { "syscall close", 1 }, { "syscall mmap", 1 } });

    for (const auto& violation : snapshot.violations)
    {
        CHECK (violation.node == 5);
        CHECK (violation.phase == guard::Phase::midi);
        CHECK (violation.firstBlock == 9);
        CHECK (violation.by == "host");
        REQUIRE (! violation.stack.empty());
        CHECK (violation.stack[0].find ("callKernel") != std::string::npos);
    }
}

TEST_CASE ("Outside scopes, and on threads that open none, system calls pass")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);
        std::thread* other = nullptr;

        {
            const guard::Permit permit;
            callKernel (SYS_getppid);
            other = new std::thread ([] { callKernel (SYS_getppid); });
            other->join();
            delete other;
        }
    }

    callKernel (SYS_getppid);
    CHECK (guard::getViolationCount() == 0);

    // It is there, though.
    {
        const guard::RealtimeScope scope (1);
        callKernel (SYS_getppid);
    }

    CHECK (countCalls() == Counts{ { "syscall getppid", 1 } });
}

TEST_CASE ("What the first net records the second does not count again, and what the C library hides the second finds")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);
        const auto file = ::open ("/dev/null", O_WRONLY);
        const auto written = ::write (file, "x", 1);
        ::close (file);
        ::sched_yield();
        keep (&written);
    }

    CHECK (countCalls() == Counts{ { "open", 1 }, { "write", 1 }, { "close", 1 }, { "sched_yield", 1 } });
    guard::reset();

    {
        const guard::RealtimeScope scope (1);
        ::sysconf (_SC_NPROCESSORS_ONLN); // reads a file
    }

    const auto counts = countCalls();
    CHECK (std::any_of (counts.begin(), counts.end(), [] (auto& pair) { return pair.first.starts_with ("syscall "); }));
    CHECK (! counts.contains ("open"));
}

TEST_CASE ("The net is left open after a call that only the caller can make, until the scope ends")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    const auto waitFor = [] (long child)
    {
        int status = 0;
        const auto result = callKernel (SYS_wait4, child, addressOf (&status), 0, 0);
        return result == child && WIFEXITED (status) ? WEXITSTATUS (status) : -1;
    };

    int exitCode = 0;

    for (const bool isFork : { true, false })
    {
        {
            const guard::RealtimeScope scope (1);
            const auto child = isFork ? callKernel (SYS_fork) : callKernel (SYS_clone, SIGCHLD);

            if (child == 0)
                callKernel (SYS_exit_group, 3);

            exitCode = waitFor (child);
        }

        CHECK (exitCode == 3);
        CHECK (countCalls() == Counts{ { isFork ? "syscall fork" : "syscall clone", 1 } });
        guard::reset();

        {
            const guard::RealtimeScope scope (2);
            callKernel (SYS_getppid);
        }

        CHECK (countCalls() == Counts{ { "syscall getppid", 1 } });
        guard::reset();
    }
}

TEST_CASE ("Threads and programs can be started under the net by way of the C library")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    int exitCode = -1;

    {
        const guard::RealtimeScope scope (1);
        pthread_t thread{};
        ::pthread_create (&thread, nullptr, [] (void*) -> void* { return nullptr; }, nullptr);
        ::pthread_join (thread, nullptr);
        exitCode = ::system ("exit 7");
    }

    CHECK (WEXITSTATUS (exitCode) == 7);
    CHECK (countCalls() == Counts{ { "pthread_create", 1 }, { "pthread_join", 1 }, { "system", 1 } });
}

TEST_CASE ("Blocked signals do not shut the net's own out, and come back as they were set")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    std::uint64_t all = ~std::uint64_t{ 0 }, former = 0, now = 0, untouched = 0;
    sigset_t kept;
    ::sigemptyset (&kept);
    ::pthread_sigmask (SIG_SETMASK, nullptr, &kept);

    {
        const guard::RealtimeScope scope (1);
        callKernel (SYS_rt_sigprocmask, SIG_BLOCK, addressOf (&all), addressOf (&former), 8);
        callKernel (SYS_rt_sigprocmask, SIG_BLOCK, 0, addressOf (&now), 8);
        callKernel (SYS_getppid);
    }

    ::pthread_sigmask (SIG_SETMASK, &kept, nullptr);
    std::memcpy (&untouched, &kept, sizeof (untouched));
    CHECK (former == untouched);
    CHECK ((now & (std::uint64_t{ 1 } << (SIGUSR1 - 1))) != 0);
    CHECK ((now & (std::uint64_t{ 1 } << (SIGSYS - 1))) == 0);
    CHECK (countCalls() == Counts{ { "syscall rt_sigprocmask", 2 }, { "syscall getppid", 1 } });
}

TEST_CASE ("A thread that starts with all signals blocked can be under the net")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    sigset_t all, former;
    ::sigfillset (&all);
    ::pthread_sigmask (SIG_SETMASK, &all, &former);

    std::thread thread (
        []
        {
            const guard::RealtimeScope scope (1);
            callKernel (SYS_getppid);
        });

    ::pthread_sigmask (SIG_SETMASK, &former, nullptr);
    thread.join();
    CHECK (countCalls() == Counts{ { "syscall getppid", 1 } });
}

TEST_CASE ("Other signals' handlers run and return under the net")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    static std::atomic<int> numSignals;
    numSignals = 0;
    struct sigaction ours{}, former{};
    ours.sa_handler = [] (int) { ++numSignals; };
    ::sigaction (SIGUSR1, &ours, &former);

    std::atomic<bool> isInScope{ false };
    const auto target = ::pthread_self();
    std::thread sender (
        [&]
        {
            while (! isInScope)
                std::this_thread::yield();

            ::pthread_kill (target, SIGUSR1);
        });

    {
        const guard::RealtimeScope scope (1);
        isInScope = true;

        while (numSignals == 0)
            ;
    }

    sender.join();
    ::sigaction (SIGUSR1, &former, nullptr);
    CHECK (numSignals == 1);
    CHECK (guard::getViolationCount() == 0);

    {
        const guard::RealtimeScope scope (2);
        callKernel (SYS_getppid);
    }

    CHECK (countCalls() == Counts{ { "syscall getppid", 1 } });
}

TEST_CASE ("The futex wake that real-time threads may make is not caught, and wakes, while a plugin is caught at it")
{
    const Net net;
    const FreshGuard fresh;
    std::atomic<std::uint32_t> word{ 0 };
    std::atomic<bool> isAwake{ false };

    std::thread sleeper (
        [&]
        {
            while (word == 0)
                callKernel (SYS_futex, addressOf (&word), FUTEX_WAIT_PRIVATE, 0, 0);

            isAwake = true;
        });

    int numWoken = 0;

    {
        const guard::RealtimeScope scope (1);
        word = 1;

        while (! isAwake)
            numWoken += guard::wakeFutex (word, 1);
    }

    sleeper.join();
    CHECK (numWoken <= 1); // it may not have slept yet when the word changed
    CHECK (guard::getViolationCount() == 0);

    if (! net.isOut())
        return;

    {
        const guard::RealtimeScope scope (1);
        callKernel (SYS_futex, addressOf (&word), FUTEX_WAKE_PRIVATE, 1);
    }

    CHECK (countCalls() == Counts{ { "syscall futex", 1 } });
}

TEST_CASE ("Switched off, nothing is caught, and threads that were under it go on")
{
    const FreshGuard fresh;

    {
        const Net net;

        if (! net.isOut())
            return;

        const guard::RealtimeScope scope (1);
        callKernel (SYS_getppid);
    }

    CHECK (guard::getViolationCount() == 1);

    for (int i = 0; i < 2; ++i)
    {
        const guard::RealtimeScope scope (1);
        callKernel (SYS_getppid);
    }

    CHECK (guard::getViolationCount() == 1);
}

TEST_CASE ("In mode off system calls pass through the net unrecorded")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh (guard::Mode::off);

    {
        const guard::RealtimeScope scope (1);
        CHECK (callKernel (SYS_getpid) == ::getpid());
    }

    CHECK (guard::getViolationCount() == 0);
}

TEST_CASE ("A SIGSYS that is none of ours ends the process as it would without the net")
{
    const Net net;

    if (! net.isOut())
        return;

    int status = 0;
    const auto child = ::fork();

    if (child == 0)
    {
        ::raise (SIGSYS);
        ::_exit (0);
    }

    REQUIRE (::waitpid (child, &status, 0) == child);
    CHECK (WIFSIGNALED (status));
    CHECK (WTERMSIG (status) == SIGSYS);
}

TEST_CASE ("In abort mode a system call is told with its stack")
{
    const Net net;

    if (! net.isOut())
        return;

    const FreshGuard fresh;
    const auto ending = runInChild (
        []
        {
            guard::setMode (guard::Mode::abort);
            const guard::RealtimeScope scope (1);
            callKernel (SYS_getppid);
        });

    CHECK (ending.exitCode == 1);
    CHECK (ending.text.find ("syscall getppid") != std::string::npos);
    CHECK (ending.text.find ("callKernel") != std::string::npos);
}

#endif

TEST_CASE ("Page faults of this thread are counted")
{
    constexpr std::size_t numPages = 64, pageSize = 4096;
    const auto before = guard::PageFaults::read();
    auto* memory = static_cast<volatile char*> (
        ::mmap (nullptr, numPages * pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::madvise (const_cast<char*> (memory), numPages * pageSize, MADV_NOHUGEPAGE);

    for (std::size_t i = 0; i < numPages; ++i)
        memory[i * pageSize] = 1;

    const auto faults = guard::PageFaults::read() - before;
    ::munmap (const_cast<char*> (memory), numPages * pageSize);
    CHECK (faults.minor >= numPages);

    // Another thread's do not count here.
    const auto later = guard::PageFaults::read();
    CHECK ((guard::PageFaults::read() - later).minor < numPages);
}
