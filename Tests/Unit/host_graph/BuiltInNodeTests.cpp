#include "GraphFixture.h"

#include <cmath>

TEST_CASE_METHOD (GraphFixture, "gain multiplies exactly, and a change takes 256 samples in a straight line")
{
    addInput (1, 1);
    const auto node = add (2, host::NodeRole::processor, std::make_unique<host::GainNode> (1));
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    node->processor->setParameter (0, 0.5f);
    node->processor->prepare (info);
    compile();

    const auto block = GENERATE (1, 17, 64);
    const auto input = makeNoise (1, 512);
    auto output = render (input, 1, block);

    for (int i = 0; i < 512; ++i)
        REQUIRE (output.getSample (0, i) == input.getSample (0, i) * 0.5f);

    juce::AudioBuffer<float> ones (1, 512);
    juce::FloatVectorOperations::fill (ones.getWritePointer (0), 1.0f, 512);
    node->processor->setParameter (0, 1.5f);
    output = render (ones, 1, block);

    for (int i = 0; i < 256; ++i)
        REQUIRE (output.getSample (0, i) == Approx (0.5f + float (i + 1) / 256.0f).margin (1.0e-5));

    REQUIRE (output.getSample (0, 255) == 1.5f);
    REQUIRE (output.getSample (0, 511) == 1.5f);
}

TEST_CASE ("parameters are clamped to their range, and NaN is refused")
{
    host::GainNode gain (2);
    gain.setParameter (0, 9.0f);
    REQUIRE (gain.getParameter (0) == 4.0f);
    gain.setParameter (0, -1.0f);
    REQUIRE (gain.getParameter (0) == 0.0f);
    gain.setParameter (0, std::nanf (""));
    REQUIRE (gain.getParameter (0) == 0.0f);
    gain.setParameter (1, 1.0f); // no such parameter
    REQUIRE (gain.getParameter (1) == 0.0f);
}

TEST_CASE_METHOD (GraphFixture, "a mixer sums its stereo pairs by level and pan")
{
    addInput (1, 4);
    const auto mixer = add (2, host::NodeRole::processor, std::make_unique<host::MixerNode> (2));
    addOutput (3, 2);
    REQUIRE (mixer->ports == host::NodePorts{ 4, 2, false, false });
    const auto& parameters = mixer->processor->getParameters();
    REQUIRE (parameters.size() == 4);
    REQUIRE (parameters[2].name == "Level 2");
    REQUIRE (parameters[3].name == "Pan 2");

    for (int i = 0; i < 4; ++i)
        connect ("1:" + std::to_string (i), "2:" + std::to_string (i));

    connect ("2:0", "3:0");
    connect ("2:1", "3:1");
    mixer->processor->setParameter (0, 0.5f);
    mixer->processor->setParameter (3, -1.0f); // the second pair hard left
    mixer->processor->prepare (info);
    compile();

    const auto input = makeNoise (4, 64);
    const auto output = render (input, 2, 64);

    for (int i = 0; i < 64; ++i)
    {
        REQUIRE (output.getSample (0, i) == input.getSample (0, i) * 0.5f + input.getSample (2, i));
        REQUIRE (output.getSample (1, i) == input.getSample (1, i) * 0.5f);
    }
}

TEST_CASE_METHOD (GraphFixture, "tones have the frequency, level and shape asked for, whatever the block size")
{
    const auto shape = GENERATE (0, 1, 2, 3);
    std::vector<float> reference;

    for (const auto block : { 64, 1, 17 })
    {
        GraphFixture fixture;
        const auto tone = fixture.add (1, host::NodeRole::processor, std::make_unique<host::ToneNode> (1));
        fixture.addOutput (2, 1);
        fixture.connect ("1:0", "2:0");
        tone->processor->setParameter (host::ToneNode::frequency, 480.0f); // 100 samples a period
        tone->processor->setParameter (host::ToneNode::level, 0.5f);
        tone->processor->setParameter (host::ToneNode::shape, float (shape));
        fixture.compile();
        const auto output = fixture.render (juce::AudioBuffer<float> (0, 1000), 1, block);
        const auto* samples = output.getReadPointer (0);

        if (reference.empty())
            reference.assign (samples, samples + 1000);

        REQUIRE (isSame (reference.data(), samples, 1000));
    }

    for (int i = 1; i < 998; ++i)
    {
        const auto value = reference[std::size_t (i)];
        const auto phase = (i % 100) / 100.0;

        if (shape == 0)
            REQUIRE (value == Approx (0.5 * std::sin (2.0 * juce::MathConstants<double>::pi * phase)).margin (1.0e-6));
        else if (shape == 1 && i % 50 != 0)
            REQUIRE (value == (phase < 0.5 ? 0.5f : -0.5f));
        else if (shape == 2)
            REQUIRE (std::abs (value) <= 0.5f);
    }

    if (shape == 3)
        REQUIRE (std::count (reference.begin(), reference.end(), 0.5f) == 10);
}

TEST_CASE_METHOD (GraphFixture, "feedback is late by one block of the prepared size, however the blocks are cut")
{
    const auto block = GENERATE (1, 17, 64);
    addInput (1, 1);
    add (2, host::NodeRole::feedback, std::make_unique<host::FeedbackNode> (1));
    addFunction (3, { 2, 1, false, false },
                 [] (host::ProcessContext& context)
                 {
                     for (int i = 0; i < context.numSamples; ++i)
                         context.channels[0][i] += 0.5f * context.channels[1][i];
                 });
    addOutput (4, 1);
    connect ("1:0", "3:0");
    connect ("2:0", "3:1");
    connect ("3:0", "2:0");
    connect ("3:0", "4:0");
    compile();

    juce::AudioBuffer<float> input (1, 300);
    input.clear();
    input.setSample (0, 5, 1.0f);
    const auto output = render (input, 1, block);

    for (int i = 0; i < 300; ++i)
        REQUIRE (output.getSample (0, i) == (i >= 5 && (i - 5) % 64 == 0 ? std::pow (0.5f, float ((i - 5) / 64)) : 0.0f));
}

namespace
{
juce::MidiMessageSequence makeSequence()
{
    juce::MidiMessageSequence sequence;
    sequence.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 0.0);
    sequence.addEvent (juce::MidiMessage::noteOff (1, 60), 0.01);
    sequence.addEvent (juce::MidiMessage::noteOn (1, 64, 1.0f), 0.01);
    sequence.addEvent (juce::MidiMessage::noteOff (1, 64), 0.02);
    return sequence;
}

std::vector<std::pair<int, int>> listEvents (const juce::MidiBuffer& midi)
{
    std::vector<std::pair<int, int>> list;

    for (const auto event : midi)
        list.emplace_back (event.samplePosition, event.getMessage().getNoteNumber());

    return list;
}
} // namespace

TEST_CASE_METHOD (GraphFixture, "a MIDI file plays at its samples, once or round and round")
{
    const auto block = GENERATE (1, 17, 64);
    const auto loop = GENERATE (false, true);
    const auto player = add (1, host::NodeRole::processor, std::make_unique<host::MidiPlayerNode> (makeSequence(), loop));
    addMidiOutput (2);
    connect ("1:midi", "2:midi");
    compile();

    juce::MidiBuffer events;
    render (juce::AudioBuffer<float> (0, 2000), 0, block, {}, &events);

    // 0.01 s are 480 samples; a round of the loop is one sample longer than the last event's.
    std::vector<std::pair<int, int>> expected{ { 0, 60 }, { 480, 60 }, { 480, 64 }, { 960, 64 } };

    if (loop)
        expected.insert (expected.end(), { { 961, 60 }, { 1441, 60 }, { 1441, 64 }, { 1921, 64 }, { 1922, 60 } });

    REQUIRE (listEvents (events) == expected);
}

TEST_CASE ("a MIDI player is silent while the transport stands, and lets go of its notes when it stops or jumps")
{
    host::MidiPlayerNode player (makeSequence(), false);
    player.prepare ({ 48000.0, 64, false });
    juce::MidiBuffer midi;
    host::TransportPosition transport;

    const auto run = [&] (bool playing, std::int64_t position)
    {
        transport.playing = playing;
        transport.samples = position;
        host::ProcessContext context{ nullptr, 0, 64, midi, transport };
        player.process (context);
        return midi.getNumEvents();
    };

    REQUIRE (run (false, 0) == 0);
    REQUIRE (run (true, 0) == 1);
    REQUIRE (run (false, 64) == 17); // the note's end, and sustain off on 16 channels
    REQUIRE ((*midi.begin()).getMessage().isNoteOff());
    REQUIRE (run (false, 64) == 0);
    REQUIRE (run (true, 64) == 0);
    REQUIRE (run (true, 480) == 18); // a jump: sustain off, then what is due there
}
