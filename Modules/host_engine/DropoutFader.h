#pragma once

#include <host_graph/Fade.h>
#include <juce_audio_basics/juce_audio_basics.h>

#include <array>

namespace host
{

/** Takes the edge off blocks that are not there in time: what was heard last ends within 256 samples, and what comes after the gap
    begins so. Audio thread; allocates nothing. */
class DropoutFader
{
public:
    static constexpr int mostChannels = 64; ///< those beyond simply stop

    /** A block that is whole: keeps its end, and fades it in after a gap. */
    void pass (float* const* outputs, int numOutputs, int numSamples) noexcept
    {
        numOutputs = std::min (numOutputs, mostChannels);

        if (! fade.isFull())
        {
            const auto start = fade;

            for (int channel = 0; channel < numOutputs; ++channel)
            {
                fade = start;

                for (int i = 0; i < numSamples && ! fade.isFull(); ++i)
                    outputs[channel][i] *= fade.next (true);
            }

            if (numOutputs == 0)
                fade.jump (true);
        }

        numKept = std::min (numSamples, Fade::samples);

        for (int channel = 0; channel < numOutputs; ++channel)
            juce::FloatVectorOperations::copy (kept[std::size_t (channel)].data(), outputs[channel] + numSamples - numKept, numKept);
    }

    /** A block that is not there, and silence so far: lets the last one end by playing its end backwards, which goes on from where it
        stopped. */
    void drop (float* const* outputs, int numOutputs, int numSamples) noexcept
    {
        const auto length = std::min (numKept, numSamples);

        for (int channel = 0; channel < std::min (numOutputs, mostChannels); ++channel)
            for (int i = 0; i < length; ++i)
                outputs[channel][i] =
                    kept[std::size_t (channel)][std::size_t (numKept - 1 - i)] * (1.0f - float (i + 1) / float (length));

        numKept = 0;
        fade.jump (false);
    }

private:
    std::array<std::array<float, Fade::samples>, mostChannels> kept{};
    int numKept = 0;
    Fade fade{ Fade::samples };
};

} // namespace host
