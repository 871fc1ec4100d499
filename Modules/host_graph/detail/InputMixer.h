#pragma once

#include "../RenderPlan.h"

namespace host::detail
{

/** Sums up the inputs of an op, each in the plan's order of its sources, so that every renderer gives the same bits.

    Whoever does the op, after its predecessors. No allocation, no lock, no system call. Time: linear in the sources' samples.
*/
class InputMixer
{
public:
    /** @param isSilentBySource    what the predecessors said of themselves, by op
        @param isInputSilentSoFar  what the plain sources are known to be */
    InputMixer (const RenderPlan& planToUse, const std::uint8_t* isSilentBySource, int numSamplesToMix,
                bool isInputSilentSoFar) noexcept
        : plan (planToUse), isSilentByOp (isSilentBySource), numSamples (numSamplesToMix), isInputSilent (isInputSilentSoFar)
    {
    }

    /** Writes one channel. */
    void mix (const RenderPlan::Mix&) noexcept;

    /** Whether all that was mixed is known to be silent. */
    bool isSilent() const noexcept { return isInputSilent; }

private:
    bool isSilent (int op) const noexcept { return isSilentByOp[std::size_t (op)] != 0; }

    /** Adds up sources that pass as they are. @returns whether nothing was written, because all is silence */
    bool mixPlain (float* destination, const RenderPlan::Source*, float* const* pointers, int numSources) const noexcept;

    /** Adds up sources of which some fade or are delayed. @returns whether nothing was written */
    bool mixEdges (float* destination, const RenderPlan::Source*, float* const* pointers, int numSources) noexcept;

    const RenderPlan& plan;
    const std::uint8_t* const isSilentByOp;
    const int numSamples;
    bool isInputSilent;
};

} // namespace host::detail
