#include "NodeProcessor.h"

#include <cmath>
#include <map>

namespace host
{

void makeParameterNamesUnique (std::vector<ParameterInfo>& parameters)
{
    std::map<juce::String, int> seen;

    for (auto& parameter : parameters)
        if (const auto count = ++seen[parameter.name]; count > 1)
            parameter.name << "#" << count;
}

const std::vector<ParameterInfo>& NodeProcessor::getParameters() const
{
    static const std::vector<ParameterInfo> none;
    return none;
}

juce::String toParameterText (float value, const juce::String& unit, bool isWhole)
{
    const auto size = std::abs (value);
    juce::String number;

    if (isWhole || size >= 1000.0f)
        number = juce::String (juce::int64 (std::llround (value)));
    else
        number = juce::String (value, size >= 100.0f ? 1 : size >= 1.0f || value == 0.0f ? 2 : 3, false);

    // "-0.00" is no news.
    if (number.startsWithChar ('-') && number.containsOnly ("-0."))
        number = number.substring (1);

    return unit.isEmpty() ? number : number + " " + unit;
}

juce::String NodeProcessor::getParameterText (int index, float value) const
{
    const auto& parameters = getParameters();

    if (! juce::isPositiveAndBelow (index, parameters.size()))
        return {};

    const auto& info = parameters[std::size_t (index)];
    const auto step = info.steps > 1 ? (info.maximum - info.minimum) / float (info.steps - 1) : 0.0f;
    return toParameterText (value, info.label, info.steps > 1 && std::abs (step - std::round (step)) < 1.0e-6f);
}

} // namespace host
