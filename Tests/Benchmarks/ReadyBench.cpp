#include "Harness.h"
#include "ReadyPolicies.h"
#include "Threads.h"

#include "../Support/DrumKitShape.h"

#include <host_graph/detail/FutexWait.h>
#include <rt_guard/FutexWake.h>
#include <rt_queues/Policy.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace
{

/** What a block consists of: ops that burn so much time, in an order of execution. */
struct Plan
{
    struct Op
    {
        double microseconds = 0.0;
        std::vector<int> predecessors, successors;
    };

    std::vector<Op> ops;

    int add (double microseconds, const std::set<int>& predecessors)
    {
        const auto index = static_cast<int> (ops.size());
        ops.push_back ({ microseconds, { predecessors.begin(), predecessors.end() }, {} });

        for (const auto predecessor : predecessors)
            ops[std::size_t (predecessor)].successors.push_back (index);

        return index;
    }
};

/** So many ops side by side, and a last one that waits for all. */
Plan makeBranches (int number, double microseconds)
{
    Plan plan;
    std::set<int> all;

    for (int i = 0; i < number; ++i)
        all.insert (plan.add (microseconds, {}));

    plan.add (0.0, all);
    return plan;
}

/** Each op waits for up to three of the twenty before it: the same graph every time. */
Plan makeRandom (int number, double microseconds)
{
    Plan plan;
    std::minstd_rand random (1);

    for (int i = 0; i < number; ++i)
    {
        std::set<int> predecessors;

        for (auto left = random() % 4; left > 0 && i > 0; --left)
            predecessors.insert (i - 1 - static_cast<int> (random() % static_cast<unsigned> (std::min (i, 20))));

        plan.add (microseconds, predecessors);
    }

    return plan;
}

/** A graph's nodes as ops; its inputs are done before the block begins, as in a RenderPlan. */
Plan makePlan (const shapes::Shape& shape, double microseconds)
{
    const auto isInput = [&] (int node)
    {
        const auto kind = shape.nodes[std::size_t (node)].kind;
        return kind == shapes::Kind::audioInput || kind == shapes::Kind::midiInput;
    };

    std::vector<std::set<int>> sources (shape.nodes.size());

    for (const auto& wire : shape.wires)
        if (! isInput (wire.fromNode))
            sources[std::size_t (wire.toNode)].insert (wire.fromNode);

    Plan plan;
    std::vector<int> opOfNode (shape.nodes.size(), -1);
    auto isProgress = true;

    while (isProgress)
    {
        isProgress = false;

        for (int node = 0; node < static_cast<int> (shape.nodes.size()); ++node)
        {
            const auto& from = sources[std::size_t (node)];
            const auto isDone = [&] (int source) { return opOfNode[std::size_t (source)] >= 0; };

            if (isInput (node) || isDone (node) || ! std::all_of (from.begin(), from.end(), isDone))
                continue;

            std::set<int> predecessors;

            for (const auto source : from)
                predecessors.insert (opOfNode[std::size_t (source)]);

            opOfNode[std::size_t (node)] = plan.add (microseconds, predecessors);
            isProgress = true;
        }
    }

    return plan;
}

/** Work that takes its time on a core, whatever the clock says. */
std::uint64_t burn (std::uint64_t steps)
{
    std::uint64_t value = steps;

    for (std::uint64_t i = 0; i < steps; ++i)
    {
        value = value * 6364136223846793005u + 1442695040888963407u;
        bench::keep (value);
    }

    return value;
}

double getStepsPerMicrosecond()
{
    static const auto steps = []
    {
        constexpr auto number = std::uint64_t{ 20'000 };
        auto shortest = 1.0e12;

        for (int i = 0; i < 300; ++i)
        {
            const auto start = bench::Clock::now();
            auto value = burn (number);
            bench::keep (value);
            shortest = std::min (shortest, bench::nanosecondsSince (start));
        }

        return static_cast<double> (number) * 1000.0 / shortest;
    }();

    return steps;
}

/** A plan with what its ops leave behind: each a number that is right only if it came after its predecessors, in this block. */
class Block
{
public:
    explicit Block (const Plan& planToRun) : plan (planToRun), results (plan.ops.size())
    {
        for (const auto& op : plan.ops)
        {
            steps.push_back (static_cast<std::uint64_t> (op.microseconds * getStepsPerMicrosecond()));
            std::uint64_t factor = 1;

            for (const auto predecessor : op.predecessors)
                factor += factors[std::size_t (predecessor)];

            factors.push_back (factor);
        }
    }

    void begin() noexcept { ++number; }

    void run (int op) noexcept
    {
        auto sum = number;

        for (const auto predecessor : plan.ops[std::size_t (op)].predecessors)
            sum += results[std::size_t (predecessor)].value;

        auto value = burn (steps[std::size_t (op)]);
        bench::keep (value);
        results[std::size_t (op)].value = sum;
    }

    void check (const char* who) const
    {
        for (std::size_t i = 0; i < results.size(); ++i)
        {
            if (results[i].value != number * factors[i])
            {
                std::fprintf (stderr, "%s: op %zu was not done, or too early\n", who, i);
                std::exit (1);
            }
        }
    }

    const Plan& plan;

private:
    struct alignas (rt::cacheLineBytes) Result
    {
        std::uint64_t value = 0;
    };

    std::uint64_t number = 0;
    std::vector<Result> results;
    std::vector<std::uint64_t> factors, steps;
};

/** Real-time priority, where the system grants it: else the machine's other work is what is measured. */
class Realtime
{
public:
    explicit Realtime (int priority)
    {
        pthread_getschedparam (pthread_self(), &policyBefore, &before);
        sched_param parameters{};
        parameters.sched_priority = priority;

        if (pthread_setschedparam (pthread_self(), SCHED_FIFO, &parameters) == 0)
            return;

        static const auto warned = std::fputs ("not real-time: the tails are the machine's\n", stderr);
        static_cast<void> (warned);
    }

    ~Realtime() { pthread_setschedparam (pthread_self(), policyBefore, &before); }

    Realtime (const Realtime&) = delete;
    Realtime& operator= (const Realtime&) = delete;

private:
    int policyBefore = SCHED_OTHER;
    sched_param before{};
};

/** The program's: whoever waits for the workers comes before them. */
constexpr int audioPriority = 65, workerPriority = 64;

/** ParallelRenderer's loop without all that is not scheduling: the audio thread takes part, an op that was made ready stays with the
    thread that made it so, workers spin and then sleep. The wait has no deadline, so that every block is whole. */
template <typename Ready>
class Scheduler
{
public:
    Scheduler (Block& blockToRun, int numThreads)
        : block (blockToRun), numOps (static_cast<int> (block.plan.ops.size())), unmet (block.plan.ops.size()),
          waiting (numOps, numThreads), audioThread (waiting, 0)
    {
        for (int i = 0; i < numOps; ++i)
            if (block.plan.ops[std::size_t (i)].predecessors.empty())
                initialOps.push_back (i);

        for (int i = 1; i < numThreads; ++i)
            workers.emplace_back ([this, i] { work (i); });
    }

    ~Scheduler()
    {
        isEnding.store (true);
        signal.fetch_add (1);
        rt::guard::wakeFutex (signal, 64);
    }

    void render() noexcept
    {
        block.begin();

        for (int i = 0; i < numOps; ++i)
            unmet[std::size_t (i)].count.store (static_cast<int> (block.plan.ops[std::size_t (i)].predecessors.size()),
                                                std::memory_order_relaxed);

        remaining.store (numOps, std::memory_order_relaxed);
        waiting.begin();

        for (std::size_t i = 1; i < initialOps.size(); ++i)
            waiting.push (audioThread, initialOps[i]);

        wakeWorkers (static_cast<int> (initialOps.size()) - 1);
        auto op = initialOps.front();
        int spins = 0;

        for (;;)
        {
            if (op < 0)
                op = waiting.pop (audioThread);

            if (op >= 0)
            {
                block.run (op);
                op = complete (op, audioThread);
                spins = 0;
                continue;
            }

            if (remaining.load (std::memory_order_acquire) == 0)
                return;

            wait (spins);
        }
    }

private:
    static constexpr int spinsBeforeSleep = 2000;

    void work (int index) noexcept
    {
        bench::bindToCore (index);
        const Realtime realtime (workerPriority);
        typename Ready::Thread self (waiting, index);
        int spins = 0;

        while (! isEnding.load (std::memory_order_acquire))
        {
            if (waiting.hasWork())
            {
                for (auto op = waiting.pop (self); op >= 0; op = complete (op, self))
                {
                    block.run (op);
                    spins = 0;
                }
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

    void sleep() noexcept
    {
        const auto before = signal.load (std::memory_order_seq_cst);
        sleepers.fetch_add (1, std::memory_order_seq_cst);

        if (! waiting.hasWork() && ! isEnding.load (std::memory_order_seq_cst))
            host::detail::waitFutex (signal, before);

        sleepers.fetch_sub (1, std::memory_order_seq_cst);
    }

    int complete (int op, typename Ready::Thread& thread) noexcept
    {
        auto next = -1;

        for (const auto successor : block.plan.ops[std::size_t (op)].successors)
        {
            if (unmet[std::size_t (successor)].count.fetch_sub (1, std::memory_order_acq_rel) != 1)
                continue;

            if (next < 0)
            {
                next = successor;
                continue;
            }

            waiting.push (thread, successor);
            wakeWorkers (1);
            wakeCaller();
        }

        if (remaining.fetch_sub (1, std::memory_order_acq_rel) == 1)
            wakeCaller();

        return next;
    }

    void wakeWorkers (int mostUseful) noexcept
    {
        std::atomic_thread_fence (std::memory_order_seq_cst);
        const auto asleep = std::min (sleepers.load (std::memory_order_seq_cst), mostUseful);

        if (asleep <= 0)
            return;

        signal.fetch_add (1, std::memory_order_seq_cst);
        rt::guard::wakeFutex (signal, asleep);
    }

    void wakeCaller() noexcept
    {
        if (! isCallerAsleep.load (std::memory_order_seq_cst))
            return;

        doneSignal.fetch_add (1, std::memory_order_seq_cst);
        rt::guard::wakeFutex (doneSignal, 1);
    }

    void wait (int& spins) noexcept
    {
        rt::StdPolicy::pause();

        if (++spins < spinsBeforeSleep)
            return;

        spins = 0;
        const auto before = doneSignal.load (std::memory_order_seq_cst);
        isCallerAsleep.store (true, std::memory_order_seq_cst);

        if (remaining.load (std::memory_order_seq_cst) > 0 && ! waiting.hasWork())
            host::detail::waitFutex (doneSignal, before);

        isCallerAsleep.store (false, std::memory_order_relaxed);
    }

    struct Counter
    {
        std::atomic<int> count{ 0 };
    };

    Block& block;
    const int numOps;
    std::vector<int> initialOps;
    std::vector<Counter> unmet;
    Ready waiting;
    typename Ready::Thread audioThread;
    alignas (rt::cacheLineBytes) std::atomic<int> remaining{ 0 };
    alignas (rt::cacheLineBytes) std::atomic<int> sleepers{ 0 };
    std::atomic<std::uint32_t> signal{ 0 }, doneSignal{ 0 };
    std::atomic<bool> isCallerAsleep{ false }, isEnding{ false };
    std::vector<std::jthread> workers; // last: they end first
};

/** Each block as a device would ask for it, after a pause in which the workers have gone to sleep. */
template <typename Render>
std::vector<bench::Value> measureBlocks (const Block& block, int numBlocks, const char* who, Render&& render)
{
    constexpr auto numWarmUp = 50;
    const Realtime realtime (audioPriority);
    std::vector<double> times;

    for (int i = 0; i < numWarmUp + numBlocks; ++i)
    {
        std::this_thread::sleep_for (std::chrono::microseconds (200));
        const auto start = bench::Clock::now();
        render();
        const auto time = bench::nanosecondsSince (start);
        block.check (who);

        if (i >= numWarmUp)
            times.push_back (time);
    }

    std::sort (times.begin(), times.end());

    const auto find = [&] (double fraction)
    { return times[static_cast<std::size_t> (std::max (1.0, std::ceil (fraction * numBlocks))) - 1]; };

    return { { "p50", find (0.5) }, { "p99", find (0.99) }, { "p999", find (0.999) } };
}

/** The time of a block on the audio thread: the engine's list, the other ways, and all of it on one thread. */
bench::Bench makeBench (const Plan& plan, const std::string& shape, int numThreads)
{
    constexpr auto numBlocks = 2000;
    const auto suffix = "." + std::to_string (numThreads) + "." + shape;

    const auto measure = [&]<typename Ready> (const std::string& name)
    {
        return bench::Contender{ "ours",
                                 [=]
                                 {
                                     Block block (plan);
                                     Scheduler<Ready> scheduler (block, numThreads);
                                     return measureBlocks (block, numBlocks, name.c_str(), [&] { scheduler.render(); });
                                 },
                                 "graph.ready." + name + suffix };
    };

    const auto measureDirect = [=]
    {
        Block block (plan);

        const auto runAll = [&]
        {
            block.begin();

            for (int op = 0; op < static_cast<int> (plan.ops.size()); ++op)
                block.run (op);
        };

        return measureBlocks (block, numBlocks / 2, "direct", runAll);
    };

    return { "graph.ready" + suffix,
             true,
             { measure.operator()<ready::List> ("list"),
               measure.operator()<ready::TurnQueue> ("turnqueue"),
               measure.operator()<ready::Stealing> ("deque"),
               { "direct", measureDirect, "graph.ready.list" + suffix } } };
}

} // namespace

/** Where the ops of a block that are ready wait for a thread: a comparison in a loop like ParallelRenderer's. */
int main (int argc, char** argv)
{
    getStepsPerMicrosecond();
    std::vector<bench::Bench> benches;

    const std::vector<std::pair<std::string, Plan>> plans = { { "branches5", makeBranches (16, 5.0) },
                                                              { "branches30", makeBranches (16, 30.0) },
                                                              { "random200", makeRandom (200, 1.0) },
                                                              { "drumkit", makePlan (shapes::makeDrumKit(), 1.0) } };

    for (const auto numThreads : { 2, 4 })
        for (const auto& [shape, plan] : plans)
            benches.push_back (makeBench (plan, shape, numThreads));

    return bench::runProgram (argc, argv, benches);
}
