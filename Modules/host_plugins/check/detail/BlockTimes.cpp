#include "BlockTimes.h"

#include <cmath>
#include <cstdio>
#include <ctime>

namespace host::check
{

std::chrono::nanoseconds BlockTimes::getThreadTime() noexcept
{
    timespec time{};
    ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds (time.tv_sec) + std::chrono::nanoseconds (time.tv_nsec);
}

void BlockTimes::add (rt::guard::Phase phase, double sampleRate, int numSamples, std::chrono::nanoseconds time) noexcept
{
    if (numSamples < shortestJudged)
        return;

    for (auto& group : groups[static_cast<std::size_t> (phase)])
    {
        if (group.sampleRate != 0.0 && group.sampleRate != sampleRate)
            continue;

        const auto load = 1.0e-9 * static_cast<double> (time.count()) * sampleRate / numSamples;
        group.sampleRate = sampleRate;
        ++group.blocks;
        group.late += load > 1.0 ? 1 : 0;

        if (load > group.worst)
        {
            group.worst = load;
            group.worstSize = numSamples;
        }

        return;
    }
}

std::vector<CheckFinding> BlockTimes::getFindings() const
{
    std::vector<CheckFinding> findings;

    for (std::size_t i = 0; i < groups.size(); ++i)
    {
        const Group* slowest = nullptr;

        for (const auto& group : groups[i])
            if (group.blocks >= fewestJudged && 10 * group.late > group.blocks
                && (slowest == nullptr || group.late * slowest->blocks > slowest->late * group.blocks))
                slowest = &group;

        if (slowest == nullptr)
            continue;

        char worst[32];
        std::snprintf (worst, sizeof (worst), "%.1f", slowest->worst);
        findings.push_back ({ "slow",
                              "at " + std::to_string (std::lround (slowest->sampleRate)) + " Hz "
                                  + std::to_string (slowest->late) + " of " + std::to_string (slowest->blocks)
                                  + " blocks took more processor time than they last; the worst, of "
                                  + std::to_string (slowest->worstSize) + " samples, " + worst + " times as much",
                              static_cast<rt::guard::Phase> (i) });
    }

    return findings;
}

} // namespace host::check
