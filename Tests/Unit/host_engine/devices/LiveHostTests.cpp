#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <chrono>
#include <thread>

using Catch::Matchers::Contains;

namespace
{
struct Live
{
    Live()
    {
        auto session = host::Session::parse (
            R"({"audiohost":1,"nodes":[{"id":1,"type":"tone"},{"id":2,"type":"audioOutput"}],
                "connections":[{"from":"1:0","to":"2:0"},{"from":"1:1","to":"2:1"}]})",
            {});
        auto& engine = live.getEngine();
        engine.setGraph (host::SessionGraph::build (session, formats, engine.getInfo(), engine.getCollector()).graph);
    }

    bool isPlaying()
    {
        const auto before = live.getEngine().getBlockCount();

        for (int i = 0; i < 2000; ++i)
        {
            if (live.getEngine().getBlockCount() > before + 2)
                return true;

            std::this_thread::sleep_for (std::chrono::milliseconds (1));
        }

        return false;
    }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::LiveHost live{ host::DeviceRequest{ "Virtual", 48000.0, 64 } };
};
} // namespace

TEST_CASE_METHOD (Live, "a live host plays from start to stop")
{
    REQUIRE (live.getEngine().getBlockCount() == 0);
    live.start();
    REQUIRE (isPlaying());
    REQUIRE (live.stop());
    const auto blocks = live.getEngine().getBlockCount();
    std::this_thread::sleep_for (std::chrono::milliseconds (20));
    REQUIRE (live.getEngine().getBlockCount() == blocks);
    live.start();
    REQUIRE (isPlaying());
    REQUIRE (! live.hasFailed());
}

TEST_CASE_METHOD (Live, "a change of device prepares the nodes for it and goes on playing")
{
    live.start();
    live.changeDevice ({ "Virtual", 96000.0, 128 });
    REQUIRE (live.getEngine().getInfo().sampleRate == 96000.0);
    REQUIRE (live.getEngine().getInfo().maxBlockSize == 128);
    REQUIRE (live.getEngine().getGraph().find (1)->preparedFor.sampleRate == 96000.0);
    REQUIRE (isPlaying());

    live.stop();
    live.changeDevice ({ "Virtual", 44100.0, 256 });
    REQUIRE (! live.getEngine().getGraph().getNodes().empty());
    live.start();
    REQUIRE (isPlaying());
}

TEST_CASE_METHOD (Live, "a device that does not open leaves the old one playing")
{
    live.start();
    REQUIRE_THROWS_WITH (live.changeDevice ({ "Virtual:Nobody", {}, {} }), Contains ("Nobody"));
    REQUIRE (live.getDevice() != nullptr);
    REQUIRE (live.getEngine().getInfo().sampleRate == 48000.0);
    REQUIRE (isPlaying());
}

TEST_CASE ("a node that cannot run at a rate keeps the engine at the old one")
{
    struct Picky : host::NodeProcessor
    {
        juce::String getName() const override { return "Picky"; }
        host::NodePorts getPorts() const override { return { 0, 1, false, false }; }
        void process (host::ProcessContext&) noexcept override {}

        void prepare (const host::PrepareInfo& info) override
        {
            if (info.sampleRate != 48000.0)
                throw host::Error ("Picky", "runs at 48 kHz only", "use that");
        }
    };

    const juce::ScopedJuceInitialiser_GUI juce;
    host::LiveHost live (host::DeviceRequest{ "Virtual", 48000.0, 64 });
    host::GraphModel graph;
    graph.addNode (rt::makeShared<host::NodeRuntime> (live.getEngine().getCollector(), 1u, host::NodeRole::processor,
                                                      "Picky", std::make_unique<Picky>()));
    live.getEngine().setGraph (graph);
    live.start();
    REQUIRE_THROWS_WITH (live.changeDevice ({ "Virtual", 96000.0, 64 }), Contains ("Picky"));
    REQUIRE (live.getEngine().getInfo().sampleRate == 48000.0);
    REQUIRE (live.getDevice()->getSampleRate() == 48000.0);
    const auto before = live.getEngine().getBlockCount();

    for (int i = 0; i < 2000 && live.getEngine().getBlockCount() == before; ++i)
        std::this_thread::sleep_for (std::chrono::milliseconds (1));

    REQUIRE (live.getEngine().getBlockCount() > before);
}

TEST_CASE ("a live host without a device is silent and content")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    host::LiveHost live (host::PrepareInfo{});
    live.start();
    REQUIRE (live.getDevice() == nullptr);
    REQUIRE (! live.hasFailed());
    REQUIRE (live.getXruns() == 0);
    REQUIRE (live.stop());
}
