#include "SilenceWatch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace host::check
{

static std::string toDecibels (float level)
{
    return std::to_string (std::lround (20.0 * std::log10 (static_cast<double> (level)))) + " dBFS";
}

bool SilenceWatch::hasFallenSilent (double blockSeconds) const noexcept
{
    const auto numBlocks = static_cast<std::size_t> (std::ceil (0.5 / blockSeconds));
    return levels.size() >= numBlocks
           && std::all_of (levels.end() - static_cast<std::ptrdiff_t> (numBlocks), levels.end(),
                           [] (float level) { return level <= audible; });
}

std::string SilenceWatch::judgeUntouched() const
{
    const auto late = std::span (levels).subspan (levels.size() / 2);
    const auto numAudible = std::count_if (late.begin(), late.end(), [] (float level) { return level > audible; });

    if (numAudible < 3)
        return {};

    return "sound of " + toDecibels (*std::max_element (late.begin(), late.end())) + " before anything was ever put in";
}

std::string SilenceWatch::judgeAfterTail (double blockSeconds) const
{
    const auto tenth = levels.size() / 10;

    if (tenth == 0)
        return {};

    // Four tenths lie between the two. A tail that falls by 60 dB in nine minutes loses 0.45 dB in 4 s, and some do ring for minutes:
    // models of gongs, plates with a residue.
    constexpr auto slowestFall = 0.95f;
    const auto mean = [] (std::span<const float> part)
    { return std::accumulate (part.begin(), part.end(), 0.0f) / static_cast<float> (part.size()); };

    const auto end = std::span (levels).last (tenth);
    const auto earlier = mean (std::span (levels).subspan (levels.size() / 2, tenth)), later = mean (end);
    const auto isAudible = std::all_of (end.begin(), end.end(), [] (float level) { return level > audible; });

    if (! isAudible || later < slowestFall * earlier)
        return {};

    return "sound of " + toDecibels (later) + " that grows no quieter, after "
           + std::to_string (std::lround (blockSeconds * static_cast<double> (levels.size()))) + " s of silence put in";
}

} // namespace host::check
