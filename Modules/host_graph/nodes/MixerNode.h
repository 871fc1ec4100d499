#pragma once

#include "ParameterStore.h"
#include "SmoothedValue.h"

#include <vector>

namespace host
{

/** Sums stereo pairs: "Level 1", ... linear 0 to 4, and "Pan 1", ... -1 (left) to 1 (right), which turns down the far side
    and leaves the centre as it is. Changes are smoothed over 256 samples. */
class MixerNode : public NodeProcessor
{
public:
    explicit MixerNode (int numStereoInputs);

    juce::String getName() const override { return "Mixer"; }
    NodePorts getPorts() const override { return { 2 * pairs, 2, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept override;

    const std::vector<ParameterInfo>& getParameters() const override { return parameters.getInfos(); }
    void setParameter (int index, float value) noexcept override { parameters.set (index, value); }
    float getParameter (int index) const override { return parameters.get (index); }

private:
    void updateTargets() noexcept;

    int pairs;
    ParameterStore parameters;
    std::vector<SmoothedValue> gains; ///< left and right of each pair
};

} // namespace host
