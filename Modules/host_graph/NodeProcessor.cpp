#include "NodeProcessor.h"

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

} // namespace host
