#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <limits>

namespace
{
struct Player
{
    Player()
    {
        graph.addNode (rt::makeShared<host::NodeRuntime> (
            engine.getCollector(), host::NodeId (1), host::NodeRole::audioInput, "in",
            std::make_unique<host::IoNode> ("in", host::NodePorts{ 0, 1, false, false })));
        graph.addNode (rt::makeShared<host::NodeRuntime> (
            engine.getCollector(), host::NodeId (2), host::NodeRole::audioOutput, "out",
            std::make_unique<host::IoNode> ("out", host::NodePorts{ 1, 0, false, false })));
        graph.connect ({ { 1, 0 }, { 2, 0 } });
        engine.setGraph (graph);
    }

    void process (float value)
    {
        juce::FloatVectorOperations::fill (input.getWritePointer (0), value, 64);
        player.audioDeviceIOCallbackWithContext (input.getArrayOfReadPointers(), 1, output.getArrayOfWritePointers(), 1, 64,
                                                 {});
    }

    juce::ScopedJuceInitialiser_GUI juce;
    host::Engine engine{ { 48000.0, 64, false } };
    host::GraphModel graph;
    host::MidiInputs inputs;
    host::MidiOutputs outputs{ {} };
    host::LivePlayer player{ engine, inputs, outputs };
    juce::AudioBuffer<float> input{ 1, 64 }, output{ 1, 64 };
};
} // namespace

TEST_CASE_METHOD (Player, "playing fades in, and out when asked")
{
    for (int i = 0; i < 8; ++i)
    {
        process (1.0f);
        REQUIRE (output.getSample (0, 63) == Approx (float (i + 1) / 8.0f));
        REQUIRE (output.getSample (0, 1) - output.getSample (0, 0) == Approx (1.0f / 512.0f).epsilon (0.01));
    }

    process (1.0f);
    REQUIRE (output.getSample (0, 0) == 1.0f);
    REQUIRE_FALSE (player.isSilent());
    player.fadeOut();

    for (int i = 0; i < 8; ++i)
        process (1.0f);

    REQUIRE (player.isSilent());
    process (1.0f);
    REQUIRE (output.getMagnitude (0, 0, 64) == 0.0f);
}

TEST_CASE_METHOD (Player, "nothing above +12 dBFS and nothing that is not finite leaves")
{
    for (int i = 0; i < 9; ++i)
        process (0.0f);

    for (const auto& [in, out] :
         std::vector<std::pair<float, float>>{ { 3.9f, 3.9f },
                                               { 4.5f, host::LivePlayer::limit },
                                               { -1000.0f, -host::LivePlayer::limit },
                                               { std::numeric_limits<float>::infinity(), 0.0f },
                                               { -std::numeric_limits<float>::infinity(), 0.0f },
                                               { std::numeric_limits<float>::quiet_NaN(), 0.0f } })
    {
        process (in);
        REQUIRE (output.getSample (0, 20) == out);
    }

    REQUIRE (player.getLimitedSamples() == 2 * 64);
}
