// A note-on makes one sample of its velocity (0 to 1) in both outputs, at its exact sample; notes in one sample add up.

#include "TestPlugin.h"

namespace
{

class Synth final : public vst3::Plugin
{
public:
    void reset() noexcept override { impulse = 0.0f; }
    void noteOn (int, int, float velocity) noexcept override { impulse += velocity; }

    void process (const vst3::Block& block) noexcept override
    {
        for (int i = 0; i < block.numSamples; ++i)
        {
            block.out[0][i] = block.out[1][i] = impulse;
            impulse = 0.0f;
        }
    }

private:
    float impulse = 0.0f;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    auto c = test::makeEffect<Synth> (5, "TestSynth");
    c.categories = "Instrument|Synth";
    c.inputs.clear();
    c.notesIn = true;
    return { c };
}
