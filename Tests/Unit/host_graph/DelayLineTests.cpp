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

namespace
{
/** Passes a block of events through the line. @returns how many were dropped */
int pass (host::MidiDelayLine& line, int delay, const juce::MidiBuffer& input, juce::MidiBuffer& output)
{
    int dropped = 0;

    for (const auto event : input)
        dropped += line.push (event, delay) ? 0 : 1;

    return dropped + line.pop (output, 64, 4096);
}
} // namespace

TEST_CASE ("a MIDI delay line keeps order and loses only what does not fit")
{
    host::MidiDelayLine line (4096);
    juce::MidiBuffer input, output;
    output.ensureSize (4096);

    input.addEvent (juce::MidiMessage::noteOn (1, 1, 1.0f), 10);
    input.addEvent (juce::MidiMessage::noteOn (1, 2, 1.0f), 63);
    REQUIRE (pass (line, 100, input, output) == 0);
    REQUIRE (output.isEmpty());

    input.clear();
    REQUIRE (pass (line, 100, input, output) == 0);
    REQUIRE (output.getNumEvents() == 1);
    REQUIRE ((*output.begin()).samplePosition == 110 - 64);

    output.clear();
    REQUIRE (pass (line, 100, input, output) == 0);
    REQUIRE ((*output.begin()).samplePosition == 163 - 128);
    REQUIRE (! line.isWaiting());

    for (int i = 0; i < 1000; ++i)
        input.addEvent (juce::MidiMessage::noteOn (1, 3, 1.0f), 0);

    output.clear();
    const auto dropped = pass (line, 64, input, output);
    REQUIRE (dropped > 0);
    pass (line, 64, {}, output);
    REQUIRE (output.getNumEvents() + dropped == 1000);
}

TEST_CASE ("an event that comes in after a delay has become shorter does not overtake")
{
    host::MidiDelayLine line (4096);
    juce::MidiBuffer on, off, output;
    output.ensureSize (4096);
    on.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 0);
    off.addEvent (juce::MidiMessage::noteOff (1, 60), 20);
    pass (line, 100, on, output);
    REQUIRE (output.isEmpty());
    pass (line, 0, off, output);
    REQUIRE (output.getNumEvents() == 2);

    auto event = output.begin();
    REQUIRE ((*event).getMessage().isNoteOn());
    REQUIRE ((*event).samplePosition == 36);
    ++event;
    REQUIRE ((*event).getMessage().isNoteOff());
    REQUIRE ((*event).samplePosition == 36);
}
