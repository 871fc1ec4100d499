// A gain as JUCE builds a VST3, wrapper and all: output is input times "Gain", 0 to 1. It accepts MIDI for one reason: the
// wrapper then adds its 2080 pseudo-parameters for MIDI controllers, which a host must leave out. With TEST_PROGRAMS of them
// above 1 it has programs: "Program 1" has the gain 1, each further one half of that. Its state tells of the gain only, and
// not of the program, as with many a JUCE plugin.

#include <juce_audio_processors/juce_audio_processors.h>

#include <atomic>
#include <cmath>

namespace
{

class Gain final : public juce::AudioProcessor
{
public:
    Gain()
        : AudioProcessor (BusesProperties()
                              .withInput ("Input", juce::AudioChannelSet::stereo())
                              .withOutput ("Output", juce::AudioChannelSet::stereo()))
    {
        addParameter (gain);
    }

    const juce::String getName() const override { return JucePlugin_Name; }
    bool acceptsMidi() const override { return true; }
    bool producesMidi() const override { return false; }
    double getTailLengthSeconds() const override { return 0.0; }

    bool isBusesLayoutSupported (const BusesLayout& layout) const override
    {
        return layout.getMainInputChannelSet() == juce::AudioChannelSet::stereo()
               && layout.getMainOutputChannelSet() == juce::AudioChannelSet::stereo();
    }

    void prepareToPlay (double, int) override {}
    void releaseResources() override {}

    using AudioProcessor::processBlock;

    void processBlock (juce::AudioBuffer<float>& buffer, juce::MidiBuffer&) override { buffer.applyGain (*gain); }

    juce::AudioProcessorEditor* createEditor() override { return nullptr; }
    bool hasEditor() const override { return false; }

    int getNumPrograms() override { return TEST_PROGRAMS; }
    int getCurrentProgram() override { return program; }

    void setCurrentProgram (int index) override
    {
        program = index;

        if (TEST_PROGRAMS > 1)
            *gain = std::ldexp (1.0f, -index);
    }

    const juce::String getProgramName (int index) override
    {
        return TEST_PROGRAMS > 1 ? "Program " + juce::String (index + 1) : juce::String ("Default");
    }

    void changeProgramName (int, const juce::String&) override {}

    void getStateInformation (juce::MemoryBlock& state) override
    {
        juce::MemoryOutputStream (state, false).writeFloat (*gain);
    }

    void setStateInformation (const void* data, int size) override
    {
        if (size == static_cast<int> (sizeof (float)))
            *gain = juce::MemoryInputStream (data, sizeof (float), false).readFloat();
    }

private:
    std::atomic<int> program{ 0 };
    juce::AudioParameterFloat* const gain = new juce::AudioParameterFloat ({ "gain", 1 }, "Gain", 0.0f, 1.0f, 1.0f);
};

} // namespace

juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter() { return new Gain(); }
