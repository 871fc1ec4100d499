#include "SessionEditor.h"

#include <host_graph/nodes/BuiltInNodes.h>
#include <rt_guard/Guard.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace host
{

namespace
{
using Json = Session::Json;

const char* const keysOfPaths[] = { "file", "ref" };

bool isRelativePath (const std::string& key, const std::string& text)
{
    return key == "ref" ? text.starts_with ("./") || text.starts_with ("../") : ! text.empty() && text[0] != '/';
}

Json toJson (float value)
{
    // The shortest decimal that means this float, and not the double's long tail.
    std::array<char, 32> text{};
    const auto end = std::to_chars (text.data(), text.data() + text.size(), value).ptr;
    return Json::parse (text.data(), end);
}
} // namespace

//======================================================================================================================
std::string SessionEditor::Node::getType() const { return json["type"].get<std::string>(); }

std::string SessionEditor::Node::getName() const
{
    return json.contains ("name") && json["name"].is_string() ? json["name"].get<std::string>() : runtime->name;
}

juce::Point<double> SessionEditor::Node::getPosition() const
{
    const auto get = [&] (const char* key)
    { return json.contains (key) && json[key].is_number() ? json[key].get<double>() : 0.0; };

    return { get ("x"), get ("y") };
}

bool SessionEditor::Node::isBypassed() const { return json.contains ("bypassed") && json["bypassed"] == true; }

PluginInstance* SessionEditor::Node::getPlugin() const noexcept
{
    return dynamic_cast<PluginInstance*> (runtime->processor.get());
}

//======================================================================================================================
SessionEditor::SessionEditor (Engine& engineToUse, PluginFormats& formatsToUse)
    : engine (engineToUse), formats (formatsToUse)
{
    startNew();
}

SessionEditor::~SessionEditor() = default;

void SessionEditor::startNew()
{
    Session empty;
    empty.document["nodes"] = Json::parse (R"([ { "id": 1, "type": "audioInput", "x": 0.12, "y": 0.3 },
                                                { "id": 2, "type": "midiInput", "x": 0.12, "y": 0.6 },
                                                { "id": 3, "type": "audioOutput", "x": 0.88, "y": 0.45 } ])");
    NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
    std::vector<MadeNode> made;

    for (const auto& json : empty.getNodes())
        made.push_back (factory.make (json, empty));

    open (std::move (empty), made, {});
}

std::vector<std::string> SessionEditor::open (Session newSession, const std::vector<MadeNode>& made, const juce::File& from)
{
    std::vector<std::string> notes;
    Model next;
    next.version = ++lastVersion;
    next.name = newSession.getName();
    next.tempo = newSession.getTempo();

    GraphModel graph;

    for (std::size_t i = 0; i < made.size(); ++i)
    {
        next.nodes.push_back (std::make_shared<Node> (Node{ newSession.getNodes()[i], made[i].runtime, made[i].missing }));
        graph.addNode (made[i].runtime);
    }

    const auto wires = newSession.getWires();

    for (std::size_t i = 0; i < wires.size(); ++i)
    {
        WireEntry entry{ wires[i], newSession.document["connections"][i] };

        if (hasWire (next, entry.wire))
            throw Error ("wire " + entry.wire.toString(), "is there twice", "take one of the two out");

        try
        {
            graph.connect (entry.wire);
        }
        catch (const Error& error)
        {
            entry.isBroken = true;
            notes.push_back (std::string (error.what()) + ". The wire is left out, and kept in the file.");
        }

        next.wires.push_back (std::make_shared<WireEntry> (std::move (entry)));
    }

    engine.setGraph (makeGraph (next));
    nameNodes (next);
    engine.setTempo (next.tempo);
    session = std::move (newSession);
    file = from;
    model = std::move (next);
    resetHistory();
    savedVersion = model.version;
    pluginEdited = false;
    listeners.call ([] (Listener& l) { l.sessionChanged(); });
    updateStatus();
    return notes;
}

void SessionEditor::save (const juce::File& destination)
{
    captureDocument (destination);
    session.save (destination);
    file = destination;
    savedVersion = model.version;
    pluginEdited = false;
    updateStatus();
}

void SessionEditor::captureDocument (const juce::File& destination)
{
    // What was set just now has to have reached the plugins: two blocks, should they still come.
    const auto lastBlock = engine.getBlockCount();

    for (int i = 0; i < 16 && engine.getBlockCount() < lastBlock + 2; ++i)
        juce::Thread::sleep (5);

    auto snapshot = takeSnapshot();

    for (const auto& node : model.nodes)
        snapshot.settings[node->getId()] = std::make_shared<const Json> (captureSettings (*node));

    session.document = snapshot.makeDocument (destination);
}

SessionEditor::Snapshot SessionEditor::takeSnapshot() const
{
    auto document = Json::object();

    for (const auto& [key, value] : session.document.items())
        document[key] = key == "nodes" || key == "connections" ? Json::array() : value;

    Snapshot snapshot;
    snapshot.session = session.withDocument (std::move (document));
    snapshot.model = model;
    return snapshot;
}

Json SessionEditor::Snapshot::makeDocument (const juce::File& destination) const
{
    auto document = session.document;

    for (const auto& node : model.nodes)
        document["nodes"].push_back (placeNode (*node, destination));

    for (const auto& wire : model.wires)
        document["connections"].push_back (wire->json);

    if (! model.name.empty() || document.contains ("name"))
        document["name"] = model.name;

    if (model.tempo != session.getTempo())
        document["tempo"] = model.tempo;

    return document;
}

std::string SessionEditor::Snapshot::write (const juce::File& destination, const std::string& key, const Json& value) const
{
    auto document = makeDocument (destination);
    document[key] = value;
    return session.withDocument (std::move (document)).write();
}

Json SessionEditor::Snapshot::placeNode (const Node& node, const juce::File& destination) const
{
    auto json = node.json;

    if (const auto found = settings.find (node.getId()); found != settings.end())
        json.update (*found->second);

    // In the model paths stay relative to where the session was opened, whatever it is saved as.
    for (const auto* key : keysOfPaths)
    {
        if (! json.contains (key) || ! json[key].is_string() || ! isRelativePath (key, json[key].get<std::string>()))
            continue;

        const auto meant = session.resolvePath (json[key].get<std::string>());

        if (destination.getParentDirectory().getChildFile (juce::String::fromUTF8 (json[key].get<std::string>().c_str()))
            == meant)
            continue;

        auto path = meant.getRelativePathFrom (destination.getParentDirectory()).toStdString();

        if (std::string (key) == "ref" && ! path.starts_with ("../") && path[0] != '/')
            path = "./" + path;

        json[key] = path;
    }

    return json;
}

Json SessionEditor::captureSettings (const Node& node)
{
    auto settings = Json::object();

    if (! node.missing.empty())
        return settings;

    const auto& processor = *node.runtime->processor;
    const auto& infos = processor.getParameters();
    const auto isPlugin = node.getPlugin() != nullptr;

    if (isPlugin)
        if (const auto state = node.getPlugin()->getState(); ! state.isEmpty())
            settings["state"] = juce::Base64::toBase64 (state.getData(), state.getSize()).toStdString();

    // A plugin's state has everything, and parameters are applied over it: those that are written have to be true.
    auto written =
        node.json.contains ("parameters") && node.json["parameters"].is_object() ? node.json["parameters"] : Json::object();

    for (std::size_t i = 0; i < infos.size(); ++i)
    {
        const auto& info = infos[i];
        const auto value = processor.getParameter (int (i));
        const auto name = info.name.toStdString(), number = "#" + info.id.toStdString();
        const auto key = written.contains (name) ? name : written.contains (number) ? number : std::string();

        if (key.empty())
        {
            if (! isPlugin && value != info.defaultValue)
                written[name] = toJson (value);

            continue;
        }

        const auto tolerance = 1.0e-6f * std::max (1.0f, info.maximum - info.minimum);
        const auto isTrue =
            written[key].is_number()
                ? std::abs (written[key].get<float>() - value) <= tolerance
                : written[key].is_string() && ToneNode::findShape (written[key].get<std::string>()) == int (value);

        if (! isTrue)
            written[key] = toJson (value);
    }

    if (! written.empty())
        settings["parameters"] = std::move (written);

    return settings;
}

std::string SessionEditor::getName() const { return model.name; }

void SessionEditor::setName (const std::string& name)
{
    auto next = edit();
    next.name = name;
    perform ("Rename Session", std::move (next));
}

double SessionEditor::getTempo() const { return model.tempo; }

void SessionEditor::setTempo (double tempo)
{
    if (! (tempo >= 1.0 && tempo <= 999.0))
        throw Error ("the tempo", juce::String (tempo, 1).toStdString() + " is out of range",
                     "give 1 to 999 beats a minute");

    if (tempo == model.tempo)
        return;

    auto next = edit();
    next.tempo = tempo;
    perform ("Tempo", std::move (next), "tempo");
}

void SessionEditor::markEdited (NodeId plugin)
{
    const auto wasEdited = std::exchange (pluginEdited, true);
    listeners.call ([&] (Listener& l) { l.pluginChanged (plugin); });

    if (! wasEdited)
        updateStatus();
}

//======================================================================================================================
SessionEditor::NodePtr SessionEditor::find (NodeId id) const { return findIn (model, id); }

SessionEditor::NodePtr SessionEditor::findIn (const Model& in, NodeId id)
{
    const auto found =
        std::find_if (in.nodes.begin(), in.nodes.end(), [id] (const NodePtr& node) { return node->getId() == id; });
    return found != in.nodes.end() ? *found : nullptr;
}

std::vector<Wire> SessionEditor::getWires() const { return engine.getGraph().getWires(); }

bool SessionEditor::canConnect (const Wire& wire) const
{
    if (hasWire (model, wire))
        return false;

    try
    {
        auto graph = engine.getGraph();
        graph.connect (wire);
    }
    catch (const Error&)
    {
        return false;
    }

    if (engine.getGraph().find (wire.from.node)->role == NodeRole::feedback)
        return true;

    // A loop needs a feedback node in it: is there a way back from the destination to the source?
    std::vector<NodeId> ways{ wire.to.node };
    std::set<NodeId> seen;

    while (! ways.empty())
    {
        const auto id = ways.back();
        ways.pop_back();

        if (id == wire.from.node)
            return false;

        const auto node = engine.getGraph().find (id);

        if (! node || node->role == NodeRole::feedback || ! seen.insert (id).second)
            continue;

        for (const auto& other : engine.getGraph().getWires())
            if (other.from.node == id)
                ways.push_back (other.to.node);
    }

    return true;
}

//======================================================================================================================
SessionEditor::Model SessionEditor::edit() const { return model; }

GraphModel SessionEditor::makeGraph (const Model& from)
{
    GraphModel graph;

    for (const auto& node : from.nodes)
        graph.addNode (node->runtime);

    for (const auto& wire : from.wires)
    {
        if (wire->isBroken)
            continue;

        graph.connect (wire->wire);
        graph.setCompensated (wire->wire, wire->json.value ("compensate", true));
    }

    return graph;
}

void SessionEditor::nameNodes (const Model& next) const
{
    const std::set<NodePtr> known (model.nodes.begin(), model.nodes.end());

    for (const auto& node : next.nodes)
        if (! known.contains (node))
            rt::guard::setNodeName (node->getId(), node->getName());
}

void SessionEditor::show (const Model& next)
{
    engine.setGraph (makeGraph (next));
    nameNodes (next);

    for (const auto& node : next.nodes)
        node->runtime->bypassed.store (node->isBypassed(), std::memory_order_relaxed);

    if (next.tempo != model.tempo)
        engine.setTempo (next.tempo);
}

void SessionEditor::perform (const std::string& name, Model next, const std::string& mergesWith)
{
    next.version = ++lastVersion;
    show (next);
    record ({ name, model, next, {}, {}, mergesWith });
    model = std::move (next);
    listeners.call ([] (Listener& l) { l.sessionChanged(); });
    updateStatus();
}

void SessionEditor::record (Step step)
{
    redoSteps.clear();

    if (! undoSteps.empty() && ! step.mergesWith.empty() && undoSteps.back().mergesWith == step.mergesWith)
    {
        undoSteps.back().after = std::move (step.after);

        if (step.parameter)
            undoSteps.back().parameter->after = step.parameter->after;

        return;
    }

    undoSteps.push_back (std::move (step));
    limitHistory();
}

void SessionEditor::limitHistory()
{
    std::size_t bytes = 0;

    for (const auto& step : undoSteps)
        bytes += step.plugin ? step.plugin->settings.state.getSize() : 0;

    while (undoSteps.size() > longestHistory || (bytes > largestHistory && undoSteps.size() > 1))
    {
        bytes -= undoSteps.front().plugin ? undoSteps.front().plugin->settings.state.getSize() : 0;
        undoSteps.pop_front();
    }
}

void SessionEditor::restoreSettings (PluginChange& change)
{
    auto& plugin = dynamic_cast<PluginInstance&> (*change.node->processor);
    auto present = plugin.takeSnapshot();
    plugin.restore (change.settings);
    change.settings = std::move (present);
}

void SessionEditor::endGesture()
{
    if (! undoSteps.empty())
        undoSteps.back().mergesWith.clear();
}

void SessionEditor::resetHistory()
{
    undoSteps.clear();
    redoSteps.clear();
}

bool SessionEditor::go (std::deque<Step>& from, std::deque<Step>& to, bool back)
{
    if (from.empty())
        return false;

    auto& step = from.back();
    const auto& next = back ? step.before : step.after;
    step.mergesWith.clear();

    if (step.parameter)
    {
        const auto& change = *step.parameter;
        engine.setParameter (change.node->id, change.index, back ? change.before : change.after);
        model.version = next.version;
        listeners.call ([&] (Listener& l) { l.parameterChanged (change.node->id, change.index); });
    }
    else if (step.plugin)
    {
        restoreSettings (*step.plugin);
        model.version = next.version;
        listeners.call ([&] (Listener& l) { l.pluginChanged (step.plugin->node->id); });
        listeners.call ([] (Listener& l) { l.sessionChanged(); });
    }
    else
    {
        show (next);
        model = next;
        listeners.call ([] (Listener& l) { l.sessionChanged(); });
    }

    to.push_back (std::move (step));
    from.pop_back();
    updateStatus();
    return true;
}

bool SessionEditor::undo() { return go (undoSteps, redoSteps, true); }
bool SessionEditor::redo() { return go (redoSteps, undoSteps, false); }

std::optional<std::string> SessionEditor::getUndoName() const
{
    return undoSteps.empty() ? std::nullopt : std::optional (undoSteps.back().name);
}

std::optional<std::string> SessionEditor::getRedoName() const
{
    return redoSteps.empty() ? std::nullopt : std::optional (redoSteps.back().name);
}

void SessionEditor::updateStatus()
{
    listeners.call ([] (Listener& l) { l.sessionStatusChanged(); });
}

//======================================================================================================================
NodeId SessionEditor::getFreeId (const Model& in) const
{
    NodeId highest = 0;

    for (const auto& node : in.nodes)
        highest = std::max (highest, node->getId());

    if (highest < 0x7fffffff)
        return highest + 1;

    NodeId id = 1;

    while (findIn (in, id) != nullptr)
        ++id;

    return id;
}

SessionEditor::NodePtr SessionEditor::withJson (const Node& node, Json json)
{
    return std::make_shared<Node> (Node{ std::move (json), node.runtime, node.missing });
}

void SessionEditor::place (Json& json, juce::Point<double> position)
{
    const auto round = [] (double value) { return std::round (value * 1.0e4) / 1.0e4; };
    json["x"] = round (position.x);
    json["y"] = round (position.y);
}

SessionEditor::NodePtr SessionEditor::makeNode (Json json)
{
    NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
    const auto made = factory.make (json, session);

    if (! made.missing.empty())
        throw Error (made.missing);

    return std::make_shared<Node> (Node{ std::move (json), made.runtime, {} });
}

NodeId SessionEditor::addNode (Json description, juce::Point<double> position, const std::vector<Wire>& insertInto)
{
    auto next = edit();
    Json json{ { "id", getFreeId (next) } };
    json.update (description);
    place (json, position);

    const auto node = makeNode (std::move (json));
    next.nodes.push_back (node);
    cutInto (next, *node, insertInto);
    perform ("Add " + node->getName(), std::move (next));
    return node->getId();
}

void SessionEditor::insertIntoWires (NodeId id, juce::Point<double> position, const std::vector<Wire>& wires)
{
    auto next = edit();

    for (auto& node : next.nodes)
    {
        if (node->getId() != id)
            continue;

        auto json = node->json;
        place (json, position);
        node = withJson (*node, std::move (json));
        cutInto (next, *node, wires);
        perform ("Insert " + node->getName(), std::move (next));
        return;
    }
}

void SessionEditor::cutInto (Model& next, const Node& node, const std::vector<Wire>& wires)
{
    const auto& ports = node.runtime->ports;
    int channel = 0;

    for (const auto& wire : wires)
    {
        const auto isMidi = wire.from.isMidi();

        if (isMidi ? ! (ports.midiInput && ports.midiOutput) : ports.audioInputs == 0 || ports.audioOutputs == 0)
            throw Error (node.getName(),
                         std::string ("has not both an input and an output for ") + (isMidi ? "MIDI" : "audio"),
                         "connect it by hand");

        const auto in = isMidi ? PortRef::midi : std::min (channel, ports.audioInputs - 1);
        const auto out = isMidi ? PortRef::midi : std::min (channel, ports.audioOutputs - 1);
        channel += isMidi ? 0 : 1;

        removeWire (next, wire);

        for (const auto& added : { Wire{ wire.from, { node.getId(), in } }, Wire{ { node.getId(), out }, wire.to } })
            if (! hasWire (next, added))
                addWire (next, added);
    }
}

void SessionEditor::removeNodes (const std::set<NodeId>& ids)
{
    if (ids.empty())
        return;

    auto next = edit();
    std::string name = "Delete " + std::to_string (ids.size()) + " Nodes";

    if (const auto node = find (*ids.begin()); ids.size() == 1 && node != nullptr)
        name = "Delete " + node->getName();

    std::erase_if (next.nodes, [&] (const NodePtr& node) { return ids.contains (node->getId()); });
    std::erase_if (next.wires, [&] (const WirePtr& entry)
                   { return ids.contains (entry->wire.from.node) || ids.contains (entry->wire.to.node); });
    perform (name, std::move (next));
}

std::set<NodeId> SessionEditor::duplicateNodes (const std::set<NodeId>& ids)
{
    constexpr double offset = 0.03;
    auto next = edit();
    std::map<NodeId, NodeId> copies;

    for (const auto id : ids)
    {
        const auto node = find (id);

        if (node == nullptr)
            continue;

        if (! node->missing.empty())
            throw Error (node->getName(), "is missing, so it cannot be copied", "leave it out of the selection");

        auto json = node->json;
        json.update (captureSettings (*node));
        json["id"] = copies[id] = getFreeId (next);
        place (json, node->getPosition() + juce::Point<double> (offset, offset));
        next.nodes.push_back (makeNode (std::move (json)));
    }

    for (const auto& entry : model.wires)
    {
        const auto& wire = entry->wire;

        if (! entry->isBroken && copies.contains (wire.from.node) && copies.contains (wire.to.node))
            addWire (next, { { copies[wire.from.node], wire.from.channel }, { copies[wire.to.node], wire.to.channel } });
    }

    perform ("Duplicate", std::move (next));
    std::set<NodeId> result;

    for (const auto& [original, copy] : copies)
        result.insert (copy);

    return result;
}

bool SessionEditor::hasWire (const Model& in, const Wire& wire)
{
    return std::any_of (in.wires.begin(), in.wires.end(), [&] (const WirePtr& entry) { return entry->wire == wire; });
}

void SessionEditor::addWire (Model& next, const Wire& wire)
{
    if (hasWire (next, wire))
        throw Error ("wire " + wire.toString(), "is there already", "connect other ports");

    next.wires.push_back (
        std::make_shared<WireEntry> (WireEntry{ wire, { { "from", wire.from.toString() }, { "to", wire.to.toString() } } }));
}

void SessionEditor::removeWire (Model& next, const Wire& wire)
{
    if (std::erase_if (next.wires, [&] (const WirePtr& entry) { return entry->wire == wire; }) == 0)
        throw Error ("wire " + wire.toString(), "there is no such wire", "look at the graph as it is now");
}

void SessionEditor::connect (const std::vector<Wire>& wires) { rewire ("Connect", {}, wires); }
void SessionEditor::disconnect (const std::vector<Wire>& wires) { rewire ("Disconnect", wires, {}); }

void SessionEditor::reconnect (const std::vector<Wire>& removed, const std::vector<Wire>& added)
{
    rewire ("Reconnect", removed, added);
}

void SessionEditor::rewire (const std::string& name, const std::vector<Wire>& removed, const std::vector<Wire>& added)
{
    auto next = edit();

    for (const auto& wire : removed)
        removeWire (next, wire);

    for (const auto& wire : added)
        addWire (next, wire);

    perform (name, std::move (next));
}

void SessionEditor::moveNodes (const std::vector<std::pair<NodeId, juce::Point<double>>>& places)
{
    auto next = edit();
    std::string key = "move";

    for (const auto& [id, position] : places)
    {
        for (auto& node : next.nodes)
        {
            if (node->getId() != id)
                continue;

            auto json = node->json;
            place (json, position);
            node = withJson (*node, std::move (json));
        }

        key += " " + std::to_string (id);
    }

    perform ("Move", std::move (next), key);
}

void SessionEditor::setBypassed (const std::set<NodeId>& ids, bool shouldBypass)
{
    auto next = edit();
    bool isChanged = false;

    for (auto& node : next.nodes)
    {
        if (! ids.contains (node->getId()) || node->runtime->role != NodeRole::processor
            || node->isBypassed() == shouldBypass)
            continue;

        auto json = node->json;

        if (shouldBypass)
            json["bypassed"] = true;
        else
            json.erase ("bypassed");

        node = withJson (*node, std::move (json));
        isChanged = true;
    }

    if (isChanged)
        perform (shouldBypass ? "Bypass" : "Bypass Off", std::move (next));
}

void SessionEditor::rename (NodeId id, const std::string& name)
{
    auto next = edit();

    for (auto& node : next.nodes)
    {
        if (node->getId() != id || node->getName() == name || name.empty())
            continue;

        auto json = node->json;
        json["name"] = name;
        node = withJson (*node, std::move (json));
        perform ("Rename", std::move (next));
        return;
    }
}

void SessionEditor::setParameter (NodeId id, int index, float value)
{
    const auto node = find (id);

    if (node == nullptr || ! juce::isPositiveAndBelow (index, node->runtime->processor->getParameters().size()))
        return;

    const auto key = "parameter " + std::to_string (id) + " " + std::to_string (index);
    const auto before = node->runtime->processor->getParameter (index);

    if (! engine.setParameter (id, index, value))
        throw Error (node->getName(), "too many changes are under way at once", "try again in a moment");

    auto next = edit();
    next.version = ++lastVersion;
    record ({ "Change " + node->runtime->processor->getParameters()[std::size_t (index)].name.toStdString(),
              model,
              next,
              ParameterChange{ node->runtime, index, before, value },
              {},
              key });
    model.version = next.version;
    listeners.call ([&] (Listener& l) { l.parameterChanged (id, index); });
    updateStatus();
}

void SessionEditor::setProgram (NodeId id, int program)
{
    const auto node = find (id);
    auto* plugin = node != nullptr ? node->getPlugin() : nullptr;

    if (plugin == nullptr || ! juce::isPositiveAndBelow (program, plugin->getPrograms().size()))
        return;

    auto before = plugin->takeSnapshot();
    plugin->setProgram (program);

    auto next = edit();
    next.version = ++lastVersion;
    record ({ "Change Program to " + plugin->getPrograms()[program].toStdString(),
              model,
              next,
              {},
              PluginChange{ node->runtime, std::move (before) },
              {} });
    model.version = next.version;
    listeners.call ([&] (Listener& l) { l.pluginChanged (id); });
    listeners.call ([] (Listener& l) { l.sessionChanged(); });
    updateStatus();
}

} // namespace host
