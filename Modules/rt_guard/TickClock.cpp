#include "TickClock.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace rt::guard
{

constinit std::atomic<bool> TickClock::usesCounter{ false };

namespace
{

/** When the counter was first looked at: its rate follows, the better the later it is asked for. */
constinit TickClock::Moment origin{};

/** @param readTicks  also read before and after the other clock, so that it is known how far the two may be apart */
template <typename ReadTicks, typename ReadNanoseconds>
TickClock::Moment takeBoth (ReadTicks&& readTicks, ReadNanoseconds&& readNanoseconds) noexcept
{
    constexpr int tries = 4;
    TickClock::Moment best;
    auto narrowest = ~std::uint64_t (0);

    for (int i = 0; i < tries; ++i)
    {
        const auto before = readTicks();
        const auto nanoseconds = readNanoseconds();
        const auto width = readTicks() - before;

        if (width < narrowest)
        {
            narrowest = width;
            best = { before + width / 2, nanoseconds };
        }
    }

    return best;
}

} // namespace

TickClock::Moment TickClock::readBoth() noexcept { return takeBoth (read, readNanoseconds); }

std::uint64_t TickClock::readNanoseconds() noexcept
{
    timespec now{};
    ::clock_gettime (CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t> (now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t> (now.tv_nsec);
}

void TickClock::warmUp() noexcept
{
#if defined(__x86_64__)
    if (usesCounter)
        return;

    // "Invariant TSC": the same rate whatever the processor's frequency.
    unsigned a = 0, b = 0, c = 0, d = 0;

    if (__get_cpuid (0x80000007u, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0)
    {
        origin = takeBoth ([] { return std::uint64_t (__rdtsc()); }, readNanoseconds);
        usesCounter.store (true, std::memory_order_release);
    }
#endif
}

double TickClock::toNanoseconds (std::uint64_t ticks) noexcept
{
    if (! usesCounter)
        return static_cast<double> (ticks);

    // A thousandth of a second is the least that makes a rate; a call that took longer is itself part of the span.
    constexpr std::uint64_t leastSpan = 1'000'000;
    auto now = readBoth();

    while (now.nanoseconds - origin.nanoseconds < leastSpan)
        now = readBoth();

    return static_cast<double> (ticks) * static_cast<double> (now.nanoseconds - origin.nanoseconds)
           / static_cast<double> (now.ticks - origin.ticks);
}

} // namespace rt::guard
