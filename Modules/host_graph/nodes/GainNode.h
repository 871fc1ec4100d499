#pragma once

#include "ParameterStore.h"
#include "SmoothedValue.h"

namespace host
{

/** Multiplies all its channels by "Gain", linear 0 to 4; changes are smoothed over 256 samples. */
class GainNode : public NodeProcessor
{
public:
    explicit GainNode (int numChannels);

    juce::String getName() const override { return "Gain"; }
    NodePorts getPorts() const override { return { channels, channels, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept override;

    const std::vector<ParameterInfo>& getParameters() const override { return parameters.getInfos(); }
    void setParameter (int index, float value) noexcept override { parameters.set (index, value); }
    float getParameter (int index) const override { return parameters.get (index); }

private:
    int channels;
    ParameterStore parameters;
    SmoothedValue gain{ 1.0f };
};

} // namespace host
