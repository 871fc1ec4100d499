#include "JackDevice.h"

#include "DriverNoise.h"

#include <algorithm>
#include <cerrno>
#include <memory>

namespace host
{

namespace
{

struct FreeJackNames
{
    void operator() (const char** names) const noexcept { jack_free (names); }
};

/** The full names ("client:port") of the audio ports with all of the flags, in JACK's order. */
juce::StringArray findAudioPorts (jack_client_t* client, unsigned long flags)
{
    juce::StringArray result;
    const std::unique_ptr<const char*, FreeJackNames> names (
        jack_get_ports (client, nullptr, JACK_DEFAULT_AUDIO_TYPE, flags));

    if (names != nullptr)
        for (auto** name = names.get(); *name != nullptr; ++name)
            result.add (juce::String::fromUTF8 (*name));

    return result;
}

juce::String clientOf (const juce::String& portName) { return portName.upToFirstOccurrenceOf (":", false, false); }

juce::StringArray findPortsOf (jack_client_t* client, const juce::String& owner, unsigned long flags)
{
    auto ports = findAudioPorts (client, flags);

    for (int i = ports.size(); --i >= 0;)
        if (clientOf (ports[i]) != owner)
            ports.remove (i);

    return ports;
}

juce::StringArray namesOf (const std::vector<jack_port_t*>& ports)
{
    juce::StringArray names;

    for (auto* port : ports)
        names.add (juce::String::fromUTF8 (jack_port_short_name (port)));

    return names;
}

jack_client_t* openClient (const char* name)
{
    silenceDriverNoise();
    return jack_client_open (name, JackNoStartServer, nullptr);
}

} // namespace

JackDevice::JackDevice (const juce::String& peerClient)
    : AudioIODevice (peerClient.isNotEmpty() ? peerClient : juce::String ("unwired"), "JACK"), peer (peerClient),
      client (openClient ("AudioHost"))
{
    if (client == nullptr)
    {
        lastError = "no JACK server answers";
        return;
    }

    sampleRate = jack_get_sample_rate (client);
    blockSize = static_cast<int> (jack_get_buffer_size (client));

    // Two of each at least, so that there is something to wire by hand whatever the peer has.
    const auto addPorts = [this] (Ports& ports, int wanted, const juce::String& prefix, unsigned long flags)
    {
        for (int i = 0; i < std::max (2, wanted); ++i)
            if (auto* port = jack_port_register (client, (prefix + juce::String (i + 1)).toRawUTF8(),
                                                 JACK_DEFAULT_AUDIO_TYPE, flags, 0))
                ports.push_back (port);
    };

    addPorts (inputPorts, findPortsOf (client, peer, JackPortIsOutput).size(), "in_", JackPortIsInput);
    addPorts (outputPorts, findPortsOf (client, peer, JackPortIsInput).size(), "out_", JackPortIsOutput);
    inputs.resize (inputPorts.size());
    outputs.resize (outputPorts.size());

    jack_set_process_callback (
        client, [] (jack_nframes_t frames, void* self) { return static_cast<JackDevice*> (self)->process (frames); }, this);

    // Never while process() runs.
    jack_set_buffer_size_callback (
        client,
        [] (jack_nframes_t frames, void* self)
        {
            static_cast<JackDevice*> (self)->blockSize.store (static_cast<int> (frames), std::memory_order_relaxed);
            return 0;
        },
        this);

    jack_set_sample_rate_callback (
        client,
        [] (jack_nframes_t rate, void* self)
        {
            auto& device = *static_cast<JackDevice*> (self);
            auto expected = State::fine;

            if (static_cast<double> (rate) != device.sampleRate)
                device.state.compare_exchange_strong (expected, State::rateChanged);

            return 0;
        },
        this);

    jack_set_xrun_callback (
        client,
        [] (void* self)
        {
            static_cast<JackDevice*> (self)->xruns.fetch_add (1, std::memory_order_relaxed);
            return 0;
        },
        this);

    // To be written like a signal handler: JACK may call it from any thread, the real-time one too.
    jack_on_shutdown (client, [] (void* self) { static_cast<JackDevice*> (self)->state = State::serverGone; }, this);
}

JackDevice::~JackDevice()
{
    close();

    // Due after a shutdown as well; libjack then only gives back its own memory.
    if (client != nullptr)
        jack_client_close (client);
}

juce::String JackDevice::getFailure() const
{
    switch (state.load())
    {
        case State::serverGone: return "the JACK server has gone";
        case State::rateChanged: return "the JACK server has changed its sample rate";
        case State::fine: break;
    }

    return {};
}

juce::StringArray JackDevice::getOutputChannelNames() { return namesOf (outputPorts); }

juce::StringArray JackDevice::getInputChannelNames() { return namesOf (inputPorts); }

juce::String JackDevice::open (const juce::BigInteger&, const juce::BigInteger&, double, int block)
{
    close();
    wantedBlock = block;

    if (client == nullptr)
        return lastError;

    lastError = getFailure();
    opened = lastError.isEmpty();
    return lastError;
}

void JackDevice::close()
{
    stop();
    opened = false;
}

void JackDevice::start (juce::AudioIODeviceCallback* newCallback)
{
    stop();

    if (! isOpen() || newCallback == nullptr)
        return;

    if (state != State::fine)
    {
        lastError = getFailure();
        return;
    }

    xruns = 0;
    newCallback->audioDeviceAboutToStart (this);
    callback = newCallback;

    if (jack_activate (client) != 0)
    {
        lastError = "JACK does not let us into its graph";
        std::exchange (callback, nullptr)->audioDeviceStopped();
        return;
    }

    active = true;

    // A real JACK server would change it for everybody.
    if (wantedBlock > 0 && juce::String (jack_get_version_string()).contains ("PipeWire"))
        jack_set_buffer_size (client, static_cast<jack_nframes_t> (wantedBlock));

    wire (outputPorts, JackPortIsInput);
    wire (inputPorts, JackPortIsOutput);
}

void JackDevice::stop()
{
    // Comes back after the last callback has ended. Without a server there are none any more, and nobody to ask.
    if (std::exchange (active, false) && state != State::serverGone)
        jack_deactivate (client);

    if (callback != nullptr)
        std::exchange (callback, nullptr)->audioDeviceStopped();
}

void JackDevice::wire (const Ports& ours, unsigned long peerFlags)
{
    const auto theirs = findPortsOf (client, peer, peerFlags);
    const auto weAreTheSource = (peerFlags & JackPortIsInput) != 0;

    for (int i = 0; i < std::min (theirs.size(), static_cast<int> (ours.size())); ++i)
    {
        const auto* ourName = jack_port_name (ours[static_cast<std::size_t> (i)]);
        const auto* theirName = theirs[i].toRawUTF8();
        const auto result =
            weAreTheSource ? jack_connect (client, ourName, theirName) : jack_connect (client, theirName, ourName);

        if (result != 0 && result != EEXIST)
            lastError = "JACK does not connect " + juce::String::fromUTF8 (ourName) + " and " + theirs[i];
    }
}

int JackDevice::process (jack_nframes_t frames) noexcept
{
    // On JACK's real-time thread: a port's buffer is a lookup in shared memory, and the times come from there as well.
    for (std::size_t i = 0; i < inputs.size(); ++i)
        inputs[i] = static_cast<const float*> (jack_port_get_buffer (inputPorts[i], frames));

    for (std::size_t i = 0; i < outputs.size(); ++i)
        outputs[i] = static_cast<float*> (jack_port_get_buffer (outputPorts[i], frames));

    // JACK's clock is CLOCK_MONOTONIC in microseconds, here smoothed over cycles.
    const std::uint64_t hostTime = jack_frames_to_time (client, jack_last_frame_time (client)) * 1000;
    juce::AudioIODeviceCallbackContext context;
    context.hostTimeNs = &hostTime;

    callback->audioDeviceIOCallbackWithContext (inputs.data(), static_cast<int> (inputs.size()), outputs.data(),
                                                static_cast<int> (outputs.size()), static_cast<int> (frames), context);
    return 0;
}

int JackDevice::latencyOf (const Ports& ports, jack_latency_callback_mode_t mode) const
{
    jack_nframes_t longest = 0;

    if (client != nullptr && state != State::serverGone)
    {
        for (auto* port : ports)
        {
            jack_latency_range_t range{};
            jack_port_get_latency_range (port, mode, &range);
            longest = std::max (longest, range.max);
        }
    }

    return static_cast<int> (longest);
}

juce::BigInteger JackDevice::allOf (std::size_t numPorts)
{
    juce::BigInteger channels;
    channels.setRange (0, static_cast<int> (numPorts), true);
    return channels;
}

//==============================================================================

bool JackDeviceType::isServerRunning()
{
    auto* client = openClient ("AudioHost-probe");

    if (client != nullptr)
        jack_client_close (client);

    return client != nullptr;
}

void JackDeviceType::scanForDevices()
{
    names.clear();
    auto* client = openClient ("AudioHost-probe");

    if (client == nullptr)
        return;

    for (auto flags : { JackPortIsInput | JackPortIsPhysical, JackPortIsOutput | JackPortIsPhysical, 0 | JackPortIsInput,
                        0 | JackPortIsOutput })
        for (auto& port : findAudioPorts (client, static_cast<unsigned long> (flags)))
            if (! clientOf (port).startsWith ("AudioHost"))
                names.addIfNotAlreadyThere (clientOf (port));

    jack_client_close (client);
}

juce::StringArray JackDeviceType::getDeviceNames (bool) const { return names; }

int JackDeviceType::getIndexOfDevice (juce::AudioIODevice* device, bool) const
{
    auto* jackDevice = dynamic_cast<JackDevice*> (device);
    return jackDevice != nullptr ? names.indexOf (jackDevice->getPeer()) : -1;
}

juce::AudioIODevice* JackDeviceType::createDevice (const juce::String& outputName, const juce::String& inputName)
{
    const auto wanted = outputName.isNotEmpty() ? outputName : inputName;
    return names.contains (wanted) ? new JackDevice (wanted) : nullptr;
}

} // namespace host
