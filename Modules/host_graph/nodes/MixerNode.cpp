#include "MixerNode.h"

namespace host
{

namespace
{
std::vector<ParameterInfo> makeMixerParameters (int pairs)
{
    std::vector<ParameterInfo> result;

    for (int i = 1; i <= pairs; ++i)
    {
        result.push_back ({ {}, "Level " + juce::String (i), {}, 1.0f, 0.0f, 4.0f, 0 });
        result.push_back ({ {}, "Pan " + juce::String (i), {}, 0.0f, -1.0f, 1.0f, 0 });
    }

    return result;
}
} // namespace

MixerNode::MixerNode (int numStereoInputs)
    : pairs (numStereoInputs), parameters (makeMixerParameters (numStereoInputs)),
      gains (std::size_t (2 * numStereoInputs), SmoothedValue (1.0f))
{
}

void MixerNode::updateTargets() noexcept
{
    for (int pair = 0; pair < pairs; ++pair)
    {
        const auto level = parameters.get (2 * pair), pan = parameters.get (2 * pair + 1);
        gains[std::size_t (2 * pair)].setTarget (level * std::min (1.0f, 1.0f - pan));
        gains[std::size_t (2 * pair + 1)].setTarget (level * std::min (1.0f, 1.0f + pan));
    }
}

void MixerNode::prepare (const PrepareInfo&)
{
    updateTargets();

    for (auto& gain : gains)
        gain.jump();
}

void MixerNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    updateTargets();

    // In place: channels 0 and 1 are the first pair's inputs and the outputs.
    for (int side = 0; side < 2; ++side)
    {
        auto* output = context.channels[side];

        for (int pair = 0; pair < pairs; ++pair)
        {
            const auto* input = context.channels[2 * pair + side];
            auto& gain = gains[std::size_t (2 * pair + side)];

            for (int i = 0; i < context.numSamples; ++i)
                output[i] = (pair == 0 ? 0.0f : output[i]) + input[i] * gain.next();
        }
    }
}

} // namespace host
