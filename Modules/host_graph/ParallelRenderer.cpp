#include "ParallelRenderer.h"

#include "detail/FutexWait.h"

#include <rt_guard/rt_guard.h>
#include <rt_queues/Policy.h>

namespace host
{

namespace
{
/** Tries of a thread that finds nothing to do, some 25 to 50 ns each. */
constexpr int spinsBeforeSleep = 2000;

/** A look at the clock costs as much as a try. */
constexpr int spinsBetweenClocks = 8;
} // namespace

ParallelRenderer::ParallelRenderer (int numThreads) : ParallelRenderer (Options{ numThreads, false, false, [] {}, nullptr }) {}

ParallelRenderer::ParallelRenderer (Options optionsToUse)
    : options (std::move (optionsToUse)), others (options.numThreads > 1 ? mostOps : 0),
      plugins (options.numThreads > 1 && options.keepsPluginsAway ? mostOps : 0)
{
    if (options.recorder != nullptr)
        setRecorder (*options.recorder);

    jassert (options.numThreads >= 1 && options.numThreads <= mostThreads);

    for (int i = 1; i < options.numThreads; ++i)
        addWorker();
}

ParallelRenderer::~ParallelRenderer()
{
    isEnding.store (true, std::memory_order_seq_cst);
    signal.fetch_add (1, std::memory_order_seq_cst);
    rt::guard::wakeFutex (signal, mostThreads);

    for (auto& worker : workers)
        if (worker != nullptr)
            worker->handle.join();
}

void ParallelRenderer::addWorker()
{
    const auto index = numWorkers.load (std::memory_order_relaxed);

    if (index + 1 >= mostThreads)
        return;

    auto& worker = workers[std::size_t (index)];
    worker = std::make_unique<Worker>();
    worker->thread.index = index + 1;
    worker->thread.lane = getRecorder() == nullptr ? nullptr : getRecorder()->getLane (index + 1);
    worker->handle = std::thread ([this, &self = *worker] { work (self); });
    numWorkers.store (index + 1, std::memory_order_release);
}

void ParallelRenderer::maintain()
{
    int numFree = 0;

    for (int i = 0; i < numWorkers.load (std::memory_order_relaxed); ++i)
        numFree += workers[std::size_t (i)]->isAbandoned.load (std::memory_order_relaxed) ? 0 : 1;

    for (; numFree < options.numThreads - 1; ++numFree)
        addWorker();
}

//  A worker

void ParallelRenderer::work (Worker& self) noexcept
{
    options.onWorkerStart();
    const juce::ScopedNoDenormals noDenormals;
    int spins = 0;

    while (! isEnding.load (std::memory_order_acquire))
    {
        if (hasWork())
        {
            self.isInside.store (true, std::memory_order_seq_cst); // (3)

            if (const auto op = takeOp(); op >= 0)
            {
                runOps (op, self);
                spins = 0;
            }

            self.isInside.store (false, std::memory_order_release);
        }

        if (++spins < spinsBeforeSleep)
        {
            rt::StdPolicy::pause();
            continue;
        }

        sleep();
        spins = 0;
    }
}

void ParallelRenderer::sleep() noexcept
{
    const auto before = signal.load (std::memory_order_seq_cst);
    sleepers.fetch_add (1, std::memory_order_seq_cst);

    // Whoever pushes looks for sleepers afterwards: one of the two sees the other.
    if (! hasWork() && ! isEnding.load (std::memory_order_seq_cst))
        detail::waitFutex (signal, before);

    sleepers.fetch_sub (1, std::memory_order_seq_cst);
}

int ParallelRenderer::takeOp() noexcept
{
    const auto op = plugins.pop();
    return op >= 0 ? op : others.pop();
}

void ParallelRenderer::runOps (int op, Worker& self) noexcept
{
    // A copy: if the block is abandoned while this thread hangs in a node, the next one has its own.
    const auto block = context;

    while (op >= 0)
    {
        auto& node = *block.plan->ops[std::size_t (op)].node;
        self.node.store (&node, std::memory_order_release);

        if (options.keepsPluginsAway && ! node.isWarm && ! isStuck (node))
            warmUpOnWorker (*block.plan, op, self);

        if (! self.thread.isTakenOut)
        {
            const rt::guard::RealtimeScope scope (block.number);
            rt::guard::NodeSequence nodes;
            detail::OpRunner::run (block, op, self.thread, nodes);
        }

        self.node.store (nullptr, std::memory_order_relaxed);

        // It takes part in blocks again, but in this one no more.
        if (self.thread.isTakenOut) // (5)
        {
            self.thread.isTakenOut = false;
            self.isAbandoned.store (false, std::memory_order_release); // (4)
            return;
        }

        op = complete (*block.plan, op, false);
    }
}

/** What a node does at its first block is done outside the guard's scope. Few samples, for the audio thread waits. */
void ParallelRenderer::warmUpOnWorker (const RenderPlan& current, int index, Worker& self) noexcept
{
    constexpr auto samples = 16;
    constexpr std::size_t mostChannels = 64;
    const auto& op = current.ops[std::size_t (index)];

    if (! op.isPlugin || op.node->bypassed.load (std::memory_order_relaxed) || std::size_t (op.numChannels) > mostChannels)
        return;

    // Not in the plan's buffers: the node's input may lie there already.
    std::array<std::array<float, samples>, mostChannels> silence;
    std::array<float*, mostChannels> channels;
    std::transform (silence.begin(), silence.end(), channels.begin(), [] (auto& channel) { return channel.data(); });

    self.thread.enter (op.id);
    warmUpNode (*op.node, channels.data(), std::min (samples, current.info.maxBlockSize), samples);
    self.thread.leave();

    // Else it is somebody else's by now.
    if (! self.thread.isTakenOut)
        op.node->isWarm = true;
}

int ParallelRenderer::complete (const RenderPlan& current, int index, bool isCaller) noexcept
{
    const auto& op = current.ops[std::size_t (index)];
    auto next = -1;

    for (int i = op.firstSuccessor; i < op.firstSuccessor + op.numSuccessors; ++i)
    {
        const auto successor = current.successors[std::size_t (i)];

        if (current.workspace->unmetInputs[std::size_t (successor)].fetch_sub (1, std::memory_order_acq_rel) != 1) // (2)
            continue;

        const auto isForbidden = isCaller && options.keepsPluginsAway && current.ops[std::size_t (successor)].isPlugin;

        if (next < 0 && ! isForbidden)
        {
            next = successor;
            continue;
        }

        push (current, successor);
        wakeWorkers (1);
        wakeCaller();
    }

    // The last thing that this thread does with the plan, unless it goes on with an op of it.
    if (remaining.fetch_sub (1, std::memory_order_acq_rel) == 1) // (1)
        wakeCaller();

    return next;
}

void ParallelRenderer::push (const RenderPlan& current, int op) noexcept
{
    const auto isKeptAway = options.keepsPluginsAway && current.ops[std::size_t (op)].isPlugin;
    (isKeptAway ? plugins : others).push (op);
}

void ParallelRenderer::wakeWorkers (int mostUseful) noexcept
{
    // The other half of sleep()'s agreement: the push comes before this look.
    std::atomic_thread_fence (std::memory_order_seq_cst);
    const auto asleep = std::min (sleepers.load (std::memory_order_seq_cst), mostUseful);

    if (asleep <= 0)
        return;

    signal.fetch_add (1, std::memory_order_seq_cst);
    rt::guard::wakeFutex (signal, asleep);
}

void ParallelRenderer::wakeCaller() noexcept
{
    if (! isCallerAsleep.load (std::memory_order_seq_cst))
        return;

    doneSignal.fetch_add (1, std::memory_order_seq_cst);
    rt::guard::wakeFutex (doneSignal, 1);
}

//  The audio thread

bool ParallelRenderer::mayRender (const RenderPlan& next) const noexcept
{
    return ! isLate || next.workspace != plan->workspace;
}

ParallelRenderer::Outcome ParallelRenderer::render (const rt::Shared<const RenderPlan>& next, const BlockIO& io,
                                                    Deadline deadline) noexcept RT_NONBLOCKING
{
    const juce::ScopedNoDenormals noDenormals;

    const auto giveSilence = [&]
    {
        for (int i = 0; i < io.numOutputs; ++i)
            juce::FloatVectorOperations::clear (io.outputs[i], io.numSamples);

        io.midiOutput.clear();
    };

    if (isLate && ! resume (next.get()))
    {
        // At the deadline the worker may not have come to the node yet that it hangs in now.
        if (getCulprit() == 0)
            findCulprit();

        giveSilence();
        return Outcome::busy;
    }

    if (plan != next)
        plan = next;

    releaseAbandoned();
    context = beginBlock (*plan, io);
    context.stuck = stuck.data();
    context.numStuck = numStuck;
    context.isPlain = context.isPlain && numStuck == 0;
    detail::OpRunner::begin (context, io);

    const auto canBeParallel = int (plan->ops.size()) <= mostOps && options.numThreads > 1;
    const auto isParallel = canBeParallel
                            && (options.isAlwaysParallel || (options.keepsPluginsAway && plan->hasPlugins)
                                || choice.isParallel (*plan));
    lastParallel.store (isParallel, std::memory_order_relaxed);
    const auto start = std::chrono::steady_clock::now();

    if (! isParallel)
    {
        renderSerially();
    }
    else if (! renderInParallel (deadline))
    {
        isLate = true;
        sharedBusy.store (true, std::memory_order_relaxed);
        findCulprit();
        giveSilence();
        return Outcome::late;
    }

    if (io.numSamples > 0)
    {
        const std::chrono::duration<double, std::nano> duration = std::chrono::steady_clock::now() - start;
        choice.note (isParallel, duration.count() / io.numSamples);
    }

    endBlock (context, io);
    return Outcome::complete;
}

void ParallelRenderer::renderSerially() noexcept
{
    rt::guard::NodeSequence nodes;
    detail::OpRunner::runAll (context, audioThread, nodes);
}

void ParallelRenderer::openBlock() noexcept
{
    auto& unmet = plan->workspace->unmetInputs;

    for (auto op = std::size_t (plan->numInputOps); op < plan->ops.size(); ++op)
        unmet[op].store (plan->ops[op].numPredecessors, std::memory_order_relaxed);

    remaining.store (int (plan->ops.size()) - plan->numInputOps, std::memory_order_relaxed);
    plugins.begin();
    others.begin();
}

/** @returns false when the deadline came first */
bool ParallelRenderer::renderInParallel (Deadline deadline) noexcept
{
    openBlock();
    rt::guard::NodeSequence nodes;
    auto op = -1;

    for (const auto initial : plan->initialOps)
    {
        const auto isForbidden = options.keepsPluginsAway && plan->ops[std::size_t (initial)].isPlugin;

        if (op < 0 && ! isForbidden)
            op = initial;
        else
            push (*plan, initial);
    }

    const auto numReady = plugins.getSize() + others.getSize();
    mostReady.store (numReady, std::memory_order_relaxed);
    wakeWorkers (numReady);
    int spins = 0;

    for (;;)
    {
        if (op < 0)
            op = others.pop();

        if (op >= 0)
        {
            detail::OpRunner::run (context, op, audioThread, nodes);
            op = complete (*plan, op, true);
            spins = 0;
            continue;
        }

        if (remaining.load (std::memory_order_acquire) == 0) // (1)
            return true;

        if (! waitOn (deadline, spins))
            return false;
    }
}

/** One step of a wait for the workers. @returns false when it has come to its end */
bool ParallelRenderer::waitOn (Deadline deadline, int& spins) noexcept
{
    rt::StdPolicy::pause();
    ++spins;

    if (deadline != noDeadline)
        return spins % spinsBetweenClocks != 0 || std::chrono::steady_clock::now() < deadline;

    // Nobody hears how long it takes: the thread sleeps until the block is done, or there is something that it can do.
    if (spins < spinsBeforeSleep)
        return true;

    spins = 0;
    const auto before = doneSignal.load (std::memory_order_seq_cst);
    isCallerAsleep.store (true, std::memory_order_seq_cst);

    if (remaining.load (std::memory_order_seq_cst) > 0 && others.getSize() == 0)
    {
        const rt::guard::Permit permit;
        detail::waitFutex (doneSignal, before);
    }

    isCallerAsleep.store (false, std::memory_order_relaxed);
    return true;
}

void ParallelRenderer::findCulprit() noexcept
{
    culprit.store (0, std::memory_order_relaxed);

    for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
    {
        const auto& worker = *workers[std::size_t (i)];
        const auto* node = worker.node.load (std::memory_order_acquire);

        if (node != nullptr && ! worker.isAbandoned.load (std::memory_order_relaxed))
        {
            culprit.store (node->id, std::memory_order_relaxed);
            return;
        }
    }
}

/** Whether the block that was late is out of the way now. */
bool ParallelRenderer::resume (const RenderPlan* next) noexcept
{
    const auto isDone = ! isClosing && remaining.load (std::memory_order_acquire) == 0;

    if (! isDone && ! (next != plan.get() && next->workspace != plan->workspace && tryToAbandon (*next)))
        return false;

    isLate = false;
    isClosing = false;
    sharedBusy.store (false, std::memory_order_relaxed);
    return true;
}

bool ParallelRenderer::tryToAbandon (const RenderPlan& next) noexcept
{
    // Only in the processor's own call: what comes before it is ours, ends by itself, and works on wires that the next plan has, too.
    const auto isEjected = [&] (const Worker& worker)
    {
        const auto* node = worker.node.load (std::memory_order_acquire);
        return node != nullptr && worker.thread.running.load (std::memory_order_relaxed) == node->id
               && (node->bypassed.load (std::memory_order_relaxed) || next.findOp (node) == nullptr);
    };

    const auto areAllEjected = [&]
    {
        for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
        {
            const auto& worker = *workers[std::size_t (i)];

            if (worker.isInside.load (std::memory_order_seq_cst) // (3)
                && ! worker.isAbandoned.load (std::memory_order_relaxed)
                && ! isEjected (worker))
                return false;
        }

        return true;
    };

    if (! isClosing && ! areAllEjected())
        return false;

    // From here on no worker takes an op of that block.
    if (! isClosing)
    {
        plugins.close();
        others.close();
        isClosing = true;
    }

    if (! areAllEjected())
        return false;

    for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
    {
        auto& worker = *workers[std::size_t (i)];

        if (! worker.isInside.load (std::memory_order_seq_cst) || worker.isAbandoned.load (std::memory_order_relaxed))
            continue;

        // It has found that there is nothing to do any more.
        const auto* node = worker.node.load (std::memory_order_acquire);

        if (node == nullptr)
            continue;

        anyAbandoned = true;
        worker.stuckNode = node;
        worker.abandonedPlan = plan;
        worker.isAbandoned.store (true, std::memory_order_release);

        // It may have come back at this very moment, and goes on with the block.
        if (auto id = node->id; ! worker.thread.running.compare_exchange_strong (id, 0, std::memory_order_acq_rel)) // (5)
        {
            worker.isAbandoned.store (false, std::memory_order_relaxed);
            worker.abandonedPlan = nullptr;
            return false;
        }
    }

    return true;
}

/** Forgets about nodes whose workers have come back after all. */
void ParallelRenderer::releaseAbandoned() noexcept
{
    numStuck = 0;

    if (! anyAbandoned)
        return;

    anyAbandoned = false;

    for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
    {
        auto& worker = *workers[std::size_t (i)];

        if (! worker.abandonedPlan)
            continue;

        if (worker.isAbandoned.load (std::memory_order_acquire)) // (4)
        {
            stuck[std::size_t (numStuck++)] = worker.stuckNode;
            anyAbandoned = true;
        }
        else
        {
            worker.abandonedPlan = nullptr;
        }
    }
}

bool ParallelRenderer::isStuck (const NodeRuntime& node) const noexcept
{
    return std::find (stuck.begin(), stuck.begin() + numStuck, &node) != stuck.begin() + numStuck;
}

bool ParallelRenderer::hasStuckWorkers() const noexcept
{
    // A late block may be done by now, with no other one to find that out.
    auto isStuck = isBusy() && remaining.load (std::memory_order_acquire) > 0;

    for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
    {
        const auto& worker = *workers[std::size_t (i)];
        isStuck = isStuck || worker.isAbandoned.load (std::memory_order_relaxed)
                  || (isBusy() && worker.isInside.load (std::memory_order_acquire));
    }

    return isStuck;
}

NodeId ParallelRenderer::getRunningNode() const noexcept
{
    if (const auto id = Renderer::getRunningNode(); id != 0)
        return id;

    for (int i = 0; i < numWorkers.load (std::memory_order_acquire); ++i)
        if (const auto id = workers[std::size_t (i)]->thread.running.load (std::memory_order_relaxed); id != 0)
            return id;

    return 0;
}

//  Serial or parallel?

bool ParallelRenderer::Choice::isParallel (const RenderPlan& next) noexcept
{
    if (next.width < 2)
        return false;

    // Another graph: what was measured says little.
    if (next.ops.size() > numOps + numOps / 4 || next.ops.size() + next.ops.size() / 4 < numOps)
    {
        numOps = next.ops.size();
        numBlocks = 0;
        best = {};
    }

    const auto isFaster = best[1] < 0.97 * best[0];
    const auto phase = numBlocks++ % blocksBetweenTrials;

    if (phase >= 2 * blocksOfTrial)
        return isFaster;

    // The one that is not in use begins, so that its caches are as cold as they will be.
    if (phase == 0)
        best[isFaster ? 0 : 1] = 0.0;

    return (phase < blocksOfTrial) != isFaster;
}

void ParallelRenderer::Choice::note (bool wasParallel, double nanosecondsPerSample) noexcept
{
    // The least of what was seen lately: a block that was held up says nothing about the way.
    auto& value = best[wasParallel ? 1 : 0];
    value = value == 0.0 ? nanosecondsPerSample : std::min (nanosecondsPerSample, value * 1.01);
}

} // namespace host
