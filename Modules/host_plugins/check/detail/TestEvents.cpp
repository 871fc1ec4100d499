#include "TestEvents.h"

namespace host::check
{

void TestEvents::addDense (juce::MidiBuffer& midi, int blockSize)
{
    constexpr int numGroups = 8;

    for (int group = 0; group < numGroups; ++group)
    {
        const auto position = group * blockSize / numGroups;
        const auto n = count++;
        const auto channel = n % 16 + 1, note = 24 + n * 7 % 84;

        midi.addEvent (juce::MidiMessage::noteOn (channel, note, static_cast<juce::uint8> (1 + n * 11 % 127)), position);
        midi.addEvent (juce::MidiMessage::controllerEvent (channel, n % 128, n * 13 % 128), position);
        midi.addEvent (juce::MidiMessage::pitchWheel (channel, n * 977 % 16384), position);
        midi.addEvent (juce::MidiMessage::channelPressureChange (channel, n * 5 % 128), position);
        midi.addEvent (juce::MidiMessage::aftertouchChange (channel, note, n * 3 % 128), position);

        // Ends the note of four groups ago, so that chords sound.
        if (n >= 4)
            midi.addEvent (juce::MidiMessage::noteOff ((n - 4) % 16 + 1, 24 + (n - 4) * 7 % 84), position);
    }
}

void TestEvents::addNotes (juce::MidiBuffer& midi, int block)
{
    if (block % 16 == 0)
        midi.addEvent (juce::MidiMessage::noteOn (1, 60, static_cast<juce::uint8> (100)), 0);
    else if (block % 16 == 12)
        midi.addEvent (juce::MidiMessage::noteOff (1, 60), 0);
}

void TestEvents::addEnd (juce::MidiBuffer& midi)
{
    for (int channel = 1; channel <= 16; ++channel)
    {
        midi.addEvent (juce::MidiMessage::controllerEvent (channel, 121, 0), 0);
        midi.addEvent (juce::MidiMessage::allNotesOff (channel), 0);
        midi.addEvent (juce::MidiMessage::pitchWheel (channel, 0x2000), 0);
    }

    sounding = {};
}

void TestEvents::addRelease (juce::MidiBuffer& midi)
{
    sounding.release ([&midi] (const juce::uint8 (&bytes)[3]) { midi.addEvent (bytes, 3, 0); });
}

} // namespace host::check
