#pragma once

#include "MidiPorts.h"
#include "TimedMidi.h"

#include <rt_queues/NodeQueue.h>
#include <rt_queues/NodeStore.h>

#include <juce_audio_devices/juce_audio_devices.h>

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

namespace host
{

/** The machine's MIDI inputs, merged, on their way to the audio thread.

    A message is dated when it arrives and placed in the audio block by that date: one that arrived k samples before the
    block began lands k samples before the end of the block. So each is late by exactly one block and keeps its distance
    from the others, where "as soon as possible" would squeeze all onto the first sample.

    There are two lanes, each a queue with one sender and a fixed stock of nodes: one for the devices (JUCE has a single
    thread, under a lock of its own, for all inputs of the ALSA sequencer) and one for the message thread. A machine
    without a sequencer has no inputs; that is no error.
*/
class MidiInputs final
{
public:
    /** @param messagesUnderWay  how many each lane can hold */
    explicit MidiInputs (int messagesUnderWay = 1024);
    ~MidiInputs();

    /** Looks for inputs: opens those that are not open yet, and closes those that have gone or are switched off. Notes that
        a closed input leaves sounding are ended. Message thread; call it again after plugging something in. An input that
        cannot be opened is left out, and tried again the next time.

        @param switchedOff  names of inputs to leave alone; several inputs of one name go together */
    void openAll (const juce::StringArray& switchedOff = {}, MidiPorts& = MidiPorts::ofThisMachine());

    /** Message thread. */
    void closeAll();

    /** The names of the open inputs. Message thread. */
    juce::StringArray getNames() const;

    /** The names of all inputs that the last look has found, switched on or not, each once. Message thread. */
    const juce::StringArray& getNamesFound() const noexcept { return namesFound; }

    /** Sends a message as if it had come from a device. Message thread.
        @param time  of arrival, nanoseconds on CLOCK_MONOTONIC; messages keep their order, whatever their times */
    void inject (const juce::MidiMessage&, std::int64_t time);

    /** What drainInto() needs to know of a block. */
    struct Block
    {
        int numSamples = 0;
        double sampleRate = 48000.0; ///< Hz
        std::int64_t startTime = 0;  ///< nanoseconds on CLOCK_MONOTONIC; the device callback's hostTimeNs
    };

    /** Adds what arrived before the block to the buffer, at its sample. Audio thread, wait-free, bounded: at most
        maxEventsPerBlock, and no more than capacityBytes in the buffer; the rest keeps for the next block, in order.

        The buffer must have been given at least capacityBytes by ensureSize(): then nothing is allocated. */
    void drainInto (juce::MidiBuffer&, int capacityBytes, const Block&) noexcept;

    static constexpr int maxEventsPerBlock = 512;

    /** @name Counters since construction. Any thread */
    /**@{*/
    std::int64_t getNumReceived() const noexcept { return received.load (std::memory_order_relaxed); }
    /** Longer than TimedMidi::maxBytes, or than the buffer. */
    std::int64_t getNumTooLong() const noexcept { return tooLong.load (std::memory_order_relaxed); }
    /** Found all nodes of their lane under way: the audio thread does not keep up, or does not run. */
    std::int64_t getNumDropped() const noexcept { return dropped.load (std::memory_order_relaxed); }
    /**@}*/

private:
    struct Lane
    {
        explicit Lane (int size) : store (static_cast<std::size_t> (size)) {}

        rt::NodeStore<TimedMidi> store;
        rt::NodeQueue<TimedMidi> queue;
        rt::NodePtr<TimedMidi> next; // the audio thread's: taken from the queue, not played yet
    };

    struct Input
    {
        juce::MidiDeviceInfo info;
        std::unique_ptr<MidiSource> source;

        // The devices' thread's while the source is open, then the message thread's.
        std::bitset<16 * 128> sounding;
        std::bitset<16> pedals;
    };

    void receive (Input&, const juce::MidiMessage&) noexcept;
    void close (Input&);
    void send (Lane&, const juce::MidiMessage&, std::int64_t time) noexcept;
    Lane* findEarliest() noexcept;

    Lane deviceLane, messageLane;
    std::vector<std::unique_ptr<Input>> inputs;
    juce::StringArray namesFound;
    std::atomic<std::int64_t> received{ 0 }, tooLong{ 0 }, dropped{ 0 };

    JUCE_DECLARE_NON_COPYABLE (MidiInputs)
};

} // namespace host
