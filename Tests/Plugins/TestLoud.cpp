// Output is input times 100 (+40 dB).

#include "TestPlugin.h"

namespace
{

class Loud final : public vst3::Plugin
{
public:
    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = block.in[c][i] * 100.0f;
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses() { return { test::makeEffect<Loud> (10, "TestLoud") }; }
