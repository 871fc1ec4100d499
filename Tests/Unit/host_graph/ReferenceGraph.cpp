#include "ReferenceGraph.h"

#include <algorithm>
#include <tuple>

namespace graphtest
{

using host::NodeRole;
using host::PortRef;

//==============================================================================
// Latency compensation, straight from its definition.

int ReferenceGraph::departureOf (const host::GraphModel& model, host::NodeId id)
{
    const auto& node = *model.find (id);

    if (node.role == NodeRole::feedback)
        return 0;

    return arrivalOf (model, id)
           + (node.role == NodeRole::processor ? std::max (0, node.processor->getLatencySamples()) : 0);
}

int ReferenceGraph::arrivalOf (const host::GraphModel& model, host::NodeId id)
{
    if (const auto known = arrivals.find (id); known != arrivals.end())
        return known->second;

    int arrival = 0;

    for (const auto& wire : model.getWires())
        if (wire.to.node == id && model.isCompensated (wire))
            arrival = std::max (arrival, departureOf (model, wire.from.node));

    return arrivals[id] = arrival;
}

void ReferenceGraph::findLatencies (const host::GraphModel& model)
{
    arrivals.clear();
    total = 0;

    const auto isSink = [] (const host::GraphModel::Node& node)
    { return node->role == NodeRole::audioOutput || node->role == NodeRole::midiOutput; };

    for (const auto& node : model.getNodes())
        if (const auto arrival = arrivalOf (model, node->id); isSink (node))
            total = std::max (total, arrival);

    for (const auto& node : model.getNodes())
        if (isSink (node))
            arrivals[node->id] = total;
}

int ReferenceGraph::getArrival (host::NodeId id) const { return arrivals.at (id); }

//==============================================================================
// Edits.

ReferenceGraph::Node& ReferenceGraph::findOrAddNode (const host::GraphModel::Node& runtime)
{
    for (auto& node : nodes)
        if (node->runtime.get() == runtime.get())
            return *node;

    auto node = std::make_unique<Node>();
    node->runtime = runtime;
    node->age = nextAge++;
    node->firstSample = node->samplesMade = now;
    node->inputs.resize (std::size_t (runtime->ports.audioInputs));
    node->outputs.resize (std::size_t (runtime->ports.audioOutputs));
    nodes.push_back (std::move (node));
    return *nodes.back();
}

ReferenceGraph::Wire* ReferenceGraph::findWire (Node& source, int channel, Node& destination, int input)
{
    for (auto& wire : wires)
        if (wire->source == &source && wire->channel == channel && wire->destination == &destination && wire->input == input
            && ! wire->hasEnded())
            return wire.get();

    return nullptr;
}

void ReferenceGraph::vanish (Wire& wire)
{
    wire.target = 0;

    if (! wire.isMidi() || ! wire.isWanted)
        return;

    // Open: whether a channel's pedal comes after its own notes or, as here, after all notes.
    auto channels = wire.pedals;
    const auto notes = wire.notes;

    for (const auto& [channel, note] : notes)
    {
        sendThrough (wire, { juce::uint8 (0x80 | channel), juce::uint8 (note), 0 });
        channels.insert (channel);
    }

    for (const auto channel : channels)
        sendThrough (wire, { juce::uint8 (0xb0 | channel), 64, 0 });
}

void ReferenceGraph::setModel (const host::GraphModel& model)
{
    findLatencies (model);

    for (auto& node : nodes)
        node->isInModel = false;

    for (const auto& runtime : model.getNodes())
    {
        auto& node = findOrAddNode (runtime);
        node.isInModel = true;
        node.latency = std::max (0, runtime->processor->getLatencySamples());
    }

    std::set<Wire*> wanted;

    for (const auto& modelWire : model.getWires())
    {
        auto& source = findOrAddNode (model.find (modelWire.from.node));
        auto& destination = findOrAddNode (model.find (modelWire.to.node));
        const auto departure = source.isFeedback() ? 0
                                                   : arrivals.at (modelWire.from.node)
                                                         + (source.role() == NodeRole::processor ? source.latency : 0);
        const auto delay = model.isCompensated (modelWire) ? arrivals.at (modelWire.to.node) - departure : 0;

        auto* wire = findWire (source, modelWire.from.channel, destination, modelWire.to.channel);

        if (wire == nullptr)
        {
            wires.push_back (std::make_unique<Wire>());
            wire = wires.back().get();
            wire->source = &source;
            wire->channel = modelWire.from.channel;
            wire->destination = &destination;
            wire->input = modelWire.to.channel;
            wire->age = nextAge++;
            wire->firstSample = now;
            // What goes into a node that comes with it, and passes sound on at once, is heard through that node's outputs, which fade.
            const auto isIntoNew = destination.role() == NodeRole::processor && destination.firstSample == now && delay == 0
                                   && destination.latency == 0;
            wire->position = isFirstModel || isIntoNew ? fadeSamples : 0;
            wire->lines = { { delay, now } };
        }

        if (wire->lines.back().delay != delay)
        {
            // A line that has not begun to sound goes. Open: one that would begin at this very sample goes too, here.
            if (wire->lines.size() > 1 && now <= wire->lines.back().since + wire->lines.back().delay)
                wire->lines.pop_back();

            wire->lines.push_back ({ delay, now });
        }

        wire->target = fadeSamples;
        wanted.insert (wire);
    }

    for (auto& wire : wires)
    {
        // Wires into a node that was taken out go on as they were, also those in mid-fade.
        if (! wire->destination->isInModel)
            continue;

        const auto isWanted = wanted.contains (wire.get());

        if (! isWanted && ! wire->hasEnded())
            vanish (*wire);

        wire->isWanted = isWanted;
    }

    sortWires();
    isFirstModel = false;
}

void ReferenceGraph::sortWires()
{
    for (auto& node : nodes)
    {
        node->audioWires.assign (node->inputs.size(), {});
        node->midiWires.clear();
    }

    for (auto& wire : wires)
        (wire->isMidi() ? wire->destination->midiWires : wire->destination->audioWires[std::size_t (wire->input)])
            .push_back (wire.get());

    // Of two nodes with one id the one that is leaving is the older one. Open: whether the leaving node's channels all come
    // first or, as here, id and channel decide before that.
    const auto comesBefore = [] (const Wire* a, const Wire* b)
    {
        const auto key = [] (const Wire* wire)
        { return std::tuple (wire->source->runtime->id, wire->channel, wire->source->age, wire->age); };

        return key (a) < key (b);
    };

    for (auto& node : nodes)
    {
        for (auto& input : node->audioWires)
            std::sort (input.begin(), input.end(), comesBefore);

        std::sort (node->midiWires.begin(), node->midiWires.end(), comesBefore);
    }

    // Sinks add up in ascending id.
    std::sort (nodes.begin(), nodes.end(), [] (const auto& a, const auto& b)
               { return std::pair (a->runtime->id, a->age) < std::pair (b->runtime->id, b->age); });
}

//==============================================================================
// Wires.

float ReferenceGraph::valueAt (const std::vector<float>& history, std::int64_t index)
{
    return index < 0 ? 0.0f : history[std::size_t (index)];
}

/** What the first so many lines deliver at the present sample. */
float ReferenceGraph::delayed (const Wire& wire, std::size_t numLines) const
{
    const auto& line = wire.lines[numLines - 1];
    const auto b = valueAt (wire.fed, now - line.delay - wire.firstSample);

    if (numLines == 1)
        return b;

    const auto q = now - (line.since + line.delay) + 1;

    if (q >= fadeSamples)
        return b;

    const auto a = delayed (wire, numLines - 1);

    if (q <= 0)
        return a;

    return a + (b - a) * (float (q) / float (fadeSamples));
}

float ReferenceGraph::deliver (Wire& wire, float sample)
{
    if (wire.position < wire.target)
        ++wire.position;
    else if (wire.position > wire.target)
        --wire.position;

    wire.fed.push_back (wire.position == fadeSamples ? sample : sample * (float (wire.position) / float (fadeSamples)));
    return delayed (wire, wire.lines.size());
}

void ReferenceGraph::sendThrough (Wire& wire, const Bytes& bytes)
{
    auto due = now + wire.lines.back().delay;

    if (! wire.waiting.empty())
        due = std::max (due, wire.waiting.back().due);

    wire.waiting.push_back ({ due, bytes });
}

void ReferenceGraph::feedMidi (Wire& wire, const Bytes& bytes)
{
    if (bytes.size() == 3)
    {
        const auto channel = bytes[0] & 0x0f;

        switch (bytes[0] & 0xf0)
        {
            case 0x80: wire.notes.erase ({ channel, bytes[1] }); break;
            case 0x90:
                if (bytes[2] > 0)
                    wire.notes.insert ({ channel, bytes[1] });
                else
                    wire.notes.erase ({ channel, bytes[1] });
                break;
            case 0xb0:
                if (bytes[1] == 64 && bytes[2] >= 64)
                    wire.pedals.insert (channel);
                else if (bytes[1] == 64)
                    wire.pedals.erase (channel);
                break;
            default: break;
        }
    }

    sendThrough (wire, bytes);
}

//==============================================================================
// Nodes.

void ReferenceGraph::gatherInputs (Node& node, const host::BlockIO& io, int sample)
{
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
    {
        auto sum = 0.0f;

        for (auto* wire : node.audioWires[i])
        {
            make (*wire->source, io, sample);
            sum += deliver (*wire, wire->source->outputs[std::size_t (wire->channel)]);
        }

        node.inputs[i].push_back (sum);
    }

    node.midi.clear();

    for (auto* wire : node.midiWires)
    {
        make (*wire->source, io, sample);

        if (wire->isWanted)
            for (const auto& bytes : wire->source->midi)
                feedMidi (*wire, bytes);

        for (; wire->numDelivered < wire->waiting.size() && wire->waiting[wire->numDelivered].due == now;
             ++wire->numDelivered)
            node.midi.push_back (wire->waiting[wire->numDelivered].bytes);
    }
}

void ReferenceGraph::process (Node& node, const host::BlockIO& io)
{
    const auto numInputs = int (node.inputs.size()), numOutputs = int (node.outputs.size());
    std::vector<float> samples (std::size_t (std::max (numInputs, numOutputs)));
    std::vector<float*> channels;

    for (std::size_t i = 0; i < samples.size(); ++i)
    {
        samples[i] = i < node.inputs.size() ? node.inputs[i].back() : 0.0f;
        channels.push_back (&samples[i]);
    }

    if (node.wet > 0 || node.wetTarget > 0)
    {
        juce::MidiBuffer midi;

        for (const auto& bytes : node.midi)
            midi.addEvent (bytes.data(), int (bytes.size()), 0);

        host::ProcessContext context{ channels.data(), int (channels.size()), 1, midi, io.transport };
        node.runtime->processor->process (context);
        node.midi.clear();

        for (const auto event : midi)
            node.midi.emplace_back (event.data, event.data + event.numBytes);
    }
    else
    {
        node.midi.clear(); // Open: what goes past a bypassed node. Random graphs bypass no node with MIDI.
    }

    if (node.wet < node.wetTarget)
        ++node.wet;
    else if (node.wet > node.wetTarget)
        --node.wet;

    for (int i = 0; i < numOutputs; ++i)
    {
        const auto wet = samples[std::size_t (i)];
        auto dry = 0.0f;

        // Open: a latency that changes is followed at once, here. Random graphs do not bypass nodes whose latency changes.
        if (i < numInputs)
            dry = valueAt (node.inputs[std::size_t (i)], now - node.latency - node.firstSample);

        auto& output = node.outputs[std::size_t (i)];

        if (node.wet == fadeSamples)
            output = wet;
        else if (node.wet == 0)
            output = dry;
        else
            output = dry + (wet - dry) * (float (node.wet) / float (fadeSamples));
    }
}

/** The node's outputs at the present sample, if they have not been made yet, and first its sources'. */
void ReferenceGraph::make (Node& node, const host::BlockIO& io, int sample)
{
    if (node.samplesMade > now)
        return;

    node.samplesMade = now + 1;

    switch (node.role())
    {
        case NodeRole::audioInput:
            for (int i = 0; i < int (node.outputs.size()); ++i)
                node.outputs[std::size_t (i)] = i < io.numInputs ? io.inputs[i][sample] : 0.0f;
            break;

        case NodeRole::midiInput:
            node.midi.clear();

            for (const auto event : io.midiInput)
                if (event.samplePosition == sample)
                    node.midi.emplace_back (event.data, event.data + event.numBytes);
            break;

        case NodeRole::feedback:
            // Its inputs are gathered when all else is made.
            for (std::size_t i = 0; i < node.outputs.size(); ++i)
                node.outputs[i] = valueAt (node.inputs[i], now - info.maxBlockSize - node.firstSample);
            break;

        case NodeRole::audioOutput:
        case NodeRole::midiOutput: gatherInputs (node, io, sample); break;

        case NodeRole::processor:
            gatherInputs (node, io, sample);
            process (node, io);
            break;
    }
}

void ReferenceGraph::render (const host::BlockIO& io)
{
    const juce::ScopedNoDenormals noDenormals;
    io.midiOutput.clear();

    for (auto& node : nodes)
    {
        node->wetTarget = node->runtime->bypassed.load() ? 0 : fadeSamples;

        if (node->wet < 0)
            node->wet = node->wetTarget;

    }

    for (int sample = 0; sample < io.numSamples; ++sample, ++now)
    {
        for (int i = 0; i < io.numOutputs; ++i)
            io.outputs[i][sample] = 0.0f;

        for (auto& node : nodes)
            make (*node, io, sample);

        for (auto& node : nodes)
            if (node->isFeedback())
                gatherInputs (*node, io, sample);

        for (auto& node : nodes)
        {
            if (! node->isInModel)
                continue; // a sink has no wires that could keep it

            if (node->role() == NodeRole::audioOutput)
                for (int i = 0; i < std::min (io.numOutputs, int (node->inputs.size())); ++i)
                    io.outputs[i][sample] += node->inputs[std::size_t (i)].back();

            if (node->role() == NodeRole::midiOutput)
                for (const auto& bytes : node->midi)
                    io.midiOutput.addEvent (bytes.data(), int (bytes.size()), sample);
        }
    }
}

} // namespace graphtest
