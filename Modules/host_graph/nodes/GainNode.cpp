#include "GainNode.h"

namespace host
{

GainNode::GainNode (int numChannels) : channels (numChannels), parameters ({ { {}, "Gain", {}, 1.0f, 0.0f, 4.0f, 0 } }) {}

void GainNode::prepare (const PrepareInfo&)
{
    gain.setTarget (parameters.get (0));
    gain.jump();
}

void GainNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    gain.setTarget (parameters.get (0));
    int start = 0;

    for (; start < context.numSamples && gain.isMoving(); ++start)
    {
        const auto value = gain.next();

        for (int channel = 0; channel < channels; ++channel)
            context.channels[channel][start] *= value;
    }

    // Here the gain stands still, or the block is over.
    const auto value = gain.getTarget();

    if (value == 1.0f)
        return;

    for (int channel = 0; channel < channels; ++channel)
        juce::FloatVectorOperations::multiply (context.channels[channel] + start, value, context.numSamples - start);
}

} // namespace host
