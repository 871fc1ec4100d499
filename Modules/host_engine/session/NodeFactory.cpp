#include "NodeFactory.h"

#include "PlaceholderNode.h"
#include "../stream/FilePlayerNode.h"
#include "../stream/RecorderNode.h"

#include <host_graph/nodes/BuiltInNodes.h>

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

/** Formats that another program's session may name and this one cannot host: nothing needs to be tried. */
bool isForeign (const std::string& format) { return format == "Internal" || format == "VST" || format == "AudioUnit"; }

juce::String toJuce (const std::string& text) { return juce::String::fromUTF8 (text.c_str(), int (text.size())); }
} // namespace

/** Makes one node. */
class NodeFactory::Maker
{
public:
    Maker (NodeFactory& factoryToUse, const Json& node, const Session& sessionToUse)
        : factory (factoryToUse), json (node), session (sessionToUse), id (node["id"].get<NodeId>()),
          type (node["type"].get<std::string>()),
          label ("node " + std::to_string (id) + " (" + textOr (node, "name", type) + ")")
    {
    }

    MadeNode make()
    {
        auto role = NodeRole::processor;
        auto processor = makeBuiltIn (role);

        if (processor == nullptr && type == "plugin")
            processor = makePlugin();

        if (processor == nullptr)
            refuseType();

        return finish (role, std::move (processor));
    }

    MadeNode makePlaceholder (const std::string& why)
    {
        made.missing = why;
        return finish (NodeRole::processor, makePlaceholder());
    }

private:
    MadeNode finish (NodeRole role, std::unique_ptr<NodeProcessor> processor)
    {
        if (made.missing.empty())
            applyParameters (*processor);

        const auto name = textOr (json, "name", processor->getName().toStdString());
        made.runtime = rt::makeShared<NodeRuntime> (factory.collector, id, role, name, std::move (processor));
        made.runtime->bypassed = json.contains ("bypassed") && json["bypassed"] == true;
        return std::move (made);
    }

    std::unique_ptr<NodeProcessor> makePlaceholder() const
    {
        const auto name = textOr (json, "name", textOr (json, "ref", type));
        return std::make_unique<PlaceholderNode> (toJuce (name), findPortsInWires());
    }

    [[noreturn]] void refuseType() const
    {
        throw Error (label, "there is no node type \"" + type + "\"",
                     "use audioInput, audioOutput, midiInput, midiOutput, plugin, gain, mixer, tone, feedback, midiPlayer, "
                     "filePlayer or recorder");
    }

    int getCount (const char* key, int fallback, int most) const
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

    std::unique_ptr<NodeProcessor> makeBuiltIn (NodeRole& role)
    {
        const auto channels = getCount ("channels", 2, mostChannels);

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
            return std::make_unique<MixerNode> (getCount ("inputs", 4, mostChannels / 2));
        if (type == "tone")
            return makeTone (channels);
        if (type == "midiPlayer")
            return makeMidiPlayer();
        if (type == "filePlayer")
            return makeFilePlayer (channels);
        if (type == "recorder")
            return makeRecorder (channels);

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

    std::unique_ptr<NodeProcessor> makeTone (int channels) const
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

    juce::File getPath (const std::string& whatToGive) const
    {
        const auto path = textOr (json, "file", {});

        if (path.empty())
            throw Error (label, "has no \"file\"", whatToGive);

        return session.resolvePath (path);
    }

    bool isLooping() const { return json.contains ("loop") && json["loop"].is_boolean() && json["loop"].get<bool>(); }

    /** A file that is not there now is as a plugin that is not: its node keeps its place. */
    template <typename Make>
    std::unique_ptr<NodeProcessor> orPlaceholder (const Make& make)
    {
        try
        {
            return make();
        }
        catch (const Error& error)
        {
            made.missing = error.what();
            return makePlaceholder();
        }
    }

    std::unique_ptr<NodeProcessor> makeMidiPlayer()
    {
        const auto loop = isLooping();
        auto player = std::make_unique<MidiPlayerNode> (readMidiFile (getPath ("give the path of a MIDI file")), loop);

        if (! loop)
            made.musicSeconds = std::max (made.musicSeconds.value_or (0.0), player->getLengthSeconds());

        return player;
    }

    std::unique_ptr<NodeProcessor> makeFilePlayer (int channels)
    {
        const auto file = getPath ("give the path of an audio file");
        FilePlayerNode::Settings settings;
        settings.channels = channels;
        settings.loop = isLooping();

        if (json.contains ("start"))
        {
            constexpr double longest = 1.0e6; // eleven days
            const auto& start = json["start"];

            if (! start.is_number() || ! (start.get<double>() >= 0.0 && start.get<double>() <= longest))
                throw Error (label, "its \"start\" is " + start.dump(),
                             "give the seconds to leave out at the file's beginning, 0 or more");

            settings.startSeconds = start.get<double>();
        }

        return orPlaceholder (
            [&]() -> std::unique_ptr<NodeProcessor>
            {
                auto player = std::make_unique<FilePlayerNode> (file, settings);
                const auto fileChannels = player->getFileChannels();

                if (fileChannels > channels)
                    made.notes.push_back (label + ": its file has " + std::to_string (fileChannels)
                                          + " channels; those after the first " + std::to_string (channels)
                                          + " are dropped");
                else if (fileChannels > 1 && fileChannels < channels)
                    made.notes.push_back (label + ": its file has " + std::to_string (fileChannels)
                                          + " channels; those after them are silent");

                const auto length = player->getLengthSamples (factory.info.sampleRate);

                if (length <= 0)
                    made.notes.push_back (
                        label + ": begins behind the end of its file and stays silent; give an earlier \"start\"");
                else if (! settings.loop)
                    made.musicSeconds = (double (length) - 0.5) / factory.info.sampleRate; // to be rounded up

                return player;
            });
    }

    std::unique_ptr<NodeProcessor> makeRecorder (int channels)
    {
        const auto file = getPath ("give the path of the WAV file to write");
        return orPlaceholder ([&]() -> std::unique_ptr<NodeProcessor>
                              { return std::make_unique<RecorderNode> (file, channels); });
    }

    std::unique_ptr<NodeProcessor> makePlugin()
    {
        tellWhatIsNotYet ("isolation", "in-process");
        tellWhatIsNotYet ("group", "own");

        try
        {
            if (const auto format = textOr (json, "format", {}); isForeign (format))
                refuseFormat (format);

            const auto ref = NodeFactory::getRef (json, session);

            if (ref.empty())
                throw Error (label, "has no \"ref\"", "give the plugin's path or id");

            if (factory.beforeLoading)
                factory.beforeLoading (ref);

            auto instance = factory.formats.create (factory.formats.resolve (toJuce (ref)), factory.info.sampleRate,
                                                    factory.info.maxBlockSize);
            restoreState (*instance);
            return instance;
        }
        catch (const Error& error)
        {
            made.missing = error.what();
            return makePlaceholder();
        }
    }

    [[noreturn]] void refuseFormat (const std::string& format) const
    {
        if (format == "Internal")
            throw Error (label, "it is built into JUCE's AudioPluginHost and not there in this program",
                         "put a plugin in its place; the session keeps what it was");

        throw Error (label, "this program cannot host plugins of the format \"" + format + "\"",
                     "put its VST3 or LV2 version in its place; the session keeps what it was");
    }

    /** Isolation and grouping come with the sandbox: kept in the document, and told. */
    void tellWhatIsNotYet (const char* key, const char* existing)
    {
        if (const auto value = textOr (json, key, existing); value != existing)
            made.notes.push_back (label + ": " + key + " \"" + value + "\" does not exist yet; the plugin runs in-process");
    }

    void restoreState (PluginInstance& instance)
    {
        const auto text = textOr (json, "state", {});

        if (text.empty())
        {
            if (json.contains ("filtergraph") && json["filtergraph"].is_object() && json["filtergraph"].contains ("state"))
                made.notes.push_back (label
                                      + ": its settings are those of JUCE's LADSPA host, which count otherwise than"
                                        " here; the plugin begins with its defaults");

            return;
        }

        juce::MemoryOutputStream state;

        if (! juce::Base64::convertFromBase64 (state, toJuce (text)))
            throw Error (label, "its state is not base64", "go back to an older copy of the session");

        instance.setState (state.getMemoryBlock());
    }

    NodePorts findPortsInWires() const
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

    void applyParameters (NodeProcessor& processor)
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
                if (! (name == "Shape" && value.is_string()))
                    made.notes.push_back (label + ": the parameter \"" + name + "\" "
                                          + (index < 0 ? "does not exist" : "has no number") + "; it is left as it is");

                continue;
            }

            processor.setParameter (index, value.get<float>());
        }
    }

    NodeFactory& factory;
    const Json& json;
    const Session& session;
    const NodeId id;
    const std::string type, label;
    MadeNode made;
};

//======================================================================================================================
NodeFactory::NodeFactory (PluginFormats& formatsToUse, const PrepareInfo& infoToUse, rt::Collector& collectorToUse,
                          BeforeLoading toCall)
    : formats (formatsToUse), info (infoToUse), collector (collectorToUse), beforeLoading (std::move (toCall))
{
}

MadeNode NodeFactory::make (const Json& node, const Session& session) { return Maker (*this, node, session).make(); }

MadeNode NodeFactory::makePlaceholder (const Json& node, const Session& session, const std::string& why)
{
    return Maker (*this, node, session).makePlaceholder (why);
}

std::string NodeFactory::getRef (const Json& node, const Session& session)
{
    if (node["type"] != "plugin" || isForeign (textOr (node, "format", {})))
        return {};

    const auto ref = textOr (node, "ref", {});
    const auto isRelativePath = ref.starts_with ("./") || ref.starts_with ("../");
    return isRelativePath ? session.resolvePath (ref).getFullPathName().toStdString() : ref;
}

int NodeFactory::findParameter (const std::vector<ParameterInfo>& infos, const std::string& name)
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

} // namespace host
