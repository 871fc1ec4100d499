#include "Engine.h"

#include <rt_guard/rt_guard.h>

#include <chrono>
#include <cmath>

namespace host
{

Engine::Engine (const PrepareInfo& infoToUse) : info (infoToUse)
{
    rt::guard::warmUp();
    pieceMidiIn.ensureSize (RenderPlan::midiCapacityBytes);
    pieceMidiOut.ensureSize (RenderPlan::midiCapacityBytes);
    setGraph ({});
    startTimer (50);
}

Engine::~Engine()
{
    stopTimer();

    // Let go of everything first, then destroy it here, on the message thread.
    plan = nullptr;
    plans.take();
    published = nullptr;
    graph = {};

    while (auto node = messages.pop())
        messageStore.give (std::move (node));

    collector.collect();
}

void Engine::setGraph (GraphModel newGraph)
{
    // A node that is in the running plan is prepared already, and is not touched.
    for (const auto& node : newGraph.getNodes())
        node->prepare (info);

    // A node that has gone keeps its name: what it did is still told.
    for (const auto& node : newGraph.getNodes())
        if (! graph.find (node->id))
            rt::guard::setNodeName (node->id, node->name);

    publish (newGraph);
    graph = std::move (newGraph);
}

void Engine::changeInfo (const PrepareInfo& newInfo)
{
    if (newInfo == info)
        return;

    // Nobody renders now: what was to be taken or is running goes here.
    plan = nullptr;
    plans.take();
    published = nullptr; // its delay lines hold sound of the old rate
    const auto oldInfo = std::exchange (info, newInfo);

    try
    {
        setGraph (graph);
    }
    catch (const Error&)
    {
        info = oldInfo;
        setGraph (graph);
        throw;
    }
}

void Engine::publish (const GraphModel& model)
{
    auto latencies = getLatencies (model);
    auto compiled = compileGraph (model, info, collector, published.get());
    latency.store (compiled->latency, std::memory_order_relaxed);
    plans.publish (compiled);
    published = std::move (compiled);
    publishedLatencies = std::move (latencies);
}

std::vector<int> Engine::getLatencies (const GraphModel& model)
{
    std::vector<int> latencies;

    for (const auto& node : model.getNodes())
        latencies.push_back (node->processor->getLatencySamples());

    return latencies;
}

void Engine::updateLatencies()
{
    if (getLatencies (graph) != publishedLatencies)
        publish (graph);
}

bool Engine::send (Message message)
{
    auto node = messageStore.take();

    if (! node)
        return false;

    *node = std::move (message);
    messages.push (std::move (node));
    return true;
}

bool Engine::setParameter (NodeId id, int parameterIndex, float value)
{
    auto node = graph.find (id);
    return node && send ({ Message::Type::parameter, std::move (node), parameterIndex, double (value) });
}

bool Engine::setPlaying (bool shouldPlay)
{
    return send ({ shouldPlay ? Message::Type::play : Message::Type::stop, {}, 0, 0.0 });
}

bool Engine::setTempo (double quarterNotesPerMinute)
{
    return send ({ Message::Type::tempo, {}, 0, quarterNotesPerMinute });
}

bool Engine::rewind() { return send ({ Message::Type::rewind, {}, 0, 0.0 }); }

bool Engine::panic() { return send ({ Message::Type::panic, {}, 0, 0.0 }); }

void Engine::timerCallback()
{
    collector.collect();
    rt::guard::freeRescued();

    // A file must not depend on when this timer happens to run.
    if (! info.offline)
        updateLatencies();
}

void Engine::takePlan() noexcept
{
    if (auto next = plans.take())
    {
        plan = std::move (next);
        renderer.warmUp (*plan);
    }
    else if (renderer.hasColdNodes())
    {
        renderer.warmUp (*plan);
    }
}

void Engine::drainMessages() noexcept
{
    while (auto message = messages.pop())
    {
        switch (message->type)
        {
            case Message::Type::parameter:
            {
                const rt::guard::NodeScope scope (message->node->id, rt::guard::Phase::parameter);
                message->node->processor->setParameter (message->index, float (message->value));
                message->node = nullptr;
                break;
            }

            case Message::Type::play: transport.playing = true; break;
            case Message::Type::stop: transport.playing = false; break;
            case Message::Type::panic: renderer.releaseAllNotes(); break;
            case Message::Type::rewind:
                transport.samples = 0;
                transport.quarterNotes = 0.0;
                tempoStart = transport;
                break;
            case Message::Type::tempo:
                tempoStart = transport;
                transport.tempo = message->value;
                break;
        }

        messageStore.give (std::move (message));
    }

    shareTransport();
}

void Engine::shareTransport() noexcept
{
    sharedPosition.store (transport.samples, std::memory_order_relaxed);
    sharedQuarterNotes.store (transport.quarterNotes, std::memory_order_relaxed);
    sharedTempo.store (transport.tempo, std::memory_order_relaxed);
    sharedPlaying.store (transport.playing, std::memory_order_relaxed);
}

void Engine::process (const BlockIO& io) noexcept RT_NONBLOCKING
{
    takePlan();

    const auto start = std::chrono::steady_clock::now();
    const rt::guard::RealtimeScope scope (blockCount.load (std::memory_order_relaxed));

    drainMessages();

    if (io.numSamples <= info.maxBlockSize)
    {
        processPiece (io);
    }
    else
    {
        io.midiOutput.clear();

        for (int done = 0; done < io.numSamples;)
            done += processPart (io, done);
    }

    blockCount.store (blockCount.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start;
    blockTimes.add (std::uint64_t (duration.count()));

    if (io.numSamples > 0)
    {
        constexpr auto smoothingSeconds = 0.3;
        const auto seconds = double (io.numSamples) / info.sampleRate;
        const auto share = 1.0e-9 * double (duration.count()) / seconds;
        const auto before = double (load.load (std::memory_order_relaxed));
        load.store (float (before + (share - before) * (1.0 - std::exp (-seconds / smoothingSeconds))),
                    std::memory_order_relaxed);
    }
}

int Engine::processPart (const BlockIO& io, int offset) noexcept
{
    const auto length = std::min (io.numSamples - offset, info.maxBlockSize);
    const auto shift = [&] (auto& pointers, auto* const* channels, int& count)
    {
        count = std::min (count, int (pointers.size()));

        for (int i = 0; i < count; ++i)
            pointers[std::size_t (i)] = channels[i] + offset;
    };

    std::array<const float*, 64> inputs{};
    std::array<float*, 64> outputs{};
    auto numInputs = io.numInputs, numOutputs = io.numOutputs;
    shift (inputs, io.inputs, numInputs);
    shift (outputs, io.outputs, numOutputs);

    pieceMidiIn.clear();

    for (const auto event : io.midiInput)
        if (event.samplePosition >= offset && event.samplePosition < offset + length)
            addWithinCapacity (pieceMidiIn, event, event.samplePosition - offset, RenderPlan::midiCapacityBytes);

    processPiece ({ inputs.data(), numInputs, outputs.data(), numOutputs, length, pieceMidiIn, pieceMidiOut, {} });

    for (const auto event : pieceMidiOut)
        addWithinCapacity (io.midiOutput, event, event.samplePosition + offset, RenderPlan::midiCapacityBytes);

    return length;
}

void Engine::processPiece (const BlockIO& io) noexcept
{
    renderer.render (*plan, { io.inputs, io.numInputs, io.outputs, io.numOutputs, io.numSamples, io.midiInput, io.midiOutput,
                              transport });

    if (transport.playing)
    {
        transport.samples += io.numSamples;
        // From where the tempo began, not block by block: no rounding adds up, and block sizes make no difference.
        transport.quarterNotes =
            tempoStart.quarterNotes
            + double (transport.samples - tempoStart.samples) / info.sampleRate * transport.tempo / 60.0;
        shareTransport();
    }
}

} // namespace host
