// Main output is main input minus side-chain input.

#include "TestPlugin.h"

namespace
{

class SideChain final : public vst3::Plugin
{
public:
    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = block.in[c][i] - block.in[c + 2][i];
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    auto c = test::makeEffect<SideChain> (6, "TestSideChain");
    c.inputs.push_back ({ "Side-chain" });
    return { c };
}
