#include "EngineFixture.h"

#include <cmath>
#include <map>
#include <memory>
#include <thread>

namespace
{
constexpr int fade = host::Fade::samples;

struct OfflineEngine : GraphEngine
{
    OfflineEngine() : GraphEngine ({ 48000.0, 64, true }) {}
};

/** The samples before the latency of what is in front of it. */
GraphEngine::Work delayBy (int samples)
{
    return [line = std::make_shared<host::DelayLine> (samples)] (host::ProcessContext& c)
    { line->process (c.channels[0], c.channels[0], c.numSamples); };
}
} // namespace

TEST_CASE (
    "a parameter change is heard with the audio that was there when it was made, at its sample, whatever the block size")
{
    constexpr int latency = 100;
    std::vector<float> first;

    for (const auto blockSize : { 64, 1, 17, 50, 33 })
    {
        OfflineEngine graph;
        graph.addInput (1);
        graph.addFunction (2, delayBy (latency), latency);
        GraphEngine::FunctionNode* node = nullptr;
        node = &graph.addFunction (3, [&node] (host::ProcessContext& c)
                                   { juce::FloatVectorOperations::fill (c.channels[0], node->value, c.numSamples); });
        graph.addOutput (4);
        graph.connect ("1:0", "2:0");
        graph.connect ("2:0", "3:0");
        graph.connect ("3:0", "4:0");
        graph.apply();
        auto& engine = graph.engine;

        engine.setParameter (3, 0, 1.0f);
        graph.play (340, blockSize);
        engine.setParameter (3, 0, 2.0f);
        engine.setParameter (3, 1, 3.0f); // the later one of one moment is the one that stays
        graph.play (30, blockSize);
        engine.setParameter (3, 0, 4.0f); // the one before is still under way
        graph.play (330, blockSize);

        const auto& played = graph.played[0];
        const auto valueAt = [] (int t)
        {
            return t < latency ? 0.0f : t < 340 + latency ? 1.0f : t < 370 + latency ? 3.0f : 4.0f;
        };
        CAPTURE (blockSize);

        for (int t = 0; t < 700; ++t)
        {
            CAPTURE (t);
            REQUIRE (played[std::size_t (t)] == valueAt (t));
        }

        REQUIRE (node->changes == std::vector<std::pair<int, float>>{ { 0, 1.0f }, { 0, 2.0f }, { 1, 3.0f }, { 0, 4.0f } });
    }
}

TEST_CASE ("a change that is under way to a node that goes meanwhile is not lost")
{
    OfflineEngine graph;
    graph.addInput (1);
    graph.addFunction (2, delayBy (500), 500);
    auto& node = graph.addFunction (3, [] (auto&) {});
    graph.connect ("1:0", "2:0");
    graph.connect ("2:0", "3:0");
    graph.apply();
    graph.play (64, 64);
    graph.engine.setParameter (3, 0, 0.25f);
    graph.play (64, 64);
    REQUIRE (node.changes.empty());

    const auto kept = graph.model.find (3);
    graph.model.removeNode (3);
    graph.apply();
    graph.play (600, 64);
    REQUIRE (node.value == 0.25f);
    REQUIRE (node.changes.size() == 1);
}

TEST_CASE ("a wire that is turned round: the new one waits for the old one's end, and then fades in")
{
    OfflineEngine graph;
    graph.addFunction (2, [] (host::ProcessContext& c)
                       { juce::FloatVectorOperations::add (c.channels[0], 1.0f, c.numSamples); });
    graph.addFunction (3, [] (host::ProcessContext& c)
                       { juce::FloatVectorOperations::add (c.channels[0], 10.0f, c.numSamples); });
    graph.addOutput (4, 2);
    graph.connect ("2:0", "3:0");
    graph.connect ("2:0", "4:0");
    graph.connect ("3:0", "4:1");
    graph.apply();
    graph.play (64, 64);
    REQUIRE (graph.played[0].back() == 1.0f);
    REQUIRE (graph.played[1].back() == 11.0f);

    graph.disconnect ("2:0", "3:0");
    graph.connect ("3:0", "2:0");
    graph.apply();
    REQUIRE (graph.engine.isDeferring());
    graph.played = {};

    // Not before it has ended.
    graph.play (fade / 2, 64);
    graph.engine.publishSettled();
    REQUIRE (graph.engine.isDeferring());
    graph.play (fade, 64);

    for (int t = 0; t < fade + fade / 2; ++t)
    {
        CAPTURE (t);
        REQUIRE (graph.played[0][std::size_t (t)] == 1.0f);
        REQUIRE (graph.played[1][std::size_t (t)] == 10.0f + float (std::max (0, fade - 1 - t)) / float (fade));
    }

    graph.engine.publishSettled();
    REQUIRE_FALSE (graph.engine.isDeferring());
    graph.played = {};
    graph.play (2 * fade, 64);

    for (int t = 0; t < 2 * fade; ++t)
    {
        CAPTURE (t);
        REQUIRE (graph.played[0][std::size_t (t)] == 1.0f + 10.0f * (float (std::min (fade, t + 1)) / float (fade)));
        REQUIRE (graph.played[1][std::size_t (t)] == 10.0f);
    }
}

TEST_CASE ("edits while it plays leave no plan, node, wire or delay line behind once all has faded")
{
    OfflineEngine graph;
    graph.addInput (1);
    graph.addOutput (4);
    graph.connect ("1:0", "4:0");
    graph.apply();
    graph.play (64, 64);
    auto& engine = graph.engine;
    const auto aliveBefore = GraphEngine::FunctionNode::numAlive.load();

    const auto settle = [&]
    {
        for (int i = 0; i < 4; ++i)
        {
            graph.play (fade + 200, 64);
            engine.publishSettled();
        }

        engine.getCollector().collect();
        return engine.getCollector().getStats().live;
    };

    const auto liveBefore = settle();
    const auto pause = GENERATE (64, 128, 2 * fade); // in mid-fade, or behind it

    for (int round = 0; round < 5; ++round)
    {
        graph.addFunction (2, delayBy (70), 70);
        graph.connect ("1:0", "2:0");
        graph.connect ("2:0", "4:0");
        graph.apply();
        graph.play (pause, 64);
        engine.setParameter (2, 0, 0.5f);
        graph.disconnect ("1:0", "4:0");
        graph.apply();
        graph.play (pause, 64);
        graph.model.removeNode (2);
        graph.connect ("1:0", "4:0");
        graph.apply();
        graph.play (pause, 64);
    }

    CAPTURE (pause);
    REQUIRE (settle() == liveBefore);
    REQUIRE (engine.getCollector().getStats().pending == 0);
    REQUIRE (GraphEngine::FunctionNode::numAlive == aliveBefore);
}

TEST_CASE ("a node that comes while it plays does its first block on the message thread, where nobody waits for it")
{
    GraphEngine graph ({ 48000.0, 64, false });
    graph.addInput (1);
    graph.addOutput (4);
    graph.connect ("1:0", "4:0");
    std::map<std::thread::id, int> samples;
    const auto count = [&samples] (host::ProcessContext& c) { samples[std::this_thread::get_id()] += c.numSamples; };
    const auto here = std::this_thread::get_id();
    std::thread::id there;
    const auto playThere = [&]
    {
        std::thread audio (
            [&]
            {
                there = std::this_thread::get_id();
                graph.play (64, 64);
            });
        audio.join();
    };

    // Before that the thread that plays has the time.
    graph.addFunction (2, count);
    graph.connect ("1:0", "2:0");
    graph.apply();
    REQUIRE (samples.empty());
    playThere();
    REQUIRE (samples == std::map<std::thread::id, int>{ { there, host::Renderer::warmUpSamples + 64 } });

    samples.clear();
    graph.addFunction (3, count);
    graph.connect ("1:0", "3:0");
    graph.model.removeNode (2);
    graph.apply();
    REQUIRE (samples == std::map<std::thread::id, int>{ { here, host::Renderer::warmUpSamples } });
    playThere();
    REQUIRE (samples[there] >= 64);
    REQUIRE (samples[there] < host::Renderer::warmUpSamples);
    REQUIRE (samples[here] == host::Renderer::warmUpSamples);
}

TEST_CASE ("a gap in the sound begins and ends without a step")
{
    const auto blockSize = GENERATE (16, 64, 100, 256, 700);
    constexpr double increment = 0.02;
    host::DropoutFader fader;
    std::array<std::vector<float>, 2> heard;
    int now = 0;

    const auto block = [&] (bool isThere)
    {
        std::vector<float> left (std::size_t (blockSize), 0.0f), right = left;

        for (int i = 0; isThere && i < blockSize; ++i)
        {
            left[std::size_t (i)] = float (std::sin (increment * (now + i)));
            right[std::size_t (i)] = 1.0f;
        }

        now += blockSize;
        float* outputs[] = { left.data(), right.data() };

        if (isThere)
            fader.pass (outputs, 2, blockSize);
        else
            fader.drop (outputs, 2, blockSize);

        heard[0].insert (heard[0].end(), left.begin(), left.end());
        heard[1].insert (heard[1].end(), right.begin(), right.end());
    };

    const auto several = [&] (int numSamples, bool isThere)
    {
        for (int done = 0; done < numSamples; done += blockSize)
            block (isThere);
    };

    several (1000, true);
    const auto gap = std::size_t (now);
    several (300, false);
    const auto end = std::size_t (now);
    several (1000, true);
    const auto numSimple = std::size_t (now);
    block (false); // one block, and again in the middle of the fade that follows
    block (true);
    block (false);
    several (1000, true);

    const auto fadeOut = float (std::min (blockSize, fade));
    const auto findLargestStep = [&] (std::size_t channel, std::size_t numSamples)
    {
        const auto& samples = heard[channel];
        auto step = 0.0f;

        for (std::size_t i = 1; i < numSamples; ++i)
            step = std::max (step, std::abs (samples[i] - samples[i - 1]));

        return step;
    };

    CAPTURE (blockSize);
    constexpr auto rounding = 1.0e-5f;
    REQUIRE (findLargestStep (0, numSimple) <= float (increment) + 1.0f / fadeOut + rounding);
    REQUIRE (findLargestStep (1, numSimple) <= 1.0f / fadeOut + rounding);

    // The end of a fade that was under way is faded itself.
    REQUIRE (findLargestStep (1, heard[1].size()) <= 1.0f / fadeOut + 1.0f / float (fade) + rounding);

    // It does end, and comes back whole.
    for (auto i = gap + std::size_t (fadeOut); i < end; ++i)
        REQUIRE (heard[1][i] == 0.0f);

    for (auto i = end + std::size_t (fade); i < end + 900; ++i)
        REQUIRE (heard[1][i] == 1.0f);
}
