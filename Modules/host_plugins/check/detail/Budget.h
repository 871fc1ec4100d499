#pragma once

#include "../CheckOptions.h"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace host::check
{

/** How long each phase may go on: the seconds asked for, within the limits of its blocks, and all of them within the wall
    limit. The audio thread counts, any thread reads. */
class Budget
{
public:
    using Clock = std::chrono::steady_clock;

    /** Four phases stay below 20,000 blocks. */
    static constexpr int minBlocksPerPhase = 400, maxBlocksPerPhase = 4900;

    explicit Budget (const CheckOptions& optionsToUse)
        : seconds (optionsToUse.seconds), deadline (Clock::now() + optionsToUse.wallLimit)
    {
    }

    /** While no job runs. */
    void beginPhase() noexcept
    {
        blocksOfPhase = 0;
        nanosecondsOfPhase = 0;
        neededBlocks = 0;
    }

    /** For a phase that cannot do its work in the fewest blocks. */
    void need (int blocks) noexcept { neededBlocks = std::min (blocks, maxBlocksPerPhase); }

    void countBlock (int numSamples, double sampleRate) noexcept
    {
        nanosecondsOfPhase.fetch_add (static_cast<std::int64_t> (1.0e9 * numSamples / sampleRate),
                                      std::memory_order_relaxed);
        blocksOfPhase.fetch_add (1, std::memory_order_relaxed);
        numBlocks.fetch_add (1, std::memory_order_relaxed);
    }

    /** Of all phases. */
    int getNumBlocks() const noexcept { return numBlocks.load (std::memory_order_relaxed); }

    int getBlocksOfPhase() const noexcept { return blocksOfPhase.load (std::memory_order_relaxed); }

    /** 0 to 1. */
    double getFractionOfPhase() const noexcept
    {
        const auto blocks = static_cast<double> (getBlocksOfPhase());
        const auto fewest = std::max (minBlocksPerPhase, neededBlocks.load (std::memory_order_relaxed));
        const auto played = 1.0e-9 * static_cast<double> (nanosecondsOfPhase.load (std::memory_order_relaxed));

        return std::min (1.0, std::max (blocks / maxBlocksPerPhase, std::min (blocks / fewest, played / seconds)));
    }

    /** Whether the phase has still to go on. Audio thread. */
    bool isToGoOn() noexcept { return hasRoom() && getFractionOfPhase() < 1.0; }

    /** Whether the phase may go on, though it need not. Audio thread. */
    bool hasRoom() noexcept
    {
        if (Clock::now() >= deadline)
            cutShort = true;

        return ! cutShort && getBlocksOfPhase() < maxBlocksPerPhase;
    }

    bool isCutShort() const noexcept { return cutShort; }

private:
    const double seconds;
    const Clock::time_point deadline;
    std::atomic<int> numBlocks{ 0 }, blocksOfPhase{ 0 }, neededBlocks{ 0 };
    std::atomic<std::int64_t> nanosecondsOfPhase{ 0 };
    std::atomic<bool> cutShort{ false };
};

} // namespace host::check
