#include "SessionGraph.h"

#include "PlaceholderNode.h"

#include <charconv>
#include <cmath>

namespace host
{

namespace
{
using Json = Session::Json;

constexpr int mostChannels = 64;

std::string textOr (const Json& json, const char* key, const std::string& fallback)
{
    return json.contains (key) && json[key].is_string() ? json[key].get<std::string>() : fallback;
}

juce::String toJuce (const std::string& text) { return juce::String::fromUTF8 (text.c_str(), int (text.size())); }

/** Makes one node of a session after the other. */
class Builder
{
public:
    Builder (const Session& s, PluginFormats& f, const PrepareInfo& i, rt::Collector& c, SessionGraph& r,
             const SessionGraph::BeforeLoading& b)
        : session (s), formats (f), info (i), collector (c), result (r), beforeLoading (b)
    {
    }

    void run()
    {
        result.tempo = session.getTempo();

        for (const auto& json : session.getNodes())
            addNode (json);

        for (const auto& wire : session.getWires())
            result.graph.connect (wire);
    }

private:
    void addNode (const Json& json)
    {
        const auto id = json["id"].get<NodeId>();
        const auto type = json["type"].get<std::string>();
        label = "node " + std::to_string (id) + " (" + textOr (json, "name", type) + ")";

        auto role = NodeRole::processor;
        auto processor = makeBuiltIn (json, type, role);

        if (processor == nullptr && type == "plugin")
            processor = makePlugin (json, id);

        if (processor == nullptr)
            refuseType (type);

        applyParameters (json, *processor);
        const auto name = textOr (json, "name", processor->getName().toStdString());
        result.graph.addNode (rt::makeShared<NodeRuntime> (collector, id, role, name, std::move (processor)));
    }

    [[noreturn]] void refuseType (const std::string& type) const
    {
        if (type == "filePlayer" || type == "recorder")
            throw Error (label, "the node type \"" + type + "\" does not exist yet in this version",
                         "take the node out, or wait for a later version");

        throw Error (
            label, "there is no node type \"" + type + "\"",
            "use audioInput, audioOutput, midiInput, midiOutput, plugin, gain, mixer, tone, feedback or midiPlayer");
    }

    int getCount (const Json& json, const char* key, int fallback, int most) const
    {
        if (! json.contains (key))
            return fallback;

        const auto& value = json[key];
        const auto isValid = value.is_number_integer() && value >= 1 && value <= most;

        if (! isValid)
            throw Error (label, std::string ("its \"") + key + "\" is " + value.dump(),
                         "give a whole number from 1 to " + std::to_string (most));

        return value.get<int>();
    }

    std::unique_ptr<NodeProcessor> makeBuiltIn (const Json& json, const std::string& type, NodeRole& role)
    {
        const auto channels = getCount (json, "channels", 2, mostChannels);

        if (type == "audioInput")
            return makeEnd (role = NodeRole::audioInput, "Audio Input", { 0, channels, false, false });
        if (type == "audioOutput")
            return makeEnd (role = NodeRole::audioOutput, "Audio Output", { channels, 0, false, false });
        if (type == "midiInput")
            return makeEnd (role = NodeRole::midiInput, "MIDI Input", { 0, 0, false, true });
        if (type == "midiOutput")
            return makeEnd (role = NodeRole::midiOutput, "MIDI Output", { 0, 0, true, false });
        if (type == "gain")
            return std::make_unique<GainNode> (channels);
        if (type == "mixer")
            return std::make_unique<MixerNode> (getCount (json, "inputs", 4, mostChannels / 2));
        if (type == "tone")
            return makeTone (json, channels);
        if (type == "midiPlayer")
            return makeMidiPlayer (json);

        if (type == "feedback")
        {
            role = NodeRole::feedback;
            return std::make_unique<FeedbackNode> (channels);
        }

        return nullptr;
    }

    static std::unique_ptr<NodeProcessor> makeEnd (NodeRole, const char* name, NodePorts ports)
    {
        return std::make_unique<IoNode> (name, ports);
    }

    std::unique_ptr<NodeProcessor> makeTone (const Json& json, int channels) const
    {
        auto tone = std::make_unique<ToneNode> (channels);

        // The shape may be written by its name.
        if (json.contains ("parameters") && json["parameters"].is_object() && json["parameters"].contains ("Shape")
            && json["parameters"]["Shape"].is_string())
        {
            const auto shape = json["parameters"]["Shape"].get<std::string>();
            const auto index = ToneNode::findShape (shape);

            if (! index)
                throw Error (label, "there is no Shape \"" + shape + "\"", "use sine, square, noise or impulse");

            tone->setParameter (ToneNode::shape, float (*index));
        }

        return tone;
    }

    std::unique_ptr<NodeProcessor> makeMidiPlayer (const Json& json)
    {
        const auto path = textOr (json, "file", {});

        if (path.empty())
            throw Error (label, "has no \"file\"", "give the path of a MIDI file");

        const auto loop = json.contains ("loop") && json["loop"].is_boolean() && json["loop"].get<bool>();
        auto player = std::make_unique<MidiPlayerNode> (readMidiFile (session.resolvePath (path)), loop);

        if (! loop)
            result.musicSeconds = std::max (result.musicSeconds.value_or (0.0), player->getLengthSeconds());

        return player;
    }

    std::unique_ptr<NodeProcessor> makePlugin (const Json& json, NodeId id)
    {
        tellWhatIsNotYet (json, "isolation", "in-process");
        tellWhatIsNotYet (json, "group", "own");

        try
        {
            const auto ref = textOr (json, "ref", {});

            if (ref.empty())
                throw Error (label, "has no \"ref\"", "give the plugin's path or id");

            const auto isRelativePath = ref.starts_with ("./") || ref.starts_with ("../");
            const auto place = isRelativePath ? session.resolvePath (ref).getFullPathName() : toJuce (ref);
            beforeLoading (place.toStdString());
            auto instance = formats.create (formats.resolve (place), info.sampleRate, info.maxBlockSize);
            restoreState (json, *instance);
            return instance;
        }
        catch (const Error& error)
        {
            const auto name = textOr (json, "name", textOr (json, "ref", "plugin"));
            result.missing.push_back ({ id, name, error.what() });
            return std::make_unique<PlaceholderNode> (toJuce (name), findPortsInWires (id));
        }
    }

    /** Isolation and grouping come with the sandbox: kept in the document, and told. */
    void tellWhatIsNotYet (const Json& json, const char* key, const char* existing)
    {
        if (const auto value = textOr (json, key, existing); value != existing)
            result.notes.push_back (label + ": " + key + " \"" + value
                                    + "\" does not exist yet; the plugin runs in-process");
    }

    void restoreState (const Json& json, PluginInstance& instance) const
    {
        const auto text = textOr (json, "state", {});

        if (text.empty())
            return;

        juce::MemoryOutputStream state;

        if (! juce::Base64::convertFromBase64 (state, toJuce (text)))
            throw Error (label, "its state is not base64", "go back to an older copy of the session");

        instance.setState (state.getMemoryBlock());
    }

    NodePorts findPortsInWires (NodeId id) const
    {
        NodePorts ports;

        for (const auto& wire : session.getWires())
        {
            if (wire.to.node == id)
            {
                ports.audioInputs = std::max (ports.audioInputs, std::min (wire.to.channel, mostChannels - 1) + 1);
                ports.midiInput = ports.midiInput || wire.to.isMidi();
            }

            if (wire.from.node == id)
            {
                ports.audioOutputs = std::max (ports.audioOutputs, std::min (wire.from.channel, mostChannels - 1) + 1);
                ports.midiOutput = ports.midiOutput || wire.from.isMidi();
            }
        }

        return ports;
    }

    void applyParameters (const Json& json, NodeProcessor& processor)
    {
        if (! json.contains ("parameters"))
            return;

        if (! json["parameters"].is_object())
            throw Error (label, "its \"parameters\" are not an object", "write them like {\"Gain\":0.5}");

        const auto& infos = processor.getParameters();

        for (const auto& [name, value] : json["parameters"].items())
        {
            const auto index = findParameter (infos, name);

            if (index < 0 || ! value.is_number())
            {
                const auto isPlaceholder = dynamic_cast<const PlaceholderNode*> (&processor) != nullptr;

                if (! isPlaceholder && ! (name == "Shape" && value.is_string()))
                    result.notes.push_back (label + ": the parameter \"" + name + "\" "
                                            + (index < 0 ? "does not exist" : "has no number") + "; it is left as it is");

                continue;
            }

            processor.setParameter (index, value.get<float>());
        }
    }

public:
    static int findParameter (const std::vector<ParameterInfo>& infos, const std::string& name)
    {
        const auto wanted = toJuce (name);

        for (std::size_t i = 0; i < infos.size(); ++i)
            if (infos[i].name == wanted)
                return int (i);

        for (std::size_t i = 0; i < infos.size() && wanted.startsWithChar ('#'); ++i)
            if (infos[i].id == wanted.substring (1))
                return int (i);

        return -1;
    }

private:
    const Session& session;
    PluginFormats& formats;
    const PrepareInfo& info;
    rt::Collector& collector;
    SessionGraph& result;
    const SessionGraph::BeforeLoading& beforeLoading;
    std::string label;
};
} // namespace

SessionGraph SessionGraph::build (const Session& session, PluginFormats& formats, const PrepareInfo& info,
                                  rt::Collector& collector, const BeforeLoading& beforeLoading)
{
    SessionGraph result;
    Builder (session, formats, info, collector, result, beforeLoading).run();
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
        auto plugin = formats.create (formats.resolve (toJuce (ref)), info.sampleRate, info.maxBlockSize);
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

    NodeId id = 0;
    const auto* nodeEnd = nodeText.data() + nodeText.size();
    const auto number = std::from_chars (nodeText.data(), nodeEnd, id);
    auto node = number.ec == std::errc() && number.ptr == nodeEnd ? graph.find (id) : GraphModel::Node();

    for (const auto& candidate : graph.getNodes())
    {
        if (node || candidate->name != nodeText)
            continue;

        for (const auto& other : graph.getNodes())
            if (other != candidate && other->name == nodeText)
                throw Error (what, "several nodes are called \"" + nodeText + "\"",
                             "give the node's id in place of its name");

        node = candidate;
    }

    if (! node)
        throw Error (what, "there is no node \"" + nodeText + "\"", "give a node's id, or its name where that is unique");

    const auto& infos = node->processor->getParameters();
    const auto index = Builder::findParameter (infos, name);

    if (index < 0)
        throw Error (what, "\"" + node->name + "\" has no parameter \"" + name + "\"",
                     "see its parameters with: AudioHost describe, or give #<the format's id>");

    float value = 0.0f;
    const auto* valueEnd = valueText.data() + valueText.size();
    const auto parsed = std::from_chars (valueText.data(), valueEnd, value);
    const auto& info = infos[std::size_t (index)];

    if (parsed.ec != std::errc() || parsed.ptr != valueEnd || ! std::isfinite (value) || value < info.minimum
        || value > info.maximum)
        throw Error (what,
                     "\"" + valueText + "\" is not a number from " + juce::String (info.minimum).toStdString() + " to "
                         + juce::String (info.maximum).toStdString(),
                     "give a value in that range");

    node->processor->setParameter (index, value);
}

} // namespace host
