#pragma once

#include "../FlightRecorder.h"

#include <rt_queues/CacheLine.h>

#include <atomic>

namespace host::detail
{

/** What a thread that renders knows of itself. */
struct alignas (rt::cacheLineBytes) RenderThread
{
    std::atomic<NodeId> running{ 0 }; ///< the node that is running; read by any thread
    int index = 0;                    ///< 0 is the audio thread
    FlightRecorder::Lane* lane = nullptr;
    juce::MidiBuffer noMidi; ///< for nodes without MIDI: always empty
};

} // namespace host::detail
