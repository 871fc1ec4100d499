#pragma once

#include <catch2/catch.hpp>
#include <host_graph/host_graph.h>
#include <rt_guard/rt_guard.h>

#include <functional>
#include <optional>
#include <random>

/** Small graphs for tests, and a way to run them. */
struct GraphFixture
{
    /** A node whose work is a function of the test. */
    struct FunctionNode : host::NodeProcessor
    {
        using Work = std::function<void (host::ProcessContext&)>;

        FunctionNode (host::NodePorts p, Work w, int latencySamples = 0)
            : ports (p), work (std::move (w)), latency (latencySamples)
        {
        }

        juce::String getName() const override { return "Function"; }
        host::NodePorts getPorts() const override { return ports; }
        void prepare (const host::PrepareInfo&) override { ++timesPrepared; }
        void process (host::ProcessContext& context) noexcept override { work (context); }
        int getLatencySamples() const override { return latency; }

        host::NodePorts ports;
        Work work;
        int latency;
        int timesPrepared = 0;
    };

    /** Passes its input on, and says how long it sounds. */
    struct TailNode : FunctionNode
    {
        TailNode (host::NodePorts nodePorts, std::optional<double> tail, Work nodeWork)
            : FunctionNode (nodePorts, std::move (nodeWork)), tailSeconds (tail)
        {
        }

        std::optional<double> getTailSeconds() const override { return tailSeconds; }
        void setParameter (int, float value) noexcept override { onParameter (value); }

        std::optional<double> tailSeconds;
        std::function<void (float)> onParameter = [] (float) {};
    };

    host::GraphModel::Node add (host::NodeId id, host::NodeRole role, std::unique_ptr<host::NodeProcessor> processor)
    {
        auto node =
            rt::makeShared<host::NodeRuntime> (collector, id, role, "n" + std::to_string (id), std::move (processor));
        node->processor->prepare (info);
        model.addNode (node);
        return node;
    }

    void addInput (host::NodeId id, int channels = 2)
    {
        add (id, host::NodeRole::audioInput,
             std::make_unique<host::IoNode> ("in", host::NodePorts{ 0, channels, false, false }));
    }

    void addOutput (host::NodeId id, int channels = 2)
    {
        add (id, host::NodeRole::audioOutput,
             std::make_unique<host::IoNode> ("out", host::NodePorts{ channels, 0, false, false }));
    }

    void addMidiInput (host::NodeId id)
    {
        add (id, host::NodeRole::midiInput,
             std::make_unique<host::IoNode> ("midi in", host::NodePorts{ 0, 0, false, true }));
    }

    void addMidiOutput (host::NodeId id)
    {
        add (id, host::NodeRole::midiOutput,
             std::make_unique<host::IoNode> ("midi out", host::NodePorts{ 0, 0, true, false }));
    }

    host::GraphModel::Node addFunction (host::NodeId id, host::NodePorts ports, FunctionNode::Work work, int latency = 0)
    {
        return add (id, host::NodeRole::processor, std::make_unique<FunctionNode> (ports, std::move (work), latency));
    }

    /** Delays by its latency, and says so. */
    void addLateNode (host::NodeId id, int latency, int channels = 1)
    {
        auto lines = std::make_shared<std::vector<host::DelayLine>> (std::size_t (channels), host::DelayLine (latency));
        addFunction (
            id, { channels, channels, false, false },
            [lines] (host::ProcessContext& context)
            {
                for (std::size_t i = 0; i < lines->size(); ++i)
                    (*lines)[i].process (context.channels[i], context.channels[i], context.numSamples);
            },
            latency);
    }

    void connect (const std::string& from, const std::string& to)
    {
        model.connect ({ host::PortRef::parse (from), host::PortRef::parse (to) });
    }

    void compile() { plan = host::compileGraph (model, info, collector, plan.get()); }

    /** Renders as many samples as the input has, in blocks of the given size. */
    juce::AudioBuffer<float> render (const juce::AudioBuffer<float>& input, int numOutputs, int blockSize,
                                     const juce::MidiBuffer& midiInput = {}, juce::MidiBuffer* midiOutput = nullptr)
    {
        juce::AudioBuffer<float> output (numOutputs, input.getNumSamples());
        juce::MidiBuffer midiIn, midiOut;
        midiIn.ensureSize (host::RenderPlan::midiCapacityBytes);
        midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);
        host::TransportPosition transport;
        transport.playing = true;

        for (int start = 0; start < input.getNumSamples(); start += blockSize)
        {
            const auto length = std::min (blockSize, input.getNumSamples() - start);
            std::vector<const float*> inputs;
            std::vector<float*> outputs;

            for (int i = 0; i < input.getNumChannels(); ++i)
                inputs.push_back (input.getReadPointer (i, start));

            for (int i = 0; i < numOutputs; ++i)
                outputs.push_back (output.getWritePointer (i, start));

            midiIn.clear();
            midiIn.addEvents (midiInput, start, length, -start);
            transport.samples = start;

            {
                const rt::guard::RealtimeScope scope (static_cast<std::uint64_t> (start));
                renderer.render (*plan, { inputs.data(), int (inputs.size()), outputs.data(), numOutputs, length, midiIn,
                                          midiOut, transport });
            }

            if (midiOutput != nullptr)
                midiOutput->addEvents (midiOut, 0, length, start);
        }

        return output;
    }

    static juce::AudioBuffer<float> makeNoise (int channels, int samples, unsigned seed = 1)
    {
        std::mt19937 random (seed);
        std::uniform_real_distribution<float> distribution (-1.0f, 1.0f);
        juce::AudioBuffer<float> buffer (channels, samples);

        for (int channel = 0; channel < channels; ++channel)
            for (int i = 0; i < samples; ++i)
                buffer.setSample (channel, i, distribution (random));

        return buffer;
    }

    host::PrepareInfo info{ 48000.0, 64, false };
    rt::Collector collector;
    host::GraphModel model;
    rt::Shared<const host::RenderPlan> plan;
    host::SerialRenderer renderer;
};

inline bool isSame (const float* a, const float* b, int numSamples) { return std::equal (a, a + numSamples, b); }
