#pragma once

#include <atomic>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace rt::guard
{

/** Times calls that may take some nanoseconds: the processor's own counter where there is one that runs evenly, which is read in a
    fraction of the time that clock_gettime() takes. */
class TickClock
{
public:
    /** Finds out which clock there is. Before the first read() that is to be cheap; any thread. */
    static void warmUp() noexcept;

    /** Any thread. Wait-free, no system call. */
    static std::uint64_t read() noexcept
    {
#if defined(__x86_64__)
        if (usesCounter.load (std::memory_order_acquire)) [[likely]]
            return __rdtsc();
#endif
        return readNanoseconds();
    }

    /** One moment on two clocks. */
    struct Moment
    {
        std::uint64_t ticks = 0;       ///< as read() tells them
        std::uint64_t nanoseconds = 0; ///< of CLOCK_MONOTONIC, which std::chrono::steady_clock reads on Linux
    };

    /** Both clocks are read one after the other, and the thread may lose its processor in between: the narrowest of a few tries
        counts, so that the two are some 20 ns apart. Any thread. Wait-free, no system call. */
    static Moment readBoth() noexcept;

    /** A span between two reads. Not real-time. */
    static double toNanoseconds (std::uint64_t ticks) noexcept;

private:
    static std::uint64_t readNanoseconds() noexcept;

    static constinit std::atomic<bool> usesCounter;
};

} // namespace rt::guard
