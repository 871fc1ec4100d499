#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace host
{

/** Durations in nanoseconds, counted in buckets about 6 % wide, so that percentiles cost no memory as time goes on.

    add() is wait-free and for one thread at a time; the getters are for any thread and see a recent state.
*/
class TimeHistogram
{
public:
    void add (std::uint64_t nanoseconds) noexcept
    {
        bump (counts[bucketOf (nanoseconds)]);
        bump (total);

        if (nanoseconds > longest.load (std::memory_order_relaxed))
            longest.store (nanoseconds, std::memory_order_relaxed);
    }

    std::uint64_t getCount() const noexcept { return total.load (std::memory_order_relaxed); }
    double getMaxMicros() const noexcept { return double (longest.load (std::memory_order_relaxed)) * 1.0e-3; }

    /** @param fraction  0.5 is the median, 0.99 the 99th percentile
        @returns microseconds; 0 when nothing was added */
    double getPercentileMicros (double fraction) const noexcept
    {
        const auto wanted = std::uint64_t (fraction * double (getCount()));
        std::uint64_t sum = 0;

        for (std::size_t i = 0; i < counts.size(); ++i)
        {
            sum += counts[i].load (std::memory_order_relaxed);

            if (sum > wanted)
                return std::min (middleOf (i) * 1.0e-3, getMaxMicros());
        }

        return getMaxMicros();
    }

private:
    static constexpr unsigned subBits = 4;

    // Relaxed load and store in place of a read-modify-write: there is one writer.
    template <typename Count>
    static void bump (std::atomic<Count>& count) noexcept
    {
        count.store (count.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    static std::size_t bucketOf (std::uint64_t value) noexcept
    {
        const auto clipped = std::clamp<std::uint64_t> (value, 1u << subBits, (std::uint64_t (1) << 40) - 1);
        const auto exponent = unsigned (std::bit_width (clipped)) - 1 - subBits;
        return (std::size_t (exponent) << subBits) + std::size_t ((clipped >> exponent) & ((1u << subBits) - 1));
    }

    static double middleOf (std::size_t bucket) noexcept
    {
        const auto exponent = bucket >> subBits;
        const auto low = double (((bucket & ((1u << subBits) - 1)) + (1u << subBits)) << exponent);
        return low + 0.5 * double (std::uint64_t (1) << exponent);
    }

    std::atomic<std::uint64_t> total{ 0 }, longest{ 0 };
    std::array<std::atomic<std::uint32_t>, (40 - subBits) << subBits> counts{};
};

} // namespace host
