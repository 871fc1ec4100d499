#pragma once

#include <juce_audio_devices/juce_audio_devices.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace host
{

/** Where MIDI goes out: a device, or whatever a test wants to look at. */
class MidiSink
{
public:
    virtual ~MidiSink() = default;

    virtual juce::String getName() const = 0;

    /** On the MIDI output thread; may take its time. */
    virtual void send (const std::uint8_t* bytes, int numBytes) = 0;
};

/** A MIDI input for as long as it is open: from when it is made until it is destroyed, which waits for a message that is
    being received. */
class MidiSource
{
public:
    virtual ~MidiSource() = default;
};

/** The MIDI ports that there are: the machine's, or a test's. Message thread.

    A port's identifier is good until it is unplugged; its name stays the same from day to day, and is not always its own. */
class MidiPorts
{
public:
    virtual ~MidiPorts() = default;

    /** Called with every message of an input: by one thread at a time for all inputs, and not the message thread. */
    using Receiver = std::function<void (const juce::MidiMessage&)>;

    virtual juce::Array<juce::MidiDeviceInfo> findInputs() = 0;
    virtual juce::Array<juce::MidiDeviceInfo> findOutputs() = 0;

    /** Null when it cannot be opened. */
    virtual std::unique_ptr<MidiSource> openInput (const juce::MidiDeviceInfo&, Receiver) = 0;
    virtual std::unique_ptr<MidiSink> openOutput (const juce::MidiDeviceInfo&) = 0;

    /** Those of the ALSA sequencer; none on a machine that has no sequencer. The kernel's "Midi Through" is no output here:
        it would bring everything back in through the inputs. */
    static MidiPorts& ofThisMachine();
};

} // namespace host
