#include "SessionGraph.h"

#include "NodeFactory.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace host
{

SessionGraph SessionGraph::build (const Session& session, PluginFormats& formats, const PrepareInfo& info,
                                  rt::Collector& collector, const BeforeLoading& beforeLoading,
                                  const std::vector<Wire>& laterWires)
{
    SessionGraph result;
    NodeFactory factory (formats, info, collector, beforeLoading);
    const auto sessionOfAll = session.withWires (laterWires);
    result.tempo = session.getTempo();

    for (const auto& json : session.getNodes())
    {
        const auto made = factory.make (json, sessionOfAll);

        if (! made.missing.empty())
            result.missing.push_back ({ made.runtime->id, made.runtime->name, made.missing });

        if (made.musicSeconds)
            result.musicSeconds = std::max (result.musicSeconds.value_or (0.0), *made.musicSeconds);

        result.notes.insert (result.notes.end(), made.notes.begin(), made.notes.end());
        result.graph.addNode (made.runtime);
    }

    for (const auto& wire : session.getWires())
        result.graph.connect (wire);

    for (const auto& wire : session.getUncompensatedWires())
        result.graph.setCompensated (wire, false);

    return result;
}

SessionGraph SessionGraph::buildChain (const std::vector<std::string>& refs, PluginFormats& formats, const PrepareInfo& info,
                                       rt::Collector& collector, const BeforeLoading& beforeLoading)
{
    SessionGraph result;
    NodeId nextId = 1;

    const auto add = [&] (NodeRole role, std::unique_ptr<NodeProcessor> processor)
    {
        const auto name = processor->getName().toStdString();
        auto node = rt::makeShared<NodeRuntime> (collector, nextId++, role, name, std::move (processor));
        result.graph.addNode (node);
        return node;
    };

    std::vector<GraphModel::Node> chain;
    chain.push_back (add (NodeRole::audioInput, std::make_unique<IoNode> ("Audio Input", NodePorts{ 0, 2, false, false })));

    for (const auto& ref : refs)
    {
        beforeLoading (ref);
        auto plugin =
            formats.create (formats.resolve (juce::String::fromUTF8 (ref.c_str())), info.sampleRate, info.maxBlockSize);
        chain.push_back (add (NodeRole::processor, std::move (plugin)));
    }

    chain.push_back (
        add (NodeRole::audioOutput, std::make_unique<IoNode> ("Audio Output", NodePorts{ 2, 0, false, false })));
    const auto midi = add (NodeRole::midiInput, std::make_unique<IoNode> ("MIDI Input", NodePorts{ 0, 0, false, true }));

    for (std::size_t i = 1; i < chain.size(); ++i)
    {
        const auto &source = *chain[i - 1], &destination = *chain[i];
        const auto outputs = source.ports.audioOutputs, inputs = destination.ports.audioInputs;

        for (int channel = 0; channel < std::min (outputs, inputs); ++channel)
            result.graph.connect ({ { source.id, channel }, { destination.id, channel } });

        // An instrument after the input is how chains begin; anything else that is not heard is worth a line.
        const auto isLost = outputs > inputs && ! (i == 1 && inputs == 0);
        const auto isUnfed = outputs < inputs && destination.role == NodeRole::audioOutput;

        if (isLost || isUnfed)
            result.notes.push_back (source.name + " has " + std::to_string (outputs) + " outputs and " + destination.name
                                    + " has " + std::to_string (inputs) + " inputs; channels from "
                                    + std::to_string (std::min (outputs, inputs)) + " on are not connected");

        if (destination.ports.midiInput)
            result.graph.connect ({ { midi->id, PortRef::midi }, { destination.id, PortRef::midi } });
    }

    return result;
}

void SessionGraph::setParameter (const std::string& assignment)
{
    const auto dot = assignment.find ('.'), equals = assignment.rfind ('=');
    const auto what = "--set " + assignment;

    if (dot == std::string::npos || equals == std::string::npos || equals < dot)
        throw Error (what, "is not of the form NODE.PARAM=VALUE", "write it like --set 2.Gain=0.5");

    const auto nodeText = assignment.substr (0, dot);
    const auto name = assignment.substr (dot + 1, equals - dot - 1);
    const auto valueText = assignment.substr (equals + 1);

    const auto node = findNode (graph, nodeText, what);
    const auto index = findParameter (*node, name, what);

    auto value = std::numeric_limits<float>::quiet_NaN();
    const auto* valueEnd = valueText.data() + valueText.size();

    if (const auto parsed = std::from_chars (valueText.data(), valueEnd, value);
        parsed.ec != std::errc() || parsed.ptr != valueEnd)
        value = std::numeric_limits<float>::quiet_NaN();

    checkValue (node->processor->getParameters()[std::size_t (index)], value, valueText, what);
    node->processor->setParameter (index, value);
}

GraphModel::Node SessionGraph::findNode (const GraphModel& graph, const std::string& idOrName, const std::string& what)
{
    NodeId id = 0;
    const auto* end = idOrName.data() + idOrName.size();
    const auto number = std::from_chars (idOrName.data(), end, id);
    auto node = number.ec == std::errc() && number.ptr == end ? graph.find (id) : GraphModel::Node();

    for (const auto& candidate : graph.getNodes())
    {
        if (node || candidate->name != idOrName)
            continue;

        for (const auto& other : graph.getNodes())
            if (other != candidate && other->name == idOrName)
                throw Error (what, "several nodes are called \"" + idOrName + "\"",
                             "give the node's id in place of its name");

        node = candidate;
    }

    if (! node)
        throw Error (what, "there is no node \"" + idOrName + "\"", "give a node's id, or its name where that is unique");

    return node;
}

int SessionGraph::findParameter (const NodeRuntime& node, const std::string& name, const std::string& what)
{
    const auto index = NodeFactory::findParameter (node.processor->getParameters(), name);

    if (index < 0)
        throw Error (what, "\"" + node.name + "\" has no parameter \"" + name + "\"",
                     "see its parameters with: AudioHost describe, or give #<the format's id>");

    return index;
}

void SessionGraph::checkValue (const ParameterInfo& info, float value, const std::string& text, const std::string& what)
{
    if (! std::isfinite (value) || value < info.minimum || value > info.maximum)
        throw Error (what,
                     "\"" + text + "\" is not a number from " + juce::String (info.minimum).toStdString() + " to "
                         + juce::String (info.maximum).toStdString(),
                     "give a value in that range");
}

} // namespace host
