#pragma once

#include <host_graph/NodeProcessor.h>

namespace host
{

/** Stands in the graph for a plugin that could not be made: the ports its wires need, and silence. Its name, state and
    parameters stay in the session's document. */
class PlaceholderNode : public NodeProcessor
{
public:
    PlaceholderNode (juce::String nameToUse, NodePorts portsToUse) : name (std::move (nameToUse)), ports (portsToUse) {}

    juce::String getName() const override { return name; }
    NodePorts getPorts() const override { return ports; }
    void prepare (const PrepareInfo&) override {}

    void process (ProcessContext& context) noexcept override
    {
        for (int i = 0; i < context.numChannels; ++i)
            juce::FloatVectorOperations::clear (context.channels[i], context.numSamples);

        context.midi.clear();
    }

private:
    juce::String name;
    NodePorts ports;
};

} // namespace host
