#pragma once

#include <host_graph/NoteTracker.h>

#include <juce_audio_basics/juce_audio_basics.h>

namespace host::check
{

/** MIDI for a plugin. Each call adds to the events of the block to come; what it adds is the same in every run. Audio thread;
    allocates only when a buffer that was given no room grows. */
class TestEvents
{
public:
    /** Notes, all controllers, bends and both kinds of pressure over all channels: 48 events a block. */
    void addDense (juce::MidiBuffer&, int blockSize);

    /** A note that comes and goes, so that something sounds.
        @param block  a number that goes up by one each time
    */
    void addNotes (juce::MidiBuffer&, int block);

    /** Ends all notes and puts controllers and bends back. */
    void addEnd (juce::MidiBuffer&);

    /** What a host sends to a plugin that it has not called for a while: an end for each note that still sounds there. */
    void addRelease (juce::MidiBuffer&);

    /** What was added to the block just played. */
    void track (const juce::MidiBuffer& played) noexcept { sounding.update (played); }

private:
    int count = 0;
    NoteTracker sounding;
};

} // namespace host::check
