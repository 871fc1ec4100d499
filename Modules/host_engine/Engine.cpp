#include "Engine.h"

#include "SignalStack.h"

#include <rt_guard/rt_guard.h>

#include <chrono>
#include <cmath>

namespace host
{

namespace
{
/** Of the period: how long the audio thread waits for workers. What is left is for what comes after. */
constexpr auto shareOfPeriod = 0.85;
} // namespace

Engine::Engine (const PrepareInfo& infoToUse) : info (infoToUse), pending (std::size_t (mostMessages))
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
    for (auto& waiting : pending)
        if (waiting.message)
            messageStore.give (std::move (waiting.message));

    renderer = nullptr;
    takeBackParameters();
    plan = nullptr;
    nextPlan = nullptr;
    plans.take();
    published = nullptr;
    graph = {};

    while (auto node = messages.pop())
        messageStore.give (std::move (node));

    collector.collect();
}

void Engine::setThreads (const Threads& threads)
{
    recorder = threads.isRecording ? std::make_unique<FlightRecorder> (threads.number) : nullptr;

    const auto onWorkerStart = [start = threads.onWorkerStart]
    {
        giveThisThreadSignalStack();
        start();
    };

    renderer = std::make_unique<ParallelRenderer> (ParallelRenderer::Options{
        threads.number, false, threads.isBounded && threads.number > 1, onWorkerStart, recorder.get() });
}

void Engine::setGraph (GraphModel newGraph, Transition transition)
{
    // While it plays, a new node does what it does at its first block here, where nobody waits for it. (Before that, and offline, the
    // thread that renders has the time.)
    const auto isPlayingLive = ! info.offline && blockCount.load (std::memory_order_relaxed) > 0 && ! renderer->keepsPluginsAway();

    for (const auto& node : newGraph.getNodes())
    {
        // A node that is in the running plan is prepared already, and is not touched.
        if (node->preparedFor == info)
            continue;

        node->prepare (info);

        if (isPlayingLive && ! node->bypassed)
            warmUpHere (*node);
    }

    // A node that has gone keeps its name: what it did is still told.
    for (const auto& node : newGraph.getNodes())
        if (! graph.find (node->id))
            rt::guard::setNodeName (node->id, node->name);

    publish (newGraph, transition);
    graph = std::move (newGraph);
}

void Engine::warmUpHere (NodeRuntime& node) const
{
    if (node.role != NodeRole::processor)
        return;

    juce::AudioBuffer<float> channels (std::max (node.ports.audioInputs, node.ports.audioOutputs),
                                       std::min (info.maxBlockSize, Renderer::warmUpSamples));
    Renderer::warmUpNode (node, channels.getArrayOfWritePointers(), info.maxBlockSize);
}

void Engine::changeInfo (const PrepareInfo& newInfo)
{
    if (newInfo == info)
        return;

    // Nobody renders now: what was to be taken or is running goes here.
    plan = nullptr;
    nextPlan = nullptr;
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

void Engine::publish (const GraphModel& model, Transition transition)
{
    // What is silent has nothing to fade, and a node that hangs would never end its fade.
    if (renderer->isBusy())
        transition = Transition::cut;

    auto latencies = getLatencies (model);
    auto compiled = compileGraph (model, info, collector, published.get(), transition, ! renderer->hasStuckWorkers());
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

void Engine::publishSettled()
{
    const auto hasLeftOvers = ! published->fadingAudio.empty() || ! published->fadingMidi.empty() || published->isDeferring
                              || published->nodes.size() > graph.getNodes().size();

    if (hasLeftOvers && published->isSettled.load (std::memory_order_acquire))
        publish (graph);
}

std::optional<FlightRecorder::Recording> Engine::takeRecording()
{
    if (recorder == nullptr || ! recorder->isFrozen())
        return {};

    auto recording = recorder->copy();
    recorder->thaw();
    return recording;
}

FlightRecorder::Recording Engine::copyRecording() const
{
    return recorder != nullptr ? recorder->copy() : FlightRecorder::Recording();
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
    renderer->maintain();

    // A file must not depend on when this timer happens to run. What has only faded may go at any time.
    if (! info.offline)
        updateLatencies();

    if (! (info.offline && published->isDeferring))
        publishSettled();
}

void Engine::takePlan() noexcept
{
    // Where plugins have no business on this thread, they are not warmed up on it either. Where they have been warmed up on another,
    // the rest is what this thread alone has of them.
    constexpr auto fewSamples = 16;
    const auto isPlayingLive = ! info.offline && blockCount.load (std::memory_order_relaxed) > 0;
    const auto numSamples = renderer->keepsPluginsAway() ? 0 : isPlayingLive ? fewSamples : Renderer::warmUpSamples;

    if (auto next = plans.take())
        nextPlan = std::move (next);

    if (nextPlan && renderer->mayRender (*nextPlan))
    {
        plan = std::move (nextPlan);
        renderer->warmUp (*plan, numSamples);
    }
    else if (renderer->hasColdNodes() && ! renderer->isBusy())
    {
        renderer->warmUp (*plan, renderer->keepsPluginsAway() ? 0 : Renderer::warmUpSamples);
    }
}

void Engine::drainMessages() noexcept
{
    while (auto message = messages.pop())
    {
        switch (message->type)
        {
            case Message::Type::parameter: delayParameter (std::move (message)); continue;
            case Message::Type::play: transport.playing = true; break;
            case Message::Type::stop: transport.playing = false; break;
            case Message::Type::panic: renderer->releaseAllNotes(); break;
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

/** A change is heard with the audio that was there when it was made, however late that is at the node. */
void Engine::delayParameter (rt::NodePtr<Message> message) noexcept
{
    const auto* op = plan->findOp (message->node.get());

    // Nobody renders it.
    if (op == nullptr && ! renderer->isStuck (*message->node))
        return applyNow (std::move (message));

    // There is room for all the messages there are.
    const auto due = sampleClock + (op == nullptr ? 0 : op->arrival);
    pending[std::size_t (numPending++)] = { std::move (message), due };
}

void Engine::applyNow (rt::NodePtr<Message> message) noexcept
{
    {
        const rt::guard::NodeScope scope (message->node->id, rt::guard::Phase::parameter);
        message->node->processor->setParameter (message->index, float (message->value));
    }

    message->node = nullptr;
    messageStore.give (std::move (message));
}

/** Gives the nodes the changes that are due in this piece. */
void Engine::handOutParameters (int numSamples) noexcept
{
    int numLeft = 0;

    for (int i = 0; i < numPending; ++i)
    {
        auto& waiting = pending[std::size_t (i)];

        // A node in which a worker hangs has to come back first.
        if (waiting.due >= sampleClock + numSamples || numEvents == mostMessages || renderer->isStuck (*waiting.message->node))
        {
            if (i != numLeft)
                pending[std::size_t (numLeft)] = std::move (waiting);

            ++numLeft;
            continue;
        }

        // It has gone while the change was under way, and may come back.
        if (plan->findOp (waiting.message->node.get()) == nullptr)
        {
            applyNow (std::move (waiting.message));
            continue;
        }

        auto& node = *waiting.message->node;
        auto& event = events[std::size_t (numEvents)];
        event = { int (std::max (std::int64_t (0), waiting.due - sampleClock)), waiting.message->index,
                  float (waiting.message->value), nullptr };

        if (node.firstEvent == nullptr)
        {
            node.firstEvent = &event;
        }
        else
        {
            event.sample = std::max (event.sample, node.lastEvent->sample);
            node.lastEvent->next = &event;
        }

        node.lastEvent = &event;
        nodesWithEvents[std::size_t (numEvents++)] = std::move (waiting.message->node);
        messageStore.give (std::move (waiting.message));
    }

    numPending = numLeft;
}

void Engine::takeBackParameters() noexcept
{
    int numKept = 0;

    for (int i = 0; i < numEvents; ++i)
    {
        auto& node = nodesWithEvents[std::size_t (i)];

        // The worker that hangs in it may still go on to its changes.
        if (node && renderer != nullptr && renderer->isStuck (*node))
        {
            numKept = i + 1;
            continue;
        }

        if (node)
            node->firstEvent = nullptr;

        node = nullptr;
    }

    numEvents = numKept;
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
    const std::chrono::nanoseconds period (std::llround (1.0e9 * io.numSamples / info.sampleRate));
    const auto isLive = ! info.offline && renderer->getNumThreads() > 1;
    outcome = FlightRecorder::Outcome::complete;
    deadline = isLive ? start + std::chrono::nanoseconds (std::llround (shareOfPeriod * double (period.count())))
                      : ParallelRenderer::noDeadline;

    // A worker that is late may be in the very node that a message is for.
    if (! renderer->isBusy())
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

    if (isLive && outcome == FlightRecorder::Outcome::complete)
        dropoutFader.pass (io.outputs, io.numOutputs, io.numSamples);
    else if (isLive)
        dropoutFader.drop (io.outputs, io.numOutputs, io.numSamples);

    const auto number = blockCount.load (std::memory_order_relaxed);
    blockCount.store (number + 1, std::memory_order_relaxed);
    const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start;
    blockTimes.add (std::uint64_t (duration.count()));

    if (outcome != FlightRecorder::Outcome::complete)
        droppedBlocks.store (droppedBlocks.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);

    if (recorder != nullptr)
        record ({ number, std::chrono::nanoseconds (start.time_since_epoch()).count(), duration.count(), period.count(), outcome,
                  renderer->wasParallel(), renderer->getMostReady(),
                  pageFaults.minor.load (std::memory_order_relaxed) + pageFaults.major.load (std::memory_order_relaxed),
                  rt::guard::getViolationCount(), outcome == FlightRecorder::Outcome::complete ? 0 : renderer->getCulprit() });

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

void Engine::record (const FlightRecorder::Block& block) noexcept
{
    if (recorder->isRecording())
    {
        recorder->addBlock (block);
        wantsFreeze = wantsFreeze || (block.isMissed() && ! info.offline);
    }

    // Workers that are late still write.
    if (wantsFreeze && ! renderer->isBusy())
    {
        wantsFreeze = false;
        recorder->freeze();
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
    if (! renderer->isBusy())
        handOutParameters (io.numSamples);

    renderer->setBlockNumber (blockCount.load (std::memory_order_relaxed));
    const auto result = renderer->render (
        plan, { io.inputs, io.numInputs, io.outputs, io.numOutputs, io.numSamples, io.midiInput, io.midiOutput, transport },
        deadline);

    if (result == FlightRecorder::Outcome::complete)
        takeBackParameters();
    else
        outcome = std::max (outcome, result);

    sampleClock += io.numSamples;

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
