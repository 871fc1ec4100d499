#include "OfflineRender.h"

#include <cmath>
#include <exception>
#include <map>
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

        const auto own = node->processor->getTailSeconds();
        return tails[id] = own.has_value() && std::isfinite (*own) ? longest + *own : std::max (longest, unknownTailSeconds);
    };

    double longest = 0.0;

    for (const auto& node : graph.getNodes())
        longest = std::max (longest, find (node->id));

    return longest;
}

/** One run, on its own thread. */
class OfflineRender::Pass
{
public:
    Pass (Engine& e, const Request& r, WavOutput& o, const std::atomic<bool>& s)
        : engine (e), request (r), output (o), stop (s)
    {
        const auto rate = engine.getInfo().sampleRate;
        const auto length = engine.getInfo().maxBlockSize;

        for (const auto* holder : request.midi)
            if (! holder->message.isMetaEvent())
                events.push_back ({ std::llround (holder->message.getTimeStamp() * rate), &holder->message });

        if (request.input)
            inputSamples = request.input->samples.getNumSamples();

        musicSamples = std::max (inputSamples, std::int64_t (std::ceil (request.musicSeconds * rate)));
        inputs.setSize (request.numInputs, length);
        outputs.setSize (request.numOutputs, length);
        midiIn.ensureSize (RenderPlan::midiCapacityBytes);
        midiOut.ensureSize (RenderPlan::midiCapacityBytes);
    }

    /** Thread of the pass, before anything else: what nodes do at their first block is done before latencies are asked. */
    void warmUp() { engine.takePlan(); }

    /** Thread of the pass. */
    void run()
    {
        const auto rate = engine.getInfo().sampleRate;
        const auto latency = request.keepLatency ? 0 : engine.getLatencySamples();
        const auto tail = std::int64_t (std::ceil (request.tailSeconds * rate));

        // Positions are in the output, after the latency is dropped: the first samples have negative ones.
        start = -latency;
        end = request.seconds ? std::llround (*request.seconds * rate) : musicSamples + tail;

        if (! request.seconds && request.keepLatency)
            end += engine.getLatencySamples();

        lastLoud = musicSamples - 1;
        total.store (end - start, std::memory_order_relaxed);

        for (auto position = start; position < end;)
        {
            const auto isLast = stop.load (std::memory_order_relaxed);
            const auto length =
                int (std::min (std::int64_t (isLast ? fadeSamples : engine.getInfo().maxBlockSize), end - position));
            const auto usable = std::min (length, engine.getInfo().maxBlockSize);

            renderBlock (position - start, usable);

            if (isLast)
                outputs.applyGainRamp (0, usable, 1.0f, 0.0f);

            writeBlock (position, usable);
            position += usable;
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
                end = std::max (position + i + 1, musicSamples);
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

    std::vector<Event> events;
    std::size_t nextEvent = 0;
    std::int64_t inputSamples = 0, musicSamples = 0;
    std::int64_t start = 0, end = 0, lastLoud = 0;
    juce::AudioBuffer<float> inputs, outputs;
    juce::MidiBuffer midiIn, midiOut;
    PageFaultMeter pageFaults{ engine.getPageFaults() };
    std::atomic<std::int64_t> done{ 0 }, total{ 1 };
};

OfflineRender::Result OfflineRender::run (const Request& request, WavOutput& output, const std::atomic<bool>& stop,
                                          const std::function<void (NodeId)>& hung)
{
    Pass pass (engine, request, output, stop);
    engine.setPlaying (true);

    // The two threads take turns: warm up, then look at the latencies, then render while this one dispatches.
    std::atomic<int> stage{ 0 };
    std::exception_ptr failure;

    std::thread thread (
        [&]
        {
            try
            {
                pass.warmUp();
                stage = 1;
                stage.notify_all();
                stage.wait (1);
                pass.run();
            }
            catch (...)
            {
                failure = std::current_exception();
            }

            stage = 3;
        });

    auto* messages = juce::MessageManager::getInstance();
    auto lastChange = std::chrono::steady_clock::now();
    std::int64_t lastDone = -1;

    while (stage != 3)
    {
        messages->runDispatchLoopUntil (stage == 1 ? 30 : 10);

        if (stage == 1)
        {
            engine.updateLatencies();
            stage = 2;
            stage.notify_all();
        }

        if (const auto done = pass.getDone() + stage; done != lastDone)
        {
            lastDone = done;
            lastChange = std::chrono::steady_clock::now();
        }

        if (std::chrono::steady_clock::now() - lastChange > hangLimit)
            hung (engine.getRunningNode());

        progress (double (pass.getDone()) / double (std::max (std::int64_t (1), pass.getTotal())));
    }

    thread.join();

    if (failure)
        std::rethrow_exception (failure);

    output.finish();
    return pass.result;
}

} // namespace host
