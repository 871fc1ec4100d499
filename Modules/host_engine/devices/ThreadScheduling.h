#pragma once

namespace host
{

/** The SCHED_FIFO priorities of our own threads, 1 to 99. JACK's clients usually run at 65 to 75, kernel threads at 50. */
struct RealtimePriority
{
    static constexpr int audio = 65;
    static constexpr int worker = 64; ///< beside the audio thread: whoever waits for it comes first
    static constexpr int midiOutput = 60;
};

/** True when the calling thread is scheduled by SCHED_FIFO or SCHED_RR. One system call. */
bool isThisThreadRealtime() noexcept;

/** Asks for SCHED_FIFO at the priority, or at the highest that RLIMIT_RTPRIO allows when that is lower.

    A few system calls: for a thread's start, not for every block.
    @returns whether the thread is real-time now; when false, it goes on with normal scheduling
*/
bool makeThisThreadRealtime (int priority) noexcept;

/** How many processors this process may run on, at least 1. Not real-time. */
int countUsableProcessors() noexcept;

} // namespace host
