#include "GraphCompiler.h"

#include "detail/SlotAllocator.h"

#include <algorithm>
#include <map>
#include <queue>
#include <span>
#include <tuple>

namespace host
{

namespace
{
using Kind = RenderPlan::Kind;
using PlanWire = RenderPlan::PlanWire;
constexpr auto none = RenderPlan::none;

/** A channel with at least so many sources is summed up step by step, so many in one; and sources of one step wait for the sums of so
    many steps before. */
constexpr std::size_t leastWideSources = 32, sourcesPerStep = 16, stepsAhead = 2;

constexpr auto noVertex = std::size_t (-1);

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

Kind kindOf (NodeRole role)
{
    switch (role)
    {
        case NodeRole::audioInput: return Kind::audioInput;
        case NodeRole::audioOutput: return Kind::audioOutput;
        case NodeRole::midiInput: return Kind::midiInput;
        case NodeRole::midiOutput: return Kind::midiOutput;
        case NodeRole::feedback: return Kind::feedbackRead;
        case NodeRole::processor: break;
    }

    return Kind::process;
}

bool isSource (Kind kind) { return kind == Kind::audioInput || kind == Kind::midiInput; }
bool isSink (Kind kind) { return kind == Kind::audioOutput || kind == Kind::midiOutput; }

auto keyOf (const PlanWire& wire) { return std::tuple (wire.to->id, wire.toChannel, wire.from->id, wire.fromChannel); }

bool isSameWire (const PlanWire& a, const PlanWire& b)
{
    return a.from == b.from && a.to == b.to && a.fromChannel == b.fromChannel && a.toChannel == b.toChannel;
}

/** A wire on its way into the plan. */
struct Candidate
{
    PlanWire wire;
    const PlanWire* before = nullptr;       ///< the same wire in the previous plan
    bool isNew = false;                     ///< was not in the previous plan, and there was one to fade from
    std::size_t fromIndex = 0, toIndex = 0; ///< among the plan's nodes
    bool isKept = false;                    ///< into a node that has been removed: goes on as it was
};

bool isInModel (const Candidate& candidate) { return candidate.wire.isPresent && ! candidate.isKept; }

/** A wire, and the vertex that it leads to. */
struct Outgoing
{
    std::size_t wire = 0, to = 0;
};

class Compiler
{
public:
    Compiler (const GraphModel& modelToUse, const PrepareInfo& infoToUse, rt::Collector& collectorToUse,
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

    rt::Shared<const RenderPlan> run()
    {
        addModelWires();

        if (fades)
            keepWhatIsHeard();

        addNodes();
        makeVertices();
        sortVertices();
        findLatencies();
        addWires();
        splitWideMixes();
        shared->opOfNode.resize (shared->nodes.size());

        places.resize (order.size());

        for (std::size_t i = 0; i < order.size(); ++i)
            places[order[i]] = i;

        detail::SlotAllocator slots (order.size());

        for (std::size_t i = 0; i < order.size(); ++i)
            emit (i, slots);

        // What several of the graph's outputs give adds up by ascending id, as everywhere.
        std::sort (shared->sinks.begin(), shared->sinks.end(),
                   [&] (int a, int b) { return shared->ops[std::size_t (a)].id < shared->ops[std::size_t (b)].id; });

        shared->numSlots = slots.getNumSlots();
        findSuccessors();
        findNewOps();
        addWorkspace();
        return std::move (shared);
    }

private:
    using Nodes = std::vector<GraphModel::Node>;

    /** The place of the first node, by ascending id, whose id is not less. Wires are in order, so mostly it is that of the wire before,
        `place`, or the next one. */
    static std::size_t findPlace (const Nodes& nodes, NodeId id, std::size_t& place)
    {
        for (const auto last = std::min (place + 2, nodes.size()); place < last; ++place)
            if (nodes[place]->id == id && (place == 0 || nodes[place - 1]->id != id))
                return place;

        const auto comesBefore = [] (const auto& node, NodeId wanted) { return node->id < wanted; };
        place = std::size_t (std::lower_bound (nodes.begin(), nodes.end(), id, comesBefore) - nodes.begin());
        return place;
    }

    /** The runtime of a node of the model; null for one that is not there. */
    NodeRuntime* findLive (NodeId id, std::size_t& place) const
    {
        const auto& nodes = model.getNodes();
        const auto found = findPlace (nodes, id, place);
        return found < nodes.size() && nodes[found]->id == id ? nodes[found].get() : nullptr;
    }

    bool isLive (const NodeRuntime* node) const
    {
        std::size_t place = 0;
        return findLive (node->id, place) == node;
    }

    void addModelWires()
    {
        const auto& wires = model.getWires();
        candidates.reserve (wires.size() + 16);
        const auto before = sortWiresBefore();
        matched.assign (before.size(), false);
        std::size_t first = 0, from = 0, to = 0;

        for (const auto& wire : wires)
        {
            Candidate candidate;
            candidate.wire.from = findLive (wire.from.node, from);
            candidate.wire.to = findLive (wire.to.node, to);
            candidate.wire.fromChannel = wire.from.channel;
            candidate.wire.toChannel = wire.to.channel;
            candidate.wire.isCompensated = model.isCompensated (wire);

            // Both lists are sorted alike.
            const auto key = keyOf (candidate.wire);

            while (first < before.size() && keyOf (*before[first]) < key)
                ++first;

            for (auto i = first; i < before.size() && keyOf (*before[i]) == key; ++i)
            {
                if (! isSameWire (*before[i], candidate.wire))
                    continue;

                // One that has faded out and comes back is a new one.
                if (! isOver (*before[i]))
                    candidate.before = before[i];

                matched[std::size_t (before[i] - previous->wires.data())] = true;
            }

            candidate.isNew = fades && candidate.before == nullptr;
            candidates.push_back (candidate);
        }
    }

    /** The wires of the previous plan, by destination and source. */
    std::vector<const PlanWire*> sortWiresBefore() const
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

    /** Adds wires of the previous plan that still sound, and the nodes that have gone and are still heard through them. */
    void keepWhatIsHeard()
    {
        const auto& before = previous->wires;
        std::vector<NodeRuntime*> toVisit;

        const auto keep = [&] (const PlanWire& wire, bool isIntoRemoved)
        {
            Candidate candidate;
            candidate.wire = wire;
            candidate.wire.edge = none;
            candidate.wire.isPresent = wire.isPresent && isIntoRemoved;
            candidate.before = &wire;
            candidate.isKept = isIntoRemoved;
            candidates.push_back (candidate);

            if (! isLive (wire.from) && std::find (removed.begin(), removed.end(), wire.from) == removed.end())
            {
                removed.push_back (wire.from);
                toVisit.push_back (wire.from);
            }
        };

        for (std::size_t i = 0; i < before.size(); ++i)
            if (! matched[i] && isLive (before[i].to) && ! isOver (before[i]))
                keep (before[i], false);

        while (! toVisit.empty())
        {
            auto* node = toVisit.back();
            toVisit.pop_back();
            auto wire = std::lower_bound (before.begin(), before.end(), node->id,
                                          [] (const PlanWire& w, NodeId id) { return w.to->id < id; });

            for (; wire != before.end() && wire->to->id == node->id; ++wire)
                if (wire->to == node && ! isOver (*wire))
                    keep (*wire, true);
        }
    }

    /** Whether a wire of the previous plan has faded out since. */
    bool isOver (const PlanWire& wire) const
    {
        if (wire.isPresent || wire.edge == none)
            return false;

        const auto ended = [&] (const auto& use)
        { return use.edge->settledIn.load (std::memory_order_acquire) >= use.since; };
        return wire.isMidi() ? ended (previous->midiEdges[std::size_t (wire.edge)])
                             : ended (previous->audioEdges[std::size_t (wire.edge)]);
    }

    /** Those of the model and those that are still heard; of several with one id the oldest comes first. */
    void addNodes()
    {
        auto& nodes = shared->nodes;
        nodes = model.getNodes();

        if (! removed.empty())
        {
            std::vector<GraphModel::Node> leaving, all;
            std::copy_if (previous->nodes.begin(), previous->nodes.end(), std::back_inserter (leaving),
                          [&] (const auto& node)
                          { return std::find (removed.begin(), removed.end(), node.get()) != removed.end(); });
            std::merge (leaving.begin(), leaving.end(), nodes.begin(), nodes.end(), std::back_inserter (all),
                        [] (const auto& a, const auto& b) { return a->id < b->id; });
            nodes = std::move (all);
        }

        std::size_t from = 0, to = 0;

        for (auto& candidate : candidates)
        {
            candidate.fromIndex = indexOf (candidate.wire.from, from);
            candidate.toIndex = indexOf (candidate.wire.to, to);
        }

        // A node's wires lie together, and add up by the id of their sources.
        const auto placeOf = [] (const Candidate& c)
        { return std::tuple (c.toIndex, c.wire.toChannel, c.wire.from->id, c.wire.fromChannel, c.fromIndex); };
        const auto isBefore = [&] (const Candidate& a, const Candidate& b) { return placeOf (a) < placeOf (b); };

        if (! std::is_sorted (candidates.begin(), candidates.end(), isBefore))
            std::sort (candidates.begin(), candidates.end(), isBefore);
    }

    std::size_t indexOf (const NodeRuntime* node, std::size_t& place) const
    {
        const auto& nodes = shared->nodes;
        auto found = findPlace (nodes, node->id, place);

        while (nodes[found].get() != node)
            ++found;

        return found;
    }

    void makeVertices()
    {
        const auto& nodes = shared->nodes;
        vertices.reserve (nodes.size() + 16);
        outputVertex.resize (nodes.size());
        std::size_t firstWire = 0;

        for (std::size_t i = 0; i < nodes.size(); ++i)
        {
            auto* node = nodes[i].get();
            auto lastWire = firstWire;

            while (lastWire < candidates.size() && candidates[lastWire].toIndex == i)
                ++lastWire;

            // Other nodes read a feedback node from its reading half, which waits for nothing.
            outputVertex[i] = vertices.size();

            if (node->role == NodeRole::feedback)
            {
                vertices.push_back ({ node, Kind::feedbackRead, i, 0, 0 });
                vertices.push_back ({ node, Kind::feedbackWrite, i, firstWire, lastWire - firstWire });

                // What is stored has to be read before it is written over.
                addWait (outputVertex[i], outputVertex[i] + 1);
            }
            else
            {
                vertices.push_back ({ node, kindOf (node->role), i, firstWire, lastWire - firstWire });
            }

            firstWire = lastWire;
        }

        sourceVertex.resize (candidates.size());

        for (std::size_t i = 0; i < candidates.size(); ++i)
            sourceVertex[i] = outputVertex[candidates[i].fromIndex];

        findOutgoing();
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

    /** The wires by their sources. */
    void findOutgoing()
    {
        firstOutgoing.assign (vertices.size() + 1, 0);

        for (const auto source : sourceVertex)
            ++firstOutgoing[source + 1];

        for (std::size_t i = 1; i < firstOutgoing.size(); ++i)
            firstOutgoing[i] += firstOutgoing[i - 1];

        outgoing.resize (candidates.size());
        auto next = firstOutgoing;

        for (std::size_t v = 0; v < vertices.size(); ++v)
            for (auto w = vertices[v].firstWire; w < vertices[v].firstWire + vertices[v].numWires; ++w)
                outgoing[next[sourceVertex[w]]++] = { w, v };
    }

    std::span<const Outgoing> getOutgoing (std::size_t vertex) const
    {
        return { outgoing.data() + firstOutgoing[vertex], firstOutgoing[vertex + 1] - firstOutgoing[vertex] };
    }

    /** Puts the vertices in an order of execution.
        @param counts  whether a wire, by its number, is there
        @returns false when some are left over, for they lie in a cycle or behind one */
    template <typename Counts>
    bool trySort (Counts&& counts)
    {
        // The graph's own inputs first: they are done before the rest begins. What adds up comes while its sources are at hand.
        const auto rankOf = [&] (std::size_t vertex)
        {
            const auto kind = vertices[vertex].kind;
            return vertex + vertices.size() * (isSource (kind) ? 0u : kind == Kind::accumulate ? 1u : 2u);
        };
        std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;

        const auto meet = [&] (std::size_t vertex)
        {
            if (--vertices[vertex].numUnmet == 0)
                ready.push (rankOf (vertex));
        };

        order.clear();

        for (std::size_t v = 0; v < vertices.size(); ++v)
        {
            auto& vertex = vertices[v];
            vertex.numUnmet = 1 + vertex.numAwaited;

            for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
                vertex.numUnmet += counts (w) ? 1 : 0;

            meet (v);
        }

        while (! ready.empty())
        {
            const auto v = ready.top() % vertices.size();
            ready.pop();
            order.push_back (v);

            for (const auto& [wire, successor] : getOutgoing (v))
                if (counts (wire))
                    meet (successor);

            for (const auto later : getWaits (v))
                meet (later);
        }

        return order.size() == vertices.size();
    }

    void sortVertices()
    {
        const auto all = [] (std::size_t) { return true; };

        if (trySort (all))
            return;

        // Without what fades out there must be none, or the model itself has a cycle.
        if (! trySort ([&] (std::size_t wire) { return isInModel (candidates[wire]); }))
            throw Error ("the graph", "has a cycle: " + describeCycle(),
                         "put a feedback node in the loop, or take one of its wires out");

        // The new wires that would close one wait for those that go.
        trySort (all);
        std::vector<bool> isWaiting (candidates.size());

        for (std::size_t v = 0; v < vertices.size(); ++v)
            for (const auto& [wire, successor] : getOutgoing (v))
                isWaiting[wire] = candidates[wire].isNew && vertices[v].numUnmet > 0 && vertices[successor].numUnmet > 0;

        std::vector<Candidate> staying;

        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (! isWaiting[i])
                staying.push_back (candidates[i]);

        candidates = std::move (staying);
        shared->isDeferring = true;
        vertices.clear();
        waits.clear();
        makeVertices();
        trySort (all);
    }

    std::string describeCycle() const
    {
        // Every vertex left over has a predecessor that is left over too: walking back must come round.
        const auto isLeft = [&] (std::size_t index) { return vertices[index].numUnmet > 0; };
        std::size_t index = 0;

        while (! isLeft (index))
            ++index;

        std::vector<std::size_t> walk;

        while (std::find (walk.begin(), walk.end(), index) == walk.end())
        {
            walk.push_back (index);
            const auto& vertex = vertices[index];

            for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
            {
                if (isInModel (candidates[w]) && isLeft (sourceVertex[w]))
                {
                    index = sourceVertex[w];
                    break;
                }
            }
        }

        const auto describe = [&] (std::size_t i)
        { return std::to_string (vertices[i].node->id) + " (" + vertices[i].node->name + ")"; };

        auto text = describe (index);

        for (auto step = walk.rbegin(); step != walk.rend(); ++step)
        {
            text += " -> " + describe (*step);

            if (*step == index)
                break;
        }

        return text;
    }

    void findLatencies()
    {
        auto& plan = *shared;

        for (const auto index : order)
        {
            auto& vertex = vertices[index];

            for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
            {
                if (isInModel (candidates[w]) && candidates[w].wire.isCompensated)
                    vertex.arrival = std::max (vertex.arrival, vertices[sourceVertex[w]].departure);
            }

            vertex.departure = vertex.arrival;

            if (vertex.kind == Kind::process)
                vertex.departure += std::max (0, vertex.node->processor->getLatencySamples());
            else if (vertex.kind == Kind::feedbackRead)
                vertex.departure = 0;

            if (isSink (vertex.kind))
                plan.latency = std::max (plan.latency, vertex.arrival);
        }

        for (auto& vertex : vertices)
            if (isSink (vertex.kind))
                vertex.arrival = plan.latency;
    }

    /** Gives each wire its delay, and an edge where something has to live on from plan to plan. */
    void addWires()
    {
        auto& plan = *shared;
        plan.wires.reserve (candidates.size());
        for (const auto& vertex : vertices)
        {
            for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
            {
                auto& candidate = candidates[w];
                auto& wire = candidate.wire;

                if (! isInModel (candidate))
                    wire.delay = candidate.before->delay;
                else
                    wire.delay = wire.isCompensated ? vertex.arrival - vertices[sourceVertex[w]].departure : 0;

                wire.edge = wire.isMidi() ? addMidiEdge (candidate) : addAudioEdge (candidate);
                plan.wires.push_back (wire);
            }
        }
    }

    /** Whether the wire begins at full gain. One that is new fades in, but for one into a node that comes with it and passes sound on
        at once: that is heard through the node's outputs, which fade. (Behind a delay the fade at the output would be over before the
        sound's beginning comes there.) */
    bool beginsInFull (const Candidate& candidate) const
    {
        if (! candidate.isNew)
            return true;

        const auto& processor = *candidate.wire.to->processor;
        return candidate.wire.to->role == NodeRole::processor && candidate.wire.delay == 0
               && previous->findOp (candidate.wire.to) == nullptr && processor.getLatencySamples() == 0
               && processor.getTailSeconds() == 0.0;
    }

    /** A channel that very many sources are mixed into is summed up in steps, by a chain of accumulate ops: each adds a few sources to the
        sum, and what it has read is free for sources that come later. So the buffers stay in the first-level cache, where a thousand
        outputs that all live until the end of the block do not. The order of the sum stays, so it is the same to the bit. */
    void splitWideMixes()
    {
        const auto isWide = [] (const Vertex& vertex) { return vertex.numWires >= leastWideSources; };

        if (std::none_of (vertices.begin(), vertices.end(), isWide))
            return;

        findOnlySources();
        const auto wires = std::exchange (candidates, {});
        const auto sources = std::exchange (sourceVertex, {});
        candidates.reserve (wires.size() + wires.size() / 4);
        std::vector<std::pair<std::size_t, std::size_t>> toWait; // an accumulate op and what comes after it

        for (std::size_t v = 0, numVertices = vertices.size(); v < numVertices; ++v)
        {
            const auto first = vertices[v].firstWire, last = first + vertices[v].numWires;

            if (isWide (vertices[v]))
            {
                splitWideMix (v, { wires.data() + first, last - first }, { sources.data() + first, last - first }, toWait);
                continue;
            }

            vertices[v].firstWire = candidates.size();
            candidates.insert (candidates.end(), wires.begin() + std::ptrdiff_t (first),
                               wires.begin() + std::ptrdiff_t (last));
            sourceVertex.insert (sourceVertex.end(), sources.begin() + std::ptrdiff_t (first),
                                 sources.begin() + std::ptrdiff_t (last));
        }

        std::sort (toWait.begin(), toWait.end());

        for (const auto& [sum, later] : toWait)
            addWait (sum, later);

        findOutgoing();
        [[maybe_unused]] const auto isSorted = trySort ([] (std::size_t) { return true; });
        jassert (isSorted);
    }

    void findOnlySources()
    {
        onlySource.assign (vertices.size(), noVertex);

        for (std::size_t v = 0; v < vertices.size(); ++v)
        {
            const auto first = sourceVertex.begin() + std::ptrdiff_t (vertices[v].firstWire);
            const auto last = first + std::ptrdiff_t (vertices[v].numWires);

            if (first != last && std::all_of (first, last, [first] (std::size_t source) { return source == *first; }))
                onlySource[v] = *first;
        }
    }

    /** @param wires    into the vertex
        @param sources  their vertices */
    void splitWideMix (std::size_t v, std::span<const Candidate> wires, std::span<const std::size_t> sources,
                       std::vector<std::pair<std::size_t, std::size_t>>& toWait)
    {
        // The channels that are wide, as ranges of the wires.
        std::vector<std::pair<std::size_t, std::size_t>> channels;
        std::size_t numSteps = 0;

        for (std::size_t first = 0, last = 0; first < wires.size(); first = last)
        {
            while (last < wires.size() && wires[last].wire.toChannel == wires[first].wire.toChannel)
                ++last;

            if (last - first < leastWideSources || wires[first].wire.isMidi())
                continue;

            channels.emplace_back (first, last);
            numSteps = std::max (numSteps, getStepOf (last - first - 1));
        }

        const auto firstSum = vertices.size();

        // The sum so far, as a wire from one step to the next. Only what the ops are made of counts from here on.
        const auto addSum = [&] (std::size_t step, std::size_t channel, int toChannel)
        {
            Candidate sum;
            sum.wire.from = sum.wire.to = vertices[v].node;
            sum.wire.fromChannel = int (channel);
            sum.wire.toChannel = toChannel;
            candidates.push_back (sum);
            sourceVertex.push_back (firstSum + step);
        };

        const auto addWire = [&] (std::size_t wire)
        {
            candidates.push_back (wires[wire]);
            sourceVertex.push_back (sources[wire]);
        };

        for (std::size_t step = 0; step < numSteps; ++step)
        {
            Vertex sum{ vertices[v].node, Kind::accumulate, vertices[v].nodeIndex, candidates.size(), 0 };
            sum.arrival = vertices[v].arrival;
            sum.numSums = int (channels.size());

            for (std::size_t channel = 0; channel < channels.size(); ++channel)
            {
                const auto [first, last] = channels[channel];

                if (step > 0)
                    addSum (step - 1, channel, int (channel));

                // The last of a channel's sources are the vertex' own.
                if (step < getStepOf (last - first - 1))
                {
                    for (auto i = first + getFirstOf (step); i < first + getFirstOf (step + 1); ++i)
                    {
                        addWire (i);
                        candidates.back().wire.toChannel = int (channel);
                    }
                }
            }

            sum.numWires = candidates.size() - sum.firstWire;
            vertices.push_back (sum);
        }

        const auto firstWire = candidates.size();
        auto nextWide = channels.begin();

        for (std::size_t i = 0; i < wires.size();)
        {
            if (nextWide != channels.end() && i == nextWide->first)
            {
                addSum (numSteps - 1, std::size_t (nextWide - channels.begin()), wires[i].wire.toChannel);
                i += getFirstOf (getStepOf (nextWide->second - nextWide->first - 1));
                ++nextWide;
            }

            addWire (i++);
        }

        vertices[v].firstWire = firstWire;
        vertices[v].numWires = candidates.size() - firstWire;

        // Sources, and the first step that reads each.
        std::vector<std::pair<std::size_t, std::size_t>> reads;

        for (const auto& [first, last] : channels)
            for (auto i = first; i < last; ++i)
                reads.emplace_back (sources[i], getStepOf (i - first));

        std::sort (reads.begin(), reads.end());
        reads.erase (
            std::unique (reads.begin(), reads.end(), [] (const auto& a, const auto& b) { return a.first == b.first; }),
            reads.end());

        for (const auto& [source, step] : reads)
            if (step >= stepsAhead)
                if (const auto head = findHead (source, v); head != noVertex)
                    toWait.emplace_back (firstSum + step - stepsAhead, head);
    }

    /** Where the branch begins that leads from one of our own nodes to the next and by way of the source into the vertex, and nowhere
        else; noVertex where it does not, or has a plugin in it. Those take longer than a cache misses, and nobody is to wait for them
        who need not. Called with what goes out as it was without accumulate ops. */
    std::size_t findHead (std::size_t source, std::size_t vertex) const
    {
        const auto leadsOnlyTo = [&] (std::size_t from, std::size_t to)
        {
            const auto ways = getOutgoing (from);
            return vertices[from].kind == Kind::process
                   && std::all_of (ways.begin(), ways.end(), [to] (const auto& way) { return way.to == to; });
        };

        if (! leadsOnlyTo (source, vertex))
            return noVertex;

        for (auto head = source;;)
        {
            if (vertices[head].node->processor->isPlugin())
                return noVertex;

            const auto before = onlySource[head];

            if (before == noVertex || ! leadsOnlyTo (before, head))
                return head;

            head = before;
        }
    }

    /** The step that reads a channel's source of this number: so many in the first one, then one less beside the sum so far. */
    static std::size_t getStepOf (std::size_t source)
    {
        return source < sourcesPerStep ? 0 : (source - 1) / (sourcesPerStep - 1);
    }

    static std::size_t getFirstOf (std::size_t step) { return step == 0 ? 0 : (sourcesPerStep - 1) * step + 1; }

    int addAudioEdge (const Candidate& candidate)
    {
        const auto& wire = candidate.wire;
        const auto isHeard = beginsInFull (candidate);
        const auto* before = candidate.before;
        const auto* use =
            before != nullptr && before->edge != none ? &previous->audioEdges[std::size_t (before->edge)] : nullptr;
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
            next.wish.line = rt::makeShared<DelayLine> (collector, wire.delay);

        if (use != nullptr)
            next.edge = use->edge;
        else
            next.edge =
                rt::makeShared<AudioEdge> (collector, isHeard, before == nullptr ? next.wish.line : rt::Shared<DelayLine>());

        const auto isAsBefore =
            use != nullptr && use->wish.line == next.wish.line && use->wish.isPresent == next.wish.isPresent;
        next.since = isAsBefore ? use->since : shared->number;

        const auto index = int (shared->audioEdges.size());

        if (! (isAsBefore && hasSettled))
            shared->fadingAudio.push_back (index);

        shared->audioEdges.push_back (std::move (next));
        return index;
    }

    int addMidiEdge (const Candidate& candidate)
    {
        const auto& wire = candidate.wire;
        const auto* use = candidate.before == nullptr ? nullptr : &previous->midiEdges[std::size_t (candidate.before->edge)];
        RenderPlan::EdgeUse<MidiEdge> next;
        next.wish.isPresent = wire.isPresent;
        next.wish.delay = wire.delay;

        if (use != nullptr)
            next.wish.line = use->wish.line;

        if (wire.delay > 0 && ! next.wish.line)
            next.wish.line = rt::makeShared<MidiDelayLine> (collector, RenderPlan::midiCapacityBytes);

        next.edge = use != nullptr ? use->edge : rt::makeShared<MidiEdge> (collector);

        const auto isAsBefore = use != nullptr && use->wish.isPresent == next.wish.isPresent;
        next.since = isAsBefore ? use->since : shared->number;

        const auto index = int (shared->midiEdges.size());

        if (! (isAsBefore && use->edge->settledIn.load (std::memory_order_acquire) >= use->since))
            shared->fadingMidi.push_back (index);

        shared->midiEdges.push_back (std::move (next));
        return index;
    }

    /** Makes the op of the vertex that is number `place` in the order. */
    void emit (std::size_t place, detail::SlotAllocator& slots)
    {
        auto& plan = *shared;
        auto& vertex = vertices[order[place]];
        const auto& ports = vertex.node->ports;
        vertex.op = int (place);
        slots.begin (place);

        RenderPlan::Op op;
        op.kind = vertex.kind;
        op.node = vertex.node;
        op.processor = vertex.node->processor.get();
        op.id = vertex.node->id;
        op.arrival = vertex.arrival;
        op.isPlugin = vertex.kind == Kind::process && vertex.node->processor->isPlugin();
        const auto isSum = vertex.kind == Kind::accumulate;
        op.numInputs = isSum ? vertex.numSums : vertex.kind == Kind::feedbackRead ? 0 : ports.audioInputs;
        op.numOutputs = isSum ? vertex.numSums : vertex.kind == Kind::feedbackWrite ? 0 : ports.audioOutputs;
        op.numChannels = std::max (op.numInputs, op.numOutputs);
        op.firstChannel = int (plan.channelSlots.size());
        op.firstCopy = int (plan.copies.size());
        op.firstMix = int (plan.mixes.size());
        op.firstMidiSource = int (plan.midiSources.size());
        op.firstPlainSource = int (plan.plainSources.size());

        auto wire = vertex.firstWire; // MIDI's, whose channel is -1, come first
        const auto lastWire = vertex.firstWire + vertex.numWires;
        const auto firstMidi = wire;

        while (wire < lastWire && candidates[wire].wire.isMidi())
            ++wire;

        const auto firstAudio = wire;

        for (int channel = 0; channel < op.numInputs; ++channel)
        {
            const auto first = wire;

            while (wire < lastWire && candidates[wire].wire.toChannel == channel)
                ++wire;

            plan.channelSlots.push_back (emitInput (first, wire, std::size_t (op.firstPlainSource), slots));
        }

        for (int channel = op.numInputs; channel < op.numChannels; ++channel)
        {
            plan.mixes.push_back ({ int (plan.channelSlots.size()), int (plan.sources.size()), 0, false, false });
            plan.channelSlots.push_back (slots.takeSlot());
        }

        // Only now: what is read for one channel must not be written for another before.
        for (const auto slot : slotsToFree)
            slots.freeSlot (slot);

        slotsToFree.clear();
        op.numCopies = int (plan.copies.size()) - op.firstCopy;
        op.numMixes = int (plan.mixes.size()) - op.firstMix;
        op.numPlainSources = int (plan.plainSources.size()) - op.firstPlainSource;

        if (! isSum)
            emitMidi (firstMidi, firstAudio, op);

        emitBypass (vertex, op);
        op.isDirect = op.kind == Kind::process && op.midi == none && op.firstBypassDelay == none && op.numMixes == 0
                      && op.numPlainSources == 1;

        if (op.isDirect)
            op.source = plan.plainSources.back();

        emitOutputs (order[place], op, slots);
        slots.end (findNextSuccessor (order[place]), getHeirs (order[place]));

        if (op.kind != Kind::feedbackRead && ! isSum)
            plan.opOfNode[vertex.nodeIndex] = int (place);

        if (isSource (op.kind))
            ++plan.numInputOps;

        if (isSink (op.kind))
            plan.sinks.push_back (int (place));

        plan.ops.push_back (op);
    }

    int emitInput (std::size_t first, std::size_t last, std::size_t firstPlainSource, detail::SlotAllocator& slots)
    {
        auto& plan = *shared;
        RenderPlan::Mix mix{ int (plan.channelSlots.size()), int (plan.sources.size()), int (last - first), false, false };
        int ownSlot = none;

        for (auto i = first; i < last; ++i)
        {
            const auto& wire = candidates[i].wire;
            const auto source = sourceVertex[i];
            const auto buffer = buffers[vertices[source].firstBuffer + std::size_t (wire.fromChannel)];
            const auto slot = slots.getSlot (buffer);
            plan.sources.push_back ({ slot, vertices[source].op, wire.edge });
            mix.hasEdges = mix.hasEdges || wire.edge != none;

            if (wire.edge == none
                && (plan.plainSources.size() == firstPlainSource || plan.plainSources.back() != vertices[source].op))
                plan.plainSources.push_back (vertices[source].op);

            if (! slots.read (buffer))
                continue;

            // The last reader may work in place, if it is also the first to be summed.
            if (i == first)
                ownSlot = slot;
            else
                slotsToFree.push_back (slot);
        }

        mix.isInPlace = ownSlot != none;

        if (! mix.isInPlace)
            ownSlot = slots.takeSlot();

        if (mix.numSources == 1 && ! mix.hasEdges && ! mix.isInPlace)
        {
            plan.copies.push_back ({ nullptr, nullptr, plan.sources.back().op }); // the addresses are known later
            copySlots.push_back ({ ownSlot, plan.sources.back().slot });
        }
        else if (! mix.isInPlace || mix.numSources > 1 || mix.hasEdges)
            plan.mixes.push_back (mix);

        return ownSlot;
    }

    void emitMidi (std::size_t first, std::size_t last, RenderPlan::Op& op)
    {
        auto& plan = *shared;

        for (auto i = first; i < last; ++i)
        {
            const auto source = plan.ops[std::size_t (vertices[sourceVertex[i]].op)].midi;
            plan.midiSources.push_back ({ source, candidates[i].wire.edge });
        }

        op.numMidiSources = int (last - first);

        if (op.node->ports.midiInput || op.node->ports.midiOutput)
            op.midi = numMidiBuffers++;
    }

    /** What goes past a bypassed node is as late as what comes out of it. */
    void emitBypass (const Vertex& vertex, RenderPlan::Op& op)
    {
        const auto numDry = op.kind == Kind::process ? vertex.node->getNumDryChannels() : 0;
        const auto delay = vertex.departure - vertex.arrival; // its latency
        const auto* opBefore = numDry == 0 || previous == nullptr ? nullptr : previous->findOp (vertex.node);
        const auto* before = opBefore == nullptr || opBefore->firstBypassDelay == none
                                 ? nullptr
                                 : previous->bypassDelays.data() + opBefore->firstBypassDelay;

        if (numDry == 0 || (delay == 0 && before == nullptr))
            return;

        op.firstBypassDelay = int (shared->bypassDelays.size());

        for (int channel = 0; channel < numDry; ++channel)
        {
            RenderPlan::EdgeUse<AudioEdge> use;

            if (before != nullptr && before[channel].wish.line && before[channel].wish.line->getDelay() == delay)
                use.wish.line = before[channel].wish.line;
            else if (delay > 0)
                use.wish.line = rt::makeShared<DelayLine> (collector, delay);

            if (before != nullptr)
                use.edge = before[channel].edge;
            else
                use.edge = rt::makeShared<AudioEdge> (collector, true, opBefore == nullptr ? use.wish.line : nullptr);

            shared->bypassDelays.push_back (std::move (use));
        }
    }

    void emitOutputs (std::size_t v, const RenderPlan::Op& op, detail::SlotAllocator& slots)
    {
        auto& vertex = vertices[v];
        vertex.firstBuffer = buffers.size();
        buffers.resize (buffers.size() + std::size_t (op.numOutputs), none);
        std::vector<int> numReaders (std::size_t (op.numOutputs), 0);

        for (const auto& [wire, successor] : getOutgoing (v))
            if (! candidates[wire].wire.isMidi())
                ++numReaders[std::size_t (candidates[wire].wire.fromChannel)];

        for (int channel = 0; channel < op.numChannels; ++channel)
        {
            const auto slot = shared->channelSlots[std::size_t (op.firstChannel + channel)];
            const auto readers = channel < op.numOutputs ? numReaders[std::size_t (channel)] : 0;

            if (readers > 0)
                buffers[vertex.firstBuffer + std::size_t (channel)] = slots.produce (slot, readers);
            else
                slots.freeSlot (slot);
        }
    }

    /** The place in the order of the first op that waits for this one, or none. */
    int findNextSuccessor (std::size_t v) const
    {
        auto next = std::size_t (-1);

        for (const auto& [wire, successor] : getOutgoing (v))
            next = std::min (next, places[successor]);

        for (const auto later : getWaits (v))
            next = std::min (next, places[later]);

        return next == std::size_t (-1) ? none : int (next);
    }

    /** The ops that what an accumulate op has read is for. */
    std::span<const std::size_t> getHeirs (std::size_t v)
    {
        heirs.clear();

        if (vertices[v].kind == Kind::accumulate)
            for (const auto later : getWaits (v))
                heirs.push_back (places[later]);

        return heirs;
    }

    /** Who waits for whom. A predecessor counts once, however many wires come from it. */
    void findSuccessors()
    {
        auto& plan = *shared;
        std::vector<int> lastSeen (plan.ops.size(), none);

        for (std::size_t place = 0; place < plan.ops.size(); ++place)
        {
            const auto v = order[place];
            auto& op = plan.ops[place];
            op.firstSuccessor = int (plan.successors.size());

            const auto add = [&] (std::size_t vertex)
            {
                const auto successor = places[vertex];

                // The graph's own inputs are done before anybody begins.
                if (int (place) < plan.numInputOps || lastSeen[successor] == int (place))
                    return;

                lastSeen[successor] = int (place);
                plan.successors.push_back (int (successor));
                ++plan.ops[successor].numPredecessors;
            };

            for (const auto& [wire, successor] : getOutgoing (v))
                add (successor);

            for (const auto later : getWaits (v))
                add (later);

            op.numSuccessors = int (plan.successors.size()) - op.firstSuccessor;
        }

        findWidth();

        for (std::size_t place = std::size_t (plan.numInputOps); place < plan.ops.size(); ++place)
            if (plan.ops[place].numPredecessors == 0)
                plan.initialOps.push_back (int (place));
    }

    /** The most ops that are equally many steps away from the inputs. */
    void findWidth()
    {
        auto& plan = *shared;
        std::vector<int> depths (plan.ops.size(), 0), widths (plan.ops.size() + 1, 0);

        for (std::size_t i = std::size_t (plan.numInputOps); i < plan.ops.size(); ++i)
        {
            const auto& op = plan.ops[i];
            plan.width = std::max (plan.width, ++widths[std::size_t (depths[i])]);
            plan.hasPlugins = plan.hasPlugins || op.isPlugin;

            for (int s = op.firstSuccessor; s < op.firstSuccessor + op.numSuccessors; ++s)
            {
                auto& depth = depths[std::size_t (plan.successors[std::size_t (s)])];
                depth = std::max (depth, depths[i] + 1);
            }
        }
    }

    void findNewOps()
    {
        for (std::size_t place = 0; place < shared->ops.size(); ++place)
        {
            const auto& op = shared->ops[place];

            // A plan that nobody has taken yet may never be.
            if (op.kind == Kind::process
                && (previous == nullptr || ! previous->isTaken.load (std::memory_order_acquire)
                    || previous->findOp (op.node) == nullptr))
                shared->newOps.push_back (int (place));
        }
    }

    void addWorkspace()
    {
        auto& plan = *shared;
        const auto numOps = plan.ops.size(), numSlots = std::size_t (plan.numSlots), numMidi = std::size_t (numMidiBuffers);

        // Slots start on cache lines.
        const auto stride = (std::size_t (info.maxBlockSize) + 15) & ~std::size_t (15);
        const auto fits = [&] (const RenderPlan::Workspace& space)
        {
            return space.stride == stride && space.samples.size() >= numSlots * stride + 15
                   && space.midiBuffers.size() >= numMidi && space.isSilent.size() >= numOps;
        };

        if (carriesBuffers && previous != nullptr && fits (*previous->workspace))
            plan.workspace = previous->workspace;
        else
            plan.workspace = makeWorkspace (stride, numOps, numSlots, numMidi);

        auto* first = plan.workspace->firstSlot;
        plan.channelPointers.reserve (plan.channelSlots.size());
        plan.sourcePointers.reserve (plan.sources.size());

        for (const auto slot : plan.channelSlots)
            plan.channelPointers.push_back (first + std::size_t (slot) * stride);

        for (auto& op : plan.ops)
            op.channels = plan.channelPointers.data() + op.firstChannel;

        for (const auto& source : plan.sources)
            plan.sourcePointers.push_back (first + std::size_t (source.slot) * stride);

        for (std::size_t i = 0; i < copySlots.size(); ++i)
        {
            plan.copies[i].to = first + std::size_t (copySlots[i].first) * stride;
            plan.copies[i].from = first + std::size_t (copySlots[i].second) * stride;
        }
    }

    rt::Shared<RenderPlan::Workspace> makeWorkspace (std::size_t stride, std::size_t numOps, std::size_t numSlots,
                                                     std::size_t numMidi) const
    {
        // A new graph gets what it needs; one that grows gets more, or every node that is added would bring new buffers.
        const auto withRoom = [&] (std::size_t size) { return previous == nullptr ? size : size + size / 4 + 8; };
        auto workspace = rt::makeShared<RenderPlan::Workspace> (collector);
        workspace->stride = stride;
        workspace->samples.resize (withRoom (numSlots) * stride + 15);
        workspace->isSilent.resize (withRoom (numOps));
        workspace->unmetInputs = std::vector<std::atomic<int>> (withRoom (numOps));
        workspace->midiBuffers.resize (numMidi == 0 ? 0 : withRoom (numMidi));

        const auto address = reinterpret_cast<std::uintptr_t> (workspace->samples.data());
        workspace->firstSlot =
            workspace->samples.data() + (((address + 63) & ~std::uintptr_t (63)) - address) / sizeof (float);

        for (auto& buffer : workspace->midiBuffers)
            buffer.ensureSize (RenderPlan::midiCapacityBytes);

        return workspace;
    }

    const GraphModel& model;
    const PrepareInfo& info;
    rt::Collector& collector;
    const RenderPlan* const previous;
    const bool carriesBuffers;
    bool fades = false;

    rt::Shared<RenderPlan> shared;
    std::vector<Candidate> candidates; ///< by destination, then source, as in the plan
    std::vector<bool> matched;         ///< the wires of the previous plan that are in the model
    std::vector<NodeRuntime*> removed; ///< that are still heard
    std::vector<Vertex> vertices;
    std::vector<std::size_t> outputVertex;  ///< by node: the one whose outputs others read
    std::vector<std::size_t> sourceVertex;  ///< by wire
    std::vector<std::size_t> onlySource;    ///< by vertex: where all its wires come from; or noVertex
    std::vector<std::size_t> waits;         ///< by vertex
    std::vector<std::size_t> firstOutgoing; ///< by vertex, into outgoing
    std::vector<Outgoing> outgoing;
    std::vector<std::size_t> order;             ///< of execution
    std::vector<std::size_t> places;            ///< in it, by vertex
    std::vector<int> buffers;                   ///< by output of a vertex
    std::vector<int> slotsToFree;               ///< by the op that is being made
    std::vector<std::size_t> heirs;             ///< of it
    std::vector<std::pair<int, int>> copySlots; ///< to and from, by copy
    int numMidiBuffers = 0;
};
} // namespace

rt::Shared<const RenderPlan> compileGraph (const GraphModel& model, const PrepareInfo& info, rt::Collector& collector,
                                           const RenderPlan* previous, Transition transition, bool carriesBuffers)
{
    return Compiler (model, info, collector, previous, transition, carriesBuffers).run();
}

} // namespace host
