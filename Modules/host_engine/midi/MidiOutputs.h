#pragma once

#include "TimedMidi.h"

#include <rt_queues/NodeQueue.h>
#include <rt_queues/NodeStore.h>

#include <juce_audio_devices/juce_audio_devices.h>

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

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

/** Sends what the audio thread plays to every MIDI output, at its time.

    The audio thread pushes messages with the moment when they are due. A thread of our own looks for them every
    millisecond (so the audio thread need not wake it: that would be a system call) and sleeps to the very moment of the
    next. On stop every sounding note is ended.
*/
class MidiOutputs final
{
public:
    /** @param sinks             each gets every message
        @param messagesUnderWay  how many may wait for their time */
    explicit MidiOutputs (std::vector<std::unique_ptr<MidiSink>> sinks, int messagesUnderWay = 4096);

    /** Stops. */
    ~MidiOutputs();

    /** The machine's MIDI outputs, opened, but for the kernel's "Midi Through", which would bring everything back in through
        the inputs. None where there is no sequencer. Message thread. */
    static std::vector<std::unique_ptr<MidiSink>> openAll();

    /** Message thread. */
    juce::StringArray getNames() const;

    /** Message thread. */
    void start();

    /** Drops what is not due yet, ends all notes, and ends the thread. Message thread, once nobody pushes any more. */
    void stop();

    /** Audio thread, wait-free. Messages may be pushed in any order of their times; those of one time keep their order.
        @param due  nanoseconds on CLOCK_MONOTONIC
        @returns false, and counts, when it is too long or too many are waiting */
    bool push (const std::uint8_t* bytes, int numBytes, std::int64_t due) noexcept;

    /** Pushes every event of a block. Audio thread, wait-free.
        @param start  when the block's first sample is due: the callback's hostTimeNs and a period, to sound together with the
                      device's audio */
    void push (const juce::MidiBuffer&, std::int64_t start, double sampleRate) noexcept;

    /** @name Counters. Any thread */
    /**@{*/
    std::int64_t getNumSent() const noexcept { return sent.load (std::memory_order_relaxed); }
    std::int64_t getNumDropped() const noexcept { return dropped.load (std::memory_order_relaxed); }
    /**@}*/

private:
    void run();
    void sendToAll (const std::uint8_t* bytes, int numBytes);
    void endAllNotes();

    const std::vector<std::unique_ptr<MidiSink>> sinks;
    rt::NodeStore<TimedMidi> store;
    rt::NodeQueue<TimedMidi> queue;

    std::vector<rt::NodePtr<TimedMidi>> waiting; // the output thread's, latest first
    std::bitset<16 * 128> sounding;              // the output thread's
    std::thread thread;
    std::atomic<bool> shouldStop{ false };
    std::atomic<std::int64_t> sent{ 0 }, dropped{ 0 };

    JUCE_DECLARE_NON_COPYABLE (MidiOutputs)
};

} // namespace host
