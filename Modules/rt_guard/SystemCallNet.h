#pragma once

#include <string>

namespace rt::guard
{

/** The second net: every system call that a thread makes in a RealtimeScope is recorded, whichever way it got there, so
    also those that the interposed functions cannot show: calls inside the C library, and instructions that a plugin brings
    along. What an interposed function does is recorded under its name and not again here.

    By Linux's Syscall User Dispatch (Linux 5.11, x86-64): while a scope is open the kernel turns each system call of the thread
    into a signal, whose handler records it, makes it, and returns. Costs a store a scope, and some 0.4 us a system call.

    It takes the signal SIGSYS for the whole process. Not for processes that are traced by something that does not know of
    it, such as valgrind: there it cannot be switched on.
*/
class SystemCallNet
{
public:
    /** Puts the net under every RealtimeScope that opens from now on, or takes it away; each thread follows when it opens its
        next one, with one system call just before. Any thread but a real-time one.
        @returns why it is not possible here, or an empty text
    */
    static std::string setEnabled (bool);

    /** Any thread. Wait-free. */
    static bool isEnabled() noexcept;
};

} // namespace rt::guard
