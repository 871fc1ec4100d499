// Output is input times the parameter "Gain", 0 to 1, in float32; a change takes effect at its exact sample.

#include "TestPlugin.h"

namespace
{

class Gain final : public vst3::Plugin
{
public:
    void parameterChanged (int, double value) noexcept override { gain = static_cast<float> (value); }

    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = block.in[c][i] * gain;
    }

private:
    float gain = 1.0f;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Gain> (1, "TestGain", { { .name = "Gain", .defaultValue = 1.0 } }) };
}
