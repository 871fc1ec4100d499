#include "FiltergraphImport.h"

#include <host_plugins/Vst3Bundle.h>
#include <host_plugins/catalogue/Catalogue.h>
#include <juce_audio_processors/juce_audio_processors.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace host
{

/** Makes a session of one file. */
class FiltergraphImport
{
public:
    explicit FiltergraphImport (const juce::File& fileToRead) : file (fileToRead) {}

    Session run()
    {
        const auto xml = parse (Session::readFile (file));
        numberNodes (*xml);
        Json connections = readConnections (*xml);
        auto nodes = Json::array();

        for (const auto* filter : xml->getChildWithTagNameIterator ("FILTER"))
            nodes.push_back (readNode (*filter));

        const Json document{ { "audiohost", Session::formatVersion },
                             { "name", toUtf8 (file.getFileNameWithoutExtension()) },
                             { "tempo", Session::defaultTempo },
                             { "nodes", std::move (nodes) },
                             { "connections", std::move (connections) } };

        try
        {
            return Session::parse (SpelledJson::writePlainly (document), file);
        }
        catch (const Json::exception&)
        {
            complain ("holds characters that are no text");
        }
    }

private:
    using Json = Session::Json;

    static constexpr int midiChannel = 0x1000; ///< juce::AudioProcessorGraph's
    static constexpr int deepestNesting = 32;  ///< a graph has 5 levels

    [[noreturn]] void complain (const std::string& why) const
    {
        throw Error (file.getFullPathName().toStdString(), why,
                     "give a graph that JUCE's AudioPluginHost has saved (.filtergraph), or mend the file");
    }

    static std::string toUtf8 (const juce::String& text) { return text.toStdString(); }

    std::unique_ptr<juce::XmlElement> parse (const std::string& text) const
    {
        const auto isWhole = checkNesting (text);
        juce::XmlDocument document (juce::String::createStringFromData (text.data(), static_cast<int> (text.size())));
        auto xml = document.getDocumentElement();

        if (xml == nullptr)
            complain ("is not XML (" + toUtf8 (document.getLastParseError().trim()) + ")");

        if (! xml->hasTagName ("FILTERGRAPH"))
            complain ("is not a graph: it begins with " + toUtf8 (xml->getTagName()) + " in place of FILTERGRAPH");

        // JUCE is content with some that are not.
        if (! isWhole)
            complain ("is cut off");

        return xml;
    }

    /** JUCE's parser follows the elements down the stack, and definitions of entities wherever they lead.
        @returns whether every element that begins ends */
    bool checkNesting (const std::string& text) const
    {
        // JUCE counts the characters with an int.
        if (text.size() > 0x3fffffff)
            complain ("is too large to be a graph");

        const auto skipTo = [&] (const char* end, std::size_t from)
        {
            const auto found = text.find (end, from);
            return found == std::string::npos ? text.size() : found;
        };

        int depth = 0;

        for (std::size_t i = text.find ('<'); i < text.size(); i = text.find ('<', i))
        {
            if (text.compare (i, 4, "<!--") == 0)
                i = skipTo ("-->", i);
            else if (text.compare (i, 9, "<![CDATA[") == 0)
                i = skipTo ("]]>", i);
            else if (text.compare (i, 2, "<!") == 0)
                complain ("has a document type, which no graph has");
            else if (text.compare (i, 2, "<?") == 0)
                i = skipTo ("?>", i);
            else
                i = readTag (text, i, depth);

            if (depth > deepestNesting)
                complain ("is nested too deeply to be a graph");
        }

        return depth == 0;
    }

    /** @returns where the tag ends */
    static std::size_t readTag (const std::string& text, std::size_t begin, int& depth)
    {
        char quote = 0;
        auto i = begin + 1;

        for (; i < text.size() && (quote != 0 || text[i] != '>'); ++i)
        {
            if (quote != 0)
                quote = text[i] == quote ? char (0) : quote;
            else if (text[i] == '"' || text[i] == '\'')
                quote = text[i];
        }

        const auto isEnd = begin + 1 < text.size() && text[begin + 1] == '/';
        const auto isWhole = ! isEnd && i > begin && text[i - 1] == '/';
        depth = std::max (0, depth + (isEnd ? -1 : isWhole ? 0 : 1));
        return i;
    }

    int readWhole (const juce::XmlElement& element, const char* attribute) const
    {
        const auto text = element.getStringAttribute (attribute);
        const auto digits = text.startsWithChar ('-') ? text.substring (1) : text;

        if (digits.isEmpty() || digits.length() > 10 || ! digits.containsOnly ("0123456789"))
            complain ("has a " + toUtf8 (element.getTagName()) + " whose " + attribute + " is \"" + toUtf8 (text)
                      + "\" and not a whole number");

        // The numbers of nodes are unsigned there and written as if they were not.
        return static_cast<int> (static_cast<std::uint32_t> (text.getLargeIntValue()));
    }

    //==================================================================================================================
    void numberNodes (const juce::XmlElement& xml)
    {
        std::set<int> uids;
        int highest = 0;

        for (const auto* filter : xml.getChildWithTagNameIterator ("FILTER"))
        {
            const auto uid = readWhole (*filter, "uid");
            highest = std::max (highest, uid);

            if (! uids.insert (uid).second)
                complain ("has two nodes of the number " + std::to_string (uid));
        }

        int unused = 1;

        for (const auto uid : uids)
        {
            if (uid > 0)
            {
                ids[uid] = uid;
                continue;
            }

            if (highest < 0x7fffffff)
            {
                ids[uid] = ++highest;
                continue;
            }

            while (uids.contains (unused))
                ++unused;

            ids[uid] = unused++;
        }
    }

    int findNode (const juce::XmlElement& connection, const char* attribute) const
    {
        const auto uid = readWhole (connection, attribute);
        const auto found = ids.find (uid);

        if (found == ids.end())
            complain ("has a connection with node " + std::to_string (uid) + ", which is not there");

        return found->second;
    }

    Json readConnections (const juce::XmlElement& xml)
    {
        auto connections = Json::array();
        std::set<std::pair<std::string, std::string>> seen;

        const auto readPort = [this] (const juce::XmlElement& connection, const char* node, const char* channel)
        {
            const PortRef port{ static_cast<NodeId> (findNode (connection, node)), readWhole (connection, channel) };

            if (port.channel < 0)
                complain ("has a connection whose " + std::string (channel) + " is " + std::to_string (port.channel));

            if (port.channel == midiChannel)
                return PortRef{ port.node, PortRef::midi };

            auto& count = channelCounts[static_cast<int> (port.node)];
            count = std::max (count, std::min (port.channel, midiChannel) + 1);
            return port;
        };

        for (const auto* connection : xml.getChildWithTagNameIterator ("CONNECTION"))
        {
            const auto from = readPort (*connection, "srcFilter", "srcChannel").toString();
            const auto to = readPort (*connection, "dstFilter", "dstChannel").toString();

            // There a connection that is made twice is the same one.
            if (seen.insert ({ from, to }).second)
                connections.push_back ({ { "from", from }, { "to", to } });
        }

        return connections;
    }

    //==================================================================================================================
    Json readNode (const juce::XmlElement& filter)
    {
        const auto id = ids.at (readWhole (filter, "uid"));
        const auto* element = filter.getChildByName ("PLUGIN");
        juce::PluginDescription plugin;

        if (element == nullptr || ! plugin.loadFromXml (*element))
            complain ("has a node without a PLUGIN: number " + std::to_string (id));

        Json node{ { "id", id } };

        if (! addEnd (node, plugin))
            addPlugin (node, filter, *element, plugin);

        const auto readPlace = [&] (const char* attribute)
        {
            const auto place = filter.getDoubleAttribute (attribute, 0.5);
            return std::isfinite (place) ? std::clamp (place, 0.0, 1.0) : 0.5;
        };

        node["x"] = readPlace ("y");
        node["y"] = readPlace ("x");
        return node;
    }

    /** @returns false for what is none of the graph's ends */
    bool addEnd (Json& node, const juce::PluginDescription& plugin)
    {
        if (plugin.pluginFormatName != "Internal")
            return false;

        for (const auto& [name, type] :
             std::initializer_list<std::pair<const char*, const char*>>{ { "Audio Input", "audioInput" },
                                                                         { "Audio Output", "audioOutput" },
                                                                         { "MIDI Input", "midiInput" },
                                                                         { "MIDI Output", "midiOutput" } })
        {
            if (! plugin.name.equalsIgnoreCase (name))
                continue;

            node["type"] = type;

            // There an end has as many channels as the device: here, as many as are used.
            if (const auto channels = channelCounts[node["id"].get<int>()]; channels > 2)
                node["channels"] = channels;

            return true;
        }

        return false;
    }

    void addPlugin (Json& node, const juce::XmlElement& filter, const juce::XmlElement& element,
                    const juce::PluginDescription& plugin)
    {
        node["type"] = "plugin";
        node["ref"] = toUtf8 (getRef (plugin));
        node["format"] = toUtf8 (plugin.pluginFormatName);
        node["name"] = toUtf8 (plugin.name);

        Json kept{ { "plugin", Json::object() }, { "layout", Json::object() } };

        for (int i = 0; i < element.getNumAttributes(); ++i)
            kept["plugin"][toUtf8 (element.getAttributeName (i))] = toUtf8 (element.getAttributeValue (i));

        if (const auto* layout = filter.getChildByName ("LAYOUT"))
            for (const auto* side : layout->getChildIterator())
                for (const auto* bus : side->getChildWithTagNameIterator ("BUS"))
                    kept["layout"][toUtf8 (side->getTagName().toLowerCase())].push_back (
                        toUtf8 (bus->getStringAttribute ("layout")));

        if (const auto* state = filter.getChildByName ("STATE"))
            addState (node, kept, state->getAllSubText(), plugin);

        node["filtergraph"] = std::move (kept);
    }

    juce::String getRef (const juce::PluginDescription& plugin)
    {
        if (plugin.pluginFormatName == "LADSPA")
            return "LADSPA:" + plugin.fileOrIdentifier + ":" + plugin.name;

        if (plugin.pluginFormatName != "VST3")
            return plugin.fileOrIdentifier;

        // A file may hold several, and tells that only when it is loaded.
        if (! juce::File::isAbsolutePath (plugin.fileOrIdentifier) || ! juce::File (plugin.fileOrIdentifier).exists())
            if (const auto id = findInCatalogue (plugin); id.isNotEmpty())
                return id;

        const auto isNamed = plugin.name.isNotEmpty() && ! plugin.name.containsChar ('#');
        return plugin.fileOrIdentifier + (isNamed ? "#" + plugin.name : juce::String());
    }

    /** The id of the same class in a file of another place; empty if no scan has found one. */
    juce::String findInCatalogue (const juce::PluginDescription& plugin)
    {
        try
        {
            if (! catalogue)
                catalogue = Catalogue::load (Catalogue::getFile()).getPlugins();
        }
        catch (const Error&)
        {
            catalogue.emplace(); // a damaged one knows nothing: the plugin is told as missing
        }

        for (const auto& known : *catalogue)
            if (known.format == "VST3"
                && Vst3Bundle::getJuceHash (known.id.fromFirstOccurrenceOf (":", false, false)) == plugin.uniqueId)
                return known.id;

        return {};
    }

    void addState (Json& node, Json& kept, const juce::String& text, const juce::PluginDescription& plugin) const
    {
        const auto state = decode (text.removeCharacters (" \t\r\n"));

        if (! state)
        {
            // No base64 either: the node becomes a placeholder that says so, and keeps it.
            node["state"] = "damaged: " + toUtf8 (text.trim());
            return;
        }

        if (state->isEmpty())
            return;

        // JUCE's LADSPA states are the parameters' values as JUCE counts them, and not ours.
        auto& target = plugin.pluginFormatName == "LADSPA" ? kept : node;
        target["state"] = toUtf8 (juce::Base64::toBase64 (state->getData(), state->getSize()));
    }

    /** What juce::MemoryBlock::toBase64Encoding() made: the number of bytes, a dot, six bits a character. JUCE's own decoder
        believes any number. */
    static std::optional<juce::MemoryBlock> decode (const juce::String& text)
    {
        const auto number = text.upToFirstOccurrenceOf (".", false, false);
        const auto characters = text.fromFirstOccurrenceOf (".", false, false);

        if (text.isEmpty())
            return juce::MemoryBlock();

        if (number.isEmpty() || number.length() > 9 || ! number.containsOnly ("0123456789"))
            return {};

        const auto numBytes = number.getLargeIntValue();

        if (characters.length() != (numBytes * 8 + 5) / 6
            || ! characters.containsOnly (".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"))
            return {};

        juce::MemoryBlock block;
        block.fromBase64Encoding (text);
        return block;
    }

    const juce::File file;
    std::map<int, int> ids;           ///< by AudioPluginHost's uids
    std::map<int, int> channelCounts; ///< that connections need, by our ids
    std::optional<std::vector<PluginInfo>> catalogue;
};

Session importFiltergraph (const juce::File& file) { return FiltergraphImport (file).run(); }

} // namespace host
