#include "MidiPlayerNode.h"

#include "../DelayLine.h"
#include "../Error.h"
#include "../RenderPlan.h"

#include <array>
#include <cmath>

namespace host
{

MidiPlayerNode::MidiPlayerNode (const juce::MidiMessageSequence& sequence, bool loop) : looping (loop)
{
    for (const auto* holder : sequence)
        if (! holder->message.isMetaEvent())
            events.push_back ({ holder->message.getTimeStamp(), 0, holder->message });

    lengthSeconds = sequence.getEndTime();
}

void MidiPlayerNode::prepare (const PrepareInfo& info)
{
    for (auto& event : events)
        event.sample = std::llround (event.seconds * info.sampleRate);

    // Longer than the last event's sample, or a loop would never play it.
    lengthSamples = std::int64_t (std::ceil (lengthSeconds * info.sampleRate));
    lengthSamples = std::max (lengthSamples, events.empty() ? 1 : events.back().sample + 1);
}

void MidiPlayerNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    context.midi.clear();
    const auto& transport = context.transport;
    const auto jumped = transport.playing && wasPlaying && transport.samples != expected;

    if ((wasPlaying && ! transport.playing) || jumped)
        releaseNotes (context.midi);

    wasPlaying = transport.playing;
    expected = transport.samples + context.numSamples;

    if (! transport.playing)
        return;

    if (! looping)
        return play (context, transport.samples, 0, context.numSamples);

    for (int done = 0; done < context.numSamples;)
    {
        const auto start = (transport.samples + done) % lengthSamples;
        const auto length = int (std::min (std::int64_t (context.numSamples - done), lengthSamples - start));
        play (context, start, done, length);
        done += length;
    }
}

void MidiPlayerNode::play (ProcessContext& context, std::int64_t start, int offset, int length) noexcept
{
    auto event = std::lower_bound (events.begin(), events.end(), start,
                                   [] (const Event& e, std::int64_t sample) { return e.sample < sample; });

    for (; event != events.end() && event->sample < start + length; ++event)
    {
        const auto& message = event->message;

        if (message.isNoteOnOrOff())
            sounding.set (std::size_t ((message.getChannel() - 1) * 128 + message.getNoteNumber()), message.isNoteOn());

        addWithinCapacity (context.midi, { message.getRawData(), message.getRawDataSize(), 0 },
                           offset + int (event->sample - start), RenderPlan::midiCapacityBytes);
    }
}

void MidiPlayerNode::releaseNotes (juce::MidiBuffer& midi) noexcept
{
    const auto send = [&] (std::array<juce::uint8, 3> bytes)
    { addWithinCapacity (midi, { bytes.data(), 3, 0 }, 0, RenderPlan::midiCapacityBytes); };

    // Note by note: many plugins never see "all notes off", a controller that their format has no word for.
    for (std::size_t note = 0; note < sounding.size(); ++note)
        if (sounding[note])
            send ({ juce::uint8 (0x80 + note / 128), juce::uint8 (note % 128), 0 });

    for (int channel = 0; channel < 16; ++channel)
        send ({ juce::uint8 (0xb0 + channel), 64, 0 }); // the sustain pedal

    sounding.reset();
}

juce::MidiMessageSequence readMidiFile (const juce::File& file)
{
    const auto name = file.getFullPathName().toStdString();

    if (! file.existsAsFile())
        throw Error (name, "there is no such file", "check the path of the MIDI file");

    juce::FileInputStream stream (file);
    juce::MidiFile midi;

    if (stream.failedToOpen() || ! midi.readFrom (stream))
        throw Error (name, "is not a readable MIDI file", "give a Standard MIDI File (.mid)");

    if (midi.getTimeFormat() == 0)
        throw Error (name, "its ticks have no length", "export the file again");

    midi.convertTimestampTicksToSeconds();
    juce::MidiMessageSequence result;

    for (int i = 0; i < midi.getNumTracks(); ++i)
        result.addSequence (*midi.getTrack (i), 0.0);

    for (const auto* event : result)
        if (! std::isfinite (event->message.getTimeStamp()))
            throw Error (name, "its ticks have no length", "export the file again");

    result.sort();
    return result;
}

} // namespace host
