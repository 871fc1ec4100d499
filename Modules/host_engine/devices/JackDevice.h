#pragma once

#include <juce_audio_devices/juce_audio_devices.h>

#include <jack/jack.h>

#include <array>
#include <atomic>
#include <vector>

namespace host
{

/** A JACK client (also under PipeWire's JACK) wired to the ports of one other client, usually "system".

    Why not JUCE's: its process callback takes a mutex and reads a BigInteger that the message thread rewrites whenever any
    wire anywhere changes, it stops and restarts the callback when someone rewires us in a patchbay, stops calling it
    altogether when nothing is wired, and after a server's death it goes on with a null client. Here the callback thread
    takes no lock at all, every port is always there, and a dead server is a flag to poll.

    Rate and block size are the server's (PipeWire lets us wish for a block size). A changed block size (jack_bufsize, PipeWire's quantum) arrives as a different
    numSamples. open, start, stop, close: one thread at a time, never from within the callback.
*/
class JackDevice final : public juce::AudioIODevice
{
public:
    /** @param peerClient  the client whose audio ports we are wired to; empty: to none */
    explicit JackDevice (const juce::String& peerClient);
    ~JackDevice() override;

    /** Why the device cannot go on, or empty: the server has gone, or has changed its rate. Any thread. */
    juce::String getFailure() const;

    juce::StringArray getOutputChannelNames() override;
    juce::StringArray getInputChannelNames() override;
    juce::Array<double> getAvailableSampleRates() override { return { getCurrentSampleRate() }; }
    juce::Array<int> getAvailableBufferSizes() override { return { getCurrentBufferSizeSamples() }; }
    int getDefaultBufferSize() override { return getCurrentBufferSizeSamples(); }

    /** The rate asked for is ignored, and so is the block size, but by PipeWire, which takes it as a client's wish: else its
        usual 1024 samples would be everybody's latency. */
    juce::String open (const juce::BigInteger& inputs, const juce::BigInteger& outputs, double rate, int block) override;
    void close() override;
    bool isOpen() override { return client != nullptr && opened; }

    /** Joins JACK's graph and wires every port; getLastError() tells when that failed. */
    void start (juce::AudioIODeviceCallback*) override;
    void stop() override;
    bool isPlaying() override { return callback != nullptr && state == State::fine; }
    juce::String getLastError() override { return lastError; }

    int getCurrentBufferSizeSamples() override { return blockSize.load (std::memory_order_relaxed); }
    double getCurrentSampleRate() override { return sampleRate; }
    int getCurrentBitDepth() override { return 32; }
    juce::BigInteger getActiveOutputChannels() const override { return allOf (outputPorts.size()); }
    juce::BigInteger getActiveInputChannels() const override { return allOf (inputPorts.size()); }
    int getOutputLatencyInSamples() override { return latencyOf (outputPorts, JackPlaybackLatency); }
    int getInputLatencyInSamples() override { return latencyOf (inputPorts, JackCaptureLatency); }
    int getXRunCount() const noexcept override { return xruns.load (std::memory_order_relaxed); }

    const juce::String& getPeer() const noexcept { return peer; }

private:
    enum class State
    {
        fine,
        serverGone,
        rateChanged
    };

    using Ports = std::vector<jack_port_t*>;

    int process (jack_nframes_t frames) noexcept;
    void wire (const Ports& ours, unsigned long peerFlags);
    int latencyOf (const Ports&, jack_latency_callback_mode_t) const;
    static juce::BigInteger allOf (std::size_t numPorts);

    const juce::String peer;
    jack_client_t* client = nullptr;
    Ports inputPorts, outputPorts;
    std::vector<const float*> inputs;
    std::vector<float*> outputs;
    double sampleRate = 0.0;
    bool opened = false, active = false;
    int wantedBlock = 0;
    juce::String lastError;

    juce::AudioIODeviceCallback* callback = nullptr; // changed only while we are not in JACK's graph
    std::atomic<int> blockSize{ 0 }, xruns{ 0 };
    std::atomic<State> state{ State::fine };

    JUCE_DECLARE_NON_COPYABLE (JackDevice)
};

/** The type "JACK": its devices are the clients that have audio ports, those of real hardware first. */
class JackDeviceType final : public juce::AudioIODeviceType
{
public:
    JackDeviceType() : AudioIODeviceType ("JACK") {}

    /** Whether a server answers now. Never starts one; a few milliseconds. */
    static bool isServerRunning();

    void scanForDevices() override;
    juce::StringArray getDeviceNames (bool forInput = false) const override;
    int getDefaultDeviceIndex (bool) const override { return 0; }
    int getIndexOfDevice (juce::AudioIODevice*, bool forInput) const override;
    bool hasSeparateInputsAndOutputs() const override { return false; }
    juce::AudioIODevice* createDevice (const juce::String& outputName, const juce::String& inputName) override;

private:
    juce::StringArray names;
};

} // namespace host
