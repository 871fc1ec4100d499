#include "CompilerOps.h"

#include "SlotAllocator.h"

#include <algorithm>

namespace host::detail::compiler
{

namespace
{
class OpEmitter
{
public:
    explicit OpEmitter (CompilerState& stateToUse) : state (stateToUse), slots (state.order.size()) {}

    void run()
    {
        state.shared->opOfNode.resize (state.shared->nodes.size());

        state.places.resize (state.order.size());

        for (std::size_t i = 0; i < state.order.size(); ++i)
            state.places[state.order[i]] = i;

        for (std::size_t i = 0; i < state.order.size(); ++i)
            emit (i);

        // What several of the graph's outputs give adds up by ascending id, as everywhere.
        std::sort (state.shared->sinks.begin(), state.shared->sinks.end(),
                   [&] (int a, int b)
                   { return state.shared->ops[std::size_t (a)].id < state.shared->ops[std::size_t (b)].id; });

        state.shared->numSlots = slots.getNumSlots();
    }

private:
    /** Makes the op of the vertex that is number `place` in the order. */
    void emit (std::size_t place)
    {
        auto& plan = *state.shared;
        auto& vertex = state.vertices[state.order[place]];
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

        while (wire < lastWire && state.candidates[wire].wire.isMidi())
            ++wire;

        const auto firstAudio = wire;

        for (int channel = 0; channel < op.numInputs; ++channel)
        {
            const auto first = wire;

            while (wire < lastWire && state.candidates[wire].wire.toChannel == channel)
                ++wire;

            plan.channelSlots.push_back (emitInput (first, wire, std::size_t (op.firstPlainSource)));
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

        emitOutputs (state.order[place], op);
        slots.end (findNextSuccessor (state.order[place]), getHeirs (state.order[place]));

        if (op.kind != Kind::feedbackRead && ! isSum)
            plan.opOfNode[vertex.nodeIndex] = int (place);

        if (isSource (op.kind))
            ++plan.numInputOps;

        if (isSink (op.kind))
            plan.sinks.push_back (int (place));

        plan.ops.push_back (op);
    }

    int emitInput (std::size_t first, std::size_t last, std::size_t firstPlainSource)
    {
        auto& plan = *state.shared;
        RenderPlan::Mix mix{ int (plan.channelSlots.size()), int (plan.sources.size()), int (last - first), false, false };
        int ownSlot = none;

        for (auto i = first; i < last; ++i)
        {
            const auto& wire = state.candidates[i].wire;
            const auto source = state.sourceVertex[i];
            const auto buffer = buffers[state.vertices[source].firstBuffer + std::size_t (wire.fromChannel)];
            const auto slot = slots.getSlot (buffer);
            plan.sources.push_back ({ slot, state.vertices[source].op, wire.edge });
            mix.hasEdges = mix.hasEdges || wire.edge != none;

            if (wire.edge == none
                && (plan.plainSources.size() == firstPlainSource || plan.plainSources.back() != state.vertices[source].op))
                plan.plainSources.push_back (state.vertices[source].op);

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
            state.copySlots.push_back ({ ownSlot, plan.sources.back().slot });
        }
        else if (! mix.isInPlace || mix.numSources > 1 || mix.hasEdges)
            plan.mixes.push_back (mix);

        return ownSlot;
    }

    void emitMidi (std::size_t first, std::size_t last, RenderPlan::Op& op)
    {
        auto& plan = *state.shared;

        for (auto i = first; i < last; ++i)
        {
            const auto source = plan.ops[std::size_t (state.vertices[state.sourceVertex[i]].op)].midi;
            plan.midiSources.push_back ({ source, state.candidates[i].wire.edge });
        }

        op.numMidiSources = int (last - first);

        if (op.node->ports.midiInput || op.node->ports.midiOutput)
            op.midi = state.numMidiBuffers++;
    }

    /** What goes past a bypassed node is as late as what comes out of it. */
    void emitBypass (const Vertex& vertex, RenderPlan::Op& op)
    {
        const auto numDry = op.kind == Kind::process ? vertex.node->getNumDryChannels() : 0;
        const auto delay = vertex.departure - vertex.arrival; // its latency
        const auto* opBefore = numDry == 0 ? nullptr : state.opsBefore[vertex.nodeIndex];
        const auto* before = opBefore == nullptr || opBefore->firstBypassDelay == none
                                 ? nullptr
                                 : state.previous->bypassDelays.data() + opBefore->firstBypassDelay;

        if (numDry == 0 || (delay == 0 && before == nullptr))
            return;

        op.firstBypassDelay = int (state.shared->bypassDelays.size());

        for (int channel = 0; channel < numDry; ++channel)
        {
            RenderPlan::EdgeUse<AudioEdge> use;

            if (before != nullptr && before[channel].wish.line && before[channel].wish.line->getDelay() == delay)
                use.wish.line = before[channel].wish.line;
            else if (delay > 0)
                use.wish.line = rt::makeShared<DelayLine> (state.collector, delay);

            if (before != nullptr)
                use.edge = before[channel].edge;
            else
                use.edge = rt::makeShared<AudioEdge> (state.collector, true, opBefore == nullptr ? use.wish.line : nullptr);

            state.shared->bypassDelays.push_back (std::move (use));
        }
    }

    void emitOutputs (std::size_t v, const RenderPlan::Op& op)
    {
        auto& vertex = state.vertices[v];
        vertex.firstBuffer = buffers.size();
        buffers.resize (buffers.size() + std::size_t (op.numOutputs), none);
        std::vector<int> numReaders (std::size_t (op.numOutputs), 0);

        for (const auto& [wire, successor] : state.getOutgoing (v))
            if (! state.candidates[wire].wire.isMidi())
                ++numReaders[std::size_t (state.candidates[wire].wire.fromChannel)];

        for (int channel = 0; channel < op.numChannels; ++channel)
        {
            const auto slot = state.shared->channelSlots[std::size_t (op.firstChannel + channel)];
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

        for (const auto& [wire, successor] : state.getOutgoing (v))
            next = std::min (next, state.places[successor]);

        for (const auto later : state.getWaits (v))
            next = std::min (next, state.places[later]);

        return next == std::size_t (-1) ? none : int (next);
    }

    /** The ops that what an accumulate op has read is for. */
    std::span<const std::size_t> getHeirs (std::size_t v)
    {
        heirs.clear();

        if (state.vertices[v].kind == Kind::accumulate)
            for (const auto later : state.getWaits (v))
                heirs.push_back (state.places[later]);

        return heirs;
    }

    CompilerState& state;
    SlotAllocator slots;
    std::vector<int> buffers;       ///< by output of a vertex
    std::vector<int> slotsToFree;   ///< by the op that is being made
    std::vector<std::size_t> heirs; ///< of it
};
} // namespace

void emitOps (CompilerState& state) { OpEmitter (state).run(); }

} // namespace host::detail::compiler
