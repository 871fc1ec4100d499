// A gain as the DISTRHO Plugin Framework builds a VST3: output is input times "Gain", 0 to 1. TestDpfMidiGain accepts MIDI
// as well, for the framework's 2080 pseudo-parameters that come with it; but then DPF 1.6 tells a host that the first real
// parameter is 0, whatever it is (an off-by-one in its getParameterNormalized()), so only what "Gain" does can be trusted.

#include <DistrhoPlugin.hpp>

namespace DISTRHO
{

class Gain final : public Plugin
{
public:
    Gain() : Plugin (1, 0, 0) {}

protected:
    const char* getLabel() const override { return TEST_NAME; }
    const char* getMaker() const override { return "AudioHost"; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }
    uint32_t getVersion() const override { return d_version (1, 0, 0); }
    int64_t getUniqueId() const override { return d_cconst ('A', 'H', 'T', TEST_MIDI ? 'm' : 'g'); }

    void initParameter (uint32_t, Parameter& parameter) override
    {
        parameter.hints = kParameterIsAutomatable;
        parameter.name = "Gain";
        parameter.symbol = "gain";
        parameter.ranges = ParameterRanges (1.0f, 0.0f, 1.0f);
    }

    float getParameterValue (uint32_t) const override { return gain; }
    void setParameterValue (uint32_t, float value) override { gain = value; }

#if TEST_MIDI
    void run (const float** inputs, float** outputs, uint32_t frames, const MidiEvent*, uint32_t) override
#else
    void run (const float** inputs, float** outputs, uint32_t frames) override
#endif
    {
        for (uint32_t c = 0; c < 2; ++c)
            for (uint32_t i = 0; i < frames; ++i)
                outputs[c][i] = inputs[c][i] * gain;
    }

private:
    float gain = 1.0f;
};

Plugin* createPlugin() { return new Gain(); }

} // namespace DISTRHO
