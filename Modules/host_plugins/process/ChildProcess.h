#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace host
{

/** Another process of this same program, which does what might crash or hang.

    The child has /dev/null as its standard input, a pipe for records on descriptor 3, and none of our other descriptors; it
    has a process group of its own, so that Ctrl-C reaches us alone. What plugins print goes to /dev/null or is captured,
    and never mixes with ours. Processes that it started and left behind are killed when it ends. TMPDIR names a
    folder of its own, which goes with it: what crashes does not tidy up.

    The child must call becomeChild() first; from then on it dies with us. It dies with the thread that started it, to be
    exact, so that thread must outlive it. One thread at a time; not the audio thread.
*/
class ChildProcess
{
public:
    enum class Output
    {
        discard, ///< what the child prints is lost
        capture, ///< its end is kept for getOutput()
        inherit  ///< both streams go to our standard error
    };

    struct Options
    {
        std::vector<std::string> arguments; ///< without the program's own name
        Output output = Output::discard;
        std::vector<std::pair<std::string, std::string>> environment; ///< added to ours
        std::string program;                                          ///< a path; empty is this same program
    };

    /** Starts it. Throws host::Error if the system has no room for another process. */
    explicit ChildProcess (const Options&);

    /** Kills what is still running. */
    ~ChildProcess();

    ChildProcess (const ChildProcess&) = delete;
    ChildProcess& operator= (const ChildProcess&) = delete;

    enum class Read
    {
        line,    ///< there is a line
        timeout, ///< there is none yet
        closed   ///< there will be none: the child has ended, or closed its pipe
    };

    /** Waits for the child's next record. An unfinished one of a child that died is no record, nor is anything else that was
        written into the pipe. A child that has ended sends no more, even if a process that it started still holds the pipe.

        @param line  receives the record
    */
    Read readLine (std::string& line, std::chrono::milliseconds timeout);

    /** How a child ended: with exactly one of the two. */
    struct End
    {
        std::optional<int> exitCode;
        std::optional<int> signal;

        /** "signal SIGSEGV (Segmentation fault)" or "exit code 3". */
        std::string toString() const;
    };

    /** The end, once it has come; nullopt if the child still runs after the timeout. */
    std::optional<End> wait (std::chrono::milliseconds timeout);

    /** The end, however long it takes: after kill(), or when the child is known to be ending. */
    End wait();

    /** SIGKILL to the child and to all processes that it started in its group. Harmless once it has ended. */
    void kill() noexcept;

    /** The last 16 kB of what the child printed, with Output::capture, as far as it has been read by readLine() and wait(). */
    const std::string& getOutput() const noexcept { return output; }

    pid_t getPid() const noexcept { return pid; }

    /** The name of a signal, such as "SIGSEGV". */
    static std::string getSignalName (int signal);

private:
    enum class Until
    {
        line,
        end
    };

    bool takeLine (std::string&);
    bool hasLine();
    void readRecords();
    void pump (Until, std::chrono::milliseconds);
    void collectEnd (bool block);
    bool readPrinted();
    void removeTemporaryFolder() const noexcept;
    static void closeDescriptor (int&) noexcept;

    pid_t pid = -1;
    int records = -1, printed = -1, processHandle = -1;
    std::string pending, output, temporaryFolder;
    std::optional<End> end;
};

/** The child's side: descriptor 3 and the tie to the parent. */
struct ChildSide
{
    /** To be called first in a child: from here on it dies with its parent, and descriptor 3 is closed in whatever it
        starts. Exits at once if the parent is gone, or if this process was not started by ChildProcess. */
    static void becomeChild();

    /** Sends a record. The text may not contain a newline. Any thread, one at a time; waits while the pipe is full.
        @returns false if the parent no longer listens, if descriptor 3 is no longer the pipe that it was in becomeChild(), and
                 in a process that the child was copied into by fork() */
    static bool send (std::string_view record);

    /** Ends the process at once, without running the destructors of plugins' libraries. */
    [[noreturn]] static void finish (int exitCode);
};

} // namespace host
