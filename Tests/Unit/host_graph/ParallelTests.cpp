#include "GraphFixture.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace
{
using Outcome = host::ParallelRenderer::Outcome;
using Clock = std::chrono::steady_clock;

/** A graph, and a renderer of several threads that always uses them. */
struct ParallelFixture : GraphFixture
{
    static host::ParallelRenderer::Options withThreads (int numThreads, bool keepsPluginsAway = false)
    {
        host::ParallelRenderer::Options options;
        options.numThreads = numThreads;
        options.isAlwaysParallel = true;
        options.keepsPluginsAway = keepsPluginsAway;
        return options;
    }

    /** A plugin, to the renderer. */
    struct ForeignNode : FunctionNode
    {
        using FunctionNode::FunctionNode;
        bool isPlugin() const override { return true; }
    };

    host::GraphModel::Node addPlugin (host::NodeId id, host::NodePorts ports, FunctionNode::Work work)
    {
        return add (id, host::NodeRole::processor, std::make_unique<ForeignNode> (ports, std::move (work)));
    }

    /** 1 is the input, 2 to n + 1 multiply by their number, n + 2 adds them up. */
    void buildWide (int numNodes)
    {
        addInput (1, 1);
        const auto last = host::NodeId (numNodes + 2);
        addOutput (last, 1);

        for (host::NodeId id = 2; id < last; ++id)
        {
            addPlugin (id, { 1, 1, false, false },
                       [id] (host::ProcessContext& context)
                       { juce::FloatVectorOperations::multiply (context.channels[0], 0.01f * float (id), context.numSamples); });
            model.connect ({ { 1, 0 }, { id, 0 } });
            model.connect ({ { id, 0 }, { last, 0 } });
        }

        compile();
    }

    /** One block of 64 ones. @returns its last sample */
    float renderOnes (host::ParallelRenderer& parallel, Outcome expected = Outcome::complete,
                      std::chrono::microseconds budget = std::chrono::hours (1))
    {
        std::array<float, 64> in, out;
        in.fill (1.0f);
        out.fill (7.0f);
        const float* inputs[] = { in.data() };
        float* outputs[] = { out.data() };
        const rt::guard::RealtimeScope scope (0);
        const auto outcome = parallel.render (plan, { inputs, 1, outputs, 1, 64, midiIn, midiOut, {} }, Clock::now() + budget);
        REQUIRE (outcome == expected);

        if (outcome != Outcome::complete)
            REQUIRE (std::all_of (out.begin(), out.end(), [] (float sample) { return sample == 0.0f; }));

        return out.back();
    }

    juce::MidiBuffer midiIn, midiOut;
};

/** Where a node hangs until it is let go. */
struct Gate
{
    std::atomic<bool> isShut{ false };
    std::atomic<int> numInside{ 0 };

    void pass()
    {
        ++numInside;

        while (isShut)
            std::this_thread::yield();

        --numInside;
    }
};
} // namespace

TEST_CASE_METHOD (ParallelFixture, "several threads give what one gives", "[parallel]")
{
    const auto numThreads = GENERATE (1, 2, 3, 8);
    buildWide (100);
    host::ParallelRenderer parallel (withThreads (numThreads));
    parallel.warmUp (*plan);

    std::array<float, 64> in, serialOut, parallelOut;
    in.fill (0.7f);
    const float* inputs[] = { in.data() };
    float *serialOutputs[] = { serialOut.data() }, *parallelOutputs[] = { parallelOut.data() };
    renderer.render (*plan, { inputs, 1, serialOutputs, 1, 64, midiIn, midiOut, {} });

    for (int i = 0; i < 500; ++i)
    {
        parallelOut.fill (0.0f);
        parallel.render (plan, { inputs, 1, parallelOutputs, 1, 64, midiIn, midiOut, {} });
        REQUIRE (serialOut == parallelOut);
    }

    REQUIRE (parallel.wasParallel() == (numThreads > 1));
}

TEST_CASE_METHOD (ParallelFixture, "workers take part, and sleepers are woken", "[parallel]")
{
    addInput (1, 1);
    addOutput (40, 1);
    std::mutex mutex;
    std::set<std::thread::id> seen;

    for (host::NodeId id = 2; id < 34; ++id)
    {
        addFunction (id, { 1, 1, false, false },
                     [&] (auto&)
                     {
                         const rt::guard::Permit permit;
                         {
                             const std::lock_guard lock (mutex);
                             seen.insert (std::this_thread::get_id());
                         }
                         std::this_thread::sleep_for (std::chrono::microseconds (200));
                     });
        model.connect ({ { 1, 0 }, { id, 0 } });
        model.connect ({ { id, 0 }, { 40, 0 } });
    }

    compile();
    host::ParallelRenderer parallel (withThreads (4));

    for (int i = 0; i < 50 && seen.size() < 4; ++i)
    {
        std::this_thread::sleep_for (std::chrono::milliseconds (5)); // long enough to fall asleep
        renderOnes (parallel);
    }

    REQUIRE (seen.size() == 4);
}

TEST_CASE_METHOD (ParallelFixture, "a node that is too slow costs its blocks and is named, and then all is as before", "[parallel]")
{
    Gate gate;
    const auto numThreads = GENERATE (2, 3);
    buildWide (3);
    addPlugin (9, { 1, 1, false, false }, [&] (auto&) { gate.pass(); });
    connect ("1:0", "9:0");
    connect ("9:0", "5:0");
    compile();
    host::ParallelRenderer parallel (withThreads (numThreads, true));
    const auto whole = renderOnes (parallel);
    REQUIRE (whole == Approx (1.09f));

    gate.isShut = true;
    renderOnes (parallel, Outcome::late, std::chrono::milliseconds (20));
    REQUIRE (parallel.getCulprit() == 9);
    REQUIRE (parallel.isBusy());
    REQUIRE (parallel.getRunningNode() == 9);
    REQUIRE (parallel.hasStuckWorkers());

    for (int i = 0; i < 10; ++i)
        renderOnes (parallel, Outcome::busy);

    gate.isShut = false;

    // The workers are through at some time, whether or not there is another block to find that out.
    while (parallel.hasStuckWorkers())
        std::this_thread::yield();

    REQUIRE (gate.numInside == 0);

    // The rest of that block takes its time, too.
    while (parallel.isBusy())
    {
        std::array<float, 64> out;
        float* outputs[] = { out.data() };
        parallel.render (plan, { nullptr, 0, outputs, 1, 64, midiIn, midiOut, {} });
    }

    REQUIRE (renderOnes (parallel) == whole);
    REQUIRE (! parallel.hasStuckWorkers());
}

TEST_CASE_METHOD (ParallelFixture, "a node that hangs for good is ejected by the next plan, and the rest plays on", "[parallel]")
{
    Gate gate;
    const auto isRemoved = GENERATE (true, false);
    buildWide (3);
    const auto node = addPlugin (9, { 1, 1, false, false }, [&] (auto&) { gate.pass(); });
    connect ("1:0", "9:0");
    connect ("9:0", "5:0");
    compile();
    host::ParallelRenderer parallel (withThreads (2, true));
    renderOnes (parallel);

    gate.isShut = true;
    renderOnes (parallel, Outcome::late, std::chrono::milliseconds (20));
    renderOnes (parallel, Outcome::busy);

    // Neither its buffers nor the node itself are anybody else's while it is in the graph.
    const auto late = plan;
    plan = host::compileGraph (model, info, collector, late.get(), host::Transition::cut);
    REQUIRE_FALSE (parallel.mayRender (*plan));
    plan = host::compileGraph (model, info, collector, late.get(), host::Transition::cut, false);
    REQUIRE (parallel.mayRender (*plan));

    for (int i = 0; i < 20; ++i)
        renderOnes (parallel, Outcome::busy);

    REQUIRE (gate.numInside == 1);

    // The plan that is to take its place has buffers of its own.
    if (isRemoved)
        model.removeNode (9);
    else
        node->bypassed = true;

    plan = host::compileGraph (model, info, collector, plan.get(), host::Transition::cut, false);
    REQUIRE (parallel.mayRender (*plan));

    // Another worker has to do what the one that hangs did.
    for (int i = 0; i < 1000 && parallel.isBusy(); ++i)
    {
        std::array<float, 64> out;
        float* outputs[] = { out.data() };
        parallel.maintain();
        parallel.render (plan, { nullptr, 0, outputs, 1, 64, midiIn, midiOut, {} }, Clock::now() + std::chrono::milliseconds (20));
        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    REQUIRE (! parallel.isBusy());
    REQUIRE (parallel.hasStuckWorkers());
    parallel.maintain();
    REQUIRE (renderOnes (parallel) == Approx (0.09f));

    // It is not run again while it is still in there, even if somebody wants it.
    node->bypassed = false;
    renderOnes (parallel);
    REQUIRE (gate.numInside == 1);

    gate.isShut = false;

    for (int i = 0; i < 10000 && parallel.hasStuckWorkers(); ++i)
    {
        renderOnes (parallel);
        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    REQUIRE (! parallel.hasStuckWorkers());

    for (int i = 0; i < 20; ++i)
        renderOnes (parallel);

    REQUIRE (renderOnes (parallel) == Approx (isRemoved ? 0.09f : 1.09f));
}

TEST_CASE_METHOD (ParallelFixture, "a node that still hangs in an earlier block is not blamed for a later one", "[parallel]")
{
    Gate first, second;
    buildWide (3);
    addPlugin (9, { 1, 1, false, false }, [&] (auto&) { first.pass(); });
    addPlugin (10, { 1, 1, false, false }, [&] (auto&) { second.pass(); });
    connect ("1:0", "9:0");
    connect ("9:0", "5:0");
    connect ("1:0", "10:0");
    connect ("10:0", "5:0");
    compile();
    host::ParallelRenderer parallel (withThreads (2, true));
    renderOnes (parallel);

    first.isShut = true;
    renderOnes (parallel, Outcome::late, std::chrono::milliseconds (20));
    REQUIRE (parallel.getCulprit() == 9);

    model.removeNode (9);
    plan = host::compileGraph (model, info, collector, plan.get(), host::Transition::cut, false);
    std::array<float, 64> out;
    float* outputs[] = { out.data() };

    for (int i = 0; i < 1000 && parallel.isBusy(); ++i)
    {
        parallel.maintain();
        parallel.render (plan, { nullptr, 0, outputs, 1, 64, midiIn, midiOut, {} },
                         Clock::now() + std::chrono::milliseconds (20));
        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    REQUIRE (! parallel.isBusy());
    parallel.maintain();
    renderOnes (parallel);

    second.isShut = true;
    renderOnes (parallel, Outcome::late, std::chrono::milliseconds (200));
    REQUIRE (first.numInside == 1);
    REQUIRE (parallel.getCulprit() == 10);

    first.isShut = false;
    second.isShut = false;

    while (parallel.hasStuckWorkers())
        parallel.render (plan, { nullptr, 0, outputs, 1, 64, midiIn, midiOut, {} },
                         Clock::now() + std::chrono::milliseconds (20));
}

TEST_CASE_METHOD (ParallelFixture,
                  "plugins are kept off the calling thread where that is asked for, and our own nodes are not", "[parallel]")
{
    addInput (1, 1);
    addOutput (50, 1);
    std::atomic<int> numForeignHere{ 0 }, numOwnHere{ 0 };
    const auto here = std::this_thread::get_id();

    for (host::NodeId id = 2; id < 50; ++id)
    {
        const auto count = [&, counter = id % 2 == 0 ? &numForeignHere : &numOwnHere] (auto&)
        { *counter += std::this_thread::get_id() == here ? 1 : 0; };

        if (id % 2 == 0)
            addPlugin (id, { 1, 1, false, false }, count);
        else
            addFunction (id, { 1, 1, false, false }, count);

        // Plugins come behind plugins in half of the graph, and in the other half behind nodes of ours.
        model.connect ({ { id < 4 ? 1 : id % 2 == 0 && id > 24 ? id - 1 : id - 2, 0 }, { id, 0 } });
    }

    model.connect ({ { 48, 0 }, { 50, 0 } });
    model.connect ({ { 49, 0 }, { 50, 0 } });
    compile();
    host::ParallelRenderer parallel (withThreads (3, true));

    for (int i = 0; i < 2000; ++i)
        renderOnes (parallel);

    REQUIRE (numForeignHere == 0);
    REQUIRE (numOwnHere > 0);
}

TEST_CASE_METHOD (ParallelFixture, "narrow graphs stay on the calling thread", "[parallel]")
{
    addInput (1, 1);

    for (host::NodeId id = 2; id < 20; ++id)
    {
        addFunction (id, { 1, 1, false, false }, [] (auto&) {});
        model.connect ({ { id - 1, 0 }, { id, 0 } });
    }

    compile();
    host::ParallelRenderer::Options options;
    options.numThreads = 2;
    host::ParallelRenderer parallel (options);

    for (int i = 0; i < 3000; ++i)
    {
        renderOnes (parallel);
        REQUIRE (! parallel.wasParallel());
    }
}

TEST_CASE_METHOD (ParallelFixture, "on workers, too, the guard blames the node that did it", "[parallel][guard]")
{
    // Four violators in a row of four each, so that they move between the threads.
    constexpr int numBlocks = 16000, callsPerBlock = 16;
    addInput (1, 4);
    addOutput (30, 4);

    for (host::NodeId id = 2; id < 18; ++id)
    {
        const auto isViolator = (id - 2) % 4 == (id - 2) / 4;
        addPlugin (id, { 1, 1, false, false },
                   [isViolator] (auto&)
                   {
                       for (int i = 0; isViolator && i < callsPerBlock / 2; ++i)
                       {
                           int* volatile escaping = new int;
                           delete escaping;
                       }
                   });
        const auto lane = int (id - 2) / 4;

        if ((id - 2) % 4 == 0)
            model.connect ({ { 1, lane }, { id, 0 } });
        else
            model.connect ({ { id - 1, 0 }, { id, 0 } });

        if ((id - 2) % 4 == 3)
            model.connect ({ { id, 0 }, { 30, lane } });
    }

    compile();
    host::ParallelRenderer parallel (withThreads (3));
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::warmUp();
    rt::guard::reset();
    std::array<float, 64> out;
    float* outputs[] = { out.data() };

    for (int i = 0; i < numBlocks; ++i)
    {
        const rt::guard::RealtimeScope scope (static_cast<std::uint64_t> (i));
        parallel.render (plan, { nullptr, 0, outputs, 1, 16, midiIn, midiOut, {} },
                         Clock::now() + std::chrono::hours (1));
    }

    const auto snapshot = rt::guard::getSnapshot();
    REQUIRE (snapshot.total == std::uint64_t (4) * numBlocks * callsPerBlock); // 1,024,000
    std::map<std::uint32_t, std::uint64_t> counts;

    for (const auto& violation : snapshot.violations)
        counts[violation.node] += violation.count;

    REQUIRE (counts
             == std::map<std::uint32_t, std::uint64_t>{ { 2, numBlocks * callsPerBlock },
                                                        { 7, numBlocks * callsPerBlock },
                                                        { 12, numBlocks * callsPerBlock },
                                                        { 17, numBlocks * callsPerBlock } });
}

TEST_CASE ("the ready list gives every op once and in order, block after block", "[parallel]")
{
    const auto capacity = GENERATE (0, 1, 2, 15, 16, 17, 100, 678, 65536);
    host::detail::ReadyList list (capacity);
    CAPTURE (capacity);

    for (int block = 0; block < 3; ++block)
    {
        list.begin();
        REQUIRE (list.pop() == -1);
        auto areAllInOrder = true;

        for (int i = 0; i < capacity; ++i)
            list.push (capacity - 1 - i);

        REQUIRE (list.getSize() == capacity);

        for (int i = 0; i < capacity; ++i)
            areAllInOrder = list.pop() == capacity - 1 - i && areAllInOrder;

        REQUIRE (areAllInOrder);
        REQUIRE (list.pop() == -1);
    }

    list.begin();

    if (capacity > 0)
        list.push (0);

    list.close();
    REQUIRE (list.pop() == -1);
}
