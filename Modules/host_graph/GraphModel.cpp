#include "GraphModel.h"

#include <algorithm>
#include <charconv>

namespace host
{

std::string PortRef::toString() const
{
    return std::to_string (node) + ":" + (isMidi() ? "midi" : std::to_string (channel));
}

PortRef PortRef::parse (const std::string& text)
{
    const auto complain = [&]() -> PortRef
    { throw Error ("port \"" + text + "\"", "is not of the form id:channel or id:midi", "write it like 2:0 or 2:midi"); };

    PortRef result;
    const auto* end = text.data() + text.size();
    const auto id = std::from_chars (text.data(), end, result.node);

    if (id.ec != std::errc() || id.ptr == end || *id.ptr != ':')
        return complain();

    const std::string_view rest (id.ptr + 1, std::size_t (end - id.ptr - 1));

    if (rest == "midi")
    {
        result.channel = midi;
        return result;
    }

    const auto channel = std::from_chars (rest.data(), end, result.channel);

    if (channel.ec != std::errc() || channel.ptr != end || result.channel < 0)
        return complain();

    return result;
}

namespace
{
// By destination first: a node's inputs lie together, and their sources in the order in which they are summed.
bool comesBefore (const Wire& a, const Wire& b) noexcept { return a.to != b.to ? a.to < b.to : a.from < b.from; }

bool idLess (const GraphModel::Node& node, NodeId id) noexcept { return node->id < id; }

std::string describePorts (const NodeRuntime& node, bool outputs)
{
    const auto channels = outputs ? node.ports.audioOutputs : node.ports.audioInputs;
    const auto midi = outputs ? node.ports.midiOutput : node.ports.midiInput;
    std::string text = outputs ? "outputs" : "inputs";

    if (channels == 0 && ! midi)
        return "it has no " + text;

    if (channels > 0)
        text += " 0 to " + std::to_string (channels - 1);

    return "its " + text + (midi ? (channels > 0 ? " and midi" : ": midi") : "");
}
} // namespace

void GraphModel::addNode (Node node)
{
    const auto position = std::lower_bound (nodes.begin(), nodes.end(), node->id, idLess);

    if (node->id == 0)
        throw Error ("node \"" + node->name + "\"", "has the id 0", "number nodes from 1");

    if (position != nodes.end() && (*position)->id == node->id)
        throw Error ("node " + std::to_string (node->id), "its id is used twice", "give every node an id of its own");

    nodes.insert (position, std::move (node));
}

void GraphModel::removeNode (NodeId id)
{
    const auto isItsWire = [id] (const Wire& wire) { return wire.from.node == id || wire.to.node == id; };
    std::erase_if (wires, isItsWire);
    std::erase_if (uncompensated, isItsWire);
    std::erase_if (nodes, [id] (const Node& node) { return node->id == id; });
}

GraphModel::Node GraphModel::find (NodeId id) const
{
    const auto position = std::lower_bound (nodes.begin(), nodes.end(), id, idLess);
    return position != nodes.end() && (*position)->id == id ? *position : Node();
}

void GraphModel::connect (const Wire& wire)
{
    const auto check = [&] (const PortRef& port, bool isSource)
    {
        const auto node = find (port.node);

        if (! node)
            throw Error ("wire " + wire.toString(), "there is no node " + std::to_string (port.node),
                         "add the node or take the wire out");

        const auto channels = isSource ? node->ports.audioOutputs : node->ports.audioInputs;
        const auto midi = isSource ? node->ports.midiOutput : node->ports.midiInput;

        if (port.isMidi() ? ! midi : port.channel >= channels)
            throw Error ("wire " + wire.toString(),
                         "node " + std::to_string (port.node) + " (" + node->name + ") has no "
                             + (isSource ? "output " : "input ") + (port.isMidi() ? "midi" : std::to_string (port.channel)),
                         describePorts (*node, isSource));
    };

    if (wire.from.isMidi() != wire.to.isMidi())
        throw Error ("wire " + wire.toString(), "it joins MIDI and audio", "connect midi with midi, channels with channels");

    check (wire.from, true);
    check (wire.to, false);

    const auto position = std::lower_bound (wires.begin(), wires.end(), wire, comesBefore);

    if (position != wires.end() && *position == wire)
        throw Error ("wire " + wire.toString(), "is there twice", "take one of the two out");

    wires.insert (position, wire);
}

void GraphModel::disconnect (const Wire& wire)
{
    const auto position = std::lower_bound (wires.begin(), wires.end(), wire, comesBefore);

    if (position == wires.end() || *position != wire)
        throw Error ("wire " + wire.toString(), "there is no such wire", "look at the session's connections");

    wires.erase (position);
    std::erase (uncompensated, wire);
}

void GraphModel::setCompensated (const Wire& wire, bool isCompensated)
{
    if (isCompensated == this->isCompensated (wire))
        return;

    if (! std::binary_search (wires.begin(), wires.end(), wire, comesBefore))
        throw Error ("wire " + wire.toString(), "there is no such wire", "look at the session's connections");

    std::erase (uncompensated, wire);

    if (! isCompensated)
        uncompensated.push_back (wire);
}

} // namespace host
