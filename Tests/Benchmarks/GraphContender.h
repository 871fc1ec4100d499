#pragma once

#include "../Support/GraphShape.h"

#include <juce_audio_processors/juce_audio_processors.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

/** What the graphs' benchmarks are about: graphs of the same shape and the same processors, ours and others'. */
namespace graphs
{

constexpr double sampleRate = 48000.0;
constexpr int numChannels = 2;

/** Of the input, and of what nodes without inputs play. */
constexpr float level = 0.5f;

/** The work of every node, the same for all contenders: its inputs times a gain that is close to 1. An output that has no input
    repeats the last input, or plays `level` if there is none.
*/
class Processor : public juce::AudioProcessor
{
public:
    /** @param workToDo  dependent multiplications a block, besides: see burn() */
    Processor (const shapes::Node&, int workToDo);

    /** What it multiplies by. Does the work. */
    static float findGain (int work) noexcept;

    /** So many multiplications, each of which needs the one before. The result is about 1 and depends on their number. */
    static float burn (int numMultiplications) noexcept;

    void processBlock (juce::AudioBuffer<float>&, juce::MidiBuffer&) override;

    const juce::String getName() const override { return name; }
    void prepareToPlay (double, int) override {}
    void releaseResources() override {}
    double getTailLengthSeconds() const override { return 0.0; }
    bool acceptsMidi() const override { return takesMidi; }
    bool producesMidi() const override { return makesMidi; }
    juce::AudioProcessorEditor* createEditor() override { return nullptr; }
    bool hasEditor() const override { return false; }
    int getNumPrograms() override { return 1; }
    int getCurrentProgram() override { return 0; }
    void setCurrentProgram (int) override {}
    const juce::String getProgramName (int) override { return {}; }
    void changeProgramName (int, const juce::String&) override {}
    void getStateInformation (juce::MemoryBlock&) override {}
    void setStateInformation (const void*, int) override {}

private:
    static BusesProperties makeBuses (const shapes::Node&);

    juce::String name;
    int numInputs, numOutputs;
    bool takesMidi, makesMidi;
    int work;
    float gain;
};

/** A stereo block that a contender works on, filled before each. Its channels begin on cache lines, or else the same work would
    take longer in one run than in the next. */
class Block
{
public:
    explicit Block (int numSamples) : samples (static_cast<std::size_t> (numChannels) * linesFor (numSamples))
    {
        const std::array<float*, numChannels> channels{ samples.front().data(), samples[linesFor (numSamples)].data() };
        buffer.setDataToReferTo (channels.data(), numChannels, numSamples);
    }

    Block (const Block&) = delete;
    Block& operator= (const Block&) = delete;

    void fill (float value)
    {
        for (int channel = 0; channel < numChannels; ++channel)
            juce::FloatVectorOperations::fill (buffer.getWritePointer (channel), value, buffer.getNumSamples());
    }

    juce::AudioBuffer<float> buffer;
    juce::MidiBuffer midi;

private:
    struct alignas (64) Line : std::array<float, 16>
    {
    };

    static std::size_t linesFor (int numSamples) { return (static_cast<std::size_t> (numSamples) + 15) / 16; }

    std::vector<Line> samples;
};

/** What its output must be, both channels of every sample; `input` is all samples of its input. */
using Levels = std::vector<double>;
Levels findLevels (const shapes::Shape&, float input, int work = 0);

/** What takes one stereo block through a graph. */
class Contender
{
public:
    virtual ~Contender() = default;
    virtual void process (Block&) = 0;
};

/** One whose wires can be changed. Message thread. */
class EditableGraph : public Contender
{
public:
    /** Takes the wire out if it is there, and else puts it in; the blocks after it are rendered with that (settle() sees to
        fades). This is what is timed. */
    virtual void toggle (const shapes::Wire&) = 0;

    /** Renders until the last change is all over. */
    virtual void settle (Block&) = 0;
};

/** A call a processor, one after the other in the same buffer, and nothing else. For shapes of stereo nodes. */
class DirectLoop : public Contender
{
public:
    explicit DirectLoop (const shapes::Shape&, int work = 0);

    void process (Block& block) override
    {
        for (const auto& processor : processors)
            processor->processBlock (block.buffer, block.midi);
    }

    /** As findLevels(). */
    Levels findLevels (float input) const;

private:
    std::vector<std::unique_ptr<juce::AudioProcessor>> processors;
    float gain;
};

/** JUCE's graph. Built before it is prepared, so that its slow rebuild runs once. */
class JuceGraph : public EditableGraph
{
public:
    JuceGraph (const shapes::Shape&, int blockSize, int work = 0);
    ~JuceGraph() override { graph.releaseResources(); }

    void process (Block& block) override { graph.processBlock (block.buffer, block.midi); }
    void toggle (const shapes::Wire&) override;
    void settle (Block& block) override { process (block); }

    /** What it took to build it: all that an edit does, too. This thread's own time. */
    double getBuildNanoseconds() const noexcept { return buildNanoseconds; }

private:
    juce::AudioProcessorGraph::Connection toConnection (const shapes::Wire&) const;

    juce::AudioProcessorGraph graph;
    std::vector<juce::AudioProcessorGraph::NodeID> ids;
    double buildNanoseconds = 0.0;
};

/** What this thread has used of a processor: no matter what else the machine has to do. */
double readThreadNanoseconds();

/** Everybody must have done the work that is timed, or else the program ends. */
void expectLevels (const Block&, const Levels& expected, const std::string& what);

} // namespace graphs
