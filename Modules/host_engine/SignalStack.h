#pragma once

namespace host
{

/** Gives the calling thread a stack for its signal handlers, until it ends; once is enough. On a thread without one the kernel ends the
    process without a word when a plugin's recursion has used up the thread's own stack, for a handler would have nowhere to run.

    Allocates and asks the kernel: for a thread's first moments, before it renders.
*/
void giveThisThreadSignalStack();

} // namespace host
