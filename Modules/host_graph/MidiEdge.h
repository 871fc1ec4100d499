#pragma once

#include "DelayLine.h"
#include "NoteTracker.h"

#include <rt_memory/Shared.h>

#include <atomic>
#include <cstdint>

namespace host
{

/** The part of a MIDI wire that lives on from plan to plan: which notes sound on it, and the delay that compensates for latency.

    A wire that vanishes ends what sounds on it. Made by the message thread; used by the thread that runs the op it leads to.
    Wait-free, time linear in the events.
*/
class MidiEdge
{
public:
    /** What a plan wants of the edge. */
    struct Wish
    {
        rt::Shared<MidiDelayLine> line; ///< null while the edge has never had a delay
        int delay = 0;                  ///< samples
        bool isPresent = true;
    };

    /** Adds what comes out of the edge to `destination`, within the capacity.
        @returns how many events were dropped for want of room */
    int process (const Wish& wish, const juce::MidiBuffer& source, juce::MidiBuffer& destination, int numSamples,
                 int capacityBytes) noexcept
    {
        int dropped = 0;

        if (line != wish.line && wish.line)
            line = wish.line;

        const auto pass = [&] (const juce::MidiMessageMetadata& event)
        {
            if (line)
                dropped += line->push (event, wish.delay) ? 0 : 1;
            else
                dropped += addWithinCapacity (destination, event, event.samplePosition, capacityBytes) ? 0 : 1;
        };

        if (wish.isPresent)
        {
            hasEnded = false;

            for (const auto event : source)
            {
                notes.update (event);
                pass (event);
            }
        }
        else if (! hasEnded)
        {
            notes.releaseHeld ([&] (const juce::uint8 (&bytes)[3]) { pass ({ bytes, 3, 0 }); });
            hasEnded = true;
        }

        if (line)
            dropped += line->pop (destination, numSamples, capacityBytes);

        return dropped;
    }

    /** Whether it has ended its notes and nothing is under way in it. */
    bool isOver (const Wish& wish) const noexcept { return ! wish.isPresent && hasEnded && ! (line && line->isWaiting()); }

    bool isSettled (const Wish& wish) const noexcept { return wish.isPresent ? ! hasEnded : isOver (wish); }

    /** As AudioEdge's. */
    std::atomic<std::uint64_t> settledIn{ 0 };

private:
    rt::Shared<MidiDelayLine> line;
    NoteTracker notes;
    bool hasEnded = false;
};

} // namespace host
