#include "GraphCompiler.h"

#include <algorithm>
#include <map>
#include <queue>
#include <span>
#include <tuple>

namespace host
{

namespace
{
/** Half of a node, for feedback nodes, and else the whole of it: what becomes one op. */
struct Vertex
{
    NodeRuntime* node = nullptr;
    RenderPlan::Kind kind = RenderPlan::Kind::process;
    std::span<const Wire> incoming;
    std::vector<int> successors; ///< one entry a wire
    int unmetInputs = 0;
    int arrival = 0;   ///< samples by which its inputs are late once they are aligned
    int departure = 0; ///< and its outputs
};

RenderPlan::Kind kindOf (NodeRole role)
{
    switch (role)
    {
        case NodeRole::audioInput: return RenderPlan::Kind::audioInput;
        case NodeRole::audioOutput: return RenderPlan::Kind::audioOutput;
        case NodeRole::midiInput: return RenderPlan::Kind::midiInput;
        case NodeRole::midiOutput: return RenderPlan::Kind::midiOutput;
        case NodeRole::feedback: return RenderPlan::Kind::feedbackRead;
        case NodeRole::processor: break;
    }

    return RenderPlan::Kind::process;
}

bool isSink (RenderPlan::Kind kind) { return kind == RenderPlan::Kind::audioOutput || kind == RenderPlan::Kind::midiOutput; }

class Compiler
{
public:
    Compiler (const GraphModel& modelToUse, const PrepareInfo& infoToUse, rt::Collector& collectorToUse,
              const RenderPlan* previousPlan)
        : model (modelToUse), info (infoToUse), collector (collectorToUse)
    {
        if (previousPlan != nullptr)
        {
            carryOver (previousPlan->audioDelays);
            carryOver (previousPlan->midiDelays);
            carryOver (previousPlan->bypassDelays);
        }
    }

    rt::Shared<const RenderPlan> run()
    {
        plan.info = info;
        plan.nodes = model.getNodes();

        makeVertices();
        sortVertices();
        findLatencies();

        for (const auto index : order)
            emit (vertices[std::size_t (index)]);

        makeWorkspace();
        return rt::makeShared<RenderPlan> (collector, std::move (plan));
    }

private:
    static constexpr int none = RenderPlan::none;

    void makeVertices()
    {
        const auto& nodes = model.getNodes();
        const auto& wires = model.getWires();
        vertices.reserve (nodes.size() * 2);
        auto firstWire = wires.begin();

        for (const auto& node : nodes)
        {
            const auto lastWire =
                std::find_if (firstWire, wires.end(), [&] (const Wire& wire) { return wire.to.node != node->id; });
            const std::span<const Wire> incoming (firstWire, lastWire);
            firstWire = lastWire;

            // Other nodes read a feedback node from its reading half, which waits for nothing.
            sourceOf[node->id] = int (vertices.size());

            if (node->role == NodeRole::feedback)
            {
                vertices.push_back ({ node.get(), RenderPlan::Kind::feedbackRead, {}, {} });
                vertices.push_back ({ node.get(), RenderPlan::Kind::feedbackWrite, incoming, {} });

                // What is stored has to be read before it is written over.
                vertices[vertices.size() - 2].successors.push_back (int (vertices.size()) - 1);
                vertices.back().unmetInputs = 1;
            }
            else
            {
                vertices.push_back ({ node.get(), kindOf (node->role), incoming, {} });
            }
        }

        for (std::size_t i = 0; i < vertices.size(); ++i)
        {
            for (const auto& wire : vertices[i].incoming)
            {
                vertices[std::size_t (sourceOf[wire.from.node])].successors.push_back (int (i));
                ++vertices[i].unmetInputs;
                ++readersLeft[wire.from];
            }
        }
    }

    void sortVertices()
    {
        std::priority_queue<int, std::vector<int>, std::greater<>> ready;

        for (std::size_t i = 0; i < vertices.size(); ++i)
            if (vertices[i].unmetInputs == 0)
                ready.push (int (i));

        while (! ready.empty())
        {
            const auto index = ready.top();
            ready.pop();
            order.push_back (index);

            for (const auto successor : vertices[std::size_t (index)].successors)
                if (--vertices[std::size_t (successor)].unmetInputs == 0)
                    ready.push (successor);
        }

        if (order.size() < vertices.size())
            throw Error ("the graph", "has a cycle: " + describeCycle(),
                         "put a feedback node in the loop, or take one of its wires out");
    }

    std::string describeCycle() const
    {
        // Every vertex left over has a predecessor that is left over too: walking back must come round.
        const auto isLeft = [&] (int index) { return vertices[std::size_t (index)].unmetInputs > 0; };
        int index = 0;

        while (! isLeft (index))
            ++index;

        std::vector<int> walk;

        while (std::find (walk.begin(), walk.end(), index) == walk.end())
        {
            walk.push_back (index);

            for (const auto& wire : vertices[std::size_t (index)].incoming)
            {
                if (const auto source = sourceOf.at (wire.from.node); isLeft (source))
                {
                    index = source;
                    break;
                }
            }
        }

        const auto describe = [&] (int i)
        { return std::to_string (vertices[std::size_t (i)].node->id) + " (" + vertices[std::size_t (i)].node->name + ")"; };

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
        for (const auto index : order)
        {
            auto& vertex = vertices[std::size_t (index)];

            for (const auto& wire : vertex.incoming)
                vertex.arrival = std::max (vertex.arrival, departureOf (wire));

            vertex.departure = vertex.arrival;

            if (vertex.kind == RenderPlan::Kind::process)
                vertex.departure += std::max (0, vertex.node->processor->getLatencySamples());

            if (isSink (vertex.kind))
                plan.latency = std::max (plan.latency, vertex.arrival);
        }

        for (auto& vertex : vertices)
            if (isSink (vertex.kind))
                vertex.arrival = plan.latency;
    }

    int departureOf (const Wire& wire) const { return vertices[std::size_t (sourceOf.at (wire.from.node))].departure; }

    void emit (const Vertex& vertex)
    {
        const auto& ports = vertex.node->ports;
        RenderPlan::Op op;
        op.kind = vertex.kind;
        op.node = vertex.node;
        op.numInputs = vertex.kind == RenderPlan::Kind::feedbackRead ? 0 : ports.audioInputs;
        op.numOutputs = vertex.kind == RenderPlan::Kind::feedbackWrite ? 0 : ports.audioOutputs;
        op.numChannels = std::max (op.numInputs, op.numOutputs);
        op.firstChannel = int (plan.channelSlots.size());
        op.firstInput = int (plan.inputChannels.size());
        op.firstMidiSource = int (plan.midiSources.size());

        const auto firstMidi = std::find_if (vertex.incoming.begin(), vertex.incoming.end(),
                                             [] (const Wire& wire) { return ! wire.to.isMidi(); });
        const std::span<const Wire> midiWires (vertex.incoming.begin(), firstMidi); // channel -1 comes first
        std::span<const Wire> audioWires (firstMidi, vertex.incoming.end());

        std::vector<int> slotsToFree;

        for (int channel = 0; channel < op.numInputs; ++channel)
        {
            const auto end = std::find_if (audioWires.begin(), audioWires.end(),
                                           [&] (const Wire& wire) { return wire.to.channel != channel; });
            const std::span<const Wire> wires (audioWires.begin(), end);
            audioWires = { end, audioWires.end() };
            plan.channelSlots.push_back (emitInput (vertex, wires, slotsToFree));
        }

        for (int channel = op.numInputs; channel < op.numChannels; ++channel)
            plan.channelSlots.push_back (takeSlot());

        // Only now: a slot that is read for one channel must not be written for another of the same node.
        for (const auto slot : slotsToFree)
            freeSlots.push_back (slot);

        emitMidi (vertex, midiWires, op);
        emitBypass (vertex, op);

        for (int channel = 0; channel < op.numChannels; ++channel)
        {
            const auto slot = plan.channelSlots[std::size_t (op.firstChannel + channel)];
            const PortRef port{ vertex.node->id, channel };

            if (channel < op.numOutputs && readersLeft.contains (port))
                slotOf[port] = slot;
            else
                freeSlots.push_back (slot);
        }

        plan.ops.push_back (op);
    }

    int emitInput (const Vertex& vertex, std::span<const Wire> wires, std::vector<int>& slotsToFree)
    {
        RenderPlan::InputChannel input{ int (plan.sources.size()), int (wires.size()) };
        int ownSlot = none;

        for (const auto& wire : wires)
        {
            const auto slot = slotOf.at (wire.from);
            const auto delay = vertex.arrival - departureOf (wire);
            plan.sources.push_back ({ slot, keepDelay (plan.audioDelays, wire, delay) });

            if (--readersLeft.at (wire.from) > 0)
                continue;

            // The last reader may work in place, if it is also the first to be summed.
            if (ownSlot == none && &wire == wires.data())
                ownSlot = slot;
            else
                slotsToFree.push_back (slot);
        }

        plan.inputChannels.push_back (input);
        return ownSlot == none ? takeSlot() : ownSlot;
    }

    void emitMidi (const Vertex& vertex, std::span<const Wire> wires, RenderPlan::Op& op)
    {
        const auto& ports = vertex.node->ports;

        for (const auto& wire : wires)
            plan.midiSources.push_back ({ midiBufferOf.at (wire.from.node),
                                          keepDelay (plan.midiDelays, wire, vertex.arrival - departureOf (wire)) });

        op.numMidiSources = int (wires.size());

        if (ports.midiInput || ports.midiOutput)
        {
            op.midi = numMidiBuffers++;
            midiBufferOf[vertex.node->id] = op.midi;
        }
    }

    void emitBypass (const Vertex& vertex, RenderPlan::Op& op)
    {
        if (op.kind != RenderPlan::Kind::process)
            return;

        const auto numDry = std::min (op.numInputs, op.numOutputs);
        const auto delay = vertex.departure - vertex.arrival; // its latency
        mostDry = std::max (mostDry, numDry);

        if (delay == 0 || numDry == 0)
            return;

        op.firstBypassDelay = int (plan.bypassDelays.size());

        for (int channel = 0; channel < numDry; ++channel)
            keepDelay (plan.bypassDelays, { { op.node->id, channel }, { op.node->id, channel } }, delay);
    }

    template <typename Line>
    int keepDelay (std::vector<RenderPlan::WireDelay<Line>>& delays, const Wire& wire, int delay)
    {
        if (delay == 0)
            return none;

        delays.push_back ({ wire, findOrMakeDelay<Line> (wire, delay) });
        return int (delays.size()) - 1;
    }

    template <typename Line>
    rt::Shared<Line> findOrMakeDelay (const Wire& wire, int delay)
    {
        auto& carried = std::get<std::map<Wire, rt::Shared<Line>>> (carriedDelays);

        if (const auto found = carried.find (wire); found != carried.end() && found->second->getDelay() == delay)
            return found->second;

        if constexpr (std::is_same_v<Line, DelayLine>)
            return rt::makeShared<DelayLine> (collector, delay);
        else
            return rt::makeShared<MidiDelayLine> (collector, delay, RenderPlan::midiCapacityBytes);
    }

    template <typename Line>
    void carryOver (const std::vector<RenderPlan::WireDelay<Line>>& delays)
    {
        for (const auto& delay : delays)
            std::get<std::map<Wire, rt::Shared<Line>>> (carriedDelays)[delay.wire] = delay.line;
    }

    int takeSlot()
    {
        if (freeSlots.empty())
            return plan.numSlots++;

        const auto slot = freeSlots.back();
        freeSlots.pop_back();
        return slot;
    }

    void makeWorkspace()
    {
        // Slots start on cache lines.
        const auto stride = (std::size_t (info.maxBlockSize) + 15) & ~std::size_t (15);
        auto& workspace = plan.workspace;
        workspace.samples.resize ((std::size_t (plan.numSlots) + 1 + std::size_t (mostDry)) * stride + 15);

        const auto address = reinterpret_cast<std::uintptr_t> (workspace.samples.data());
        auto* first = workspace.samples.data() + (((address + 63) & ~std::uintptr_t (63)) - address) / sizeof (float);

        for (const auto slot : plan.channelSlots)
            workspace.channelPointers.push_back (first + std::size_t (slot) * stride);

        for (auto& source : plan.sources)
            workspace.sourcePointers.push_back (first + std::size_t (source.slot) * stride);

        workspace.delayed = first + std::size_t (plan.numSlots) * stride;

        for (int i = 0; i < mostDry; ++i)
            workspace.dry.push_back (workspace.delayed + std::size_t (i + 1) * stride);

        workspace.midiBuffers.resize (std::size_t (numMidiBuffers));

        for (auto& buffer : workspace.midiBuffers)
            buffer.ensureSize (RenderPlan::midiCapacityBytes);
    }

    const GraphModel& model;
    const PrepareInfo& info;
    rt::Collector& collector;
    std::tuple<std::map<Wire, rt::Shared<DelayLine>>, std::map<Wire, rt::Shared<MidiDelayLine>>> carriedDelays;

    RenderPlan plan;
    std::vector<Vertex> vertices;
    std::vector<int> order;
    std::map<NodeId, int> sourceOf;
    std::map<PortRef, int> readersLeft, slotOf;
    std::map<NodeId, int> midiBufferOf;
    std::vector<int> freeSlots;
    int numMidiBuffers = 0, mostDry = 0;
};
} // namespace

rt::Shared<const RenderPlan> compileGraph (const GraphModel& model, const PrepareInfo& info, rt::Collector& collector,
                                           const RenderPlan* previous)
{
    return Compiler (model, info, collector, previous).run();
}

} // namespace host
