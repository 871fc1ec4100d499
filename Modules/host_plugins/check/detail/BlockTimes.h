#pragma once

#include "../CheckFinding.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

namespace host::check
{

/** Whether a plugin keeps up with real time, told from the processor time of its blocks.

    It is slow, in a phase and at a sample rate, when more than one in ten of its blocks of at least 64 samples, and of 20 or
    more such blocks, took more processor time than they last. Shorter blocks are what a host cuts for automation; no device asks
    for them again and again. What else the machine does has little weight in this: other threads' time is not counted, and what an
    interruption does to caches it would have to do to every tenth block.
*/
class BlockTimes
{
public:
    static constexpr int shortestJudged = 64, fewestJudged = 20;

    /** The processor time of the calling thread. One system call. */
    static std::chrono::nanoseconds getThreadTime() noexcept;

    /** Counts a block. Wait-free. */
    void add (rt::guard::Phase, double sampleRate, int numSamples, std::chrono::nanoseconds) noexcept;

    /** At most one a phase. */
    std::vector<CheckFinding> getFindings() const;

private:
    struct Group
    {
        double sampleRate = 0.0; ///< 0: unused
        int blocks = 0, late = 0;
        double worst = 0.0; ///< processor time over duration
        int worstSize = 0;
    };

    static constexpr std::size_t maxRates = 8;
    std::array<std::array<Group, maxRates>, 4> groups{}; ///< by phase
};

} // namespace host::check
