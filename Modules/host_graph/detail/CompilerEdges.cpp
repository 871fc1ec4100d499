#include "CompilerEdges.h"

#include <algorithm>

namespace host::detail::compiler
{

namespace
{
/** Whether the wire begins at full gain. One that is new fades in, but for one into a node that comes with it and passes sound on
    at once: that is heard through the node's outputs, which fade. (Behind a delay the fade at the output would be over before the
    sound's beginning comes there.) */
bool beginsInFull (const CompilerState& state, const Candidate& candidate)
{
    if (! candidate.isNew)
        return true;

    const auto& processor = *candidate.wire.to->processor;
    return candidate.wire.to->role == NodeRole::processor && candidate.wire.delay == 0
           && state.opsBefore[candidate.toIndex] == nullptr && processor.getLatencySamples() == 0
           && processor.getTailSeconds() == 0.0;
}

int addAudioEdge (CompilerState& state, const Candidate& candidate)
{
    const auto& wire = candidate.wire;
    const auto isHeard = beginsInFull (state, candidate);
    const auto* before = candidate.before;
    const auto* use =
        before != nullptr && before->edge != none ? &state.previous->audioEdges[std::size_t (before->edge)] : nullptr;
    const auto delayBefore = before == nullptr ? 0 : before->delay;
    const auto hasSettled = use == nullptr || use->edge->settledIn.load (std::memory_order_acquire) >= use->since;

    // As most wires are: nothing to do and nothing under way.
    if (wire.isPresent && wire.delay == 0 && delayBefore == 0 && isHeard && hasSettled
        && (use == nullptr || use->wish.isPresent))
        return none;

    RenderPlan::EdgeUse<AudioEdge> next;
    next.wish.isPresent = wire.isPresent;

    if (use != nullptr && delayBefore == wire.delay)
        next.wish.line = use->wish.line;
    else if (wire.delay > 0)
        next.wish.line = rt::makeShared<DelayLine> (state.collector, wire.delay);

    if (use != nullptr)
        next.edge = use->edge;
    else
        next.edge = rt::makeShared<AudioEdge> (state.collector, isHeard,
                                               before == nullptr ? next.wish.line : rt::Shared<DelayLine>());

    const auto isAsBefore = use != nullptr && use->wish.line == next.wish.line && use->wish.isPresent == next.wish.isPresent;
    next.since = isAsBefore ? use->since : state.shared->number;

    const auto index = int (state.shared->audioEdges.size());

    if (! (isAsBefore && hasSettled))
        state.shared->fadingAudio.push_back (index);

    state.shared->audioEdges.push_back (std::move (next));
    return index;
}

int addMidiEdge (CompilerState& state, const Candidate& candidate)
{
    const auto& wire = candidate.wire;
    const auto* use =
        candidate.before == nullptr ? nullptr : &state.previous->midiEdges[std::size_t (candidate.before->edge)];
    RenderPlan::EdgeUse<MidiEdge> next;
    next.wish.isPresent = wire.isPresent;
    next.wish.delay = wire.delay;

    if (use != nullptr)
        next.wish.line = use->wish.line;

    if (wire.delay > 0 && ! next.wish.line)
        next.wish.line = rt::makeShared<MidiDelayLine> (state.collector, RenderPlan::midiCapacityBytes);

    next.edge = use != nullptr ? use->edge : rt::makeShared<MidiEdge> (state.collector);

    const auto isAsBefore = use != nullptr && use->wish.isPresent == next.wish.isPresent;
    next.since = isAsBefore ? use->since : state.shared->number;

    const auto index = int (state.shared->midiEdges.size());

    if (! (isAsBefore && use->edge->settledIn.load (std::memory_order_acquire) >= use->since))
        state.shared->fadingMidi.push_back (index);

    state.shared->midiEdges.push_back (std::move (next));
    return index;
}
} // namespace

void findLatencies (CompilerState& state)
{
    auto& plan = *state.shared;

    for (const auto index : state.order)
    {
        auto& vertex = state.vertices[index];

        for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
        {
            if (isInModel (state.candidates[w]) && state.candidates[w].wire.isCompensated)
                vertex.arrival = std::max (vertex.arrival, state.vertices[state.sourceVertex[w]].departure);
        }

        vertex.departure = vertex.arrival;

        if (vertex.kind == Kind::process)
            vertex.departure += std::max (0, vertex.node->processor->getLatencySamples());

        if (isSink (vertex.kind))
            plan.latency = std::max (plan.latency, vertex.arrival);
    }

    for (auto& vertex : state.vertices)
        if (isSink (vertex.kind))
            vertex.arrival = plan.latency;
}

void addWires (CompilerState& state)
{
    auto& plan = *state.shared;
    plan.wires.reserve (state.candidates.size());
    for (const auto& vertex : state.vertices)
    {
        for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
        {
            auto& candidate = state.candidates[w];
            auto& wire = candidate.wire;

            if (! isInModel (candidate))
                wire.delay = candidate.before->delay;
            else
                wire.delay = wire.isCompensated ? vertex.arrival - state.vertices[state.sourceVertex[w]].departure : 0;

            wire.edge = wire.isMidi() ? addMidiEdge (state, candidate) : addAudioEdge (state, candidate);
            plan.wires.push_back (wire);
        }
    }
}

} // namespace host::detail::compiler
