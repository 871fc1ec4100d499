#pragma once

#include "NodeShape.h"

#include <map>
#include <vector>

namespace gui
{

/** Wires that are drawn as one: all between one port of a node as shown and one of another. A value. */
struct WireBundle
{
    NodePortGroup from, to;
    std::vector<host::Wire> wires; ///< ascending

    NodePortGroup::Kind getKind() const noexcept { return to.kind; }
    bool touches (host::NodeId id) const noexcept { return from.node == id || to.node == id; }

    bool operator== (const WireBundle&) const = default;
};

using NodeShapes = std::map<host::NodeId, NodeShape>;

/** Sorts wires into bundles. Where wires between two ports are not what one would expect of them (1 to 1, 2 to 2, a mono
    output to all, all to a mono input) the ports are split into their channels.

    Wires of nodes or ports that are not there are left out. */
std::vector<WireBundle> bundleWires (NodeShapes&, const std::vector<host::Wire>&);

/** What connecting two ports means: first to first, second to second, a mono output to all. Nothing between audio and MIDI,
    or where the two are not an output and an input; their order does not matter. */
std::vector<host::Wire> makeWiresBetween (const NodePortGroup&, const NodePortGroup&);

/** What dropping a wire's end on a node means: connecting to the first ports of the other side that can take it, over as
    many of them as there are channels. */
std::vector<host::Wire> makeWiresOnto (const NodePortGroup&, const NodeShape&);

/** What connecting a node's outputs to another node means: MIDI to MIDI, and audio from the first channels on. */
std::vector<host::Wire> makeWiresBetween (const NodeShape& from, const NodeShape& to);

/** Whether a node with these ports can be put into the bundle's wires. */
bool canBeInserted (const host::NodePorts&, const WireBundle&) noexcept;

} // namespace gui
