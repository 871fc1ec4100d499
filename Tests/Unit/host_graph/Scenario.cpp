#include "Scenario.h"

#include <algorithm>
#include <numeric>
#include <sstream>

namespace graphtest
{

using host::NodeId;
using host::NodeRole;
using host::Wire;

std::string Action::toString() const
{
    switch (kind)
    {
        case Kind::add: return "add " + spec.toString();
        case Kind::remove: return "remove " + std::to_string (node);
        case Kind::restore: return "restore " + std::to_string (node);
        case Kind::connect: return "connect " + wire.toString();
        case Kind::disconnect: return "disconnect " + wire.toString();
        case Kind::bypass: return (value != 0 ? "bypass " : "do not bypass ") + std::to_string (node);
        case Kind::latency: return "latency of " + std::to_string (node) + " is " + std::to_string (value);
    }

    return {};
}

int Scenario::countSamples() const { return std::accumulate (blocks.begin(), blocks.end(), 0); }

float Scenario::getInput (int channel, int sample) const
{
    auto value = (seed * 0x85ebca6bu) ^ (std::uint32_t (sample) * 0x9e3779b1u) ^ (std::uint32_t (channel + 1) * 0xc2b2ae35u);
    value ^= value >> 15;
    value *= 0x2c1b3c6du;
    value ^= value >> 12;
    return float (value >> 8) / 8388608.0f - 1.0f;
}

bool Scenario::isCompensated (const Wire& wire) const
{
    const auto value = wire.from.node * 31 + NodeId (wire.from.channel + 1) * 7 + wire.to.node * 17 + NodeId (wire.to.channel + 1) * 3;
    return ! hasUncompensated || value % 5 != 0;
}

std::string Scenario::toString() const
{
    std::ostringstream text;
    text << "seed " << seed << ", " << countSamples() << " samples, largest block " << info.maxBlockSize << "\n";

    for (const auto& node : nodes)
        text << "  " << node.toString() << "\n";

    for (const auto& wire : wires)
        text << "  " << wire.toString() << (isCompensated (wire) ? "" : " uncompensated") << "\n";

    for (const auto& edit : edits)
        for (const auto& action : edit.actions)
            text << "  at " << edit.sample << ": " << action.toString() << "\n";

    if (midi.size() <= 20)
    {
        for (const auto& event : midi)
        {
            text << "  MIDI at " << event.sample << ":" << std::hex;

            for (const auto byte : event.bytes)
                text << " " << int (byte);

            text << std::dec << "\n";
        }
    }

    return text.str();
}

GraphInstance::GraphInstance (const Scenario& scenarioToPlay, rt::Collector& collectorToUse)
    : scenario (scenarioToPlay), collector (collectorToUse)
{
    for (const auto& spec : scenario.nodes)
        add (spec);

    for (const auto& wire : scenario.wires)
        connect (wire);
}

void GraphInstance::connect (const Wire& wire)
{
    model.connect (wire);
    model.setCompensated (wire, scenario.isCompensated (wire));
}

void GraphInstance::add (const NodeSpec& spec)
{
    std::unique_ptr<host::NodeProcessor> processor;

    if (spec.role == NodeRole::processor)
        processor = std::make_unique<TestNode> (spec);
    else if (spec.role == NodeRole::feedback)
        processor = std::make_unique<host::FeedbackNode> (spec.ports.audioInputs);
    else
        processor = std::make_unique<host::IoNode> ("io", spec.ports);

    processor->prepare (scenario.info);
    auto node = rt::makeShared<host::NodeRuntime> (collector, spec.id, spec.role, "n" + std::to_string (spec.id),
                                                   std::move (processor));
    node->isWarm = true; // its state is to begin with the first sample
    node->bypassed = spec.bypassed;
    model.addNode (node);
}

bool GraphInstance::apply (const Edit& edit)
{
    bool hasChanged = false;

    for (const auto& action : edit.actions)
        hasChanged = apply (action) || hasChanged;

    return hasChanged;
}

bool GraphInstance::apply (const Action& action)
{
    const auto& wire = action.wire;
    const auto& present = model.getWires();
    const auto node = model.find (action.node);

    switch (action.kind)
    {
        case Action::Kind::add:
            if (node)
                return false;

            add (action.spec);
            return true;

        case Action::Kind::remove:
            if (! node)
                return false;

            removed[action.node] = node;
            model.removeNode (action.node);
            return true;

        case Action::Kind::restore:
            if (node || ! removed.contains (action.node))
                return false;

            model.addNode (removed[action.node]);
            return true;

        case Action::Kind::connect:
            if (! model.find (wire.from.node) || ! model.find (wire.to.node)
                || std::find (present.begin(), present.end(), wire) != present.end())
                return false;

            connect (wire);
            return true;

        case Action::Kind::disconnect:
            if (std::find (present.begin(), present.end(), wire) == present.end())
                return false;

            model.disconnect (wire);
            return true;

        case Action::Kind::bypass:
            if (node)
                node->bypassed = action.value != 0;

            return false;

        case Action::Kind::latency:
            if (! node)
                return false;

            static_cast<TestNode&> (*node->processor).setLatency (action.value);
            return true;
    }

    return false;
}

} // namespace graphtest
