#pragma once

#include "../GraphCompiler.h"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/** The phases of compileGraph(), a file each, and what they share. */
namespace host::detail::compiler
{

using Kind = RenderPlan::Kind;
using PlanWire = RenderPlan::PlanWire;
constexpr auto none = RenderPlan::none;

/** Half of a node, for feedback nodes, and else the whole of it: what becomes one op. */
struct Vertex
{
    NodeRuntime* node = nullptr;
    Kind kind = Kind::process;
    std::size_t nodeIndex = 0;
    std::size_t firstWire = 0, numWires = 0; ///< that come in
    std::size_t firstBuffer = 0;             ///< of its outputs
    std::size_t firstWait = 0, numWaits = 0; ///< vertices that come after this one, though no wire leads there
    int numAwaited = 0;                      ///< of how many it is one
    int numUnmet = 0;
    int arrival = 0;   ///< samples by which its inputs are late once they are aligned
    int departure = 0; ///< and its outputs
    int op = none;
    int numSums = 0; ///< channels of an accumulate op
};

inline bool isSource (Kind kind) { return kind == Kind::audioInput || kind == Kind::midiInput; }
inline bool isSink (Kind kind) { return kind == Kind::audioOutput || kind == Kind::midiOutput; }

/** A wire on its way into the plan. */
struct Candidate
{
    PlanWire wire;
    const PlanWire* before = nullptr;       ///< the same wire in the previous plan
    bool isNew = false;                     ///< was not in the previous plan, and there was one to fade from
    std::size_t fromIndex = 0, toIndex = 0; ///< among the plan's nodes
    bool isKept = false;                    ///< into a node that has been removed: goes on as it was
};

inline bool isInModel (const Candidate& candidate) { return candidate.wire.isPresent && ! candidate.isKept; }

/** A wire, and the vertex that it leads to. */
struct Outgoing
{
    std::size_t wire = 0, to = 0;
};

/** What goes in, the plan as far as it has come, and what one phase leaves for later ones. */
struct CompilerState
{
    CompilerState (const GraphModel& modelToUse, const PrepareInfo& infoToUse, rt::Collector& collectorToUse,
                   const RenderPlan* previousPlan, Transition transition, bool carriesBuffersToUse)
        : model (modelToUse), info (infoToUse), collector (collectorToUse), previous (previousPlan),
          carriesBuffers (carriesBuffersToUse)
    {
        const auto wasRendered = previous != nullptr && (previous->followsRendered || previous->isRendered);
        fades =
            previous != nullptr && (transition == Transition::fade || (transition == Transition::automatic && wasRendered));
        shared = rt::makeShared<RenderPlan> (collector);
        auto& plan = *shared;
        plan.info = info;
        plan.number = previous == nullptr ? 1 : previous->number + 1;
        plan.followsRendered = wasRendered || fades;
    }

    /** All waits of a vertex are added one after the other. */
    void addWait (std::size_t vertex, std::size_t later)
    {
        auto& first = vertices[vertex];

        if (first.numWaits++ == 0)
            first.firstWait = waits.size();

        waits.push_back (later);
        ++vertices[later].numAwaited;
    }

    std::span<const std::size_t> getWaits (std::size_t vertex) const
    {
        return { waits.data() + vertices[vertex].firstWait, vertices[vertex].numWaits };
    }

    std::span<const Outgoing> getOutgoing (std::size_t vertex) const
    {
        return { outgoing.data() + firstOutgoing[vertex], firstOutgoing[vertex + 1] - firstOutgoing[vertex] };
    }

    const GraphModel& model;
    const PrepareInfo& info;
    rt::Collector& collector;
    const RenderPlan* const previous;
    const bool carriesBuffers;
    bool fades = false;

    rt::Shared<RenderPlan> shared;
    std::vector<Candidate> candidates;            ///< by destination, then source, as in the plan
    std::vector<const RenderPlan::Op*> opsBefore; ///< by node: in the previous plan; of a feedback node the writing half
    std::vector<Vertex> vertices;

    /** By node: the one whose outputs others read. Here, although only one phase needs it: freed early, it would make malloc() give
        memory back that is asked for again at once. */
    std::vector<std::size_t> outputVertex;

    std::vector<std::size_t> sourceVertex;  ///< by wire
    std::vector<std::size_t> waits;         ///< by vertex
    std::vector<std::size_t> firstOutgoing; ///< by vertex, into outgoing
    std::vector<Outgoing> outgoing;
    std::vector<std::size_t> order;             ///< of execution
    std::vector<std::size_t> places;            ///< in it, by vertex
    std::vector<std::pair<int, int>> copySlots; ///< to and from, by copy
    int numMidiBuffers = 0;
};

} // namespace host::detail::compiler
