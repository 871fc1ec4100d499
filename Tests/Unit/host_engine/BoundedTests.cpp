#include "EngineFixture.h"

#include <host_engine/Report.h>

#include <ctime>
#include <thread>

using Catch::Matchers::Contains;

namespace
{
using Clock = std::chrono::steady_clock;

/** What a call has cost. */
struct Cost
{
    double cpu = 0.0, wall = 0.0; ///< in periods
};

/** input (1) -> plugin (2) -> output (3), beside the input's way of its own, played by a LivePlayer as a device would. */
struct BoundedPlayer : GraphEngine
{
    // Long periods: what a busy machine does to the clock is small beside them.
    static constexpr int blockSize = 256;
    static constexpr double sampleRate = 8000.0;
    static constexpr auto period = std::chrono::milliseconds (32);

    BoundedPlayer() : GraphEngine ({ sampleRate, blockSize, false }), player (makePlayer())
    {
        addInput (1);
        addOutput (3);
        connect ("1:0", "3:0");
    }

    ~BoundedPlayer()
    {
        letGo = true;

        // The engine must not go while somebody is in there.
        while (numInside > 0 || engine.hasStuckWorkers())
        {
            engine.getCollector().collect();
            play();
        }
    }

    void addPlugin (Work work)
    {
        addFunction (
            2,
            [this, work] (host::ProcessContext& c)
            {
                const rt::guard::Permit permit;
                ++numInside;
                numOnCaller += std::this_thread::get_id() == caller ? 1 : 0;
                work (c);
                juce::FloatVectorOperations::fill (c.channels[0], 2.0f, c.numSamples);
                --numInside;
            },
            0, true);
        connect ("1:0", "2:0");
        connect ("2:0", "3:0");
        apply();
    }

    /** One callback, with ones for its input. */
    Cost play()
    {
        std::array<float, blockSize> input, output;
        input.fill (1.0f);
        output.fill (7.0f);
        const float* inputs[] = { input.data() };
        float* outputs[] = { output.data() };

        const auto cpuBefore = getThreadSeconds();
        const auto before = Clock::now();
        player.audioDeviceIOCallbackWithContext (inputs, 1, outputs, 1, blockSize, {});
        const std::chrono::duration<double> wall = Clock::now() - before;
        const auto cpu = getThreadSeconds() - cpuBefore;
        last = output.back();
        const auto seconds = std::chrono::duration<double> (period).count();
        return { cpu / seconds, wall.count() / seconds };
    }

    /** Until it sounds like this again, for blocks may be late on a busy machine. */
    bool comesTo (float value)
    {
        for (int i = 0; i < 2000; ++i)
        {
            engine.publishSettled();
            play();

            if (last == value)
                return true;

            std::this_thread::sleep_for (std::chrono::milliseconds (1));
        }

        return false;
    }

    host::LivePlayer& makePlayer()
    {
        host::Engine::Threads threads;
        threads.number = 2;
        threads.isBounded = true;
        threads.isRecording = true;
        engine.setThreads (threads);
        engine.setMeasuring (true);
        livePlayer = std::make_unique<host::LivePlayer> (engine, midiInputs, midiOutputs);
        return *livePlayer;
    }

    static double getThreadSeconds()
    {
        timespec time{};
        ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
        return double (time.tv_sec) + 1.0e-9 * double (time.tv_nsec);
    }

    host::MidiInputs midiInputs;
    host::MidiOutputs midiOutputs{ {} };
    std::unique_ptr<host::LivePlayer> livePlayer;
    host::LivePlayer& player;
    float last = 0.0f;
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<bool> isSlow{ false }, letGo{ false };
    std::atomic<int> numInside{ 0 }, numOnCaller{ 0 };
};

/** The budget is 0.85 of a period; twice that is still less than what the node takes. */
constexpr auto mostCpu = 1.7;

/** A node that never ends would be infinitely far over that. */
constexpr auto mostWall = 50.0;
} // namespace

TEST_CASE_METHOD (BoundedPlayer,
                  "bounded: a node that hangs does not hold the callback, is named, and all is back when it ends")
{
    addPlugin (
        [this] (auto&)
        {
            while (isSlow && ! letGo)
                std::this_thread::yield();
        });
    REQUIRE (comesTo (3.0f));

    isSlow = true;
    const auto droppedBefore = engine.getDroppedBlocks();
    const auto misses = player.getDeadlineMisses();

    for (int i = 0; i < 5; ++i)
    {
        const auto cost = play();
        CAPTURE (i, cost.cpu, cost.wall);
        REQUIRE (cost.cpu < (i == 0 ? mostCpu : 0.5)); // after the first it does not even wait
        REQUIRE (cost.wall < mostWall);
        REQUIRE (engine.getCulprit() == 2);
    }

    REQUIRE (engine.getDroppedBlocks() == droppedBefore + 5);
    REQUIRE (player.getDeadlineMisses() == misses + 5);
    REQUIRE (last == 0.0f);
    REQUIRE (engine.hasStuckWorkers());
    REQUIRE (numInside == 1);

    letGo = true;
    REQUIRE (comesTo (3.0f));
    REQUIRE_FALSE (engine.hasStuckWorkers());
    REQUIRE (numOnCaller == 0);
}

TEST_CASE_METHOD (BoundedPlayer, "bounded: a node that takes two periods, busy or asleep, costs its blocks and no more")
{
    const auto isAsleep = GENERATE (false, true);
    addPlugin (
        [this, isAsleep] (auto&)
        {
            const auto end = Clock::now() + 2 * period;

            if (! isSlow.exchange (false))
                return;

            if (isAsleep)
                std::this_thread::sleep_until (end);

            while (Clock::now() < end)
                std::this_thread::yield();
        });
    REQUIRE (comesTo (3.0f));

    for (int round = 0, attempts = 0; round < 3;)
    {
        REQUIRE (++attempts < 50);
        isSlow = true;
        const auto before = engine.getDroppedBlocks();
        const auto cost = play();
        CAPTURE (isAsleep, round, cost.cpu, cost.wall);

        // A busy machine held up the callback itself until the node was done.
        if (cost.wall > 1.9)
        {
            REQUIRE (comesTo (3.0f));
            continue;
        }

        ++round;
        REQUIRE (cost.cpu < mostCpu);
        REQUIRE (cost.wall < mostWall);
        REQUIRE (engine.getDroppedBlocks() == before + 1);
        REQUIRE (engine.getCulprit() == 2);
        REQUIRE (comesTo (3.0f));
    }

    REQUIRE (numOnCaller == 0);
}

TEST_CASE_METHOD (BoundedPlayer, "bounded: a node that hangs for good is ejected by an edit, the rest plays on")
{
    const auto isRemoved = GENERATE (true, false);
    addPlugin (
        [this] (auto&)
        {
            while (isSlow && ! letGo)
                std::this_thread::yield();
        });
    REQUIRE (comesTo (3.0f));
    isSlow = true;
    play();
    REQUIRE (engine.getCulprit() == 2);

    const auto node = model.find (2);

    if (isRemoved)
        model.removeNode (2);
    else
        node->bypassed = true;

    // It waits until the node is back, for nobody may touch it meanwhile.
    REQUIRE (engine.setParameter (2, 0, 0.75f));
    const auto& function = static_cast<const FunctionNode&> (*node->processor);

    apply();

    const auto isFree = [&]
    {
        for (int i = 0; i < 2000; ++i)
        {
            juce::MessageManager::getInstance()->runDispatchLoopUntil (1); // the engine's timer replaces the worker
            play();

            if (last != 0.0f)
                return true;
        }

        return false;
    };

    CAPTURE (isRemoved);
    REQUIRE (isFree());
    REQUIRE (comesTo (1.0f));
    REQUIRE (numInside == 1);
    REQUIRE (engine.hasStuckWorkers());
    REQUIRE (function.changes.empty());

    letGo = true;

    for (int i = 0; i < 2000 && (engine.hasStuckWorkers() || function.changes.empty()); ++i)
    {
        play();
        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    REQUIRE_FALSE (engine.hasStuckWorkers());
    play();
    REQUIRE (function.value == 0.75f);
    REQUIRE (function.changes.size() == 1);

    if (! isRemoved)
    {
        node->bypassed = false;
        REQUIRE (comesTo (3.0f));
    }
}

TEST_CASE_METHOD (BoundedPlayer, "a missed deadline is recorded, with the node that caused it")
{
    addPlugin (
        [this] (auto&)
        {
            const auto end = Clock::now() + 2 * period;

            for (const auto isLate = isSlow.exchange (false); isLate && Clock::now() < end;)
                std::this_thread::yield();
        });
    REQUIRE (comesTo (3.0f));
    (void) engine.takeRecording(); // of a block that was late for another reason

    isSlow = true;
    const auto number = engine.getBlockCount();
    play();
    std::optional<host::FlightRecorder::Recording> recording;

    for (int i = 0; i < 2000 && ! recording; ++i)
    {
        play();
        recording = engine.takeRecording();
        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    REQUIRE (recording.has_value());
    const auto block = std::find_if (recording->blocks.begin(), recording->blocks.end(),
                                     [&] (const auto& candidate) { return candidate.number == number; });
    REQUIRE (block != recording->blocks.end());
    REQUIRE (block->isMissed());
    REQUIRE (block->outcome == host::FlightRecorder::Outcome::late);
    REQUIRE (block->culprit == 2);
    REQUIRE (block->isParallel);
    REQUIRE_THAT (host::describeLateBlock (*recording, *block, engine.getGraph()), Contains ("node 2 (n2)"));

    // The worker's own entry came after that block, but it is there.
    const auto run =
        std::find_if (recording->runs.begin(), recording->runs.end(), [&] (const auto& candidate)
                      { return candidate.node == 2 && candidate.lengthNanos >= std::chrono::nanoseconds (period).count(); });
    REQUIRE (run != recording->runs.end());
    REQUIRE (run->thread == 1);

    // And it goes on: the next one is recorded, too.
    REQUIRE (comesTo (3.0f));
    const auto later = engine.copyRecording();
    REQUIRE (later.blocks.back().number > number);

    // Blocks that were left out count, too: each run lies within its own block.
    int numLater = 0;

    for (const auto& candidate : later.runs)
    {
        const auto own = std::find_if (later.blocks.begin(), later.blocks.end(),
                                       [&] (const auto& other) { return other.number == candidate.block; });

        if (own == later.blocks.end() || own->outcome != host::FlightRecorder::Outcome::complete)
            continue;

        REQUIRE (candidate.startNanos >= own->startNanos);
        REQUIRE (candidate.startNanos <= own->startNanos + own->lengthNanos);
        numLater += own->number > number ? 1 : 0;
    }

    REQUIRE (numLater > 0);
}
