// AudioHost Poly as a VST3: its parameters, and the way from them to the sound.

#include "../Dsp/ScopedFlushDenormals.h"
#include "../Vst3Base/Plugin.h"
#include "PolySynth.h"

#include <pluginterfaces/vst/ivstmidicontrollers.h>

namespace
{

enum Index : std::size_t
{
    wave,
    detune,
    cutoff,
    resonance,
    filterAmount,
    filterDecay,
    attack,
    decay,
    sustain,
    release,
    chorus,
    level,
    pitchBend,
    sustainPedal,
    numParameters
};

std::vector<vst3::Parameter> makeParameters()
{
    using vst3::Parameter;
    constexpr auto exponential = Parameter::Curve::exponential;

    const auto percent = [] (const char* name, double defaultValue)
    { return Parameter{ .name = name, .unit = "%", .maximum = 100.0, .defaultValue = defaultValue, .decimals = 0 }; };

    const auto milliseconds = [] (const char* name, double minimum, double maximum, double defaultValue)
    {
        return Parameter{ .name = name,
                          .unit = "ms",
                          .minimum = minimum,
                          .maximum = maximum,
                          .defaultValue = defaultValue,
                          .curve = exponential,
                          .decimals = 0 };
    };

    return { percent ("Wave", 30.0), // saw to square
             { .name = "Detune", .unit = "cents", .maximum = 50.0, .defaultValue = 9.0, .decimals = 1 },
             { .name = "Cutoff",
               .unit = "Hz",
               .minimum = 40.0,
               .maximum = 16000.0,
               .defaultValue = 1000.0,
               .curve = exponential,
               .decimals = 0 },
             percent ("Resonance", 18.0),
             { .name = "Filter Envelope", .unit = "oct", .maximum = 6.0, .defaultValue = 3.6, .decimals = 1 },
             milliseconds ("Filter Decay", 20.0, 10000.0, 700.0),
             milliseconds ("Attack", 1.0, 5000.0, 5.0),
             milliseconds ("Decay", 20.0, 10000.0, 1600.0),
             percent ("Sustain", 50.0),
             milliseconds ("Release", 5.0, 10000.0, 550.0),
             percent ("Chorus", 50.0),
             { .name = "Level", .unit = "dB", .minimum = -48.0, .maximum = 6.0, .defaultValue = 0.0, .decimals = 1 },
             { .name = "Pitch Bend",
               .unit = "semitones",
               .minimum = -2.0,
               .maximum = 2.0,
               .midiController = Steinberg::Vst::kPitchBend },
             []
             {
                 auto p = Parameter::choice ("Sustain Pedal", { "Up", "Down" }, 0);
                 p.midiController = Steinberg::Vst::kCtrlSustainOnOff;
                 return p;
             }() };
}

class Poly final : public vst3::Plugin
{
public:
    void prepare (const vst3::Setup& setup) override
    {
        sampleRate = setup.sampleRate;
        synth.prepare (sampleRate);
    }

    void reset() noexcept override { synth.reset(); }

    void parameterChanged (int index, double value) noexcept override
    {
        if (index == sustainPedal)
            synth.setSustainPedal (value > 0.5);
        else
            changeSetting (static_cast<std::size_t> (index), value);
    }

    void noteOn (int channel, int pitch, float velocity) noexcept override { synth.noteOn (channel, pitch, velocity); }
    void noteOff (int channel, int pitch) noexcept override { synth.noteOff (channel, pitch); }

    void process (const vst3::Block& block) noexcept override
    {
        const demo::ScopedFlushDenormals flushDenormals;
        synth.process (block.out[0], block.out[1], block.numSamples);
    }

    std::uint32_t getTailSamples (std::span<const double> parameters) const override
    {
        return demo::PolySynth::getTailSamples (0.001 * parameters[release], sampleRate);
    }

private:
    void changeSetting (std::size_t index, double value) noexcept
    {
        const auto plain = static_cast<float> (value);

        switch (index)
        {
            case wave: settings.wave = plain / 100.0f; break;
            case detune: settings.detune = plain; break;
            case cutoff: settings.cutoff = plain; break;
            case resonance: settings.resonance = plain / 100.0f; break;
            case filterAmount: settings.filterAmount = plain; break;
            case filterDecay: settings.filterDecay = plain / 1000.0f; break;
            case attack: settings.amplitude.attack = value / 1000.0; break;
            case decay: settings.amplitude.decay = value / 1000.0; break;
            case sustain: settings.amplitude.sustain = value / 100.0; break;
            case release: settings.amplitude.release = value / 1000.0; break;
            case chorus: settings.chorus = plain / 100.0f; break;
            case level: settings.level = std::pow (10.0f, plain / 20.0f); break;
            case pitchBend: settings.pitchBend = plain; break;
            default: break;
        }

        synth.setSettings (settings);
    }

    demo::PolySynth synth;
    demo::PolySynth::Settings settings;
    double sampleRate = 48000.0;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { { .id = { 0x8b3f6d21, 0x5e0c4a97, 0xa1d47c30, 0x92e85f16 },
               .name = "AudioHost Poly",
               .categories = "Instrument|Synth",
               .inputs = {},
               .outputs = { { "Output" } },
               .notesIn = true,
               .notesOut = false,
               .parameters = makeParameters(),
               .create = [] { return std::make_unique<Poly>(); } } };
}
