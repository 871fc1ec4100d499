#pragma once

#include <Vst3Base/Plugin.h>

#include <utility>

namespace test
{

/** A class id of the test plugins: hexadecimal 41484F53 54455354 00000000 and the number. */
constexpr std::array<std::uint32_t, 4> makeId (std::uint32_t number) { return { 0x41484f53, 0x54455354, 0, number }; }

/** A stereo effect that is called `name`, to be adorned further. */
template <typename Plugin>
vst3::PluginClass makeEffect (std::uint32_t number, std::string name, std::vector<vst3::Parameter> parameters = {})
{
    return { .id = makeId (number),
             .name = std::move (name),
             .categories = "Fx|Tools",
             .inputs = { { "Input" } },
             .outputs = { { "Output" } },
             .parameters = std::move (parameters),
             .create = [] { return std::make_unique<Plugin>(); } };
}

/** An effect that passes sound through; the base of those that misbehave. */
class PassThrough : public vst3::Plugin
{
public:
    void process (const vst3::Block& block) noexcept override
    {
        for (std::size_t c = 0; c < 2; ++c)
            for (int i = 0; i < block.numSamples; ++i)
                block.out[c][i] = block.in[c][i];
    }
};

/** Misbehaves in process() while its one parameter, "Trigger", is above 0.5; until then it passes sound through. */
class Triggered : public PassThrough
{
public:
    void parameterChanged (int, double value) noexcept final { triggered = value > 0.5; }

    void process (const vst3::Block& block) noexcept final
    {
        if (triggered)
            fire();

        PassThrough::process (block);
    }

    static std::vector<vst3::Parameter> makeParameters (double defaultValue)
    {
        return { { .name = "Trigger", .defaultValue = defaultValue } };
    }

protected:
    virtual void fire() noexcept = 0;

private:
    bool triggered = false;
};

} // namespace test
