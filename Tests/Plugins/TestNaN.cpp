// Its output is NaN while the parameter "Broken" is above 0.5; otherwise sound passes through.

#include "TestPlugin.h"

#include <limits>

namespace
{

class NaN final : public test::PassThrough
{
public:
    void parameterChanged (int, double value) noexcept override { broken = value > 0.5; }

    void process (const vst3::Block& block) noexcept override
    {
        PassThrough::process (block);

        for (std::size_t c = 0; broken && c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = std::numeric_limits<float>::quiet_NaN();
    }

private:
    bool broken = false;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<NaN> (TEST_NUMBER, TEST_NAME, { { .name = "Broken", .defaultValue = TEST_DEFAULT } }) };
}
