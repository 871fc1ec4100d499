#include "NodeShape.h"

#include <algorithm>

namespace gui
{

namespace
{
constexpr int portDistance = 14;

std::vector<NodePortGroup> makeSide (host::NodeId id, bool isOutput, int channels, bool hasMidi,
                                     const std::vector<int>& buses, bool hasMainBus)
{
    using Kind = NodePortGroup::Kind;
    std::vector<NodePortGroup> result;
    int channel = 0;

    const auto add = [&] (int count, Kind kind)
    {
        count = std::min (count, channels - channel);

        // A stereo pair is one port; of anything wider each channel is one of its own.
        for (int i = 0; i < count; i += count > 2 ? 1 : count)
            result.push_back ({ id, isOutput, kind, channel + i, count > 2 ? 1 : count });

        channel += std::max (0, count);
    };

    for (std::size_t bus = 0; bus < buses.size(); ++bus)
        add (buses[bus], hasMainBus && bus > 0 && ! isOutput ? Kind::sideChain : Kind::audio);

    add (channels - channel, Kind::audio);

    if (hasMidi)
        result.push_back ({ id, isOutput, Kind::midi, host::PortRef::midi, 1 });

    return result;
}
} // namespace

NodeShape::NodeShape (host::NodeId idToUse, const host::NodePorts& ports, const std::vector<int>& inputBuses,
                      const std::vector<int>& outputBuses, bool hasMainBus)
    : id (idToUse), inputs (makeSide (id, false, ports.audioInputs, ports.midiInput, inputBuses, hasMainBus)),
      outputs (makeSide (id, true, ports.audioOutputs, ports.midiOutput, outputBuses, hasMainBus))
{
}

const NodePortGroup* NodeShape::find (bool ofOutputs, const host::PortRef& port) const noexcept
{
    for (const auto& group : getSide (ofOutputs))
        if (group.contains (port))
            return &group;

    return nullptr;
}

void NodeShape::split (const NodePortGroup& group)
{
    const auto whole = group; // it may be one of those that are replaced
    auto& side = whole.isOutput ? outputs : inputs;
    const auto place = std::find (side.begin(), side.end(), whole);

    if (place == side.end() || whole.count < 2)
        return;

    std::vector<NodePortGroup> singles;

    for (int i = 0; i < whole.count; ++i)
        singles.push_back ({ id, whole.isOutput, whole.kind, whole.first + i, 1 });

    side.insert (side.erase (place), singles.begin(), singles.end());
}

int NodeShape::getHeight() const noexcept
{
    const auto most = int (std::max (inputs.size(), outputs.size()));
    return std::max (leastHeight, (most + 1) * portDistance);
}

double NodeShape::getPortY (const NodePortGroup& group) const noexcept
{
    const auto& side = getSide (group.isOutput);
    const auto index = double (std::find (side.begin(), side.end(), group) - side.begin());
    const auto height = double (getHeight());

    if (side.size() == 1)
        return 0.5 * height;

    // The main port is in the middle, and what is beside it below; two equal ones are about the middle.
    if (side.size() == 2 && side[0].kind != side[1].kind)
        return (index < 0.5 ? 0.5 : 0.82) * height;

    return (index + 1.0) * height / (double (side.size()) + 1.0);
}

} // namespace gui
