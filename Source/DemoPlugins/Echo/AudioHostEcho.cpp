// AudioHost Echo as a VST3: its parameters, and the way from them to the sound.

#include "../Dsp/ScopedFlushDenormals.h"
#include "../Vst3Base/Plugin.h"
#include "PingPongDelay.h"

#include <atomic>

namespace
{

enum Index : std::size_t
{
    time,
    feedback,
    mix,
    tone
};

struct NoteValue
{
    const char* name;
    double quarterNotes;
};

constexpr std::array<NoteValue, 11> noteValues{ { { "1/32", 0.125 },
                                                  { "1/16 triplet", 1.0 / 6.0 },
                                                  { "1/16", 0.25 },
                                                  { "1/8 triplet", 1.0 / 3.0 },
                                                  { "1/16 dotted", 0.375 },
                                                  { "1/8", 0.5 },
                                                  { "1/4 triplet", 2.0 / 3.0 },
                                                  { "1/8 dotted", 0.75 },
                                                  { "1/4", 1.0 },
                                                  { "1/4 dotted", 1.5 },
                                                  { "1/2", 2.0 } } };

constexpr int defaultTime = 7; // 1/8 dotted

std::vector<vst3::Parameter> makeParameters()
{
    std::vector<std::string> names;

    for (const auto& value : noteValues)
        names.push_back (value.name);

    return { vst3::Parameter::choice ("Time", std::move (names), defaultTime),
             { .name = "Feedback", .unit = "%", .maximum = 95.0, .defaultValue = 42.0, .decimals = 0 },
             { .name = "Mix", .unit = "%", .maximum = 100.0, .defaultValue = 18.0, .decimals = 0 },
             { .name = "Tone",
               .unit = "Hz",
               .minimum = 200.0,
               .maximum = 16000.0,
               .defaultValue = 3800.0,
               .curve = vst3::Parameter::Curve::exponential,
               .decimals = 0 } };
}

class Echo final : public vst3::Plugin
{
public:
    void prepare (const vst3::Setup& setup) override
    {
        sampleRate = setup.sampleRate;
        delay.prepare (sampleRate);
    }

    void reset() noexcept override { delay.reset(); }

    void parameterChanged (int index, double value) noexcept override
    {
        const auto plain = static_cast<float> (value);

        switch (static_cast<std::size_t> (index))
        {
            case time: quarterNotes = noteValues[static_cast<std::size_t> (value)].quarterNotes; break;
            case feedback: delay.setFeedback (plain / 100.0f); break;
            case mix: delay.setMix (plain / 100.0f); break;
            case tone: delay.setTone (plain); break;
            default: break;
        }
    }

    void process (const vst3::Block& block) noexcept override
    {
        const demo::ScopedFlushDenormals flushDenormals;
        tempo = block.tempo;
        delay.setDelay (quarterNotes * 60.0 / block.tempo * sampleRate);
        delay.process (block.in[0], block.in[1], block.out[0], block.out[1], block.numSamples);
    }

    std::uint32_t getTailSamples (std::span<const double> parameters) const override
    {
        const auto seconds = noteValues[static_cast<std::size_t> (parameters[time])].quarterNotes * 60.0 / tempo;
        return static_cast<std::uint32_t> (demo::PingPongDelay::getTailSeconds (seconds, 0.01 * parameters[feedback])
                                           * sampleRate);
    }

private:
    demo::PingPongDelay delay;
    double sampleRate = 48000.0;
    double quarterNotes = noteValues[defaultTime].quarterNotes;
    std::atomic<double> tempo{ 120.0 };
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { { .id = { 0x3c94e0b7, 0x71af4d58, 0xb6029de4, 0x4f13ac8a },
               .name = "AudioHost Echo",
               .categories = "Fx|Delay",
               .inputs = { { "Input" } },
               .outputs = { { "Output" } },
               .notesIn = false,
               .notesOut = false,
               .parameters = makeParameters(),
               .create = [] { return std::make_unique<Echo>(); } } };
}
