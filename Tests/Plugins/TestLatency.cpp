// Output is input, late by the latency it reports: the parameter "Latency" (0 to 4800 samples) as it was when the plugin was
// prepared. TEST_LATENCY, from CMake, is the default.

#include "DelayLine.h"
#include "TestPlugin.h"

namespace
{

constexpr int maxLatency = 4800;

class Latency final : public vst3::Plugin
{
public:
    void prepare (const vst3::Setup& setup) override
    {
        latency = static_cast<int> (setup.parameters[0]);

        for (auto& line : lines)
            line.prepare (maxLatency);
    }

    void reset() noexcept override
    {
        for (auto& line : lines)
            line.reset();
    }

    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = lines[c].process (block.in[c][i], latency);
    }

    std::uint32_t getLatencySamples() const override { return static_cast<std::uint32_t> (latency); }

private:
    test::DelayLine lines[2];
    int latency = TEST_LATENCY;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Latency> (0x1000 + TEST_LATENCY, "TestLatency " + std::to_string (TEST_LATENCY),
                                        { { .name = "Latency",
                                            .maximum = maxLatency,
                                            .defaultValue = TEST_LATENCY,
                                            .steps = maxLatency,
                                            .decimals = 0 } }) };
}
