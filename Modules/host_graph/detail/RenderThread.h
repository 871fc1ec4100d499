#pragma once

#include "../FlightRecorder.h"

#include <rt_queues/CacheLine.h>

#include <atomic>

namespace host::detail
{

/** What a thread that renders knows of itself. */
struct alignas (rt::cacheLineBytes) RenderThread
{
    /** @name Around a processor's call
        Whoever takes a worker out of a node that hangs changes `running` to 0 by a compare-exchange with acquire: what the worker did before the
        call is seen then, and the worker sees when it comes back that it was taken out. */
    /**@{*/
    void enter (NodeId id) noexcept { running.store (id, std::memory_order_release); }

    void leave() noexcept
    {
        if (index == 0)
            running.store (0, std::memory_order_relaxed);
        else if (running.exchange (0, std::memory_order_acq_rel) == 0)
            isTakenOut = true;
    }
    /**@}*/

    /** The node that is running; where the audio thread does all ops by itself, also the one that ran last. Read by any thread. */
    std::atomic<NodeId> running{ 0 };

    int index = 0;           ///< 0 is the audio thread
    bool isTakenOut = false; ///< its own
    FlightRecorder::Lane* lane = nullptr;
    juce::MidiBuffer noMidi; ///< for nodes without MIDI: always empty
};

} // namespace host::detail
