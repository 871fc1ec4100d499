#pragma once

#include "../CheckFinding.h"

#include <array>
#include <vector>

namespace host::check
{

/** Looks at what a plugin puts out: numbers that are none, and levels that nobody wants. Wait-free. */
class OutputWatch
{
public:
    /** The input never exceeds 1, so that this is +100 dB: no gain that anybody wants (amplifiers that go up to +70 dB exist), and
        above any frequency in hertz, which analysers put out through audio ports. */
    static constexpr float runawayLevel = 100000.0f;

    /** @returns how much the block sounds: half the distance between the lowest and the highest sample of the channel where it
                 is largest, so that what does not move is none; 0 if it holds NaN or infinity */
    float examine (rt::guard::Phase, int block, const float* const* channels, int numChannels, int numSamples) noexcept;

    std::vector<CheckFinding> getFindings() const;

private:
    /** Blocks of a phase that were bad in one way. */
    struct Badness
    {
        void count (int block, float level) noexcept
        {
            firstBlock = blocks++ == 0 ? block : firstBlock;
            peak = level > peak ? level : peak;
        }

        int blocks = 0, firstBlock = 0;
        float peak = 0.0f;
    };

    std::array<Badness, 4> notFinite{}, tooLoud{}; ///< by phase
};

} // namespace host::check
