#pragma once

#include "../Engine.h"
#include "AudioFile.h"
#include "WavOutput.h"

#include <atomic>
#include <functional>
#include <optional>

namespace host
{

/** Renders an engine's graph to a file as fast as it goes: on a thread of its own, while the calling (message) thread keeps
    dispatching for the plugins. Never drops, fades or skips for lateness.
*/
class OfflineRender
{
public:
    /** A change that is made on the calling thread while the one that renders stands still. */
    struct Edit
    {
        std::int64_t at = 0; ///< rendered samples, from the first on: before the latency is dropped from the front
        std::function<void()> make;
    };

    struct Request
    {
        std::optional<AudioFile> input; ///< at the engine's rate; a mono file feeds every input channel
        juce::MidiMessageSequence midi; ///< time stamps in seconds
        std::optional<double> seconds;  ///< exactly this long; else music and tail
        double musicSeconds = 0.0;      ///< without `seconds`: the length before the tail; the input counts too
        double tailSeconds = 0.0; ///< at most, unless nodes say more after their first block; cut after 1 s below -90 dBFS
        bool keepLatency = false; ///< else the graph's latency is dropped from the front
        int numInputs = 2, numOutputs = 2;
        std::vector<Edit> edits; ///< ascending; blocks are cut there
    };

    struct Result
    {
        bool isComplete = false;  ///< false: interrupted; faded out, and the file is valid
        std::int64_t samples = 0; ///< written
        float peak = 0.0f;        ///< linear

        std::int64_t renderedSamples = 0; ///< the dropped ones, too
        std::size_t editsMade = 0;        ///< the others are at the end or beyond it
    };

    /** @param progress  called now and then on the message thread with 0 to 1 */
    OfflineRender (Engine& engineToUse, std::function<void (double)> progressToCall)
        : engine (engineToUse), progress (std::move (progressToCall))
    {
    }

    /** Message thread. The graph is set already; the transport plays from 0. What is dropped from the front is the latency
        that the graph has before the first edit; if edits make it later than that, the end of the music is waited for.
        @param stop  set it (from a signal handler, say) to end early
        Throws host::Error (failed) when the output fails, or when no block ends for 30 s; then `hung` is called first, with
        the node that runs, and must not return, for its thread cannot be taken back. Throws what an edit throws. */
    Result run (const Request&, WavOutput&, const std::atomic<bool>& stop, const std::function<void (NodeId)>& hung);

private:
    class Errands;
    class Pass;

    Engine& engine;
    std::function<void (double)> progress;
};

/** Seconds for which a graph may sound on: the longest path's sum of tails. A node whose tail is infinite or unknown makes
    its path 10 s long. Message thread; the graph has no cycles but through feedback nodes, which count as unknown. */
double findLongestTail (const GraphModel&);

} // namespace host
