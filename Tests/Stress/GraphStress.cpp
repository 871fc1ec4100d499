// A running graph under 1,000 edits a second: one thread plays the audio thread, this one edits, sets parameters and collects, as a
// person with a very quick hand would do.
//
// What nodes remember is plain memory on purpose: ThreadSanitizer then reports every missing order between the threads that run them.
//
// PROGRAM [SECONDS [SCENARIO]]: so long for each scenario, 3 s where not given.

#include "Stress.h"

#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace
{

using host::NodeId;
using host::NodeRole;
using stress::Random;
using stress::require;

constexpr int maxBlock = 64;
constexpr NodeId firstId = 5, lastId = 26; // of nodes that come and go

/** Of all nodes there are and were. */
struct Tally
{
    static inline std::atomic<int> alive{ 0 }, made{ 0 };
    static inline std::atomic<std::uint64_t> runs{ 0 }, parameters{ 0 };
    static inline std::thread::id messageThread;
};

enum class Kind
{
    source,
    filter,
    mix,
    notes, ///< plays some, and passes some on
    synth
};

host::NodePorts portsOf (Kind kind)
{
    switch (kind)
    {
        case Kind::source: return { 0, 2, false, false };
        case Kind::filter: return { 2, 2, false, false };
        case Kind::mix: return { 4, 2, false, false };
        case Kind::notes: return { 0, 0, true, true };
        case Kind::synth: return { 0, 2, true, false };
    }

    return {};
}

/** Looks that it is run by one thread at a time, once a block, and by nobody once it is dead. */
class StressNode : public host::NodeProcessor
{
public:
    StressNode (Kind kindToUse, bool isForeign, int latencySamples)
        : kind (kindToUse), foreign (isForeign), latency (latencySamples)
    {
        ++Tally::alive;
        ++Tally::made;
    }

    ~StressNode() override
    {
        require (std::this_thread::get_id() == Tally::messageThread, "a node dies on the message thread");
        require (! isInside.load (std::memory_order_relaxed), "a node does not die while it runs");
        --Tally::alive;
    }

    juce::String getName() const override { return "Stress"; }
    host::NodePorts getPorts() const override { return portsOf (kind); }
    void prepare (const host::PrepareInfo&) override {}
    bool isPlugin() const override { return foreign; }
    int getLatencySamples() const override { return latency.load (std::memory_order_relaxed); }
    std::optional<double> getTailSeconds() const override { return {}; }

    /** Message thread. */
    void setLatency (int samples) { latency.store (samples, std::memory_order_relaxed); }

    void process (host::ProcessContext& context) noexcept override
    {
        // Relaxed: it must not put in order what the renderer fails to.
        require (! isInside.exchange (true, std::memory_order_relaxed), "one thread at a time is in a node");
        Tally::runs.fetch_add (1, std::memory_order_relaxed);

        // Not while it is warmed up.
        if (context.transport.playing)
        {
            require (context.transport.samples >= nextSample, "a node runs once a block");
            nextSample = context.transport.samples + context.numSamples;
        }

        makeBlock (context);
        isInside.store (false, std::memory_order_relaxed);
    }

    void setParameter (int, float value) noexcept override
    {
        require (! isInside.load (std::memory_order_relaxed), "no parameter changes while the node runs");
        Tally::parameters.fetch_add (1, std::memory_order_relaxed);
        gain = value;
    }

private:
    void makeBlock (host::ProcessContext& context) noexcept
    {
        for (const auto event : context.midi)
            level = event.data[0] >= 0x90 && event.data[0] < 0xa0 ? float (event.data[2]) / 127.0f : level * 0.5f;

        if (kind == Kind::notes)
            return playNotes (context);

        for (int i = 0; i < context.numSamples; ++i)
        {
            float sum = level;

            for (int channel = 0; channel < (kind == Kind::mix ? 4 : kind == Kind::filter ? 2 : 0); ++channel)
                sum += context.channels[channel][i];

            filtered += 0.25f * (std::clamp (sum * gain, -1.0f, 1.0f) - filtered);
            context.channels[0][i] = filtered;
            context.channels[1][i] = -filtered;
        }
    }

    void playNotes (host::ProcessContext& context) noexcept
    {
        // What comes in goes out again; where much does it is cut, for notes that meet again and again would become too many.
        if (context.midi.getNumEvents() > 32)
            context.midi.clear();

        if (context.numSamples == 0 || ++numCalls % 3 != 0)
            return;

        const auto note = int (numCalls / 6 % 64);
        const auto isOn = numCalls % 6 == 0;
        const std::uint8_t bytes[] = { std::uint8_t (isOn ? 0x90 : 0x80), std::uint8_t (note), 100 };
        context.midi.addEvent (bytes, 3, int (numCalls) % context.numSamples);
    }

    const Kind kind;
    const bool foreign;
    std::atomic<int> latency;
    std::atomic<bool> isInside{ false };

    // Whoever renders it
    std::int64_t nextSample = 0;
    float gain = 1.0f, level = 0.3f, filtered = 0.0f;
    unsigned numCalls = 0;
};

/** The audio thread's part: blocks of any length. */
class Player
{
public:
    Player (host::Engine& engineToPlay, std::uint64_t seed) : engine (engineToPlay), random (seed)
    {
        midiIn.ensureSize (1024);
        midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);

        for (auto& channel : input)
            channel.fill (0.25f);
    }

    void playBlock (int numSamples)
    {
        const float* inputs[] = { input[0].data(), input[1].data() };
        float* outputs[] = { output[0].data(), output[1].data() };
        midiIn.clear();

        if (numSamples > 0 && ++numBlocks % 16 == 0)
            midiIn.addEvent (juce::MidiMessage::noteOn (1, int (numBlocks / 16 % 128), juce::uint8 (90)), numSamples - 1);

        engine.process ({ inputs, 2, outputs, 2, numSamples, midiIn, midiOut, {} });

        // Each of the sources gives at most 1.
        for (const auto& channel : output)
            for (int i = 0; i < numSamples; ++i)
                require (std::abs (channel[std::size_t (i)]) <= 2.0f * float (lastId), "the output is in its bounds");
    }

    void playUntil (const std::atomic<bool>& isDone)
    {
        while (! isDone.load (std::memory_order_relaxed))
        {
            playBlock (int (random.below (maxBlock + 1)));
            random.maybePause();
        }
    }

    float getLast() const { return output[0][maxBlock - 1]; }

private:
    host::Engine& engine;
    Random random;
    std::array<std::array<float, maxBlock>, 2> input{}, output{};
    juce::MidiBuffer midiIn, midiOut;
    unsigned numBlocks = 0;
};

/** The message thread's part. */
class Editor
{
public:
    Editor (host::Engine& engineToEdit, std::uint64_t seed) : engine (engineToEdit), random (seed) {}

    void begin()
    {
        addEnd (1, NodeRole::audioInput, { 0, 2, false, false });
        addEnd (2, NodeRole::audioOutput, { 2, 0, false, false });
        addEnd (3, NodeRole::midiInput, { 0, 0, false, true });
        addEnd (4, NodeRole::midiOutput, { 0, 0, true, false });

        for (int channel = 0; channel < 2; ++channel)
            model.connect ({ { 1, channel }, { 2, channel } });

        engine.setGraph (model);

        for (int i = 0; i < 8; ++i)
        {
            addNode();
            publish();
        }
    }

    void edit()
    {
        model = engine.getGraph();
        const auto numChanges = 1 + random.below (3);

        for (std::uint64_t i = 0; i < numChanges; ++i)
            changeSomething();

        publish();

        for (auto n = random.below (4); n > 0; --n)
            if (const auto id = chooseNode(); id >= firstId && isStressNode (id))
                numSent += engine.setParameter (id, 0, 0.1f * float (random.below (10))) ? 1u : 0u;

        tidy();
    }

    /** All but the straight way from the input to the output goes. */
    void leaveOnlyTheEnds()
    {
        bin.clear();
        model = engine.getGraph();

        for (auto id = firstId; id <= lastId; ++id)
            if (model.find (id))
                model.removeNode (id);

        for (const auto& wire : std::vector<host::Wire> (model.getWires()))
            model.disconnect (wire);

        for (int channel = 0; channel < 2; ++channel)
            model.connect ({ { 1, channel }, { 2, channel } });

        engine.setGraph (model);
    }

    void leaveNothing()
    {
        model = {};
        engine.setGraph (model);
    }

    std::uint64_t numEdits = 0, numRefused = 0, numDeferred = 0, numSent = 0, numRestored = 0;
    std::size_t mostNodes = 0;

private:
    void addEnd (NodeId id, NodeRole role, host::NodePorts ports)
    {
        model.addNode (rt::makeShared<host::NodeRuntime> (engine.getCollector(), id, role, "end",
                                                          std::make_unique<host::IoNode> ("end", ports)));
    }

    /** Where the model has a cycle it is refused, and all stays as it was. */
    void publish()
    {
        try
        {
            engine.setGraph (model);
            ++numEdits;
            numDeferred += engine.isDeferring() ? 1u : 0u;
        }
        catch (const host::Error&)
        {
            ++numRefused;
            model = engine.getGraph();
        }
    }

    bool isStressNode (NodeId id) const { return model.find (id) && model.find (id)->role == NodeRole::processor; }

    NodeId chooseNode()
    {
        const auto& nodes = model.getNodes();
        return nodes[random.below (nodes.size())]->id;
    }

    void changeSomething()
    {
        switch (random.below (12))
        {
            case 0: addNode(); break;
            case 1: removeNode(); break;
            case 2: turnRound(); break;
            case 3: bypass(); break;
            case 4: changeLatency(); break;
            case 5:
            case 6:
            case 7: disconnect(); break;
            default: connect (chooseNode(), chooseNode()); break;
        }
    }

    void addNode()
    {
        const auto id = firstId + NodeId (random.below (lastId - firstId + 1));

        if (model.find (id))
            return;

        // One that was there before, perhaps a moment ago.
        const auto old = std::find_if (bin.begin(), bin.end(), [&] (const auto& node) { return node->id == id; });

        if (old != bin.end() && random.below (4) != 0)
        {
            model.addNode (*old);
            bin.erase (old);
            ++numRestored;
        }
        else if (random.below (12) == 0)
        {
            model.addNode (rt::makeShared<host::NodeRuntime> (engine.getCollector(), id, NodeRole::feedback, "loop",
                                                              std::make_unique<host::FeedbackNode> (2)));
        }
        else
        {
            constexpr int latencies[] = { 0, 0, 0, 17, 100 };
            model.addNode (rt::makeShared<host::NodeRuntime> (
                engine.getCollector(), id, NodeRole::processor, "node",
                std::make_unique<StressNode> (Kind (random.below (5)), random.below (2) == 0, latencies[random.below (5)])));
        }

        connect (chooseNode(), id);
        connect (id, chooseNode());
        mostNodes = std::max (mostNodes, model.getNodes().size());
    }

    void removeNode()
    {
        const auto id = chooseNode();

        if (id < firstId)
            return;

        bin.push_back (model.find (id));
        model.removeNode (id);

        if (bin.size() > 6)
            bin.erase (bin.begin());
    }

    void connect (NodeId from, NodeId to)
    {
        const auto outputs = model.find (from)->ports, inputs = model.find (to)->ports;

        if (outputs.midiOutput && inputs.midiInput)
            tryToConnect ({ { from, host::PortRef::midi }, { to, host::PortRef::midi } });

        if (outputs.audioOutputs > 0 && inputs.audioInputs > 0)
            tryToConnect ({ { from, int (random.below (std::uint64_t (outputs.audioOutputs))) },
                            { to, int (random.below (std::uint64_t (inputs.audioInputs))) } });
    }

    bool isThere (const host::Wire& wire) const
    {
        const auto& wires = model.getWires();
        return std::find (wires.begin(), wires.end(), wire) != wires.end();
    }

    /** Upwards by id, so that there are no cycles; now and then downwards, where there may be. */
    void tryToConnect (const host::Wire& wire)
    {
        const auto rankOf = [] (NodeId id) { return id == 2 || id == 4 ? lastId + 1 : id; };

        if (! isThere (wire) && (rankOf (wire.from.node) < rankOf (wire.to.node) || random.below (8) == 0))
            model.connect (wire);
    }

    void disconnect()
    {
        if (const auto& wires = model.getWires(); ! wires.empty())
            model.disconnect (host::Wire (wires[random.below (wires.size())]));
    }

    /** The new wire must wait until the old one has faded out. */
    void turnRound()
    {
        const auto wires = model.getWires();

        if (wires.empty())
            return;

        const auto& wire = wires[random.below (wires.size())];
        const auto from = wire.from.node, to = wire.to.node;

        if (from < firstId || to < firstId || wire.from.isMidi())
            return;

        const auto numOutputs = model.find (to)->ports.audioOutputs, numInputs = model.find (from)->ports.audioInputs;

        if (numOutputs == 0 || numInputs == 0 || isThere ({ { to, 0 }, { from, 0 } }))
            return;

        model.disconnect (host::Wire (wire));
        model.connect ({ { to, 0 }, { from, 0 } });
    }

    void bypass()
    {
        if (const auto id = chooseNode(); isStressNode (id))
        {
            auto& bypassed = model.find (id)->bypassed;
            bypassed.store (! bypassed.load (std::memory_order_relaxed), std::memory_order_relaxed);
        }
    }

    void changeLatency()
    {
        if (const auto id = chooseNode(); isStressNode (id))
            static_cast<StressNode&> (*model.find (id)->processor).setLatency (int (random.below (120)));
    }

    /** By hand, or by the engine's own timer. */
    void tidy()
    {
        if (random.below (8) == 0)
            engine.publishSettled();

        if (random.below (8) == 0)
            engine.updateLatencies();

        if (random.below (16) == 0)
            engine.getCollector().collect();

        if (random.below (64) == 0)
            juce::MessageManager::getInstance()->runDispatchLoopUntil (1);
    }

    host::Engine& engine;
    Random random;
    host::GraphModel model;
    std::vector<host::GraphModel::Node> bin;
};

struct Renderers
{
    const char* name;
    int numThreads;
    bool isBounded, isOffline;
};

/** 8 kHz gives blocks a period that a machine with other work to do can mostly keep; where it does not, blocks are late, which is as it
    should be. Offline there is no deadline, so that no block is left out. */
constexpr Renderers scenarios[] = { { "serial", 1, false, false },
                                    { "parallel", 3, true, false },
                                    { "patient", 3, true, true } };

void requireNoViolations()
{
    const auto snapshot = rt::guard::getSnapshot();

    for (const auto& violation : snapshot.violations)
    {
        std::fprintf (stderr, "%llu x %s by %s, node %u\n", static_cast<unsigned long long> (violation.count),
                      violation.function.c_str(), violation.by.c_str(), violation.node);

        for (const auto& frame : violation.stack)
            std::fprintf (stderr, "    %s\n", frame.c_str());
    }

    require (snapshot.total == 0, "nothing allocates, locks or calls the system on a rendering thread");
}

void play (const Renderers& renderers, double seconds, std::uint64_t seed)
{
    using Clock = std::chrono::steady_clock;

    rt::guard::reset();
    Tally::parameters = 0;
    Tally::runs = 0;
    Tally::made = 0;
    const auto start = Clock::now();
    std::uint64_t numBlocks = 0, numDropped = 0, numSent = 0;

    {
        host::Engine engine ({ 8000.0, maxBlock, renderers.isOffline });
        host::Engine::Threads threads;
        threads.number = renderers.numThreads;
        threads.isBounded = renderers.isBounded;
        threads.isRecording = true;
        engine.setThreads (threads);
        engine.setPlaying (true);
        Player player (engine, seed);
        player.playBlock (maxBlock);
        const auto liveAtFirst = engine.getCollector().getStats().live;

        Editor editor (engine, seed + 1);
        editor.begin();

        {
            std::atomic<bool> isDone{ false };
            std::thread audio ([&] { player.playUntil (isDone); });
            auto next = Clock::now();
            const auto end = next + std::chrono::duration_cast<Clock::duration> (std::chrono::duration<double> (seconds));

            while (Clock::now() < end)
            {
                editor.edit();
                (void) engine.takeRecording();
                next = std::max (next + std::chrono::milliseconds (1), Clock::now() - std::chrono::milliseconds (20));
                std::this_thread::sleep_until (next);
            }

            isDone = true;
            audio.join();
        }

        const auto passed = std::chrono::duration<double> (Clock::now() - start).count();
        numBlocks = engine.getBlockCount();
        numDropped = engine.getDroppedBlocks();
        numSent = editor.numSent;
        editor.leaveOnlyTheEnds();

        // What fades has faded, late workers have come back, and all that went is dead; what is left is heard as it came in.
        const auto isAtRest = [&] { return Tally::alive == 0 && player.getLast() == 0.25f; };

        for (int i = 0; i < 200000 && ! isAtRest(); ++i)
        {
            player.playBlock (maxBlock);
            engine.publishSettled();
            engine.getCollector().collect();
        }

        require (player.getLast() == 0.25f, "in the end the input is heard as it came in");
        require (Tally::alive == 0, "no node is left");

        editor.leaveNothing();

        for (int i = 0; i < 1000 && engine.getCollector().getStats().live != liveAtFirst; ++i)
        {
            player.playBlock (maxBlock);
            engine.publishSettled();
            engine.getCollector().collect();
        }

        const auto stats = engine.getCollector().getStats();
        require (stats.live == liveAtFirst && stats.pending == 0, "no plan, delay line or wire is left");

        std::printf (
            "%s: %.0f edits a second, %llu in all (%llu refused, %llu deferring, up to %zu nodes, %d made, %llu came back); "
            "%llu parameter changes; %llu blocks, %llu of them dropped, p50 %.0f us; nodes ran %llu times; %llu objects "
            "collected\n",
            renderers.name, double (editor.numEdits) / passed, static_cast<unsigned long long> (editor.numEdits),
            static_cast<unsigned long long> (editor.numRefused), static_cast<unsigned long long> (editor.numDeferred),
            editor.mostNodes, Tally::made.load(), static_cast<unsigned long long> (editor.numRestored),
            static_cast<unsigned long long> (numSent), static_cast<unsigned long long> (numBlocks),
            static_cast<unsigned long long> (numDropped), engine.getBlockTimes().getPercentileMicros (0.5),
            static_cast<unsigned long long> (Tally::runs.load()), static_cast<unsigned long long> (stats.collected));
        std::fflush (stdout);
    }

    requireNoViolations();
    require (numBlocks > 0, "it has played");

    // A node that is taken out while its worker is late loses what it was sent for that block.
    require (renderers.numThreads > 1 && ! renderers.isOffline ? Tally::parameters <= numSent : Tally::parameters == numSent,
             "every parameter change has reached its node once");
}

} // namespace

int main (int numArguments, char** arguments)
{
    const juce::ScopedJuceInitialiser_GUI juce;
    Tally::messageThread = std::this_thread::get_id();
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);

    const auto seconds = numArguments > 1 ? std::atof (arguments[1]) : 3.0;
    std::uint64_t seed = 1;

    for (const auto& scenario : scenarios)
        if (numArguments < 3 || std::string (arguments[2]) == scenario.name)
            play (scenario, seconds, seed++);

    return 0;
}
