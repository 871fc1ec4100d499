#pragma once

#include "../Engine.h"
#include "../devices/OpenDevice.h"
#include "../midi/MidiInputs.h"
#include "../midi/MidiOutputs.h"

#include <atomic>

namespace host
{

/** Plays an engine on an audio device: the callback between the two, with MIDI in and out, and safety before the speakers.

    Every sample that leaves is finite and at most +12 dBFS. Starts and ends with a fade, so that neither clicks.
*/
class LivePlayer : public juce::AudioIODeviceCallback
{
public:
    static constexpr float limit = 3.9810717f; ///< +12 dBFS, linear
    static constexpr int fadeSamples = 512;

    LivePlayer (Engine&, MidiInputs&, MidiOutputs&);

    /** Message thread: asks for the fade-out; isSilent() tells when it is over, if the device still calls back. */
    void fadeOut() noexcept { isEnding.store (true, std::memory_order_relaxed); }
    bool isSilent() const noexcept { return isOver.load (std::memory_order_relaxed); }

    /** @name Any thread */
    /**@{*/
    std::uint64_t getLimitedSamples() const noexcept { return limitedSamples.load (std::memory_order_relaxed); }
    std::uint64_t getDeadlineMisses() const noexcept { return deadlineMisses.load (std::memory_order_relaxed); }
    float getPeak() const noexcept { return peak.load (std::memory_order_relaxed); } ///< linear, since the start
    /**@}*/

    /** Device thread. */
    void audioDeviceIOCallbackWithContext (const float* const* inputs, int numInputs, float* const* outputs, int numOutputs,
                                           int numSamples, const juce::AudioIODeviceCallbackContext&) override;
    void audioDeviceAboutToStart (juce::AudioIODevice*) override { pageFaults.forget(); }
    void audioDeviceStopped() override {}

private:
    void processBlock (const float* const* inputs, int numInputs, float* const* outputs, int numOutputs, int numSamples,
                       const juce::AudioIODeviceCallbackContext&) noexcept;
    void fade (float* const* outputs, int numOutputs, int numSamples) noexcept;
    void makeSafe (float* const* outputs, int numOutputs, int numSamples) noexcept;

    Engine& engine;
    MidiInputs& midiInputs;
    MidiOutputs& midiOutputs;
    juce::MidiBuffer midiIn, midiOut;
    float fadeGain = 0.0f;
    PageFaultMeter pageFaults;
    std::uint64_t droppedBefore = 0;

    std::atomic<bool> isEnding{ false }, isOver{ false };
    std::atomic<std::uint64_t> limitedSamples{ 0 }, deadlineMisses{ 0 };
    std::atomic<float> peak{ 0.0f };
};

} // namespace host
