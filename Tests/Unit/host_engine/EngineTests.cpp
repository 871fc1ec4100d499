#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <thread>

namespace
{
using Work = std::function<void (host::ProcessContext&)>;

struct FunctionNode : host::NodeProcessor
{
    FunctionNode (Work w, std::atomic<int>* deaths) : work (std::move (w)), deathCount (deaths) {}

    ~FunctionNode() override
    {
        if (deathCount != nullptr)
        {
            diedOn = std::this_thread::get_id();
            ++*deathCount;
        }
    }

    juce::String getName() const override { return "Function"; }
    host::NodePorts getPorts() const override { return { 1, 1, false, false }; }
    void prepare (const host::PrepareInfo&) override { ++prepared; }
    void process (host::ProcessContext& context) noexcept override { work (context); }
    int getLatencySamples() const override { return latency; }

    Work work;
    std::atomic<int>* deathCount;
    int prepared = 0;
    std::atomic<int> latency{ 0 };
    static inline std::thread::id diedOn;
};

struct EngineFixture
{
    juce::ScopedJuceInitialiser_GUI juce;
    host::Engine engine{ { 48000.0, 64, false } };
    juce::AudioBuffer<float> input{ 1, 1024 }, output{ 1, 1024 };
    juce::MidiBuffer midiIn, midiOut;

    EngineFixture() { midiOut.ensureSize (host::RenderPlan::midiCapacityBytes); }

    void process (int numSamples)
    {
        engine.process (
            { input.getArrayOfReadPointers(), 1, output.getArrayOfWritePointers(), 1, numSamples, midiIn, midiOut, {} });
    }

    /** in -> function -> out */
    host::GraphModel makeGraph (Work work, std::atomic<int>* deaths = nullptr)
    {
        using host::NodeRole;
        host::GraphModel graph;
        const auto add = [&] (host::NodeId id, NodeRole role, std::unique_ptr<host::NodeProcessor> processor)
        { graph.addNode (rt::makeShared<host::NodeRuntime> (engine.getCollector(), id, role, "n", std::move (processor))); };

        add (1, NodeRole::audioInput, std::make_unique<host::IoNode> ("in", host::NodePorts{ 0, 1, false, false }));
        add (2, NodeRole::processor, std::make_unique<FunctionNode> (std::move (work), deaths));
        add (3, NodeRole::audioOutput, std::make_unique<host::IoNode> ("out", host::NodePorts{ 1, 0, false, false }));
        graph.connect ({ { 1, 0 }, { 2, 0 } });
        graph.connect ({ { 2, 0 }, { 3, 0 } });
        return graph;
    }
};
} // namespace

TEST_CASE_METHOD (EngineFixture, "an engine without a graph is silent")
{
    output.setSample (0, 0, 1.0f);
    process (64);
    REQUIRE (output.getMagnitude (0, 0, 64) == 0.0f);
    REQUIRE (engine.getBlockCount() == 1);
}

TEST_CASE_METHOD (EngineFixture, "a new graph is heard at the next block, nodes that stay are not prepared again")
{
    auto graph = makeGraph ([] (host::ProcessContext& c) { c.channels[0][0] = 0.5f; });
    engine.setGraph (graph);
    const auto& node = static_cast<FunctionNode&> (*graph.find (2)->processor);
    process (64);
    REQUIRE (output.getSample (0, 0) == 0.5f);

    graph.disconnect ({ { 1, 0 }, { 2, 0 } });
    engine.setGraph (graph);
    REQUIRE (node.prepared == 1);
}

TEST_CASE_METHOD (EngineFixture, "blocks longer than prepared are cut up, with their MIDI and the transport")
{
    std::vector<std::pair<int, std::int64_t>> blocks;
    engine.setGraph (makeGraph ([&] (host::ProcessContext& c) { blocks.emplace_back (c.numSamples, c.transport.samples); }));
    engine.setPlaying (true);
    engine.takePlan();
    blocks.clear();
    process (150);
    REQUIRE (blocks == std::vector<std::pair<int, std::int64_t>>{ { 64, 0 }, { 64, 64 }, { 22, 128 } });
    REQUIRE (engine.getBlockCount() == 1);
    REQUIRE (engine.getPosition() == 150);
}

TEST_CASE_METHOD (EngineFixture, "the transport counts only while it plays, and in the tempo")
{
    host::TransportPosition seen;
    engine.setGraph (makeGraph ([&] (host::ProcessContext& c) { seen = c.transport; }));
    process (64);
    REQUIRE_FALSE (seen.playing);
    engine.setTempo (60.0);
    engine.setPlaying (true);

    for (int i = 0; i < 751; ++i)
        process (64);

    REQUIRE (seen.playing);
    REQUIRE (seen.samples == 48000);
    REQUIRE (seen.quarterNotes == 1.0);
    REQUIRE (seen.tempo == 60.0);
    engine.setTempo (120.0);

    for (int i = 0; i < 750; ++i)
        process (64);

    REQUIRE (seen.samples == 96000);
    REQUIRE (seen.quarterNotes == Approx (3.0 - 2.0 * 64.0 / 48000.0 + 64.0 / 48000.0).margin (1.0e-3));
}

TEST_CASE_METHOD (EngineFixture, "parameters arrive in order, too many are refused, and none is lost")
{
    host::GraphModel graph;
    graph.addNode (rt::makeShared<host::NodeRuntime> (engine.getCollector(), host::NodeId (1), host::NodeRole::processor,
                                                      "g", std::make_unique<host::GainNode> (1)));
    engine.setGraph (graph);
    REQUIRE_FALSE (engine.setParameter (9, 0, 1.0f)); // no such node

    int accepted = 0;

    while (engine.setParameter (1, 0, float (accepted % 4)))
        ++accepted;

    REQUIRE (accepted == 1024);
    process (64);
    REQUIRE (graph.find (1)->processor->getParameter (0) == 3.0f);
    REQUIRE (engine.setParameter (1, 0, 0.5f));
    process (64);
    REQUIRE (graph.find (1)->processor->getParameter (0) == 0.5f);
}

TEST_CASE_METHOD (EngineFixture,
                  "what the audio thread lets go of dies on the message thread, when the collector is drained")
{
    std::atomic<int> deaths{ 0 };
    engine.setGraph (makeGraph ([] (auto&) {}, &deaths));
    std::thread ([&] { process (64); }).join();

    engine.setGraph ({});
    engine.getCollector().collect();
    REQUIRE (deaths == 0); // the audio thread still has the plan

    std::thread ([&] { process (64); }).join();
    REQUIRE (deaths == 0);
    engine.getCollector().collect();
    REQUIRE (deaths == 1);
    REQUIRE (FunctionNode::diedOn == std::this_thread::get_id());
}

TEST_CASE_METHOD (EngineFixture, "a timer drains the collector by itself")
{
    std::atomic<int> deaths{ 0 };
    engine.setGraph (makeGraph ([] (auto&) {}, &deaths));
    process (64);
    engine.setGraph ({});
    process (64);

    for (int i = 0; i < 500 && deaths == 0; ++i)
        juce::MessageManager::getInstance()->runDispatchLoopUntil (10);

    REQUIRE (deaths == 1);
}

TEST_CASE_METHOD (EngineFixture, "a graph that does not compile leaves the old one running")
{
    auto graph = makeGraph ([] (host::ProcessContext& c) { c.channels[0][0] = 0.25f; });
    engine.setGraph (graph);
    auto cyclic = graph;
    cyclic.connect ({ { 2, 0 }, { 2, 0 } });
    REQUIRE_THROWS_AS (engine.setGraph (cyclic), host::Error);
    process (64);
    REQUIRE (output.getSample (0, 0) == 0.25f);
    REQUIRE (engine.getGraph().getWires().size() == 2);
}

TEST_CASE_METHOD (EngineFixture, "a node whose latency changes is reckoned with anew")
{
    const auto graph = makeGraph ([] (auto&) {});
    engine.setGraph (graph);
    REQUIRE (engine.getLatencySamples() == 0);
    static_cast<FunctionNode&> (*graph.find (2)->processor).latency = 100;
    engine.updateLatencies();
    REQUIRE (engine.getLatencySamples() == 100);
}

TEST_CASE_METHOD (EngineFixture,
                  "edits, parameters and rendering from two threads: nothing allocated on the audio thread, nothing lost")
{
    std::atomic<int> deaths{ 0 };
    std::atomic<bool> isDone{ false };
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    engine.setGraph (makeGraph ([] (auto&) {}, &deaths));
    process (64);

    std::thread audio (
        [&]
        {
            while (! isDone)
                process (64);
        });

    for (int i = 0; i < 2000; ++i)
    {
        engine.setGraph (makeGraph ([] (auto&) {}, &deaths));
        engine.setParameter (2, 0, 0.5f);
        engine.getCollector().collect();
    }

    isDone = true;
    audio.join();
    REQUIRE (rt::guard::getViolationCount() == 0);
    engine.setGraph ({});
    process (64);
    engine.getCollector().collect();
    REQUIRE (deaths == 2001);
}
