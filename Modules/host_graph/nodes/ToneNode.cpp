#include "ToneNode.h"

#include <array>
#include <cmath>
#include <numbers>

namespace host
{

ToneNode::ToneNode (int numChannels)
    : channels (numChannels), parameters ({ { {}, "Frequency", "Hz", 440.0f, 0.1f, 20000.0f, 0 },
                                            { {}, "Level", {}, 0.25f, 0.0f, 1.0f, 0 },
                                            { {}, "Shape", {}, 0.0f, 0.0f, 3.0f, 4 } })
{
}

namespace
{
constexpr std::array shapeNames{ "sine", "square", "noise", "impulse" };
}

std::optional<int> ToneNode::findShape (const std::string& name)
{
    for (std::size_t i = 0; i < shapeNames.size(); ++i)
        if (name == shapeNames[i])
            return int (i);

    return {};
}

juce::String ToneNode::getParameterText (int index, float value) const
{
    if (index != shape)
        return NodeProcessor::getParameterText (index, value);

    return shapeNames[std::size_t (std::clamp (std::lround (value), 0l, long (shapeNames.size()) - 1))];
}

void ToneNode::prepare (const PrepareInfo& info)
{
    sampleRate = info.sampleRate;
    phase = 0.0;
    noise = 1;
}

void ToneNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    const auto step = double (parameters.get (frequency)) / sampleRate;
    const auto amplitude = parameters.get (level);
    const auto waveform = int (std::lround (parameters.get (shape)));

    for (int i = 0; i < context.numSamples; ++i)
    {
        auto value = 0.0f;

        switch (waveform)
        {
            case 0: value = float (std::sin (2.0 * std::numbers::pi * phase)); break;
            case 1: value = phase < 0.5 ? 1.0f : -1.0f; break;
            case 2:
                noise = noise * 1664525u + 1013904223u; // Numerical Recipes' generator: cheap, and the same everywhere
                value = float (std::int32_t (noise)) / 2147483648.0f;
                break;
            default: value = phase < step ? 1.0f : 0.0f; break;
        }

        phase += step;
        phase -= std::floor (phase);

        for (int channel = 0; channel < channels; ++channel)
            context.channels[channel][i] = value * amplitude;
    }
}

} // namespace host
