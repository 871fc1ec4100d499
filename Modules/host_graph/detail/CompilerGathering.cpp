#include "CompilerGathering.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_set>

namespace host::detail::compiler
{

namespace
{
auto keyOf (const PlanWire& wire) { return std::tuple (wire.to->id, wire.toChannel, wire.from->id, wire.fromChannel); }

bool isSameWire (const PlanWire& a, const PlanWire& b)
{
    return a.from == b.from && a.to == b.to && a.fromChannel == b.fromChannel && a.toChannel == b.toChannel;
}

using Nodes = std::vector<GraphModel::Node>;

/** The place of the first node, by ascending id, whose id is not less. Wires are in order, so mostly it is that of the wire before,
    `place`, or the next one. */
std::size_t findPlace (const Nodes& nodes, NodeId id, std::size_t& place)
{
    for (const auto last = std::min (place + 2, nodes.size()); place < last; ++place)
        if (nodes[place]->id == id && (place == 0 || nodes[place - 1]->id != id))
            return place;

    const auto comesBefore = [] (const auto& node, NodeId wanted) { return node->id < wanted; };
    place = std::size_t (std::lower_bound (nodes.begin(), nodes.end(), id, comesBefore) - nodes.begin());
    return place;
}

/** The runtime of a node of the model; null for one that is not there. */
NodeRuntime* findLive (const GraphModel& model, NodeId id, std::size_t& place)
{
    const auto& nodes = model.getNodes();
    const auto found = findPlace (nodes, id, place);
    return found < nodes.size() && nodes[found]->id == id ? nodes[found].get() : nullptr;
}

bool isLive (const GraphModel& model, const NodeRuntime* node)
{
    std::size_t place = 0;
    return findLive (model, node->id, place) == node;
}

/** Whether a wire of the previous plan has faded out since. */
bool isOver (const RenderPlan& previous, const PlanWire& wire)
{
    if (wire.isPresent || wire.edge == none)
        return false;

    const auto ended = [&] (const auto& use) { return use.edge->settledIn.load (std::memory_order_acquire) >= use.since; };
    return wire.isMidi() ? ended (previous.midiEdges[std::size_t (wire.edge)])
                         : ended (previous.audioEdges[std::size_t (wire.edge)]);
}

/** The wires of the previous plan, by destination and source. */
std::vector<const PlanWire*> sortWiresBefore (const RenderPlan* previous)
{
    std::vector<const PlanWire*> result;

    if (previous == nullptr)
        return result;

    for (const auto& wire : previous->wires)
        result.push_back (&wire);

    // They are in order but for nodes that share an id.
    const auto isBefore = [] (const PlanWire* a, const PlanWire* b)
    { return std::tuple (keyOf (*a), a) < std::tuple (keyOf (*b), b); };

    if (! std::is_sorted (result.begin(), result.end(), isBefore))
        std::sort (result.begin(), result.end(), isBefore);

    return result;
}

/** @returns the wires of the previous plan that are in the model */
std::vector<bool> addModelWires (CompilerState& state)
{
    const auto& wires = state.model.getWires();
    state.candidates.reserve (wires.size() + 16);
    const auto before = sortWiresBefore (state.previous);
    std::vector<bool> matched (before.size(), false);
    std::size_t first = 0, from = 0, to = 0;

    for (const auto& wire : wires)
    {
        Candidate candidate;
        candidate.wire.from = findLive (state.model, wire.from.node, from);
        candidate.wire.to = findLive (state.model, wire.to.node, to);
        candidate.wire.fromChannel = wire.from.channel;
        candidate.wire.toChannel = wire.to.channel;
        candidate.wire.isCompensated = state.model.isCompensated (wire);

        // Both lists are sorted alike.
        const auto key = keyOf (candidate.wire);

        while (first < before.size() && keyOf (*before[first]) < key)
            ++first;

        for (auto i = first; i < before.size() && keyOf (*before[i]) == key; ++i)
        {
            if (! isSameWire (*before[i], candidate.wire))
                continue;

            // One that has faded out and comes back is a new one.
            if (! isOver (*state.previous, *before[i]))
                candidate.before = before[i];

            matched[std::size_t (before[i] - state.previous->wires.data())] = true;
        }

        candidate.isNew = state.fades && candidate.before == nullptr;
        state.candidates.push_back (candidate);
    }

    return matched;
}

using NodeSet = std::unordered_set<const NodeRuntime*>;

/** Adds wires of the previous plan that still sound, and the nodes that have gone and are still heard through them.
    @returns these nodes */
NodeSet keepWhatIsHeard (CompilerState& state, const std::vector<bool>& matched)
{
    const auto& before = state.previous->wires;
    NodeSet removed;
    std::vector<const NodeRuntime*> toVisit;

    const auto keep = [&] (const PlanWire& wire, bool isIntoRemoved)
    {
        Candidate candidate;
        candidate.wire = wire;
        candidate.wire.edge = none;
        candidate.wire.isPresent = wire.isPresent && isIntoRemoved;
        candidate.before = &wire;
        candidate.isKept = isIntoRemoved;
        state.candidates.push_back (candidate);

        if (! isLive (state.model, wire.from) && removed.insert (wire.from).second)
            toVisit.push_back (wire.from);
    };

    for (std::size_t i = 0; i < before.size(); ++i)
        if (! matched[i] && isLive (state.model, before[i].to) && ! isOver (*state.previous, before[i]))
            keep (before[i], false);

    while (! toVisit.empty())
    {
        auto* node = toVisit.back();
        toVisit.pop_back();
        auto wire = std::lower_bound (before.begin(), before.end(), node->id,
                                      [] (const PlanWire& w, NodeId id) { return w.to->id < id; });

        for (; wire != before.end() && wire->to->id == node->id; ++wire)
            if (wire->to == node && ! isOver (*state.previous, *wire))
                keep (*wire, true);
    }

    return removed;
}

std::size_t indexOf (const Nodes& nodes, const NodeRuntime* node, std::size_t& place)
{
    auto found = findPlace (nodes, node->id, place);

    while (nodes[found].get() != node)
        ++found;

    return found;
}

/** Those of the model and those that are still heard; of several with one id the oldest comes first. */
void addNodes (CompilerState& state, const NodeSet& removed)
{
    auto& nodes = state.shared->nodes;
    nodes = state.model.getNodes();

    if (! removed.empty())
    {
        std::vector<GraphModel::Node> leaving, all;
        std::copy_if (state.previous->nodes.begin(), state.previous->nodes.end(), std::back_inserter (leaving),
                      [&] (const auto& node) { return removed.contains (node.get()); });
        std::merge (leaving.begin(), leaving.end(), nodes.begin(), nodes.end(), std::back_inserter (all),
                    [] (const auto& a, const auto& b) { return a->id < b->id; });
        nodes = std::move (all);
    }

    std::size_t from = 0, to = 0;

    for (auto& candidate : state.candidates)
    {
        candidate.fromIndex = indexOf (nodes, candidate.wire.from, from);
        candidate.toIndex = indexOf (nodes, candidate.wire.to, to);
    }

    // A node's wires lie together, and add up by the id of their sources.
    const auto placeOf = [] (const Candidate& c)
    { return std::tuple (c.toIndex, c.wire.toChannel, c.wire.from->id, c.wire.fromChannel, c.fromIndex); };
    const auto isBefore = [&] (const Candidate& a, const Candidate& b) { return placeOf (a) < placeOf (b); };

    if (! std::is_sorted (state.candidates.begin(), state.candidates.end(), isBefore))
        std::sort (state.candidates.begin(), state.candidates.end(), isBefore);
}
/** Both plans have their nodes by ascending id, so mostly it is the next one. */
void findOpsBefore (CompilerState& state)
{
    const auto& nodes = state.shared->nodes;
    state.opsBefore.assign (nodes.size(), nullptr);

    if (state.previous == nullptr)
        return;

    const auto& before = state.previous->nodes;
    std::size_t next = 0;

    for (std::size_t i = 0; i < nodes.size(); ++i)
    {
        while (next < before.size() && before[next] != nodes[i] && before[next]->id < nodes[i]->id)
            ++next;

        auto place = next;

        while (place < before.size() && before[place] != nodes[i] && before[place]->id == nodes[i]->id)
            ++place;

        if (place < before.size() && before[place] == nodes[i])
        {
            state.opsBefore[i] = &state.previous->ops[std::size_t (state.previous->opOfNode[place])];
            next = place + 1;
        }
    }
}
} // namespace

void gatherNodesAndWires (CompilerState& state)
{
    const auto matched = addModelWires (state);
    NodeSet removed; // that are still heard

    if (state.fades)
        removed = keepWhatIsHeard (state, matched);

    addNodes (state, removed);
    findOpsBefore (state);
}

} // namespace host::detail::compiler
