#include "ChildProcess.h"

#include <host_graph/Error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace host
{

namespace child_process
{
using Clock = std::chrono::steady_clock;

constexpr int recordDescriptor = 3;
constexpr std::size_t mostOutput = 16384;
constexpr std::size_t longestRecord = 16 * 1024 * 1024;
constexpr const char* marker = "AUDIOHOST_CHILD";

/** Before each record, as in a JSON text sequence (RFC 7464): what a plugin may have written into the pipe before it stays apart. */
constexpr char recordSeparator = '\x1e';

/** Of the child, as it was in becomeChild(). */
struct OwnPipe
{
    pid_t process = 0;
    dev_t device = 0;
    ino_t inode = 0;
};

static OwnPipe ownPipe;

static bool operator== (const OwnPipe& a, const OwnPipe& b)
{
    return a.process == b.process && a.device == b.device && a.inode == b.inode;
}

static OwnPipe findOwnPipe()
{
    struct stat status{};
    return fstat (recordDescriptor, &status) == 0 ? OwnPipe{ getpid(), status.st_dev, status.st_ino } : OwnPipe();
}

struct Pipe
{
    Pipe()
    {
        std::array<int, 2> ends{};

        if (pipe2 (ends.data(), O_CLOEXEC) != 0)
            throw Error ("child process", std::string ("no pipe can be made (") + std::strerror (errno) + ")",
                         "close other programs, or raise the limit of open files", Error::Kind::failed);

        reader = ends[0];
        writer = ends[1];
    }

    ~Pipe()
    {
        if (reader >= 0)
            close (reader);

        if (writer >= 0)
            close (writer);
    }

    Pipe (const Pipe&) = delete;
    Pipe& operator= (const Pipe&) = delete;

    int reader = -1, writer = -1;
};

/** posix_spawn's two structures. They hold memory, so they must go in every case. */
struct SpawnPlan
{
    SpawnPlan()
    {
        posix_spawn_file_actions_init (&files);
        posix_spawnattr_init (&attributes);
    }

    ~SpawnPlan()
    {
        posix_spawn_file_actions_destroy (&files);
        posix_spawnattr_destroy (&attributes);
    }

    SpawnPlan (const SpawnPlan&) = delete;
    SpawnPlan& operator= (const SpawnPlan&) = delete;

    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
};

/** Empty if none can be made: then the child uses everybody's. */
static std::string makeTemporaryFolder()
{
    const auto* parent = std::getenv ("TMPDIR");
    auto pattern = std::string (parent != nullptr && *parent == '/' ? parent : "/tmp") + "/audiohost-XXXXXX";
    return mkdtemp (pattern.data()) != nullptr ? pattern : std::string();
}

static int millisecondsUntil (Clock::time_point when)
{
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds> (when - Clock::now()).count();
    return static_cast<int> (std::clamp<long long> (left, 0, 3600000));
}
} // namespace child_process

ChildProcess::ChildProcess (const Options& options)
{
    using namespace child_process;

    Pipe recordPipe;
    std::unique_ptr<Pipe> printPipe;
    SpawnPlan plan;

    temporaryFolder = makeTemporaryFolder();

    posix_spawn_file_actions_addopen (&plan.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    switch (options.output)
    {
        case Output::discard:
            posix_spawn_file_actions_addopen (&plan.files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
            posix_spawn_file_actions_addopen (&plan.files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
            break;

        case Output::capture:
            printPipe = std::make_unique<Pipe>();
            posix_spawn_file_actions_adddup2 (&plan.files, printPipe->writer, STDOUT_FILENO);
            posix_spawn_file_actions_adddup2 (&plan.files, printPipe->writer, STDERR_FILENO);
            break;

        case Output::inherit: posix_spawn_file_actions_adddup2 (&plan.files, STDERR_FILENO, STDOUT_FILENO); break;
    }

    posix_spawn_file_actions_adddup2 (&plan.files, recordPipe.writer, recordDescriptor);
    posix_spawn_file_actions_addclosefrom_np (&plan.files, recordDescriptor + 1);

    sigset_t none, standard;
    sigemptyset (&none);
    sigemptyset (&standard);

    for (const auto signal : { SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT, SIGCHLD })
        sigaddset (&standard, signal);

    posix_spawnattr_setsigmask (&plan.attributes, &none);
    posix_spawnattr_setsigdefault (&plan.attributes, &standard);
    posix_spawnattr_setpgroup (&plan.attributes, 0);
    posix_spawnattr_setflags (&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    auto program = options.program.empty() ? std::string ("/proc/self/exe") : options.program;
    std::vector<std::string> arguments{ options.program.empty() ? "AudioHost" : options.program };
    arguments.insert (arguments.end(), options.arguments.begin(), options.arguments.end());

    std::vector<std::string> variables;

    for (auto** variable = environ; *variable != nullptr; ++variable)
    {
        const std::string_view text (*variable);
        const auto name = text.substr (0, text.find ('='));

        if (name != marker
            && std::none_of (options.environment.begin(), options.environment.end(),
                             [&] (const auto& v) { return v.first == name; }))
            variables.emplace_back (text);
    }

    for (const auto& [name, value] : options.environment)
        variables.push_back (name + "=" + value);

    if (! temporaryFolder.empty())
    {
        std::erase_if (variables, [] (const std::string& text) { return text.starts_with ("TMPDIR="); });
        variables.push_back ("TMPDIR=" + temporaryFolder);
    }

    variables.push_back (std::string (marker) + "=1");

    const auto toPointers = [] (std::vector<std::string>& texts)
    {
        std::vector<char*> pointers;

        for (auto& text : texts)
            pointers.push_back (text.data());

        pointers.push_back (nullptr);
        return pointers;
    };

    const auto error = posix_spawn (&pid, program.c_str(), &plan.files, &plan.attributes, toPointers (arguments).data(),
                                    toPointers (variables).data());

    if (error != 0)
    {
        pid = -1;
        removeTemporaryFolder();
        throw Error (program, std::string ("it cannot be started as a child process (") + std::strerror (error) + ")",
                     "close other programs, or raise the limit of processes", Error::Kind::failed);
    }

    records = std::exchange (recordPipe.reader, -1);
    fcntl (records, F_SETFL, O_NONBLOCK);

    if (printPipe != nullptr)
    {
        printed = std::exchange (printPipe->reader, -1);
        fcntl (printed, F_SETFL, O_NONBLOCK);
    }

    // Where there is no pidfd (before Linux 5.3) the end is looked for every 10 ms instead.
    processHandle = static_cast<int> (syscall (SYS_pidfd_open, pid, 0));
}

ChildProcess::~ChildProcess()
{
    kill();

    if (! end)
        collectEnd (true);

    removeTemporaryFolder();
    closeDescriptor (records);
    closeDescriptor (printed);
    closeDescriptor (processHandle);
}

void ChildProcess::removeTemporaryFolder() const noexcept
{
    std::error_code ignored;

    if (! temporaryFolder.empty())
        std::filesystem::remove_all (temporaryFolder, ignored);
}

void ChildProcess::closeDescriptor (int& descriptor) noexcept
{
    if (descriptor >= 0)
        close (descriptor);

    descriptor = -1;
}

void ChildProcess::kill() noexcept
{
    // Once collected, its number may be somebody else's.
    if (pid > 0 && ! end)
    {
        ::kill (-pid, SIGKILL);
        ::kill (pid, SIGKILL);
    }
}

/** Whether there is a whole record; then `pending` begins with its line. Drops lines that are none. */
bool ChildProcess::hasLine()
{
    for (std::size_t start = 0;;)
    {
        const auto newline = pending.find ('\n', start);
        const auto isRecord =
            newline != std::string::npos
            && std::string_view (pending).substr (start, newline - start).find (child_process::recordSeparator)
                   != std::string_view::npos;

        if (newline == std::string::npos || isRecord)
        {
            pending.erase (0, start);
            return isRecord;
        }

        start = newline + 1;
    }
}

bool ChildProcess::takeLine (std::string& line)
{
    if (! hasLine())
        return false;

    const auto newline = pending.find ('\n');
    const auto start = pending.rfind (child_process::recordSeparator, newline) + 1;
    line.assign (pending, start, newline - start);
    pending.erase (0, newline + 1);
    return true;
}

/** Reads what is in the pipe, and closes it at its end. */
void ChildProcess::readRecords()
{
    std::array<char, 65536> chunk;

    while (records >= 0)
    {
        const auto numRead = read (records, chunk.data(), chunk.size());

        if (numRead > 0)
            pending.append (chunk.data(), static_cast<std::size_t> (numRead));
        else if (numRead == 0 || (errno != EINTR && errno != EAGAIN))
            closeDescriptor (records);
        else if (errno == EAGAIN)
            return;

        // A child that sends without end and without a newline has lost its mind.
        if (pending.size() > child_process::longestRecord)
        {
            if (! hasLine() && pending.size() > child_process::longestRecord)
            {
                pending.clear();
                closeDescriptor (records);
            }

            return;
        }
    }
}

void ChildProcess::collectEnd (bool block)
{
    siginfo_t info{};
    int result;

    do
        result = waitid (P_PID, static_cast<id_t> (pid), &info, WEXITED | WNOWAIT | (block ? 0 : WNOHANG));
    while (result < 0 && errno == EINTR);

    if (result < 0)
    {
        // Somebody else has collected it (SIGCHLD ignored, for instance), so how it ended is not to be known.
        end = End{ -1, {} };
        return;
    }

    if (info.si_pid != pid)
        return;

    // While the child is a zombie its group is surely its own, so whatever it left running goes now.
    ::kill (-pid, SIGKILL);

    int status = 0;

    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    {
    }

    end = WIFSIGNALED (status) ? End{ {}, WTERMSIG (status) } : End{ WEXITSTATUS (status), {} };

    // Its last words are still in the pipe.
    for (int i = 0; i < 64 && readPrinted(); ++i)
    {
    }
}

bool ChildProcess::readPrinted()
{
    std::array<char, 4096> chunk;

    if (printed < 0)
        return false;

    const auto numRead = read (printed, chunk.data(), chunk.size());

    if (numRead > 0)
        output.append (chunk.data(), static_cast<std::size_t> (numRead));
    else if (numRead == 0 || (errno != EINTR && errno != EAGAIN))
        closeDescriptor (printed);

    if (output.size() > child_process::mostOutput)
        output.erase (0, output.size() - child_process::mostOutput);

    return numRead > 0;
}

/** Reads what the child sends and prints until there is a line, or the child has ended, or time is up. */
void ChildProcess::pump (Until until, std::chrono::milliseconds timeout)
{
    using namespace child_process;
    const auto deadline = Clock::now() + timeout;

    for (;;)
    {
        if (until == Until::line && (records < 0 || hasLine()))
            return;

        if (until == Until::end)
        {
            collectEnd (false);

            if (end)
                return;
        }

        std::array<pollfd, 3> watched{ { { records, POLLIN, 0 }, { printed, POLLIN, 0 }, { processHandle, POLLIN, 0 } } };
        auto patience = millisecondsUntil (deadline);

        if (until == Until::end && processHandle < 0)
            patience = std::min (patience, 10);

        const auto numReady = poll (watched.data(), watched.size(), patience);

        if (numReady < 0 && errno != EINTR)
            return;

        if (numReady > 0)
        {
            if (watched[0].revents != 0)
                readRecords();

            // All that the child itself has sent is in the pipe by now.
            if (watched[2].revents != 0 && until == Until::line)
            {
                readRecords();
                closeDescriptor (records);
            }

            if (watched[1].revents != 0)
                readPrinted();
        }

        if (Clock::now() >= deadline)
        {
            if (until == Until::end)
                collectEnd (false);

            return;
        }
    }
}

ChildProcess::Read ChildProcess::readLine (std::string& line, std::chrono::milliseconds timeout)
{
    pump (Until::line, timeout);

    if (takeLine (line))
        return Read::line;

    return records < 0 ? Read::closed : Read::timeout;
}

std::optional<ChildProcess::End> ChildProcess::wait (std::chrono::milliseconds timeout)
{
    if (! end)
        pump (Until::end, timeout);

    return end;
}

ChildProcess::End ChildProcess::wait()
{
    while (! end)
        pump (Until::end, std::chrono::hours (1));

    return *end;
}

std::string ChildProcess::getSignalName (int signal)
{
    const auto* name = sigabbrev_np (signal);
    return name != nullptr ? "SIG" + std::string (name) : "signal " + std::to_string (signal);
}

std::string ChildProcess::End::toString() const
{
    if (signal)
    {
        const auto* description = sigdescr_np (*signal);
        return "signal " + getSignalName (*signal)
               + (description != nullptr ? " (" + std::string (description) + ")" : std::string());
    }

    return "exit code " + std::to_string (exitCode.value_or (-1));
}

//======================================================================================================================
void ChildSide::becomeChild()
{
    using namespace child_process;

    if (std::getenv (marker) == nullptr || fcntl (recordDescriptor, F_GETFD) < 0)
    {
        constexpr std::string_view message =
            "AudioHost: command line: this command is for the program's own use; see 'AudioHost --help' for the others\n";
        [[maybe_unused]] const auto written = write (STDERR_FILENO, message.data(), message.size());
        _exit (2);
    }

    prctl (PR_SET_PDEATHSIG, SIGKILL);
    ownPipe = findOwnPipe();
    fcntl (recordDescriptor, F_SETFD, FD_CLOEXEC);
    unsetenv (marker);

    // Were the parent gone before the call above, nobody would tell us; but then nobody holds the other end of the pipe.
    pollfd watched{ recordDescriptor, 0, 0 };

    if (poll (&watched, 1, 0) > 0 && (watched.revents & (POLLERR | POLLHUP)) != 0)
        _exit (1);

    std::signal (SIGPIPE, SIG_IGN);
}

bool ChildSide::send (std::string_view record)
{
    // A plugin may have closed the descriptor, and opened a file of its own that got its number.
    if (! (child_process::findOwnPipe() == child_process::ownPipe))
        return false;

    auto line = child_process::recordSeparator + std::string (record);
    std::replace (line.begin(), line.end(), '\n', ' ');
    line += '\n';

    for (std::size_t sent = 0; sent < line.size();)
    {
        const auto written = write (child_process::recordDescriptor, line.data() + sent, line.size() - sent);

        if (written < 0 && errno != EINTR)
            return false;

        sent += written > 0 ? static_cast<std::size_t> (written) : 0;
    }

    return true;
}

void ChildSide::finish (int exitCode) { _exit (exitCode); }

} // namespace host
