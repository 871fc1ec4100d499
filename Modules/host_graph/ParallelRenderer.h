#pragma once

#include "Renderer.h"
#include "detail/ReadyList.h"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace host
{

/** Runs a plan on the calling thread and on workers. The output is the serial renderer's, bit for bit: the plan's buffers suit every
    order of execution, and sums have a fixed one.

    Ops whose predecessors are done wait in a list for a thread; a thread that makes several ready keeps one for itself. The calling
    thread works as well, and ends when the last op is done. A worker that finds nothing spins for some 50 us, then it sleeps until a
    futex wakes it. Where the graph is narrow or the work small the calling thread does all of it alone: both ways are timed, a few
    blocks in a thousand, and the faster one is taken.

    **Bounded.** With a deadline the wait for workers ends there: render() returns `late`, and while the workers are still at it the
    next calls return `busy` in O(1), with silence. When they are done it goes on as before. If they never are, the plan that comes
    next frees the renderer, provided that the nodes in which workers hang are bypassed in it or not there (and that it has buffers of
    its own: see compileGraph()). What runs on the calling thread itself is bounded by nobody; `keepsPluginsAway` leaves only our own nodes
    to it.

    | operation | who | progress |
    |---|---|---|
    | render() | one thread at a time, the audio thread | waits for workers up to the deadline; no allocation, no lock; the one
      system call is the futex wake where a worker sleeps. Without a deadline it may sleep, in a permitted system call |
    | getCulprit(), isBusy(), ... | any thread | wait-free |
    | maintain() | message thread | starts threads |
    | constructor, destructor | | start and join threads; not while a worker hangs: see hasStuckWorkers() |

    Who may touch a plan: a thread that has taken an op of the present block, until it has counted the op as done. So when all are done
    nobody does, and the plan may go. Memory orders: `remaining` is counted down with acq_rel and read with acquire (1), so that
    the calling thread sees what all ops have done; an op's counter of unmet inputs with acq_rel (2), so that an op sees what its
    predecessors have done, whoever ran them. A worker says that it is inside before it tries to take an op, and whoever abandons a
    block closes the list before it looks who is inside; both are seq_cst (3), so that no worker can slip in between. A worker
    that comes back says so with a release (4), and the audio thread's acquire lets go of the plan that it was in. Whether a worker
    was taken out of a processor's call or has come back is decided by who sets `running` to 0 first (5), the audio thread or the worker:
    see RenderThread. Only out of such a call is it taken: all the rest is ours, ends by itself, and works on wires that the next plan
    has, too.
*/
class ParallelRenderer final : public Renderer
{
public:
    static constexpr int mostThreads = 64; ///< the calling one counts
    static constexpr int mostOps = 1 << 16; ///< a larger plan is rendered by the calling thread alone

    struct Options
    {
        int numThreads = 2;            ///< 1 to mostThreads; the calling one counts
        bool isAlwaysParallel = false; ///< also where that has been found to be slower
        bool keepsPluginsAway = false; ///< from the calling thread; needs two threads
        std::function<void()> onWorkerStart = [] {}; ///< called by each worker: scheduling, names
        FlightRecorder* recorder = nullptr;          ///< with a lane a thread; must live as long as the renderer
    };

    using Outcome = FlightRecorder::Outcome;
    using Deadline = std::chrono::steady_clock::time_point;
    static constexpr auto noDeadline = Deadline::max();

    explicit ParallelRenderer (Options);
    explicit ParallelRenderer (int numThreads);
    ~ParallelRenderer();

    /** Whether the plan can be rendered next; not, while a worker is still at work on its buffers. Audio thread. */
    bool mayRender (const RenderPlan&) const noexcept;

    /** @returns whether the output is complete; if it is not, it is silence */
    Outcome render (const rt::Shared<const RenderPlan>&, const BlockIO&, Deadline = noDeadline) noexcept RT_NONBLOCKING;

    /** Whether a worker that was taken out of this node is still in it: then the node is nobody else's. Threads that render; as of the last
        render(). */
    bool isStuck (const NodeRuntime&) const noexcept;

    /** Replaces workers that hang in a node for good. Message thread, now and then. */
    void maintain();

    /** @name Any thread */
    /**@{*/
    int getNumThreads() const noexcept { return options.numThreads; }

    /** Whether workers are still at work on a block whose time is over. */
    bool isBusy() const noexcept { return sharedBusy.load (std::memory_order_relaxed); }

    /** The node that ran when the last wait was given up; 0: none ever. */
    NodeId getCulprit() const noexcept { return culprit.load (std::memory_order_relaxed); }

    /** Whether a worker hangs in a node that it was taken out of. */
    bool hasStuckWorkers() const noexcept;

    bool wasParallel() const noexcept { return lastParallel.load (std::memory_order_relaxed); }
    int getMostReady() const noexcept { return mostReady.load (std::memory_order_relaxed); }

    /** A node that runs now on any of the threads; 0 is none. */
    NodeId getRunningNode() const noexcept;

    /** Whether plugins never run on the calling thread. */
    bool keepsPluginsAway() const noexcept { return options.keepsPluginsAway; }
    /**@}*/

private:
    struct Worker
    {
        detail::RenderThread thread;
        std::atomic<bool> isInside{ false };              ///< has taken an op, or is about to
        std::atomic<const NodeRuntime*> node{ nullptr };  ///< whose op it runs
        std::atomic<bool> isAbandoned{ false };           ///< its block is over; whatever it comes back with is nobody's
        rt::Shared<const RenderPlan> abandonedPlan;       ///< audio thread's: kept until it comes back
        const NodeRuntime* stuckNode = nullptr;           ///< audio thread's
        std::thread handle;
    };

    /** Which way of rendering is faster, found out by trying. */
    class Choice
    {
    public:
        bool isParallel (const RenderPlan&) noexcept;
        void note (bool wasParallel, double nanosecondsPerSample) noexcept;

    private:
        static constexpr int blocksBetweenTrials = 1024, blocksOfTrial = 8;
        std::array<double, 2> best{}; ///< serial, parallel
        int numBlocks = 0;
        std::size_t numOps = 0;
    };

    void addWorker();
    void work (Worker&) noexcept;
    void runOps (int op, Worker&) noexcept;
    void warmUpOnWorker (const RenderPlan&, int op, Worker&) noexcept;
    void sleep() noexcept;
    int takeOp() noexcept;
    int complete (const RenderPlan&, int op, bool isCaller) noexcept;
    void push (const RenderPlan&, int op) noexcept;
    void wakeWorkers (int mostUseful) noexcept;
    void wakeCaller() noexcept;
    bool hasWork() const noexcept { return plugins.getSize() > 0 || others.getSize() > 0; }

    void renderSerially() noexcept;
    bool renderInParallel (Deadline) noexcept;
    bool waitOn (Deadline, int& spins) noexcept;
    void openBlock() noexcept;
    bool resume (const RenderPlan* next) noexcept;
    bool tryToAbandon (const RenderPlan& next) noexcept;
    void releaseAbandoned() noexcept;
    void findCulprit() noexcept;

    const Options options;

    // The block: written by the audio thread before it opens the lists
    detail::BlockContext context;
    rt::Shared<const RenderPlan> plan;
    detail::ReadyList others, plugins; ///< plugins only where they are kept away from the calling thread
    alignas (rt::cacheLineBytes) std::atomic<int> remaining{ 0 };

    // Sleeping
    alignas (rt::cacheLineBytes) std::atomic<int> sleepers{ 0 };
    std::atomic<std::uint32_t> signal{ 0 };
    std::atomic<std::uint32_t> doneSignal{ 0 };
    std::atomic<bool> isCallerAsleep{ false }, isEnding{ false };

    std::array<std::unique_ptr<Worker>, mostThreads> workers;
    std::atomic<int> numWorkers{ 0 };

    // Audio thread
    Choice choice;
    bool isLate = false, isClosing = false, anyAbandoned = false;
    std::array<const NodeRuntime*, mostThreads> stuck{}; ///< nodes in which workers hang
    int numStuck = 0;

    std::atomic<NodeId> culprit{ 0 };
    std::atomic<bool> sharedBusy{ false }, lastParallel{ false };
    std::atomic<int> mostReady{ 0 };
};

} // namespace host
