#pragma once

#include "MidiPorts.h"
#include "TimedMidi.h"

#include <rt_queues/NodeQueue.h>
#include <rt_queues/NodeStore.h>

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace host
{

/** Sends what the audio thread plays to the machine's MIDI outputs, at its time.

    The audio thread pushes messages with the moment when they are due. A thread of our own looks for them every
    millisecond (so the audio thread need not wake it: that would be a system call) and sleeps to the very moment of the
    next. On stop every sounding note is ended.

    Outputs come and go while it plays: the audio thread knows this object and never an output, so nothing that it uses can
    die under it. The outputs are behind a mutex between the message thread and the output thread, which the audio thread
    has no part in.
*/
class MidiOutputs final
{
public:
    /** @param sinks             each gets every message
        @param messagesUnderWay  how many may wait for their time */
    explicit MidiOutputs (std::vector<std::unique_ptr<MidiSink>> sinks, int messagesUnderWay = 4096);

    /** Stops. */
    ~MidiOutputs();

    /** Looks for outputs: opens those that are not open yet, and closes those that have gone or are switched off, with an end
        to their notes. The others play on. Message thread, at any time between construction and destruction; call it again
        after plugging something in. An output that cannot be opened is left out, and tried again the next time.

        @param switchedOff  names of outputs to leave alone; several outputs of one name go together */
    void openAll (const juce::StringArray& switchedOff = {}, MidiPorts& = MidiPorts::ofThisMachine());

    /** The names of the open outputs. Message thread. */
    juce::StringArray getNames() const;

    /** The names of all outputs that the last look has found, switched on or not, each once. Message thread. */
    const juce::StringArray& getNamesFound() const noexcept { return namesFound; }

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
    struct Output
    {
        juce::MidiDeviceInfo info; ///< empty for a sink from the constructor, which openAll() leaves alone
        std::unique_ptr<MidiSink> sink;
    };

    using Outputs = std::vector<Output>;

    void run();
    void startThread();
    void stopThread();
    void discardQueue();
    void sendToAll (const std::uint8_t* bytes, int numBytes);
    void endAllNotes (const Outputs&) const;

    Outputs outputs;                ///< changed by the message thread only, under the mutex
    std::bitset<16 * 128> sounding; ///< under the mutex
    std::mutex mutex;
    juce::StringArray namesFound;
    bool isStarted = false; ///< message thread
    std::atomic<bool> hasOutputs{ false };
    rt::NodeStore<TimedMidi> store;
    rt::NodeQueue<TimedMidi> queue;

    std::vector<rt::NodePtr<TimedMidi>> waiting; ///< the output thread's, latest first
    std::thread thread;
    std::atomic<bool> shouldStop{ false };
    std::atomic<std::int64_t> sent{ 0 }, dropped{ 0 };

    JUCE_DECLARE_NON_COPYABLE (MidiOutputs)
};

} // namespace host
