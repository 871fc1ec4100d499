#pragma once

#include "ParameterStore.h"

#include <cstdint>
#include <string>

namespace host
{

/** A test signal: "Frequency" Hz, "Level" linear 0 to 1, "Shape" 0 sine, 1 square, 2 noise, 3 impulse (one sample a period).

    The same samples on every run, whatever the block size.
*/
class ToneNode : public NodeProcessor
{
public:
    enum Parameter
    {
        frequency,
        level,
        shape
    };

    explicit ToneNode (int numChannels);

    /** The value of "Shape" that a name stands for: sine, square, noise or impulse. */
    static std::optional<int> findShape (const std::string& name);

    juce::String getName() const override { return "Tone"; }
    NodePorts getPorts() const override { return { 0, channels, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept override;

    /** Goes on for ever: a render of it wants a length. */
    std::optional<double> getTailSeconds() const override { return 0.0; }

    const std::vector<ParameterInfo>& getParameters() const override { return parameters.getInfos(); }
    void setParameter (int index, float value) noexcept override { parameters.set (index, value); }
    float getParameter (int index) const override { return parameters.get (index); }
    juce::String getParameterText (int index, float value) const override;

private:
    int channels;
    ParameterStore parameters;
    double sampleRate = 48000.0;
    double phase = 0.0; ///< in periods, 0 to 1
    std::uint32_t noise = 1;
};

} // namespace host
