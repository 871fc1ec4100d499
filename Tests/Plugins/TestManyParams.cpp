// Three factors, of which two have the same name: output is input times all three.

#include "TestPlugin.h"

namespace
{

class ManyParams final : public vst3::Plugin
{
public:
    void parameterChanged (int index, double value) noexcept override
    {
        factors[static_cast<std::size_t> (index)] = static_cast<float> (value);
    }

    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = block.in[c][i] * factors[0] * factors[1] * factors[2];
    }

private:
    std::array<float, 3> factors{ 1.0f, 1.0f, 1.0f };
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<ManyParams> (19, "TestManyParams",
                                           { { .name = "Gain", .defaultValue = 1.0 },
                                             { .name = "Gain", .defaultValue = 1.0 },
                                             { .name = "Level", .defaultValue = 1.0 } }) };
}
