#include "GraphFixture.h"

namespace
{
/** in -> (a node that gives -1, whatever comes) -> out */
struct Bypass : GraphFixture
{
    void build (int latency = 0, int channels = 1)
    {
        addInput (1, channels);
        node = addFunction (
            2, { channels, channels, true, false },
            [this] (host::ProcessContext& context)
            {
                ++timesRun;
                events.addEvents (context.midi, 0, context.numSamples, 0);

                for (int i = 0; i < context.numChannels; ++i)
                    juce::FloatVectorOperations::fill (context.channels[i], -1.0f, context.numSamples);
            },
            latency);
        addOutput (3, channels);
        addMidiInput (4);
        connect ("4:midi", "2:midi");

        for (int i = 0; i < channels; ++i)
        {
            connect ("1:" + std::to_string (i), "2:" + std::to_string (i));
            connect ("2:" + std::to_string (i), "3:" + std::to_string (i));
        }

        compile();
    }

    static juce::AudioBuffer<float> ones (int samples, int channels = 1)
    {
        juce::AudioBuffer<float> buffer (channels, samples);

        for (int i = 0; i < channels; ++i)
            juce::FloatVectorOperations::fill (buffer.getWritePointer (i), 1.0f, samples);

        return buffer;
    }

    static float largestStep (const juce::AudioBuffer<float>& buffer)
    {
        float step = 0.0f;

        for (int i = 1; i < buffer.getNumSamples(); ++i)
            step = std::max (step, std::abs (buffer.getSample (0, i) - buffer.getSample (0, i - 1)));

        return step;
    }

    host::GraphModel::Node node;
    int timesRun = 0;
    juce::MidiBuffer events;
};
} // namespace

TEST_CASE_METHOD (Bypass, "a bypassed node passes its inputs, does not run, and comes back", "[bypass]")
{
    const auto blockSize = GENERATE (1, 17, 64);
    build();
    const auto input = ones (1024);

    REQUIRE (render (input, 1, blockSize).getSample (0, 1023) == -1.0f);

    node->bypassed = true;
    const auto going = render (input, 1, blockSize);
    REQUIRE (going.getSample (0, 1023) == 1.0f);
    REQUIRE (going.getSample (0, host::SerialRenderer::fadeSamples) == Approx (1.0f));
    REQUIRE (largestStep (going) < 2.5f / host::SerialRenderer::fadeSamples);

    timesRun = 0;
    REQUIRE (render (input, 1, blockSize).getMagnitude (0, 1024) == 1.0f);
    REQUIRE (timesRun == 0);

    node->bypassed = false;
    const auto coming = render (input, 1, blockSize);
    REQUIRE (coming.getSample (0, 1023) == -1.0f);
    REQUIRE (largestStep (coming) < 2.5f / host::SerialRenderer::fadeSamples);
}

TEST_CASE_METHOD (Bypass, "what goes past a node is as late as the node", "[bypass]")
{
    const auto blockSize = GENERATE (1, 33, 64);
    build (100);
    node->bypassed = true;
    const auto input = makeNoise (1, 1024);
    const auto output = render (input, 1, blockSize);
    REQUIRE (output.getMagnitude (0, 0, 100) == 0.0f);
    REQUIRE (isSame (output.getReadPointer (0, 100), input.getReadPointer (0), 924));
}

TEST_CASE_METHOD (Bypass, "a change of mind in mid-fade goes on from where the fade is", "[bypass]")
{
    build();
    const auto input = ones (64);
    render (input, 1, 64);
    float last = -1.0f;

    for (int i = 0; i < 40; ++i)
    {
        node->bypassed = i % 3 == 0;
        const auto output = render (input, 1, 64);
        REQUIRE (std::abs (output.getSample (0, 0) - last) < 2.5f / host::SerialRenderer::fadeSamples);
        REQUIRE (largestStep (output) < 2.5f / host::SerialRenderer::fadeSamples);
        last = output.getSample (0, 63);
    }
}

TEST_CASE_METHOD (Bypass, "a session that opens bypassed does not fade", "[bypass]")
{
    build();
    node->bypassed = true;
    REQUIRE (render (ones (64), 1, 64).getSample (0, 0) == 1.0f);
    REQUIRE (timesRun == 0);
}

TEST_CASE_METHOD (Bypass, "a bypassed node is warmed up when it is not bypassed any more, and not before", "[bypass]")
{
    build();
    node->bypassed = true;
    renderer.warmUp (*plan);
    REQUIRE (timesRun == 0);
    REQUIRE (renderer.hasColdNodes());
    node->bypassed = false;
    renderer.warmUp (*plan);
    REQUIRE (timesRun > 0);
    REQUIRE (node->isWarm);
    REQUIRE (! renderer.hasColdNodes());
}

TEST_CASE_METHOD (Bypass, "a node that was bypassed with notes on is told to end them when it comes back", "[bypass]")
{
    build();
    juce::MidiBuffer chord;
    chord.addEvent (juce::MidiMessage::noteOn (1, 60, 0.5f), 0);
    chord.addEvent (juce::MidiMessage::noteOn (3, 64, 0.5f), 5);
    chord.addEvent (juce::MidiMessage::noteOn (1, 67, 0.5f), 6);
    chord.addEvent (juce::MidiMessage::noteOff (1, 67), 7);
    render (ones (64), 1, 64, chord);

    node->bypassed = true;
    render (ones (512), 1, 64);
    events.clear();
    node->bypassed = false;
    render (ones (64), 1, 64);

    juce::StringArray ended;

    for (const auto event : events)
        if (event.getMessage().isNoteOff())
            ended.add (juce::String (event.getMessage().getChannel()) + ":"
                       + juce::String (event.getMessage().getNoteNumber()));

    REQUIRE (ended.joinIntoString (" ") == "1:60 3:64");
    REQUIRE (node->droppedEvents == 0);
}

TEST_CASE_METHOD (Bypass, "panic ends every note that a node plays, once", "[panic]")
{
    build();
    juce::MidiBuffer allNotes;

    for (int channel = 1; channel <= 16; ++channel)
        for (int note = 0; note < 128; ++note)
            allNotes.addEvent (juce::MidiMessage::noteOn (channel, note, 0.5f), 0);

    render (ones (64), 1, 64, allNotes);
    events.clear();
    renderer.releaseAllNotes();
    render (ones (128), 1, 64);

    int noteOffs = 0;

    for (const auto event : events)
        noteOffs += event.getMessage().isNoteOff() ? 1 : 0;

    REQUIRE (noteOffs == 2048);
    REQUIRE (node->droppedEvents == 0);

    events.clear();
    render (ones (128), 1, 64);
    REQUIRE (events.isEmpty());
}

TEST_CASE_METHOD (Bypass, "peaks and loads are taken when somebody looks, and only then", "[meter]")
{
    build (0, 2);
    render (ones (64, 2), 2, 64);
    REQUIRE (node->peaks[0] == 0.0f);
    REQUIRE (node->load == 0.0f);

    renderer.setMetering (true);
    renderer.setMeasuring (true);
    render (ones (64, 2), 2, 64);
    REQUIRE (node->peaks[0] == 1.0f);
    REQUIRE (node->peaks[1] == 1.0f);
    REQUIRE (model.find (3)->peaks[1] == 1.0f);
    REQUIRE (node->load > 0.0f);

    node->bypassed = true;
    juce::AudioBuffer<float> silence (2, 48000);
    silence.clear();
    render (silence, 2, 64);
    REQUIRE (node->peaks[0] < 0.05f); // 48000 samples are 1 s: 28 dB
    REQUIRE (node->peaks[0] > 0.01f);
}
