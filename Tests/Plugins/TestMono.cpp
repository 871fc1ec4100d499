// One channel in, one out, unchanged.

#include "TestPlugin.h"

namespace
{

class Mono final : public vst3::Plugin
{
public:
    void process (const vst3::Block& block) noexcept override
    {
        for (int i = 0; i < block.numSamples; ++i)
            block.out[0][i] = block.in[0][i];
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    auto c = test::makeEffect<Mono> (7, "TestMono");
    c.inputs = { { "Input", 1 } };
    c.outputs = { { "Output", 1 } };
    return { c };
}
