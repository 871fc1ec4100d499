#pragma once

#include "NodePortGroup.h"

#include <vector>

namespace gui
{

/** How a node is drawn: its ports, grouped as far as its wires allow, and from them its height. A value. */
class NodeShape
{
public:
    static constexpr int width = 146, leastHeight = 74; ///< pixels at 100 %

    NodeShape() = default;

    /** @param inputBuses    channels of each bus, or empty: then up to two channels are one port and more are single ones
        @param hasMainBus    whether inputs beyond the first bus are side-chains */
    NodeShape (host::NodeId, const host::NodePorts&, const std::vector<int>& inputBuses = {},
               const std::vector<int>& outputBuses = {}, bool hasMainBus = false);

    host::NodeId getId() const noexcept { return id; }

    /** Top to bottom. */
    const std::vector<NodePortGroup>& getInputs() const noexcept { return inputs; }
    const std::vector<NodePortGroup>& getOutputs() const noexcept { return outputs; }
    const std::vector<NodePortGroup>& getSide (bool ofOutputs) const noexcept { return ofOutputs ? outputs : inputs; }

    /** Null when the node has no such port. */
    const NodePortGroup* find (bool ofOutputs, const host::PortRef&) const noexcept;

    /** Shows a group's channels as single ports from now on. */
    void split (const NodePortGroup&);

    int getHeight() const noexcept;

    /** Pixels at 100 % below the node's top. */
    double getPortY (const NodePortGroup&) const noexcept;

    bool operator== (const NodeShape&) const = default;

private:
    host::NodeId id = 0;
    std::vector<NodePortGroup> inputs, outputs;
};

} // namespace gui
