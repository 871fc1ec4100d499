#pragma once

#include "Policy.h"

#include <algorithm>
#include <cstdint>

namespace rt
{

/** How long a thread steps aside after a failed compare-and-exchange, so that the others finish theirs without it: doubled with
    each failure in a row, from a unit that adapts itself to how often the thread fails at all.

    Of a number of operations the share that needed more than one try is looked at: above one in a hundred the unit doubles, else
    it halves, within the limits. One thread's, so that its counters cost the others nothing.

    Algorithm: the backoff of liblfds 7.1.1, whose counters were shared by all threads and whose unit had no upper limit.
*/
template <typename Policy = StdPolicy>
class Backoff
{
public:
    /** In pauses of the policy: the unit's bounds, and that of a single wait. A pause was 27 ns on the machine where these were
        chosen, so the longest wait is 1.7 us: two cores that did nothing but fight for one word then got through 4 to 5 times as
        much as with single pauses. Much longer waits brought a little more; the bound is there for the thread that waits.
    */
    struct Limits
    {
        std::uint32_t shortestUnit = 1;
        std::uint32_t longestUnit = 16;
        std::uint32_t longestWait = 64;
    };

    static constexpr std::uint32_t opsPerTuning = 1000;

    Backoff() noexcept = default;
    explicit Backoff (const Limits& limitsToKeep) noexcept : limits (limitsToKeep), unit (limitsToKeep.shortestUnit) {}

    /** Waits after the n-th failure of an operation, from 1. Bounded by the longest wait. */
    void wait (std::uint32_t numFailures) noexcept
    {
        const auto doubled = unit << std::min (numFailures - 1, 10u);

        for (auto pauses = std::min (doubled, limits.longestWait); pauses > 0; --pauses)
            Policy::pause();
    }

    /** Notes an operation that succeeded after that many failures. A few instructions. */
    void succeeded (std::uint32_t numFailures) noexcept
    {
        numRetried += numFailures != 0 ? 1 : 0;

        if (++numOps == opsPerTuning)
            tune();
    }

    std::uint32_t getUnit() const noexcept { return unit; }

private:
    void tune() noexcept
    {
        unit = numRetried > opsPerTuning / 100 ? std::min (unit * 2, limits.longestUnit)
                                               : std::max (unit / 2, limits.shortestUnit);
        numOps = 0;
        numRetried = 0;
    }

    Limits limits;
    std::uint32_t unit = limits.shortestUnit;
    std::uint32_t numOps = 0;
    std::uint32_t numRetried = 0;
};

} // namespace rt
