#pragma once

#include <host_graph/GraphModel.h>

#include <string>

namespace gui
{

/** Channels of one side of a node that are shown as one port: a bus, a single channel, or the MIDI port. A value. */
struct NodePortGroup
{
    enum class Kind
    {
        audio,
        sideChain, ///< inputs beyond a plugin's main bus
        midi
    };

    host::NodeId node = 0;
    bool isOutput = false;
    Kind kind = Kind::audio;
    int first = 0; ///< the lowest channel; host::PortRef::midi for MIDI
    int count = 1;

    /** @param index  0 to count - 1 */
    host::PortRef getPort (int index) const noexcept { return { node, kind == Kind::midi ? first : first + index }; }

    bool contains (const host::PortRef& port) const noexcept
    {
        return port.node == node && port.channel >= first && port.channel < first + count;
    }

    /** "out 1-2", "in 3", "MIDI in": channels as people count them. */
    std::string describe() const;

    auto operator<=> (const NodePortGroup&) const = default;
};

} // namespace gui
