#pragma once

#include "Engine.h"

#include <string>

namespace host
{

/** Makes the end of the process speak when a plugin that runs in it crashes or exits: one line on stderr that names the
    node, what is half written removed, exit code 1. In-process plugins take the program with them; the sandbox will not.

    One at a time, on the message thread, for as long as the engine runs. A plugin that uses up its thread's stack is told of where the
    thread has a stack for signals (SignalStack.h): the message thread from now on, those that render from their start.
*/
class CrashReport
{
public:
    /** Installs handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT, and one for exit(). */
    explicit CrashReport (const Engine&);

    /** Puts the old handlers back. */
    ~CrashReport();

    CrashReport (const CrashReport&) = delete;
    CrashReport& operator= (const CrashReport&) = delete;

    /** To be removed at a crash; empty for none. */
    static void setUnfinishedFile (const std::string& path);

    /** What a crash outside process() is laid to, such as "loading X.vst3"; empty for nothing in particular, once it is done. What was
        loaded until then is still there when an exit() is told of. Message thread. */
    static void setActivity (const std::string&);

    /** The same end for a node that never returns: prints that it hangs, and exits with 1 at once. */
    [[noreturn]] static void reportHang (const Engine&, NodeId, int seconds);
};

} // namespace host
