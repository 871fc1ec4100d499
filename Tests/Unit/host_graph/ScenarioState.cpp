#include "ScenarioState.h"

#include <algorithm>
#include <functional>

namespace graphtest
{

using host::NodeId;
using host::NodeRole;
using host::PortRef;
using host::Wire;

ScenarioState::ScenarioState (const Scenario& scenarioToFollow) : scenario (scenarioToFollow)
{
    for (const auto& spec : scenario.nodes)
        apply ({ Action::Kind::add, spec.id, spec, {}, 0 });

    wires.insert (scenario.wires.begin(), scenario.wires.end());
    commit (0);
}

ScenarioState::WireKey ScenarioState::keyOf (const Wire& wire) const
{
    return { nodes.at (wire.from.node).instance, wire.from.channel, nodes.at (wire.to.node).instance, wire.to.channel };
}

bool ScenarioState::isPossible (const Action& action) const
{
    const auto isThere = [&] (NodeId id) { return nodes.contains (id); };

    switch (action.kind)
    {
        case Action::Kind::add: return ! isThere (action.node);
        case Action::Kind::restore: return ! isThere (action.node) && removed.contains (action.node);
        case Action::Kind::connect:
            return isThere (action.wire.from.node) && isThere (action.wire.to.node) && ! wires.contains (action.wire);
        case Action::Kind::disconnect: return wires.contains (action.wire);
        case Action::Kind::remove:
        case Action::Kind::bypass:
        case Action::Kind::latency: return isThere (action.node);
    }

    return false;
}

bool ScenarioState::mayComeBack (const Wire& wire, int sample) const
{
    const auto found = fades.find (keyOf (wire));

    if (found == fades.end() || found->second.isPresent)
        return true;

    const auto& fade = found->second;

    if (! wire.from.isMidi() && fade.positionAt (sample) > 0)
        return true;

    return sample > fade.endedAt + drain;
}

bool ScenarioState::isDefined (const Action& action, int sample) const
{
    switch (action.kind)
    {
        case Action::Kind::connect:
        {
            const auto &from = nodes.at (action.wire.from.node), &to = nodes.at (action.wire.to.node);
            const auto isInOrder =
                from.role == NodeRole::feedback || to.role == NodeRole::feedback || from.position < to.position;
            return isInOrder && mayComeBack (action.wire, sample);
        }

        case Action::Kind::restore:
        {
            // It must be certain that it still runs: one of its wires into a node that is there has not faded.
            const auto instance = removed.at (action.node).instance;

            return std::any_of (fades.begin(), fades.end(),
                                [&] (const auto& entry)
                                {
                                    const auto& [key, fade] = entry;

                                    if (key.source != instance || key.channel == PortRef::midi || fade.direction >= 0
                                        || fade.positionAt (sample) == 0)
                                        return false;

                                    const auto& destination = instances.at (key.destination);
                                    const auto there = nodes.find (destination.id);
                                    return there != nodes.end() && there->second.instance == key.destination;
                                });
        }

        case Action::Kind::bypass: return nodes.at (action.node).mayBeBypassed;
        case Action::Kind::latency: return ! nodes.at (action.node).mayBeBypassed;
        case Action::Kind::add:
        case Action::Kind::remove:
        case Action::Kind::disconnect: return true;
    }

    return false;
}

void ScenarioState::apply (const Action& action)
{
    switch (action.kind)
    {
        case Action::Kind::add:
            nodes[action.node] = action.spec;
            instances[action.spec.instance] = action.spec;
            drain += action.spec.latency;
            break;

        case Action::Kind::remove:
            removed[action.node] = nodes.at (action.node);
            nodes.erase (action.node);
            std::erase_if (wires,
                           [&] (const Wire& wire) { return wire.from.node == action.node || wire.to.node == action.node; });
            break;

        case Action::Kind::restore: nodes[action.node] = removed.at (action.node); break;
        case Action::Kind::connect: wires.insert (action.wire); break;
        case Action::Kind::disconnect: wires.erase (action.wire); break;
        case Action::Kind::bypass: nodes.at (action.node).bypassed = action.value != 0; break;
        case Action::Kind::latency:
            nodes.at (action.node).latency = action.value;
            drain += action.value;
            break;
    }
}

void ScenarioState::commit (int sample)
{
    std::set<WireKey> present;
    std::set<int> presentNodes;

    for (const auto& wire : wires)
        present.insert (keyOf (wire));

    for (const auto& [id, spec] : nodes)
        presentNodes.insert (spec.instance);

    for (auto& [key, fade] : fades)
    {
        const auto position = fade.positionAt (sample);
        const auto isMidi = key.channel == PortRef::midi;

        if (! presentNodes.contains (key.destination))
        {
            fade = { position, 0, sample, fade.isPresent, fade.endedAt };
        }
        else if (present.contains (key))
        {
            const auto isNew = ! fade.isPresent && (isMidi || position == 0);
            fade = { isNew ? 0 : position, 1, sample, true, 0 };
        }
        else if (fade.isPresent || fade.direction == 0)
        {
            fade = { position, -1, sample, false, sample + (isMidi ? 0 : position) };
        }
    }

    for (const auto& key : present)
        if (! fades.contains (key))
            fades[key] = { isFirst ? 256 : 0, 1, sample, true, 0 };

    isFirst = false;
}

int ScenarioState::countMidiPaths() const
{
    std::map<NodeId, int> paths;
    int most = 0;

    const std::function<int (NodeId)> count = [&] (NodeId id) -> int
    {
        if (const auto known = paths.find (id); known != paths.end())
            return known->second;

        const auto& spec = nodes.at (id);
        int sum = spec.ports.midiInput ? 0 : 1;

        for (const auto& wire : wires)
            if (wire.to.node == id && wire.to.isMidi())
                sum += count (wire.from.node);

        most = std::max (most, sum);
        return paths[id] = sum;
    };

    for (const auto& [id, spec] : nodes)
        if (spec.ports.midiInput || spec.ports.midiOutput)
            count (id);

    return most;
}

std::map<ScenarioState::WireKey, int> ScenarioState::findDelays() const
{
    std::map<NodeId, int> arrivals;

    const std::function<int (NodeId)> arrivalOf = [&] (NodeId id) -> int
    {
        if (const auto known = arrivals.find (id); known != arrivals.end())
            return known->second;

        int arrival = 0;

        for (const auto& wire : wires)
            if (wire.to.node == id && scenario.isCompensated (wire))
                if (const auto& from = nodes.at (wire.from.node); from.role != NodeRole::feedback)
                    arrival = std::max (arrival, arrivalOf (wire.from.node) + from.latency);

        return arrivals[id] = arrival;
    };

    int total = 0;
    const auto isSink = [] (const NodeSpec& spec)
    { return spec.role == NodeRole::audioOutput || spec.role == NodeRole::midiOutput; };

    for (const auto& [id, spec] : nodes)
        if (const auto arrival = arrivalOf (id); isSink (spec))
            total = std::max (total, arrival);

    std::map<WireKey, int> delays;

    for (const auto& wire : wires)
    {
        const auto &from = nodes.at (wire.from.node), &to = nodes.at (wire.to.node);
        const auto departure = from.role == NodeRole::feedback ? 0 : arrivals.at (from.id) + from.latency;
        const auto arrival = isSink (to) ? total : arrivals.at (to.id);
        delays[keyOf (wire)] = scenario.isCompensated (wire) ? arrival - departure : 0;
    }

    return delays;
}

bool isDefined (const Scenario& scenario)
{
    ScenarioState state (scenario);

    for (const auto& edit : scenario.edits)
    {
        for (const auto& action : edit.actions)
        {
            if (! state.isPossible (action))
                continue;

            if (! state.isDefined (action, edit.sample))
                return false;

            state.apply (action);
        }

        state.commit (edit.sample);
    }

    return true;
}

} // namespace graphtest
