#pragma once

#include "../NodeProcessor.h"

namespace host
{

/** The graph's ends towards the devices: it has ports and nothing to do, for the renderer moves the samples and events. */
class IoNode : public NodeProcessor
{
public:
    IoNode (juce::String nameToUse, NodePorts portsToUse) : name (std::move (nameToUse)), ports (portsToUse) {}

    juce::String getName() const override { return name; }
    NodePorts getPorts() const override { return ports; }
    void prepare (const PrepareInfo&) override {}
    void process (ProcessContext&) noexcept override {}

private:
    juce::String name;
    NodePorts ports;
};

} // namespace host
