#include "GraphFixture.h"

TEST_CASE ("a delay line is late by exactly its length, for blocks shorter and longer than it, in place or not")
{
    const auto delay = GENERATE (1, 5, 64, 1000);
    const auto block = GENERATE (1, 7, 64, 300);
    const auto input = GraphFixture::makeNoise (1, 3000);
    host::DelayLine inPlace (delay), apart (delay);
    juce::AudioBuffer<float> a (input), b (1, 3000);

    for (int start = 0; start < 3000; start += block)
    {
        const auto length = std::min (block, 3000 - start);
        inPlace.process (a.getReadPointer (0, start), a.getWritePointer (0, start), length);
        apart.process (input.getReadPointer (0, start), b.getWritePointer (0, start), length);
    }

    for (int i = 0; i < 3000; ++i)
    {
        const auto expected = i < delay ? 0.0f : input.getSample (0, i - delay);
        REQUIRE (a.getSample (0, i) == expected);
        REQUIRE (b.getSample (0, i) == expected);
    }
}

TEST_CASE ("a MIDI delay line keeps order and loses only what does not fit")
{
    host::MidiDelayLine line (100, 4096);
    juce::MidiBuffer input, output;
    output.ensureSize (4096);

    input.addEvent (juce::MidiMessage::noteOn (1, 1, 1.0f), 10);
    input.addEvent (juce::MidiMessage::noteOn (1, 2, 1.0f), 63);
    REQUIRE (line.process (input, output, 64) == 0);
    REQUIRE (output.isEmpty());

    input.clear();
    REQUIRE (line.process (input, output, 64) == 0);
    REQUIRE (output.getNumEvents() == 1);
    REQUIRE ((*output.begin()).samplePosition == 110 - 64);

    output.clear();
    line.process (input, output, 64);
    REQUIRE ((*output.begin()).samplePosition == 163 - 128);

    for (int i = 0; i < 1000; ++i)
        input.addEvent (juce::MidiMessage::noteOn (1, 3, 1.0f), 0);

    output.clear();
    const auto dropped = line.process (input, output, 64);
    REQUIRE (dropped > 0);
    line.process ({}, output, 64);
    REQUIRE (output.getNumEvents() + dropped == 1000);
}
