#pragma once

#include <juce_audio_basics/juce_audio_basics.h>

#include <bitset>

namespace host
{

/** Which notes sound on a MIDI stream, so that they can be ended when the stream is cut. One thread at a time; allocates
    nothing. */
class NoteTracker
{
public:
    void update (const juce::MidiBuffer& events) noexcept
    {
        for (const auto event : events)
            update (event);
    }

    void update (const juce::MidiMessageMetadata& event) noexcept
    {
        if (event.numBytes < 3)
            return;

        constexpr auto sustainPedal = 64;
        const auto kind = event.data[0] & 0xf0;
        const auto channel = std::size_t (event.data[0] & 0x0f);
        const auto index = channel * 128 + (event.data[1] & 0x7f);

        // A note-on without velocity is a note-off.
        if (kind == 0x90)
            sounding[index] = event.data[2] > 0;
        else if (kind == 0x80)
            sounding[index] = false;
        else if (kind == 0xb0 && event.data[1] == sustainPedal)
            pedals[channel] = event.data[2] >= 64;
    }

    /** Calls `add` with the three bytes of each message that ends what sounds: a note-off for each note, then the sustain
        pedal up and "all notes off" on every channel. Nothing is sounding after it. */
    template <typename Add>
    void release (Add&& add) noexcept
    {
        endNotes (add);
        pedals.reset();

        for (int channel = 0; channel < 16; ++channel)
        {
            const juce::uint8 pedal[] = { juce::uint8 (0xb0 | channel), 64, 0 },
                              all[] = { juce::uint8 (0xb0 | channel), 123, 0 };
            add (pedal);
            add (all);
        }
    }

    /** Ends only what was begun: a note-off for each note, then the sustain pedal up on channels where notes or the pedal were
        held. */
    template <typename Add>
    void releaseHeld (Add&& add) noexcept
    {
        auto held = pedals;

        for (std::size_t i = 0; i < sounding.size() && sounding.any(); ++i)
            if (sounding[i])
                held.set (i / 128);

        endNotes (add);
        pedals.reset();

        for (std::size_t channel = 0; channel < held.size(); ++channel)
        {
            const juce::uint8 pedal[] = { juce::uint8 (0xb0 | channel), 64, 0 };

            if (held[channel])
                add (pedal);
        }
    }

    bool isSounding() const noexcept { return sounding.any(); }

private:
    template <typename Add>
    void endNotes (Add&& add) noexcept
    {
        for (std::size_t i = 0; i < sounding.size() && sounding.any(); ++i)
        {
            if (! sounding[i])
                continue;

            const juce::uint8 off[] = { juce::uint8 (0x80 | (i / 128)), juce::uint8 (i % 128), 0 };
            add (off);
            sounding[i] = false;
        }
    }

    std::bitset<16 * 128> sounding; ///< by channel and note
    std::bitset<16> pedals;         ///< that are down, by channel
};

} // namespace host
