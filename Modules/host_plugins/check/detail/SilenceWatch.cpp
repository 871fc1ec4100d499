#include "SilenceWatch.h"

#include <algorithm>
#include <cmath>
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

    // Four tenths lie between the two: a tail that falls by 60 dB in less than 80 s loses 3 dB of every 4 s.
    const auto all = std::span (levels);
    const auto middle = all.subspan (levels.size() / 2, tenth), end = all.last (tenth);
    const auto earlier = *std::max_element (middle.begin(), middle.end()),
               later = *std::max_element (end.begin(), end.end());
    const auto isAudible = std::all_of (end.begin(), end.end(), [] (float level) { return level > audible; });

    if (! isAudible || later < 0.7f * earlier)
        return {};

    return "sound of " + toDecibels (later) + " that grows no quieter, after "
           + std::to_string (std::lround (blockSeconds * static_cast<double> (levels.size()))) + " s of silence put in";
}

} // namespace host::check
