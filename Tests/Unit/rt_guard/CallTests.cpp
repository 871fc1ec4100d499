#include "Child.h"
#include "Helpers.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

namespace guard = rt::guard;

namespace
{

/** How often each function was recorded. */
std::map<std::string, std::uint64_t> countCalls()
{
    std::map<std::string, std::uint64_t> counts;

    for (const auto& violation : guard::getSnapshot().violations)
        counts[violation.function] += violation.count;

    return counts;
}

/** Runs this once outside and once inside a scope; what it REQUIREs holds in both, and inside exactly these calls are recorded. */
void checkCalls (const std::map<std::string, std::uint64_t>& expected, const std::function<void()>& work)
{
    const FreshGuard fresh;
    work();
    CHECK (guard::getViolationCount() == 0);

    {
        const guard::RealtimeScope scope (1);
        const guard::NodeScope node (2, guard::Phase::process);
        work();
    }

    if (isInterposed)
        CHECK (countCalls() == expected);
}

/** Catch's own assertions allocate: a work of checkCalls() notes what it finds in these. */
struct Truth
{
    bool holds = true;
    void operator() (bool condition) { holds = holds && condition; }
};

std::string makeTemporaryFile()
{
    std::string path = std::filesystem::temp_directory_path() / "audiohost-guard-XXXXXX";
    const auto file = ::mkstemp (path.data());
    REQUIRE (file >= 0);
    ::close (file);
    return path;
}

} // namespace

TEST_CASE ("Every function of the list is caught under its name before it does anything")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh;

    // The libraries' debug information is read once, not in each child.
    {
        const guard::RealtimeScope scope (1);
        std::free (std::malloc (1));
    }

    REQUIRE (guard::getSnapshot().total == 2);
    const auto symbols = guard::getInterposedSymbols();
    std::set<std::string> names;

    for (const auto& symbol : symbols)
    {
        INFO (symbol);
        using AnyFunction = long (*) (long, long, long, long, long, long);
        const auto function = reinterpret_cast<AnyFunction> (::dlsym (RTLD_DEFAULT, symbol.c_str()));
        REQUIRE (function != nullptr);

        const auto ending = runInChild (
            [&]
            {
                guard::setMode (guard::Mode::abort);
                const guard::RealtimeScope scope (7);
                const guard::NodeScope node (3, guard::Phase::process);
                function (8, 8, 8, 8, 8, 8); // nothing good would come of it
            });

        CHECK (ending.exitCode == 1);
        const std::string before = "node 3 called ", after = " on the audio thread (block 7, process)";
        const auto begin = ending.text.find (before), end = ending.text.find (after);
        REQUIRE (begin != std::string::npos);
        REQUIRE (end != std::string::npos);
        names.insert (ending.text.substr (begin + before.size(), end - begin - before.size()));
    }

    for (const char* name : { "malloc",
                              "operator new",
                              "free",
                              "mmap",
                              "munmap",
                              "open",
                              "read",
                              "write",
                              "close",
                              "fopen",
                              "fread",
                              "printf",
                              "pthread_create",
                              "pthread_join",
                              "pthread_mutex_lock",
                              "pthread_mutex_unlock",
                              "pthread_cond_wait",
                              "pthread_rwlock_rdlock",
                              "pthread_spin_lock",
                              "pthread_barrier_wait",
                              "sem_wait",
                              "nanosleep",
                              "usleep",
                              "sched_yield",
                              "socket",
                              "connect",
                              "send",
                              "recv",
                              "poll",
                              "select",
                              "epoll_wait",
                              "pipe",
                              "fork",
                              "vfork",
                              "execve",
                              "syscall",
                              "dlopen",
                              "eventfd",
                              "timerfd_create",
                              "inotify_init",
                              "ioctl",
                              "fcntl",
                              "mprotect",
                              "mlock",
                              "shm_open" })
    {
        INFO (name);
        CHECK (names.contains (name));
    }
}

TEST_CASE ("Files: calls and results are the real ones, once a call")
{
    const auto path = makeTemporaryFile();
    ::unlink (path.c_str());

    const auto work = [&path]
    {
        Truth is;
        const auto file = ::open (path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0640);
        is (file >= 0);
        is (::write (file, "abcdef", 6) == 6);
        is (::pwrite (file, "X", 1, 2) == 1);
        is (::lseek (file, 0, SEEK_SET) == 0);
        char text[8]{};
        is (::read (file, text, 6) == 6 && std::strcmp (text, "abXdef") == 0);
        is (::pread (file, text, 2, 4) == 2 && text[0] == 'e');
        char first[2]{}, second[2]{};
        const iovec parts[]{ { first, 2 }, { second, 2 } };
        is (::preadv (file, parts, 2, 1) == 4 && second[1] == 'e');
        is (::fcntl (file, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl (file, F_GETFD) == FD_CLOEXEC);
        int available = 0;
        is (::lseek (file, 2, SEEK_SET) == 2 && ::ioctl (file, FIONREAD, &available) == 0 && available == 4);
        struct stat status{};
        is (::fstat (file, &status) == 0 && status.st_size == 6 && (status.st_mode & 0777) == 0640);
        is (::ftruncate (file, 3) == 0 && ::stat (path.c_str(), &status) == 0 && status.st_size == 3);
        is (::close (file) == 0);

        errno = 0;
        is (::close (-1) == -1 && errno == EBADF);
        is (::unlink (path.c_str()) == 0);
        REQUIRE (is.holds);
    };

    checkCalls ({ { "open", 1 },
                  { "write", 1 },
                  { "pwrite", 1 },
                  { "lseek", 2 },
                  { "read", 1 },
                  { "pread", 1 },
                  { "preadv", 1 },
                  { "fcntl", 2 },
                  { "ioctl", 1 },
                  { "fstat", 1 },
                  { "stat", 1 },
                  { "ftruncate", 1 },
                  { "close", 2 },
                  { "unlink", 1 } },
                work);
}

TEST_CASE ("Formatted output: any number and type of arguments arrive, and nothing within counts again")
{
    const auto path = makeTemporaryFile();

    const auto work = [&path]
    {
        Truth is;
        auto* file = ::fopen (path.c_str(), "w+");
        is (file != nullptr);
        is (::fprintf (file, "%d %s %.3f %ld %c %g %x %.1f %d %d %s|%.2f %.2f %.2f %.2f %.2f %.2f %.2f\n", 1, "two", 3.25,
                       4L, '5', 6.5, 7, 8.5, 9, 10, "eleven", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
            > 0);
        is (::fputs ("end 42 0.5", file) >= 0);
        is (::fflush (file) == 0);
        is (::fseek (file, 0, SEEK_SET) == 0);
        char line[200]{};
        is (::fgets (line, sizeof (line), file) == line);
        is (std::strcmp (line, "1 two 3.250 4 5 6.5 7 8.5 9 10 eleven|1.00 2.00 3.00 4.00 5.00 6.00 7.00\n") == 0);
        int number = 0;
        double fraction = 0.0;
        is (::fscanf (file, "end %d %lf", &number, &fraction) == 2 && number == 42 && fraction == 0.5);
        is (::fclose (file) == 0);
        REQUIRE (is.holds);
    };

    checkCalls ({ { "fopen", 1 },
                  { "fprintf", 1 },
                  { "fputs", 1 },
                  { "fflush", 1 },
                  { "fseek", 1 },
                  { "fgets", 1 },
                  { "fscanf", 1 },
                  { "fclose", 1 } },
                work);
    ::unlink (path.c_str());
}

TEST_CASE ("Memory maps, with six arguments")
{
    const auto work = []
    {
        Truth is;
        auto* memory = ::mmap (nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        is (memory != MAP_FAILED);
        static_cast<char*> (memory)[8191] = 1;
        is (::mprotect (memory, 4096, PROT_READ) == 0);
        is (::madvise (memory, 8192, MADV_DONTNEED) == 0);
        is (::munmap (memory, 8192) == 0);

        // Seven arguments: an offset that is no page's start is an error, and every other argument is right.
        const long number = SYS_mmap, size = 4096, protection = PROT_READ, flags = MAP_PRIVATE | MAP_ANONYMOUS, file = -1;
        is (::syscall (number, 0L, size, protection, flags, file, 1L) == -1 && errno == EINVAL);
        const auto mapped = ::syscall (number, 0L, size, protection, flags, file, 0L);
        is (mapped != -1 && ::syscall (SYS_munmap, mapped, size) == 0);
        REQUIRE (is.holds);
    };

    checkCalls ({ { "mmap", 1 }, { "mprotect", 1 }, { "madvise", 1 }, { "munmap", 1 }, { "syscall", 3 } }, work);
}

TEST_CASE ("Pipes, sockets, and waiting for them")
{
    const auto work = []
    {
        Truth is;
        int ends[2]{};
        is (::pipe (ends) == 0);
        pollfd wanted{ ends[0], POLLIN, 0 };
        is (::poll (&wanted, 1, 0) == 0);
        is (::write (ends[1], "x", 1) == 1);
        is (::poll (&wanted, 1, 1000) == 1);
        fd_set readable;
        FD_ZERO (&readable);
        FD_SET (ends[0], &readable);
        timeval none{};
        is (::select (ends[0] + 1, &readable, nullptr, nullptr, &none) == 1);
        is (::close (ends[0]) == 0 && ::close (ends[1]) == 0);

        is (::socketpair (AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        is (::send (ends[0], "hello", 5, 0) == 5);
        char text[8]{};
        is (::recv (ends[1], text, 5, 0) == 5 && std::strcmp (text, "hello") == 0);
        is (::close (ends[0]) == 0 && ::close (ends[1]) == 0);

        const auto udp = ::socket (AF_INET, SOCK_DGRAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl (INADDR_LOOPBACK);
        socklen_t length = sizeof (address);
        is (::bind (udp, reinterpret_cast<const sockaddr*> (&address), length) == 0);
        is (::getsockname (udp, reinterpret_cast<sockaddr*> (&address), &length) == 0);
        is (::sendto (udp, "hi", 2, 0, reinterpret_cast<const sockaddr*> (&address), length) == 2);
        is (::recvfrom (udp, text, 2, 0, reinterpret_cast<sockaddr*> (&address), &length) == 2 && text[0] == 'h');
        is (::close (udp) == 0);

        const auto queue = ::epoll_create1 (0), counter = ::eventfd (1, 0);
        epoll_event event{ EPOLLIN, { .fd = counter } };
        is (::epoll_ctl (queue, EPOLL_CTL_ADD, counter, &event) == 0);
        event = {};
        is (::epoll_wait (queue, &event, 1, 1000) == 1 && event.data.fd == counter);
        is (::close (queue) == 0 && ::close (counter) == 0);
        REQUIRE (is.holds);
    };

    checkCalls ({ { "pipe", 1 },
                  { "poll", 2 },
                  { "write", 1 },
                  { "select", 1 },
                  { "close", 7 },
                  { "socketpair", 1 },
                  { "send", 1 },
                  { "recv", 1 },
                  { "socket", 1 },
                  { "bind", 1 },
                  { "getsockname", 1 },
                  { "sendto", 1 },
                  { "recvfrom", 1 },
                  { "eventfd", 1 },
                  { "epoll_create1", 1 },
                  { "epoll_ctl", 1 },
                  { "epoll_wait", 1 } },
                work);
}

TEST_CASE ("Threads and sleeping")
{
    const auto work = []
    {
        Truth is;
        pthread_t thread{};
        int argument = 4;
        is (::pthread_create (
                &thread, nullptr, [] (void* number) { return static_cast<void*> (static_cast<int*> (number) + 1); },
                &argument)
            == 0);
        void* result = nullptr;
        is (::pthread_join (thread, &result) == 0 && result == &argument + 1);
        const timespec moment{ 0, 1000 };
        is (::nanosleep (&moment, nullptr) == 0);
        is (::clock_nanosleep (CLOCK_MONOTONIC, 0, &moment, nullptr) == 0);
        is (::usleep (1) == 0);
        is (::sched_yield() == 0);
        REQUIRE (is.holds);
    };

    checkCalls ({ { "pthread_create", 1 },
                  { "pthread_join", 1 },
                  { "nanosleep", 1 },
                  { "clock_nanosleep", 1 },
                  { "usleep", 1 },
                  { "sched_yield", 1 } },
                work);
}

TEST_CASE ("What a thread that was started inside a scope does is its own matter")
{
    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);
        pthread_t thread{};
        ::pthread_create (
            &thread, nullptr,
            [] (void*) -> void*
            {
                std::free (std::malloc (3));
                return nullptr;
            },
            nullptr);
        ::pthread_join (thread, nullptr);
    }

    if (isInterposed)
        CHECK (countCalls() == std::map<std::string, std::uint64_t>{ { "pthread_create", 1 }, { "pthread_join", 1 } });
}

TEST_CASE ("Calls that return twice, or take any number of arguments, work inside a scope")
{
    // A result that comes by way of a program's exit code.
    const auto waitFor = [] (pid_t child)
    {
        int status = 0;
        return ::waitpid (child, &status, 0) == child && WIFEXITED (status) ? WEXITSTATUS (status) : -1;
    };

    const auto work = [&]
    {
        Truth is;
        const auto forked = ::fork();

        if (forked == 0)
            ::_exit (5);

        is (waitFor (forked) == 5);

        // More arguments than registers.
        const auto started = ::vfork();

        if (started == 0)
        {
            ::execl ("/bin/sh", "sh", "-c", "exit $(($1 + $2 + $3 + $4 + $5 + $6))", "sh", "1", "2", "3", "4", "5", "6",
                     static_cast<char*> (nullptr));
            ::_exit (99);
        }

        is (waitFor (started) == 21);
        REQUIRE (is.holds);
    };

    // execl() is called by the child, which shares its memory with us until then, but for valgrind.
    static volatile bool isShared = false;

    if (const auto child = ::vfork(); child == 0)
    {
        isShared = true;
        ::_exit (0);
    }
    else
        waitFor (child);

    std::map<std::string, std::uint64_t> expected{ { "fork", 1 }, { "vfork", 1 }, { "waitpid", 2 } };

    if (isShared)
        expected["execl"] = 1;

    checkCalls (expected, work);
}

TEST_CASE ("dlopen looks for libraries where its caller would")
{
    if (! isInterposed)
        return; // the sanitizers' own interceptors of dlopen do not

    const FreshGuard fresh;

    // This library has a folder of its own in its search path, which the executable does not have.
    auto* library = ::dlopen (FIXTURES_FOLDER "/guard_opener.so", RTLD_NOW | RTLD_LOCAL);
    INFO (FIXTURES_FOLDER);
    REQUIRE (library != nullptr);
    REQUIRE (::dlopen ("guard_opened.so", RTLD_NOW) == nullptr);
    const auto openIt = reinterpret_cast<void* (*) ()> (::dlsym (library, "openByName"));
    REQUIRE (openIt != nullptr);

    auto* outside = openIt();
    CHECK (outside != nullptr);
    void* inside = nullptr;

    {
        const guard::RealtimeScope scope (1);
        inside = openIt();
    }

    CHECK (inside != nullptr);

    if (isInterposed)
        CHECK (countCalls()["dlopen"] == 1);

    for (auto* opened : { outside, inside, library })
        if (opened != nullptr)
            ::dlclose (opened);
}

TEST_CASE ("A Permit lets everything pass, or only what gives memory back")
{
    const FreshGuard fresh;
    auto* first = std::malloc (8);
    auto* second = ::mmap (nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    {
        const guard::RealtimeScope scope (1);

        {
            const guard::Permit everything;
            ::sched_yield();
            std::free (std::malloc (8));
        }

        CHECK (guard::getViolationCount() == 0);

        {
            const guard::Permit releases (guard::Permit::Of::deallocation);
            std::free (first);
            ::munmap (second, 4096);
        }
    }

    CHECK (guard::getViolationCount() == 0);

    {
        const guard::RealtimeScope scope (1);
        const guard::Permit releases (guard::Permit::Of::deallocation);
        first = std::malloc (8);
        keep (first);
    }

    CHECK (guard::getViolationCount() == 1);
    std::free (first);
}

TEST_CASE ("A site tells the longest that a call took")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);

        for (const long milliseconds : { 1, 20, 2 })
            ::usleep (static_cast<useconds_t> (milliseconds * 1000));
    }

    const auto violations = guard::getSnapshot().violations;
    REQUIRE (violations.size() == 1);
    CHECK (violations[0].count == 3);
    CHECK (violations[0].worstMicros >= 20'000.0);
}
