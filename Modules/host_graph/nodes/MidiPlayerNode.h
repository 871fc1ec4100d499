#pragma once

#include "../NodeProcessor.h"

#include <bitset>
#include <vector>

namespace host
{

/** Plays a MIDI file while the transport does, from where the transport is. */
class MidiPlayerNode : public NodeProcessor
{
public:
    /** @param sequence  time stamps in seconds
        @param loop      starts again at its end */
    MidiPlayerNode (const juce::MidiMessageSequence& sequence, bool loop);

    juce::String getName() const override { return "MIDI Player"; }
    NodePorts getPorts() const override { return { 0, 0, false, true }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept override;

    /** Seconds from the start to the last event; of a loop, one round. Message thread. */
    double getLengthSeconds() const noexcept { return lengthSeconds; }
    bool isLooping() const noexcept { return looping; }

private:
    struct Event
    {
        double seconds = 0.0;
        std::int64_t sample = 0;
        juce::MidiMessage message;
    };

    void play (ProcessContext&, std::int64_t start, int offset, int length) noexcept;
    void releaseNotes (juce::MidiBuffer&) noexcept;

    std::vector<Event> events;
    double lengthSeconds = 0.0;
    std::int64_t lengthSamples = 0;
    bool looping, wasPlaying = false;
    std::bitset<16 * 128> sounding; ///< by channel and note
    std::int64_t expected = 0;      ///< the sample at which the next block should start
};

/** Reads a MIDI file of any type into one sequence, time stamps in seconds. Throws host::Error. Message thread. */
juce::MidiMessageSequence readMidiFile (const juce::File&);

} // namespace host
