#include "GraphContender.h"
#include "GraphOurs.h"
#include "Harness.h"
#include "Threads.h"

#include "../Support/DrumKitShape.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>

std::size_t graphs::countAllocatedBytes()
{
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

namespace
{

using namespace graphs;

using Values = std::vector<bench::Value>;
using Serial = OurGraph<host::SerialRenderer>;

/** Something that is made when it is first asked for: JUCE takes its time over large graphs. Copies share it. */
template <typename T>
class Lazy
{
public:
    template <typename... Arguments>
    static Lazy of (Arguments... arguments)
    {
        return Lazy ([=] { return std::make_unique<T> (arguments...); });
    }

    explicit Lazy (std::function<std::unique_ptr<T>()> makeIt)
        : make (std::move (makeIt)), made (std::make_shared<std::unique_ptr<T>>())
    {
    }

    T& get() const
    {
        if (*made == nullptr)
            *made = make();

        return **made;
    }

private:
    std::function<std::unique_ptr<T>()> make;
    std::shared_ptr<std::unique_ptr<T>> made;
};

std::string join (const std::string& name, int number, int second)
{
    return name + "." + std::to_string (number) + "." + std::to_string (second);
}

/** Nearest rank. Sorts the values. */
double findPercentile (std::vector<double>& values, double fraction)
{
    std::sort (values.begin(), values.end());
    const auto rank = std::ceil (fraction * static_cast<double> (values.size()));
    return values[static_cast<std::size_t> (std::max (1.0, rank)) - 1];
}

/** The time of each block, in nanoseconds. */
std::vector<double> timeBlocks (Contender& graph, Block& block, int numBlocks, float input)
{
    std::vector<double> times (static_cast<std::size_t> (numBlocks));

    for (auto& time : times)
    {
        block.fill (input);
        const auto start = bench::Clock::now();
        graph.process (block);
        time = bench::nanosecondsSince (start);
    }

    return times;
}

/** Of many times it is the median that counts: the machine has other things to do, too. */
double findMedian (std::vector<double> times) { return findPercentile (times, 0.5); }

/** Blocks of one length, one after the other. ns_per_op: one block through one node. */
Values measureBlocks (Contender& graph, int blockSize, int numNodes, const Levels& expected, const std::string& what)
{
    Block block (blockSize);
    const auto times = timeBlocks (graph, block, std::max (20, 400'000 / numNodes), level);
    expectLevels (block, expected, what);
    return { { "ns_per_op", findMedian (times) / numNodes } };
}

/** A graph of ours and the same one of JUCE's. */
struct Pair
{
    Pair (const shapes::Shape& shape, int blockSize, int work = 0)
        : ours (Lazy<Serial>::of (shape, blockSize, work)), juce (Lazy<JuceGraph>::of (shape, blockSize, work)),
          direct (Lazy<DirectLoop>::of (shape, work))
    {
    }

    Lazy<Serial> ours;
    Lazy<JuceGraph> juce;
    Lazy<DirectLoop> direct;
};

/** JUCE's graph of a thousand branches: it takes a minute or more to build. If it would take very long, there is none.

    What it does grows with the cube of the width, so that a smaller one foretells how long. */
class JuceWideThousand
{
public:
    explicit JuceWideThousand (int blockSize)
    {
        constexpr auto mostSeconds = 240.0;
        constexpr auto width = 250;
        const auto seconds =
            std::pow (1000.0 / width, 3.0) * JuceGraph (shapes::makeWide (width), blockSize).getBuildNanoseconds() * 1e-9;

        std::fprintf (stderr, "(JUCE's graph takes about %.0f s to build%s) ", seconds,
                      seconds > mostSeconds ? ": left out" : "");

        if (seconds <= mostSeconds)
            graph = std::make_unique<JuceGraph> (shapes::makeWide (1000), blockSize);
    }

    JuceGraph* get() const noexcept { return graph.get(); }

    /** Once in the program: it is one measurement. */
    Values takeBuildTime()
    {
        if (graph == nullptr || ++numAsked != 2) // the first time is the harness's warm-up
            return {};

        return { { "ns_per_op", graph->getBuildNanoseconds() } };
    }

private:
    std::unique_ptr<JuceGraph> graph;
    int numAsked = 0;
};

Lazy<JuceWideThousand> getJuceWideThousand()
{
    static const auto graph = Lazy<JuceWideThousand>::of (64);
    return graph;
}

/** Ours with time and levels taken of each node in each block, and without. */
bench::Contender makeOurs (const Lazy<Serial>& graph, bool isMetered, int blockSize, int numNodes, const Levels& expected)
{
    const std::string impl = isMetered ? "ours/metered" : "ours";
    return { impl, [=]
             {
                 graph.get().setMetered (isMetered);
                 return measureBlocks (graph.get(), blockSize, numNodes, expected, impl);
             } };
}

bench::Contender makeDirect (const Lazy<DirectLoop>& loop, int blockSize, int numNodes)
{
    return { "direct",
             [=] { return measureBlocks (loop.get(), blockSize, numNodes, loop.get().findLevels (level), "direct"); } };
}

/** What a graph adds to the work of its nodes. */
bench::Bench makeRenderBench (const std::string& name, const shapes::Shape& shape, int numNodes, int blockSize)
{
    const Pair pair (shape, blockSize);
    const auto expected = findLevels (shape, level);
    const auto isHuge = name == "graph.wide" && numNodes == 1000;

    const auto measureJuce = [=]() -> Values
    {
        if (! isHuge)
            return measureBlocks (pair.juce.get(), blockSize, numNodes, expected, "juce");

        if (auto* graph = getJuceWideThousand().get().get())
            return measureBlocks (*graph, blockSize, numNodes, expected, "juce");

        return {};
    };

    return { join (name, numNodes, blockSize),
             false,
             { makeOurs (pair.ours, false, blockSize, numNodes, expected),
               makeOurs (pair.ours, true, blockSize, numNodes, expected),
               { "juce", measureJuce },
               makeDirect (pair.direct, blockSize, numNodes) } };
}

/** What a node costs that has nothing to do: silence in, silence out. */
bench::Bench makeIdleBench (int numNodes, int blockSize)
{
    const auto shape = shapes::makeChain (numNodes);
    const Pair pair (shape, blockSize);
    const auto expected = findLevels (shape, level);

    const auto measure = [=] (Contender& graph, const std::string& what) -> Values
    {
        const auto numBlocks = std::max (20, 400'000 / numNodes);
        Block block (blockSize);
        timeBlocks (graph, block, int (1.1 * sampleRate) / blockSize, 0.0f); // a second, until nodes come to rest
        const auto times = timeBlocks (graph, block, numBlocks, 0.0f);
        expectLevels (block, Levels (numChannels, 0.0), what + ", silent");

        timeBlocks (graph, block, 20, level);
        expectLevels (block, expected, what + " after silence");
        return { { "ns_per_op", findMedian (times) / numNodes } };
    };

    return { join ("graph.idle", numNodes, blockSize),
             false,
             { { "ours", [=] { return measure (pair.ours.get(), "ours"); } },
               { "juce", [=] { return measure (pair.juce.get(), "juce"); } },
               { "direct", [=] { return measure (pair.direct.get(), "direct"); } } } };
}

/** The wires that the edits take out and put in again, and what is heard without them. */
struct Edits
{
    struct Edit
    {
        shapes::Wire wire;
        Levels without;
    };

    explicit Edits (const shapes::Shape& shape) : with (findLevels (shape, level))
    {
        constexpr std::size_t numEdits = 4;
        const auto numWires = shape.wires.size();

        for (std::size_t i = 0; i < numEdits; ++i)
        {
            auto index = (2 * i + 1) * numWires / (2 * numEdits);

            while (shape.wires[index].fromChannel == shapes::midi)
                ++index;

            auto less = shape;
            less.wires.erase (less.wires.begin() + static_cast<std::ptrdiff_t> (index));
            edits.push_back ({ shape.wires[index], findLevels (less, level) });
        }
    }

    std::vector<Edit> edits;
    Levels with;
};

constexpr int rebuildBlockSize = 64;

/** ns_per_op: one wire taken out or put in, until the new plan is on its way to the audio thread. This thread's own time: some
    edits take so long that others are sure to have the processor meanwhile. */
Values measureEdits (EditableGraph& graph, const Edits& edits, const std::string& what)
{
    constexpr auto longEnough = 2.0e7; // nanoseconds
    constexpr std::size_t numAtMost = 1000;

    Block block (rebuildBlockSize);
    std::vector<double> times; // of pairs: out and in again
    auto nanoseconds = 0.0;

    const auto timeToggle = [&] (const shapes::Wire& wire, const Levels& expected)
    {
        const auto start = readThreadNanoseconds();
        graph.toggle (wire);
        const auto time = readThreadNanoseconds() - start;

        graph.settle (block);
        block.fill (level);
        graph.process (block);
        expectLevels (block, expected, what);
        return time;
    };

    while (times.empty() || (nanoseconds < longEnough && times.size() < numAtMost))
    {
        const auto& [wire, without] = edits.edits[times.size() % edits.edits.size()];
        const auto timeOut = timeToggle (wire, without);
        times.push_back (timeOut + timeToggle (wire, edits.with));
        nanoseconds += times.back();
    }

    return { { "ns_per_op", findMedian (times) / 2.0 } };
}

/** Stops measuring what has taken so long that no later round could make it look quick. */
class Patience
{
public:
    Values measure (const std::function<Values()>& work)
    {
        constexpr auto longest = 3.0e10; // nanoseconds

        if (spent > longest)
            return {};

        const auto start = bench::Clock::now();
        auto values = work();
        spent += bench::nanosecondsSince (start);
        return values;
    }

private:
    double spent = 0.0;
};

bench::Bench makeRebuildBench (const std::string& name, const shapes::Shape& shape, int size)
{
    const Pair pair (shape, rebuildBlockSize);
    const auto edits = Lazy<Edits>::of (shape);
    const auto isHuge = name == "graph.rebuild.wide" && size == 1000;

    const Lazy<Serial> ours (
        [=]
        {
            auto graph = std::make_unique<Serial> (shape, rebuildBlockSize, 0);
            std::fprintf (stderr, "(plan: %zu bytes a node) ", graph->measurePlan() / graph->getNumNodes());
            return graph;
        });

    const auto patience = std::make_shared<Patience>();

    const auto measureJuce = [=]
    {
        if (isHuge)
            return getJuceWideThousand().get().takeBuildTime();

        return patience->measure ([&] { return measureEdits (pair.juce.get(), edits.get(), "juce"); });
    };

    return { name + "." + std::to_string (size),
             false,
             { { "ours", [=] { return measureEdits (ours.get(), edits.get(), "ours"); } }, { "juce", measureJuce } } };
}

/** Nodes that work so long that a second core could help. ns_per_op: one block of the whole graph, with p99 of the same blocks.

    @param numThreads  what `ours` is rendered by; the others have one thread
    @param rendererArguments  what its renderer is made of */
template <typename Renderer, typename... Arguments>
bench::Bench makeBranchesBench (int numThreads, int blockSize, double microsecondsEach, Arguments... rendererArguments)
{
    constexpr auto numBranches = 16;

    struct Contenders
    {
        Contenders (int length, double microseconds, Arguments... arguments)
            : work (countMultiplications (microseconds)), shape (shapes::makeWide (numBranches)),
              expected (findLevels (shape, level, work)), juce (shape, length, work), direct (shape, work)
        {
            // Threads that the renderer starts stay where the one is that makes it.
            bench::bindToCore (1);
            ours = std::make_unique<OurGraph<Renderer>> (shape, length, work, arguments...);
            bench::bindToCore (0);
        }

        static int countMultiplications (double microseconds)
        {
            constexpr auto number = 1'000'000;
            auto shortest = 1.0e12;

            for (int i = 0; i < 9; ++i)
            {
                const auto start = bench::Clock::now();
                auto result = Processor::burn (number);
                bench::keep (result);
                shortest = std::min (shortest, bench::nanosecondsSince (start));
            }

            return static_cast<int> (microseconds * 1000.0 / shortest * number);
        }

        int work;
        shapes::Shape shape;
        Levels expected;
        std::unique_ptr<OurGraph<Renderer>> ours;
        JuceGraph juce;
        DirectLoop direct;
    };

    const auto contenders = Lazy<Contenders>::of (blockSize, microsecondsEach, rendererArguments...);

    const auto measure = [=] (Contender& graph, const Levels& expected, const std::string& what) -> Values
    {
        Block block (blockSize);
        const auto numBlocks = std::max (100, static_cast<int> (50'000.0 / microsecondsEach / numBranches));
        auto times = timeBlocks (graph, block, numBlocks, level);
        expectLevels (block, expected, what);
        return { { "ns_per_op", findMedian (times) }, { "p99", findPercentile (times, 0.99) } };
    };

    return { join ("graph.parallel", numThreads, blockSize),
             numThreads > 1,
             { { "ours", [=] { return measure (*contenders.get().ours, contenders.get().expected, "ours"); } },
               { "juce", [=] { return measure (contenders.get().juce, contenders.get().expected, "juce"); } },
               { "direct", [=]
                 {
                     auto& loop = contenders.get().direct;
                     return measure (loop, loop.findLevels (level), "direct");
                 } } } };
}

/** The median and the worst: of less than ten thousand times, p9999 is the longest. */
Values toValues (std::vector<double> times)
{
    return { { "p50", findPercentile (times, 0.5) },
             { "p99", findPercentile (times, 0.99) },
             { "p9999", findPercentile (times, 0.9999) } };
}

/** The audio thread's time for going over to a plan in which one wire has changed, made by another core: it takes it, makes it
    ready and drops the one before. `glibc` is for scale: to allocate and free a kilobyte. `loop` reads the clock, which is a
    system call, and all have that in them.
*/
bench::Bench makeSwapBench (int numNodes)
{
    constexpr auto blockSize = 64;
    const auto numSwaps = std::clamp (400'000 / numNodes, 200, 2000) + 1; // odd: the last one takes the wire out
    const auto shape = shapes::makeChain (numNodes);
    const auto graph = Lazy<Serial>::of (shape, blockSize, 0);
    const auto edits = Lazy<Edits>::of (shape);

    // A block is played between two times, as in the program.
    const auto measure = [=] (const std::function<void()>& work, const std::function<void (int)>& before)
    {
        std::vector<double> times;
        Block block (blockSize);

        for (int i = 1; i <= numSwaps; ++i)
        {
            block.fill (level);
            graph.get().process (block);
            before (i);

            const auto start = readThreadNanoseconds();
            work();
            times.push_back (readThreadNanoseconds() - start);
        }

        return times;
    };

    const auto measureOurs = [=]() -> Values
    {
        auto& ours = graph.get();
        const auto& [wire, without] = edits.get().edits.front();
        std::atomic<int> numWanted{ 0 }, numMade{ 0 };
        std::vector<double> times;

        const auto play = [&]
        {
            const auto waitForPlan = [&] (int number)
            {
                numWanted.store (number, std::memory_order_release);
                bench::spinUntil ([&] { return numMade.load (std::memory_order_acquire) >= number; });
            };

            times = measure ([&] { ours.takePlan(); }, waitForPlan);
        };

        const auto edit = [&]
        {
            for (int i = 1; i <= numSwaps; ++i)
            {
                bench::spinUntil ([&] { return numWanted.load (std::memory_order_acquire) >= i; });
                ours.toggle (wire);
                numMade.store (i, std::memory_order_release);
            }
        };

        bench::runOnTwoCores (play, edit);

        Block block (blockSize);
        timeBlocks (ours, block, 20, level); // a fade
        expectLevels (block, without, "ours after the last swap");
        ours.toggle (wire);
        ours.settle (block);
        expectLevels (block, edits.get().with, "ours after one more");
        return toValues (std::move (times));
    };

    const auto allocate = []
    {
        auto* memory = std::calloc (1, 1024);
        bench::keep (memory);
        std::free (memory);
    };

    return { "graph.swap." + std::to_string (numNodes),
             true,
             { { "ours", measureOurs },
               { "glibc", [=] { return toValues (measure (allocate, [] (int) {})); } },
               { "loop", [=] { return toValues (measure ([] {}, [] (int) {})); } } } };
}

} // namespace

/** What a graph adds to the work of its nodes, and what it costs to change one. */
int main (int argc, char** argv)
{
    const juce::ScopedJuceInitialiser_GUI juce;

    const auto drumKit = shapes::makeDrumKit();

    if (drumKit.nodes.size() != 678 || drumKit.wires.size() != 1950)
    {
        std::fprintf (stderr, "the drum kit has %zu nodes and %zu wires\n", drumKit.nodes.size(), drumKit.wires.size());
        return 1;
    }

    return bench::runProgram (argc, argv,
                              {
                                  makeRenderBench ("graph.chain", shapes::makeChain (100), 100, 32),
                                  makeRenderBench ("graph.chain", shapes::makeChain (100), 100, 64),
                                  makeRenderBench ("graph.chain", shapes::makeChain (1000), 1000, 32),
                                  makeRenderBench ("graph.chain", shapes::makeChain (1000), 1000, 64),
                                  makeRenderBench ("graph.wide", shapes::makeWide (100), 100, 64),
                                  makeRenderBench ("graph.wide", shapes::makeWide (1000), 1000, 64),
                                  makeIdleBench (1000, 64),
                                  makeRebuildBench ("graph.rebuild.chain", shapes::makeChain (100), 100),
                                  makeRebuildBench ("graph.rebuild.chain", shapes::makeChain (1000), 1000),
                                  makeRebuildBench ("graph.rebuild.wide", shapes::makeWide (100), 100),
                                  makeRebuildBench ("graph.rebuild.wide", shapes::makeWide (1000), 1000),
                                  makeRebuildBench ("graph.rebuild.drumkit", drumKit, 678),
                                  makeBranchesBench<host::SerialRenderer> (1, 256, 30.0),
                                  makeBranchesBench<host::SerialRenderer> (1, 64, 5.0),
                                  makeBranchesBench<host::ParallelRenderer> (2, 256, 30.0, 2),
                                  makeBranchesBench<host::ParallelRenderer> (2, 64, 5.0, 2),
                                  makeSwapBench (10),
                                  makeSwapBench (1000),
                              });
}
