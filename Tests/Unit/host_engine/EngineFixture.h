#pragma once

#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <array>
#include <functional>
#include <vector>

/** An engine, small graphs for it, and a way to play them. */
struct GraphEngine
{
    using Work = std::function<void (host::ProcessContext&)>;

    /** A node whose work is a function of the test. */
    struct FunctionNode : host::NodeProcessor
    {
        FunctionNode (host::NodePorts p, Work w, int latencySamples, bool isForeign)
            : ports (p), work (std::move (w)), latency (latencySamples), foreign (isForeign)
        {
            ++numAlive;
        }

        ~FunctionNode() override { --numAlive; }

        juce::String getName() const override { return "Function"; }
        host::NodePorts getPorts() const override { return ports; }
        void prepare (const host::PrepareInfo&) override {}
        void process (host::ProcessContext& context) noexcept override { work (context); }
        int getLatencySamples() const override { return latency; }
        bool isPlugin() const override { return foreign; }
        std::optional<double> getTailSeconds() const override { return {}; }
        void setParameter (int index, float newValue) noexcept override
        {
            value = newValue;
            changes.emplace_back (index, newValue);
        }

        const host::NodePorts ports;
        const Work work;
        const int latency;
        const bool foreign;
        float value = 0.0f;
        std::vector<std::pair<int, float>> changes = reserve();

        static std::vector<std::pair<int, float>> reserve()
        {
            std::vector<std::pair<int, float>> list;
            list.reserve (64);
            return list;
        }

        static inline std::atomic<int> numAlive{ 0 };
    };

    explicit GraphEngine (const host::PrepareInfo& info) : engine (info)
    {
        midiIn.ensureSize (1024);
        midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);
    }

    host::GraphModel::Node add (host::NodeId id, host::NodeRole role, std::unique_ptr<host::NodeProcessor> processor)
    {
        auto node = rt::makeShared<host::NodeRuntime> (engine.getCollector(), id, role, "n" + std::to_string (id),
                                                       std::move (processor));
        model.addNode (node);
        return node;
    }

    void addInput (host::NodeId id, int channels = 1)
    {
        add (id, host::NodeRole::audioInput,
             std::make_unique<host::IoNode> ("in", host::NodePorts{ 0, channels, false, false }));
    }

    void addOutput (host::NodeId id, int channels = 1)
    {
        add (id, host::NodeRole::audioOutput,
             std::make_unique<host::IoNode> ("out", host::NodePorts{ channels, 0, false, false }));
    }

    /** One channel in, one out. */
    FunctionNode& addFunction (host::NodeId id, Work work, int latency = 0, bool isForeign = false)
    {
        auto function =
            std::make_unique<FunctionNode> (host::NodePorts{ 1, 1, false, false }, std::move (work), latency, isForeign);
        auto& result = *function;
        add (id, host::NodeRole::processor, std::move (function));
        return result;
    }

    void connect (const std::string& from, const std::string& to)
    {
        model.connect ({ host::PortRef::parse (from), host::PortRef::parse (to) });
    }

    void disconnect (const std::string& from, const std::string& to)
    {
        model.disconnect ({ host::PortRef::parse (from), host::PortRef::parse (to) });
    }

    void apply() { engine.setGraph (model); }

    /** Plays so many samples of a constant input and appends what comes out. */
    void play (int numSamples, int blockSize, float value = 0.0f)
    {
        std::vector<float> input (std::size_t (blockSize), value);
        std::array<std::vector<float>, 2> output{ std::vector<float> (std::size_t (blockSize)),
                                                  std::vector<float> (std::size_t (blockSize)) };
        const float* inputs[] = { input.data() };
        float* outputs[] = { output[0].data(), output[1].data() };

        for (int done = 0; done < numSamples;)
        {
            const auto length = std::min (blockSize, numSamples - done);
            engine.process ({ inputs, 1, outputs, 2, length, midiIn, midiOut, {} });

            for (std::size_t channel = 0; channel < 2; ++channel)
                played[channel].insert (played[channel].end(), output[channel].begin(), output[channel].begin() + length);

            done += length;
        }
    }

    juce::ScopedJuceInitialiser_GUI juce;
    host::Engine engine;
    host::GraphModel model;
    std::array<std::vector<float>, 2> played;
    juce::MidiBuffer midiIn, midiOut;
};
