#include "CrashReport.h"

#include "SignalStack.h"

#include <rt_guard/NodeScope.h>
#include <rt_guard/Permit.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unistd.h>

namespace host
{

namespace
{
// A signal handler may only touch what is there already: all of this is filled in beforehand.
std::atomic<const Engine*> watchedEngine{ nullptr };
char unfinishedFile[4096]{};
char activity[1024]{};

constexpr std::array caughtSignals{ SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
std::array<struct sigaction, caughtSignals.size()> oldActions;

const char* nameOf (int signal)
{
    switch (signal)
    {
        case SIGSEGV: return "SIGSEGV";
        case SIGBUS: return "SIGBUS";
        case SIGFPE: return "SIGFPE";
        case SIGILL: return "SIGILL";
        default: return "SIGABRT";
    }
}

/** Async-signal-safe text of a bounded length. */
class Line
{
public:
    Line& operator<< (const char* added) noexcept
    {
        while (*added != 0 && length < sizeof (text))
            text[length++] = *added++;

        return *this;
    }

    Line& operator<< (unsigned long long number) noexcept
    {
        char digits[24]{};
        auto* digit = digits + sizeof (digits) - 1;

        do
            *--digit = char ('0' + number % 10);
        while ((number /= 10) > 0);

        return *this << digit;
    }

    void write() const noexcept { [[maybe_unused]] const auto count = ::write (STDERR_FILENO, text, length); }

private:
    char text[1024];
    std::size_t length = 0;
};

void describeNode (Line& line, const Engine& engine, NodeId id) noexcept
{
    if (id == 0)
    {
        line << (activity[0] != 0 ? activity : "the program, or a plugin outside its process()");
        return;
    }

    line << "node " << static_cast<unsigned long long> (id);

    for (const auto& node : engine.getGraph().getNodes())
        if (node->id == id)
            line << " (" << node->name.c_str() << ")";
}

[[noreturn]] void end (const Engine& engine, NodeId id, const char* what, const char* detail) noexcept
{
    // It may come from inside the guard's scope, and is no violation of that.
    const rt::guard::Permit permit;
    Line line;
    line << "AudioHost: ";
    describeNode (line, engine, id);
    line << ": " << what << detail << "; take the plugin out, or see what it does with: AudioHost check\n";
    line.write();

    if (unfinishedFile[0] != 0)
        ::unlink (unfinishedFile);

    ::_exit (1);
}

/** The node that this thread is in. Several may run at once, on other threads. */
NodeId findNode (const Engine& engine) noexcept
{
    const auto id = rt::guard::getNodeOfThisThread();
    return id != 0 ? id : engine.getRunningNode();
}

void handleSignal (int signal)
{
    if (const auto* engine = watchedEngine.load())
        end (*engine, findNode (*engine), "crashed with ", nameOf (signal));

    ::_exit (1);
}

void handleExit()
{
    if (const auto* engine = watchedEngine.load())
        end (*engine, findNode (*engine), "ended the program by calling exit()", "");
}
} // namespace

CrashReport::CrashReport (const Engine& engine)
{
    // exit() runs the handlers registered last first: ours must come before the destructors of what the plugins use. See setActivity().
    static std::once_flag registered;
    std::call_once (registered, [] { std::atexit (handleExit); });

    giveThisThreadSignalStack();

    struct sigaction action{};
    action.sa_handler = handleSignal;
    action.sa_flags = int (unsigned (SA_ONSTACK) | SA_RESETHAND | SA_NODEFER);

    for (std::size_t i = 0; i < caughtSignals.size(); ++i)
        ::sigaction (caughtSignals[i], &action, &oldActions[i]);

    watchedEngine = &engine;
}

CrashReport::~CrashReport()
{
    watchedEngine = nullptr;
    unfinishedFile[0] = 0;
    activity[0] = 0;

    for (std::size_t i = 0; i < caughtSignals.size(); ++i)
        ::sigaction (caughtSignals[i], &oldActions[i], nullptr);
}

void CrashReport::setUnfinishedFile (const std::string& path)
{
    std::strncpy (unfinishedFile, path.c_str(), sizeof (unfinishedFile) - 1);
}

void CrashReport::setActivity (const std::string& text)
{
    std::strncpy (activity, text.c_str(), sizeof (activity) - 1);

    // What a plugin that has been loaded meanwhile registered would come before ours, and end its objects under threads that run it.
    if (text.empty())
        std::atexit (handleExit);
}

void CrashReport::reportHang (const Engine& engine, NodeId id, int seconds)
{
    end (engine, id, "has not returned for ", (std::to_string (seconds) + " s").c_str());
}

} // namespace host
