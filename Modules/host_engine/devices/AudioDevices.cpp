#include "AudioDevices.h"

#include "DriverNoise.h"
#include "JackDevice.h"
#include "VirtualDevice.h"

#include <host_graph/Error.h>

#include <cmath>

namespace host
{

namespace
{

// Converting PCMs such as ALSA's "default" claim hundreds of channels; real cards have what they say.
constexpr int mostBelievableChannels = 32;

juce::BigInteger channelsToOpen (int available)
{
    juce::BigInteger channels;
    channels.setRange (0, available > mostBelievableChannels ? 2 : available, true);
    return channels;
}

/** The one that is meant: the very name, else the name in another case, else the only one with the text in it. */
juce::String findName (const juce::StringArray& names, const juce::String& wanted)
{
    if (names.contains (wanted))
        return wanted;

    if (const auto index = names.indexOf (wanted, true); index >= 0)
        return names[index];

    juce::String found;

    for (auto& name : names)
    {
        if (! name.containsIgnoreCase (wanted))
            continue;

        if (found.isNotEmpty())
            return {};

        found = name;
    }

    return found;
}

double nearest (const juce::Array<double>& values, double wanted)
{
    auto result = wanted;
    auto smallest = std::numeric_limits<double>::max();

    for (auto value : values)
    {
        if (const auto distance = std::abs (value - wanted); distance < smallest)
        {
            smallest = distance;
            result = value;
        }
    }

    return result;
}

/** ALSA's names have commas in them. */
std::string listOf (const juce::StringArray& names) { return "\"" + names.joinIntoString ("\", \"").toStdString() + "\""; }

} // namespace

AudioDevices::AudioDevices()
{
    silenceDriverNoise();
    types.push_back (std::make_unique<JackDeviceType>());

    if (auto* alsa = juce::AudioIODeviceType::createAudioIODeviceType_ALSA())
        types.emplace_back (alsa);

    types.push_back (std::make_unique<VirtualDeviceType>());
}

AudioDevices::~AudioDevices()
{
    types.clear();

    // JUCE's ALSA type has just put libasound's own printing back.
    silenceDriverNoise();
}

juce::StringArray AudioDevices::getTypeNames() const
{
    juce::StringArray names;

    for (auto& type : types)
        names.add (type->getTypeName());

    return names;
}

juce::StringArray AudioDevices::getDeviceNames (const juce::String& typeName)
{
    auto& type = findType (typeName, typeName);
    type.scanForDevices();
    return type.getDeviceNames (false);
}

bool AudioDevices::hasSoundCard()
{
    // "--- no soundcards ---" otherwise; a card's line begins with its number.
    const auto cards = juce::File ("/proc/asound/cards").loadFileAsString().trimStart();
    return cards.isNotEmpty() && juce::CharacterFunctions::isDigit (cards[0]);
}

juce::String AudioDevices::chooseType (bool jackServerRuns, bool soundCardIsThere)
{
    return jackServerRuns ? "JACK" : (soundCardIsThere ? "ALSA" : "Virtual");
}

juce::AudioIODeviceType& AudioDevices::findType (const juce::String& name, const juce::String& spec)
{
    for (auto& type : types)
        if (type->getTypeName().equalsIgnoreCase (name))
            return *type;

    throw Error ("--device " + spec.toStdString(), "there is no such type of device",
                 "use one of " + getTypeNames().joinIntoString (", ").toStdString());
}

std::unique_ptr<OpenDevice> AudioDevices::open (const DeviceRequest& request)
{
    if (request.rate && ! (*request.rate >= VirtualDevice::minRate && *request.rate <= VirtualDevice::maxRate))
        throw Error ("--rate " + juce::String (*request.rate).toStdString(), "no device runs at that rate",
                     "use 8000 to 384000 Hz");

    if (request.block && (*request.block < VirtualDevice::minBlock || *request.block > VirtualDevice::maxBlock))
        throw Error ("--block " + std::to_string (*request.block), "no device has such blocks", "use 1 to 16384 samples");

    const auto chosenByUs = request.spec.trim().isEmpty();
    const auto spec = chosenByUs ? chooseType (JackDeviceType::isServerRunning(), hasSoundCard()) : request.spec.trim();
    const auto what = "--device " + spec.toStdString();
    const auto wantedName = spec.fromFirstOccurrenceOf (":", false, false).trim();
    auto& type = findType (spec.upToFirstOccurrenceOf (":", false, false).trim(), spec);
    const auto isJack = type.getTypeName() == "JACK";
    const auto isAlsa = type.getTypeName() == "ALSA";

    if (isJack && ! JackDeviceType::isServerRunning())
        throw Error (what, "no JACK server answers",
                     "start one (jackd, or PipeWire with pw-jack), or use --device ALSA or --device Virtual",
                     Error::Kind::failed);

    type.scanForDevices();
    const auto names = type.getDeviceNames (false);

    if (names.isEmpty() && ! isJack)
        throw Error (what, "this machine has no sound output of that type", "connect a sound card, or use --device Virtual",
                     Error::Kind::failed);

    const auto name =
        wantedName.isNotEmpty() ? findName (names, wantedName) : names[std::max (0, type.getDefaultDeviceIndex (false))];

    if (name.isEmpty() && wantedName.isNotEmpty())
        throw Error (what, "no device, or more than one, is called that",
                     names.isEmpty() ? "there is none to choose from" : "use one of " + listOf (names));

    const auto inputName = type.getDeviceNames (true).contains (name) ? name : juce::String();

    // A JACK server without a single port is still a clock to run by.
    std::unique_ptr<juce::AudioIODevice> device (isJack && name.isEmpty() ? new JackDevice ({})
                                                                          : type.createDevice (name, inputName));

    if (device == nullptr)
        throw Error (what, "it has gone while it was being opened", "look at the connection and try again",
                     Error::Kind::failed);

    auto rate = request.rate.value_or (48000.0);
    const auto block = request.block.value_or (isJack ? 0 : 512);

    // JUCE's ALSA would take any rate and then not notice that the card runs at another one.
    if (isAlsa)
        rate = nearest (device->getAvailableSampleRates(), rate);

    const auto inputs = channelsToOpen (device->getInputChannelNames().size());
    const auto outputs = channelsToOpen (device->getOutputChannelNames().size());
    auto error = device->open (inputs, outputs, rate, block);
    juce::String note;

    if (error.isNotEmpty() && isAlsa && ! inputs.isZero())
    {
        const auto inputsError = error;
        error = device->open ({}, outputs, rate, block);
        note = "no inputs: " + inputsError;
    }

    if (error.isNotEmpty())
        throw Error (what, error.toStdString(),
                     "close the program that uses it or choose another of " + listOf (names)
                         + "; --device Virtual plays without one",
                     Error::Kind::failed);

    if (chosenByUs && type.getTypeName() == "Virtual")
        note = "no JACK server and no sound card: nobody hears it";

    return std::make_unique<OpenDevice> (std::move (device), OpenDevice::Facts{ note, isAlsa, request.rate, request.block });
}

} // namespace host
