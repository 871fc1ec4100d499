#include "OfflineRender.h"

#include "../SignalStack.h"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

namespace host
{

namespace
{
constexpr double unknownTailSeconds = 10.0;
constexpr int fadeSamples = 256;
constexpr auto hangLimit = std::chrono::seconds (30);
const float silence = std::pow (10.0f, -90.0f / 20.0f);
} // namespace

double findLongestTail (const GraphModel& graph)
{
    std::map<NodeId, std::vector<NodeId>> sources;
    std::map<NodeId, double> tails;

    for (const auto& wire : graph.getWires())
        sources[wire.to.node].push_back (wire.from.node);

    const std::function<double (NodeId)> find = [&] (NodeId id)
    {
        if (const auto known = tails.find (id); known != tails.end())
            return known->second;

        const auto node = graph.find (id);

        if (node->role == NodeRole::feedback)
            return tails[id] = unknownTailSeconds;

        double longest = 0.0;

        for (const auto source : sources[id])
            longest = std::max (longest, find (source));

        // What nobody hears does not go on sounding, such as a recorder.
        if (node->role == NodeRole::processor && node->ports.audioOutputs == 0 && ! node->ports.midiOutput)
            return tails[id] = longest;

        const auto own = node->processor->getTailSeconds();
        return tails[id] = own.has_value() && std::isfinite (*own) ? longest + *own : std::max (longest, unknownTailSeconds);
    };

    double longest = 0.0;

    for (const auto& node : graph.getNodes())
        longest = std::max (longest, find (node->id));

    return longest;
}

/** Lets the thread that renders have things done on the message thread, standing still until they are. */
class OfflineRender::Errands
{
public:
    /** Rendering thread. False when it failed: then everything is to end. */
    bool ask (std::function<void()> errandToRun)
    {
        std::unique_lock lock (mutex);
        errand = std::move (errandToRun);
        changed.notify_all();
        changed.wait (lock, [this] { return errand == nullptr; });
        return failure == nullptr;
    }

    /** Rendering thread, as the last thing it does. */
    void finish (std::exception_ptr failureOfThread)
    {
        const std::lock_guard lock (mutex);
        isOver = true;
        failure = failure == nullptr ? failureOfThread : failure;
        changed.notify_all();
    }

    /** Message thread: does what it is asked to within this time. False when the other thread has finished. */
    bool serve (std::chrono::milliseconds time)
    {
        const auto end = std::chrono::steady_clock::now() + time;
        std::unique_lock lock (mutex);

        while (changed.wait_until (lock, end, [this] { return isOver || errand != nullptr; }) && ! isOver)
        {
            try
            {
                errand();
            }
            catch (...)
            {
                failure = std::current_exception();
            }

            errand = nullptr;
            ++numDone;
            changed.notify_all();

            if (std::chrono::steady_clock::now() >= end)
                break;
        }

        return ! isOver;
    }

    /** Message thread. */
    std::int64_t getNumDone() const noexcept { return numDone; }

    /** Once it is over. */
    std::exception_ptr getFailure() const noexcept { return failure; }

private:
    std::mutex mutex;
    std::condition_variable changed;
    std::function<void()> errand;
    std::exception_ptr failure;
    bool isOver = false;
    std::int64_t numDone = 0;
};

/** One run, on its own thread. */
class OfflineRender::Pass
{
public:
    Pass (Engine& e, const Request& r, WavOutput& o, const std::atomic<bool>& s, Errands& m)
        : engine (e), request (r), output (o), stop (s), errands (m)
    {
        const auto rate = engine.getInfo().sampleRate;
        const auto length = engine.getInfo().maxBlockSize;

        for (const auto* holder : request.midi)
            if (! holder->message.isMetaEvent())
                events.push_back ({ std::llround (holder->message.getTimeStamp() * rate), &holder->message });

        if (request.input)
            inputSamples = request.input->samples.getNumSamples();

        musicSamples = std::max (inputSamples, toSamples (request.musicSeconds));
        longestTail = toSamples (request.tailSeconds);
        isSomeNodeNew = hasNewNodes();
        inputs.setSize (request.numInputs, length);
        outputs.setSize (request.numOutputs, length);
        midiIn.ensureSize (RenderPlan::midiCapacityBytes);
        midiOut.ensureSize (RenderPlan::midiCapacityBytes);
    }

    /** Thread of the pass. */
    void run()
    {
        if (! takePlan())
            return;

        const auto rate = engine.getInfo().sampleRate;
        const auto latency = request.keepLatency ? 0 : engine.getLatencySamples();

        // Positions are in the output, after the latency is dropped: the first samples have negative ones.
        start = -latency;
        end = request.seconds ? std::llround (*request.seconds * rate) : musicSamples + longestTail;

        if (! request.seconds && request.keepLatency)
            end += engine.getLatencySamples();

        lastLoud = musicSamples - 1;
        firstLatency = latestLatency = engine.getLatencySamples();
        total.store (end - start, std::memory_order_relaxed);

        for (auto position = start; position < end;)
        {
            const auto isLast = stop.load (std::memory_order_relaxed);

            if (! isLast && ! (settle (position - start) && makeEdits (position - start)))
                return;

            const auto length = int (std::min (isLast ? fadeSamples : findLength (position - start), end - position));
            const auto usable = std::min (length, engine.getInfo().maxBlockSize);

            renderBlock (position - start, usable);

            if (isLast)
                outputs.applyGainRamp (0, usable, 1.0f, 0.0f);

            writeBlock (position, usable);
            position += usable;
            result.renderedSamples = position - start;
            done.store (position - start, std::memory_order_relaxed);

            if (isLast)
                return;
        }

        result.isComplete = true;
    }

    std::int64_t getDone() const noexcept { return done.load (std::memory_order_relaxed); }
    std::int64_t getTotal() const noexcept { return total.load (std::memory_order_relaxed); }

    Result result;

private:
    struct Event
    {
        std::int64_t sample;
        const juce::MidiMessage* message;
    };

    /** What nodes do at their first block is done before they are asked about latencies and tails: some plugins see their
        parameters only then. False: give up. */
    bool takePlan()
    {
        engine.takePlan();

        return errands.ask (
            [this]
            {
                // What a plugin says of its latency at its first block comes as a message.
                if (isSomeNodeNew)
                    juce::MessageManager::getInstance()->runDispatchLoopUntil (30);

                engine.updateLatencies();

                isDeferring = engine.isDeferring();

                if (! request.seconds)
                    longestTail = std::max (longestTail, toSamples (findLongestTail (engine.getGraph())));
            });
    }

    /** Message thread, while the other one stands still: whether nodes will have their first block when the plan is taken. */
    bool hasNewNodes() const
    {
        const auto& nodes = engine.getGraph().getNodes();
        return std::any_of (nodes.begin(), nodes.end(), [] (const auto& node)
                            { return node->role == NodeRole::processor && ! node->isWarm && ! node->bypassed; });
    }

    std::int64_t toSamples (double seconds) const
    {
        return std::int64_t (std::ceil (seconds * engine.getInfo().sampleRate));
    }

    /** Those that are due; false: give up. */
    bool makeEdits (std::int64_t time)
    {
        for (; result.editsMade < request.edits.size() && request.edits[result.editsMade].at <= time; ++result.editsMade)
        {
            const auto tail = longestTail;
            const auto make = [this]
            {
                request.edits[result.editsMade].make();
                isSomeNodeNew = hasNewNodes();
            };

            if (! errands.ask (make) || ! takePlan())
                return false;

            if (! request.seconds)
                lengthen (longestTail - tail);

            settleAt = time + Fade::samples;
        }

        return true;
    }

    /** Wires that had to wait until others have faded come in at a sample of their own, not when some block happens to end.
        False: give up. */
    bool settle (std::int64_t time)
    {
        if (! isDeferring || time < settleAt)
            return true;

        settleAt = time + Fade::samples; // if it is still too early
        return errands.ask ([this] { engine.publishSettled(); }) && takePlan();
    }

    /** For a tail that has become longer, and a latency: what is played now comes out later than it would have. */
    void lengthen (std::int64_t tailGrowth)
    {
        const auto latencyGrowth = std::max (std::int64_t (0), engine.getLatencySamples() - latestLatency);
        latestLatency += latencyGrowth;
        end += latencyGrowth + tailGrowth;
        lastLoud = std::max (lastLoud, findMusicEnd() - 1);
        total.store (end - start, std::memory_order_relaxed);
    }

    /** Where in the output the music ends. */
    std::int64_t findMusicEnd() const noexcept { return musicSamples + latestLatency - firstLatency; }

    /** A whole block, or as far as the next edit or settling. */
    std::int64_t findLength (std::int64_t time) const
    {
        std::int64_t length = engine.getInfo().maxBlockSize;

        if (result.editsMade < request.edits.size())
            length = std::min (length, request.edits[result.editsMade].at - time);

        if (isDeferring)
            length = std::min (length, settleAt - time);

        return length;
    }

    void renderBlock (std::int64_t time, int length)
    {
        for (int channel = 0; channel < inputs.getNumChannels(); ++channel)
        {
            inputs.clear (channel, 0, length);

            if (time >= inputSamples)
                continue;

            const auto& file = request.input->samples;
            const auto source = file.getNumChannels() == 1 ? 0 : channel;

            if (source < file.getNumChannels())
                inputs.copyFrom (channel, 0, file, source, int (time),
                                 int (std::min (std::int64_t (length), inputSamples - time)));
        }

        midiIn.clear();

        for (; nextEvent < events.size() && events[nextEvent].sample < time + length; ++nextEvent)
        {
            const auto& message = *events[nextEvent].message;
            addWithinCapacity (midiIn, { message.getRawData(), message.getRawDataSize(), 0 },
                               int (std::max (std::int64_t (0), events[nextEvent].sample - time)),
                               RenderPlan::midiCapacityBytes);
        }

        if (engine.isCountingPageFaults())
            pageFaults.beginBlock();

        engine.process ({ inputs.getArrayOfReadPointers(),
                          inputs.getNumChannels(),
                          outputs.getArrayOfWritePointers(),
                          outputs.getNumChannels(),
                          length,
                          midiIn,
                          midiOut,
                          {} });

        if (engine.isCountingPageFaults())
            pageFaults.endBlock();
    }

    /** Writes what lies in the output; moves its end where silence has lasted long enough. */
    void writeBlock (std::int64_t position, int length)
    {
        const auto skip = int (std::clamp (-position, std::int64_t (0), std::int64_t (length)));
        auto use = length;

        for (int i = skip; i < length; ++i)
        {
            auto loudest = 0.0f;

            for (int channel = 0; channel < outputs.getNumChannels(); ++channel)
                loudest = std::max (loudest, std::abs (outputs.getSample (channel, i)));

            result.peak = std::max (result.peak, loudest);

            if (request.seconds)
                continue;

            if (loudest >= silence)
                lastLoud = std::max (lastLoud, position + i);

            // Sample by sample, so that the length does not depend on the block size.
            if (position + i - lastLoud >= std::llround (engine.getInfo().sampleRate))
            {
                end = std::max (position + i + 1, findMusicEnd());
                use = int (std::min (std::int64_t (length), end - position));

                if (i + 1 >= use)
                    break;
            }
        }

        std::vector<const float*> pointers;

        for (int channel = 0; channel < outputs.getNumChannels(); ++channel)
            pointers.push_back (outputs.getReadPointer (channel) + skip);

        output.write (pointers.data(), use - skip);
        result.samples += use - skip;
    }

    Engine& engine;
    const Request& request;
    WavOutput& output;
    const std::atomic<bool>& stop;
    Errands& errands;

    std::vector<Event> events;
    std::size_t nextEvent = 0;
    std::int64_t inputSamples = 0, musicSamples = 0, longestTail = 0;
    std::int64_t start = 0, end = 0, lastLoud = 0;
    std::int64_t settleAt = 0;                        ///< rendered samples
    bool isSomeNodeNew = false;                       ///< in the plan that is taken next
    bool isDeferring = false;                         ///< the plan that was taken last leaves out wires for now
    std::int64_t firstLatency = 0, latestLatency = 0; ///< of the graph, before all edits and the most since
    juce::AudioBuffer<float> inputs, outputs;
    juce::MidiBuffer midiIn, midiOut;
    PageFaultMeter pageFaults{ engine.getPageFaults() };
    std::atomic<std::int64_t> done{ 0 }, total{ 1 };
};

OfflineRender::Result OfflineRender::run (const Request& request, WavOutput& output, const std::atomic<bool>& stop,
                                          const std::function<void (NodeId)>& hung)
{
    Errands errands;
    Pass pass (engine, request, output, stop, errands);
    engine.setPlaying (true);

    std::thread thread (
        [&]
        {
            giveThisThreadSignalStack();
            std::exception_ptr failure;

            try
            {
                pass.run();
            }
            catch (...)
            {
                failure = std::current_exception();
            }

            errands.finish (failure);
        });

    auto* messages = juce::MessageManager::getInstance();
    auto lastChange = std::chrono::steady_clock::now();
    std::int64_t lastDone = -1;

    // A script of many edits must not wait for the dispatcher each time; plugins' messages must not wait for the script.
    while (errands.serve (std::chrono::milliseconds (request.edits.empty() ? 1 : 5)))
    {
        messages->runDispatchLoopUntil (request.edits.empty() ? 10 : 1);

        if (const auto done = pass.getDone() + errands.getNumDone(); done != lastDone)
        {
            lastDone = done;
            lastChange = std::chrono::steady_clock::now();
        }

        if (std::chrono::steady_clock::now() - lastChange > hangLimit)
            hung (engine.getRunningNode());

        progress (double (pass.getDone()) / double (std::max (std::int64_t (1), pass.getTotal())));
    }

    thread.join();

    if (const auto failure = errands.getFailure())
        std::rethrow_exception (failure);

    output.finish();
    return pass.result;
}

} // namespace host
