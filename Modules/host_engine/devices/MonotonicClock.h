#pragma once

#include <cstdint>

#include <time.h>

namespace host
{

/** CLOCK_MONOTONIC in nanoseconds: the clock of devices, of MIDI time stamps and of timed sleeps. Any thread; no system
    call where the kernel has a vDSO. */
inline std::int64_t monotonicNanoseconds() noexcept
{
    timespec now{};
    clock_gettime (CLOCK_MONOTONIC, &now);
    return std::int64_t (now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/** Sleeps until CLOCK_MONOTONIC shows the time, or a signal arrives. */
inline void sleepUntilMonotonic (std::int64_t nanoseconds) noexcept
{
    timespec until{};
    until.tv_sec = static_cast<time_t> (nanoseconds / 1'000'000'000);
    until.tv_nsec = static_cast<long> (nanoseconds % 1'000'000'000);
    clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

} // namespace host
