#pragma once

#include <juce_audio_basics/juce_audio_basics.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace host
{

/** A fixed delay for one channel: what comes in leaves `delay` samples later. Construction allocates; the rest is for the
    rendering thread and takes time linear in the block. */
class DelayLine
{
public:
    /** @param delaySamples  at least 1 */
    explicit DelayLine (int delaySamples) : ring (std::size_t (delaySamples)) {}

    int getDelay() const noexcept { return int (ring.size()); }

    /** Writes what came in `delay` samples ago; source and destination may be the same. */
    void process (const float* source, float* destination, int numSamples) noexcept
    {
        forEachPiece (numSamples,
                      [&] (float* stored, int offset, int length)
                      {
                          for (int i = 0; i < length; ++i)
                          {
                              const auto late = stored[i];
                              stored[i] = source[offset + i];
                              destination[offset + i] = late;
                          }
                      });
    }

    /** The two halves of process(): read() first, then write() of as many samples. For feedback that many are at most `delay`. */
    void read (float* destination, int numSamples) noexcept
    {
        const auto start = position;
        forEachPiece (numSamples, [&] (const float* stored, int offset, int length)
                      { std::copy_n (stored, length, destination + offset); });
        position = start;
    }

    void write (const float* source, int numSamples) noexcept
    {
        forEachPiece (numSamples,
                      [&] (float* stored, int offset, int length) { std::copy_n (source + offset, length, stored); });
    }

private:
    template <typename Work>
    void forEachPiece (int numSamples, Work&& work) noexcept
    {
        for (int done = 0; done < numSamples;)
        {
            const auto length = std::min (numSamples - done, getDelay() - position);
            work (ring.data() + position, done, length);
            position = (position + length) % getDelay();
            done += length;
        }
    }

    std::vector<float> ring;
    int position = 0;
};

/** Adds an event unless that would make the buffer allocate.
    @param capacityBytes  what the buffer was reserved for
    @returns false when the event did not fit and was dropped */
inline bool addWithinCapacity (juce::MidiBuffer& buffer, const juce::MidiMessageMetadata& event, int sample,
                               int capacityBytes) noexcept
{
    constexpr int header = int (sizeof (juce::int32) + sizeof (juce::uint16)); // what juce::MidiBuffer stores with an event

    if (buffer.data.size() + event.numBytes + header > capacityBytes)
        return false;

    return buffer.addEvent (event.data, event.numBytes, sample);
}

/** Holds MIDI events until they are due, with a fixed capacity. Same threads as DelayLine. */
class MidiDelayLine
{
public:
    explicit MidiDelayLine (int capacityInBytes) : capacity (capacityInBytes)
    {
        waiting.ensureSize (std::size_t (capacity));
        next.ensureSize (std::size_t (capacity));
    }

    /** Takes an event of this block, in order. It comes out `delay` samples later, but never before one that came in earlier,
        whatever the delay was then: no note ends before it begins.
        @returns false when it did not fit and was dropped */
    bool push (const juce::MidiMessageMetadata& event, int delay) noexcept
    {
        const auto due = std::max (event.samplePosition + delay, lastDue);

        if (! addWithinCapacity (waiting, event, due, capacity))
            return false;

        lastDue = due;
        return true;
    }

    /** Ends the block: adds the events that are due in it to `destination`.
        @returns how many events were dropped for want of room */
    int pop (juce::MidiBuffer& destination, int numSamples, int capacityOfDestination) noexcept
    {
        int dropped = 0;
        lastDue = std::max (0, lastDue - numSamples);

        if (waiting.isEmpty())
            return 0;

        next.clear();

        for (const auto event : waiting)
        {
            const auto isDue = event.samplePosition < numSamples;
            dropped += (isDue ? addWithinCapacity (destination, event, event.samplePosition, capacityOfDestination)
                              : addWithinCapacity (next, event, event.samplePosition - numSamples, capacity))
                           ? 0
                           : 1;
        }

        waiting.swapWith (next);
        return dropped;
    }

    bool isWaiting() const noexcept { return ! waiting.isEmpty(); }

private:
    int capacity, lastDue = 0;
    juce::MidiBuffer waiting, next;
};

} // namespace host
