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

    /** A span between two reads. Not real-time. */
    static double toNanoseconds (std::uint64_t ticks) noexcept;

private:
    static std::uint64_t readNanoseconds() noexcept;

    static constinit std::atomic<bool> usesCounter;
};

} // namespace rt::guard
