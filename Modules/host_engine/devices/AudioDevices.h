#pragma once

#include "OpenDevice.h"

#include <memory>
#include <optional>
#include <vector>

namespace host
{

/** What `--device`, `--rate` and `--block` ask for. */
struct DeviceRequest
{
    juce::String spec;          ///< "TYPE" or "TYPE:NAME"; empty chooses: JACK, else ALSA's default, else Virtual
    std::optional<double> rate; ///< Hz, 8000 to 384000
    std::optional<int> block;   ///< samples, 1 to 16384
};

/** The kinds of audio devices this machine may have: JACK (ours, and PipeWire's in its place), ALSA (JUCE's), and Virtual,
    which is always there. Each is looked at only when it is asked for. Message thread. */
class AudioDevices
{
public:
    AudioDevices();
    ~AudioDevices();

    /** Opens the device and has it running, with silence, when it returns.

        A type's or device's name may be written in any case; a device's also in part, when only one has it. Where the device
        has a rate or a block size of its own, that is used, and the description says so.
        Throws host::Error that names the device, what there is, and what to do. */
    std::unique_ptr<OpenDevice> open (const DeviceRequest&);

    /** "JACK", "ALSA" and "Virtual", in the order of preference. */
    juce::StringArray getTypeNames() const;

    /** The devices of one of the types, by a new look at the machine. */
    juce::StringArray getDeviceNames (const juce::String& typeName);

    /** Whether the kernel has a sound card, by /proc/asound/cards. */
    static bool hasSoundCard();

    /** The type for an empty spec. */
    static juce::String chooseType (bool jackServerRuns, bool soundCardIsThere);

private:
    juce::AudioIODeviceType& findType (const juce::String& name, const juce::String& spec);

    std::vector<std::unique_ptr<juce::AudioIODeviceType>> types;
};

} // namespace host
