#include "OutputWatch.h"

#include <algorithm>
#include <cmath>

namespace host::check
{

float OutputWatch::examine (rt::guard::Phase phase, int block, const float* const* channels, int numChannels,
                            int numSamples) noexcept
{
    bool isFinite = true;
    float peak = 0.0f, sound = 0.0f;

    for (int c = 0; c < numChannels; ++c)
    {
        auto lowest = channels[c][0], highest = lowest;

        for (int i = 0; i < numSamples; ++i)
        {
            isFinite = isFinite && std::isfinite (channels[c][i]);
            lowest = std::min (lowest, channels[c][i]);
            highest = std::max (highest, channels[c][i]);
        }

        peak = std::max ({ peak, highest, -lowest });
        sound = std::max (sound, 0.5f * (highest - lowest));
    }

    const auto index = static_cast<std::size_t> (phase);

    if (! isFinite)
    {
        notFinite[index].count (block, 0.0f);
        return 0.0f;
    }

    if (peak > runawayLevel)
        tooLoud[index].count (block, peak);

    return sound;
}

std::vector<CheckFinding> OutputWatch::getFindings() const
{
    std::vector<CheckFinding> findings;

    const auto describe = [] (const Badness& badness)
    {
        return " in " + std::to_string (badness.blocks) + (badness.blocks == 1 ? " block, " : " blocks, the first is ")
               + std::to_string (badness.firstBlock);
    };

    for (std::size_t i = 0; i < notFinite.size(); ++i)
    {
        const auto phase = static_cast<rt::guard::Phase> (i);

        if (notFinite[i].blocks > 0)
            findings.push_back ({ "nan", "NaN or infinity in the output" + describe (notFinite[i]), phase });

        if (tooLoud[i].blocks > 0)
            findings.push_back (
                { "runaway",
                  "output up to " + std::to_string (std::lround (20.0 * std::log10 (static_cast<double> (tooLoud[i].peak))))
                      + " dBFS for input of at most 0" + describe (tooLoud[i]),
                  phase });
    }

    return findings;
}

} // namespace host::check
