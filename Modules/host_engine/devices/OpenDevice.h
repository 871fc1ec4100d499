#pragma once

#include <juce_audio_devices/juce_audio_devices.h>

#include <memory>
#include <optional>

namespace host
{

/** An audio device that is running: it calls back from the moment it is opened, with silence until start().

    The callback goes through a relay that takes no lock: start and stop are one atomic store and, for stop, a wait for the
    callback that may be under way. What the drivers do around it, on the same thread, in every block: JACK (ours) nothing;
    Virtual (ours) a timed sleep; ALSA (JUCE's) holds a mutex that only its own start and stop contend for, polls the card
    and reads and writes it.

    In every callback the context's hostTimeNs is set: when this block began, on CLOCK_MONOTONIC. JACK's is smoothed,
    Virtual's is exact, ALSA's is the moment of the call. It is always later than that of the block before.
    Blocks may have any number of samples, also more than getBlockSize() said, when JACK's block size is changed.

    Message thread only, but for what says otherwise.
*/
class OpenDevice
{
public:
    /** What only the one who opens the device knows. */
    struct Facts
    {
        juce::String note;                  ///< said at the end of the description; may be empty
        bool promoteCallbackThread = false; ///< the driver leaves its thread at normal priority: ask for real-time here
        std::optional<double> wantedRate;   ///< what was asked for, so that the description can tell a difference
        std::optional<int> wantedBlock;
    };

    /** Takes a device that has been opened, and starts it. Throws host::Error when no callback arrives. */
    OpenDevice (std::unique_ptr<juce::AudioIODevice>, Facts);

    /** Stops and closes. Where a callback never comes back, the device is left behind, as its thread still uses it. */
    ~OpenDevice();

    OpenDevice (const OpenDevice&) = delete;
    OpenDevice& operator= (const OpenDevice&) = delete;

    /** Calls audioDeviceAboutToStart() here and now; from then on the device's thread calls the callback. Stops one that was
        there before, and throws host::Error if that hangs. */
    void start (juce::AudioIODeviceCallback&);

    /** After it the callback is not called any more and is not being called; audioDeviceStopped() has been called here.

        @param timeoutSeconds  how long a callback under way may take to end
        @returns false when it did not end: then the callback must stay alive, for the device's thread is still in it */
    bool stop (double timeoutSeconds = 2.0);

    double getSampleRate() const; ///< Hz
    int getBlockSize() const;     ///< samples; JACK may change it at any time
    int getNumInputs() const;
    int getNumOutputs() const;
    int getInputLatency() const;  ///< samples from the card's input to the callback
    int getOutputLatency() const; ///< samples from the callback to the card's output

    /** Since the device was opened, as the driver counts them. Any thread. */
    int getXrunCount() const;

    /** Whether the thread that calls back has real-time scheduling. Any thread. */
    bool isRealtime() const noexcept;

    /** Callbacks so far, those with silence among them. Any thread. */
    std::int64_t getNumCallbacks() const noexcept;

    /** True from the moment on when the device cannot go on: the JACK server has gone or has changed its rate, or no callback
        has come for three seconds and eight periods (an unplugged card). Poll it; a failed device can only be destroyed. */
    bool hasFailed();

    /** What happened and what to do, for a person; empty while all is well. */
    juce::String getFailure() const { return failure; }

    /** Such as "JACK system, 48 kHz, 64 samples, 2 in 2 out, real-time". */
    juce::String getDescription() const;

private:
    class Relay;

    std::unique_ptr<juce::AudioIODevice> device;
    std::unique_ptr<Relay> relay;
    Facts facts;
    juce::String failure;
};

} // namespace host
