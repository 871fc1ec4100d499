// Output is input, exactly "Samples" samples late (0 to 4800, default 100). Reports no latency: it is an effect.

#include "DelayLine.h"
#include "TestPlugin.h"

namespace
{

constexpr int maxDelay = 4800;

class Delay final : public vst3::Plugin
{
public:
    void prepare (const vst3::Setup&) override
    {
        for (auto& line : lines)
            line.prepare (maxDelay);
    }

    void reset() noexcept override
    {
        for (auto& line : lines)
            line.reset();
    }

    void parameterChanged (int, double value) noexcept override { delay = static_cast<int> (value); }

    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = lines[c].process (block.in[c][i], delay);
    }

    std::uint32_t getTailSamples (std::span<const double> parameters) const override
    {
        return static_cast<std::uint32_t> (parameters[0]);
    }

private:
    test::DelayLine lines[2];
    int delay = 0;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Delay> (
        2, "TestDelay",
        { { .name = "Samples", .maximum = maxDelay, .defaultValue = 100, .steps = maxDelay, .decimals = 0 } }) };
}
