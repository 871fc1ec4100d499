#include "WireBundle.h"

#include <algorithm>

namespace gui
{

namespace
{
using Kind = NodePortGroup::Kind;

using GroupPair = std::pair<NodePortGroup, NodePortGroup>;

/** Whether the wires say no more than that the two ports are connected. */
bool isExpected (const NodePortGroup& from, const NodePortGroup& to, std::size_t numWires,
                 const std::vector<host::Wire>& wires)
{
    if (from.count == to.count)
        return numWires == std::size_t (from.count)
               && std::all_of (wires.begin(), wires.end(), [&] (const host::Wire& wire)
                               { return wire.from.channel - from.first == wire.to.channel - to.first; });

    return (from.count == 1 || to.count == 1) && numWires == std::size_t (std::max (from.count, to.count));
}

std::map<GroupPair, std::vector<host::Wire>> sortByGroups (const NodeShapes& shapes, const std::vector<host::Wire>& wires)
{
    std::map<GroupPair, std::vector<host::Wire>> result;

    for (const auto& wire : wires)
    {
        const auto source = shapes.find (wire.from.node), destination = shapes.find (wire.to.node);

        if (source == shapes.end() || destination == shapes.end())
            continue;

        const auto* from = source->second.find (true, wire.from);
        const auto* to = destination->second.find (false, wire.to);

        if (from != nullptr && to != nullptr)
            result[{ *from, *to }].push_back (wire);
    }

    return result;
}

/** The ports of one kind, side by side: all of audio that is no side-chain, or MIDI. */
std::vector<host::PortRef> getPorts (const NodeShape& shape, bool ofOutputs, bool midi)
{
    std::vector<host::PortRef> result;

    for (const auto& group : shape.getSide (ofOutputs))
        if (midi ? group.kind == Kind::midi : group.kind == Kind::audio)
            for (int i = 0; i < group.count; ++i)
                result.push_back (group.getPort (i));

    return result;
}
} // namespace

std::vector<WireBundle> bundleWires (NodeShapes& shapes, const std::vector<host::Wire>& wires)
{
    for (;;)
    {
        auto sorted = sortByGroups (shapes, wires);
        bool wasSplit = false;

        for (const auto& [groups, theirs] : sorted)
        {
            if (isExpected (groups.first, groups.second, theirs.size(), theirs))
                continue;

            shapes[groups.first.node].split (groups.first);
            shapes[groups.second.node].split (groups.second);
            wasSplit = true;
        }

        if (wasSplit) // at least one group became smaller, so this ends
            continue;

        std::vector<WireBundle> result;

        for (auto& [groups, theirs] : sorted)
        {
            std::sort (theirs.begin(), theirs.end());
            result.push_back ({ groups.first, groups.second, std::move (theirs) });
        }

        return result;
    }
}

std::vector<host::Wire> makeWiresBetween (const NodePortGroup& one, const NodePortGroup& other)
{
    if (one.isOutput == other.isOutput || (one.kind == Kind::midi) != (other.kind == Kind::midi))
        return {};

    const auto &from = one.isOutput ? one : other, &to = one.isOutput ? other : one;
    std::vector<host::Wire> result;

    for (int i = 0; i < to.count; ++i)
        if (from.count == 1 || i < from.count)
            result.push_back ({ from.getPort (from.count == 1 ? 0 : i), to.getPort (i) });

    return result;
}

std::vector<host::Wire> makeWiresOnto (const NodePortGroup& group, const NodeShape& shape)
{
    const auto isMidi = group.kind == Kind::midi;
    auto others = getPorts (shape, ! group.isOutput, isMidi);

    if (others.empty())
        return {};

    std::vector<host::Wire> result;
    const auto isMono = group.isOutput ? group.count == 1 && others.size() == 2 : others.size() == 1;

    // A mono output feeds both inputs of a stereo node, or all channels of the port.
    if (isMono && ! isMidi)
    {
        if (group.isOutput)
            for (const auto& other : others)
                result.push_back ({ group.getPort (0), other });
        else
            for (int i = 0; i < group.count; ++i)
                result.push_back ({ others.front(), group.getPort (i) });

        return result;
    }

    for (std::size_t i = 0; i < std::min (others.size(), std::size_t (group.count)); ++i)
    {
        const auto own = group.getPort (int (i));
        result.push_back (group.isOutput ? host::Wire{ own, others[i] } : host::Wire{ others[i], own });
    }

    return result;
}

std::vector<host::Wire> makeWiresBetween (const NodeShape& from, const NodeShape& to)
{
    std::vector<host::Wire> result;

    for (const auto midi : { false, true })
    {
        const auto outputs = getPorts (from, true, midi), inputs = getPorts (to, false, midi);
        const auto mono = outputs.size() == 1 && inputs.size() == 2;

        for (std::size_t i = 0; i < (mono ? 2 : std::min (outputs.size(), inputs.size())); ++i)
            result.push_back ({ outputs[mono ? 0 : i], inputs[i] });
    }

    return result;
}

bool canBeInserted (const host::NodePorts& ports, const WireBundle& bundle) noexcept
{
    if (bundle.getKind() == Kind::midi)
        return ports.midiInput && ports.midiOutput;

    return ports.audioInputs > 0 && ports.audioOutputs > 0;
}

} // namespace gui
