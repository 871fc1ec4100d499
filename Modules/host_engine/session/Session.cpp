#include "Session.h"

#include "FiltergraphImport.h"

#include <host_plugins/WriteFile.h>

#include <set>

namespace host
{

namespace
{
constexpr int deepestNesting = 256;

[[noreturn]] void complain (const juce::File& file, const std::string& why, const std::string& whatToDo)
{
    throw Error (file.getFullPathName().toStdString(), why, whatToDo);
}

int lineAt (const std::string& text, std::size_t byte)
{
    return 1 + int (std::count (text.begin(), text.begin() + std::ptrdiff_t (std::min (byte, text.size())), '\n'));
}
} // namespace

Session::Session()
    : document{ { "audiohost", formatVersion },
                { "name", "Untitled" },
                { "tempo", defaultTempo },
                { "nodes", Json::array() },
                { "connections", Json::array() } }
{
}

Session Session::load (const juce::File& file)
{
    return file.hasFileExtension ("filtergraph") ? importFiltergraph (file) : parse (readFile (file), file);
}

std::string Session::readFile (const juce::File& file)
{
    if (file.isDirectory())
        complain (file, "is a folder", "give the path of a session file (.audiohost)");

    if (! file.existsAsFile())
        complain (file, "there is no such file", "check the path of the session");

    juce::FileInputStream stream (file);
    juce::MemoryBlock bytes;

    if (stream.failedToOpen() || (file.getSize() > 0 && stream.readIntoMemoryBlock (bytes) == 0))
        complain (file, "cannot be read", "check who may read the file");

    return { static_cast<const char*> (bytes.getData()), bytes.getSize() };
}

Session Session::parse (const std::string& text, const juce::File& location)
{
    Session session;
    session.location = location;

    if (isTooDeep (text))
        complain (location, "is nested too deeply to be a session", "give a session file (.audiohost)");

    try
    {
        session.document = Json::parse (text);
    }
    catch (const Json::parse_error& error)
    {
        complain (location, "is not JSON (line " + std::to_string (lineAt (text, error.byte)) + ")",
                  "give a session file (.audiohost), or mend the file there");
    }
    catch (const Json::out_of_range&)
    {
        // Reading on would mean losing it.
        complain (location, "holds a number that no program can: it is larger than 1.8e308", "mend the file");
    }

    session.check();
    session.spelling = SpelledJson (text);
    return session;
}

// Deep nesting is no session, and the JSON library's writer would follow it down the stack.
bool Session::isTooDeep (const std::string& text)
{
    int depth = 0;
    bool inString = false;

    for (std::size_t i = 0; i < text.size(); ++i)
    {
        if (inString)
        {
            if (text[i] == '\\')
                ++i;
            else if (text[i] == '"')
                inString = false;
        }
        else if (text[i] == '"')
            inString = true;
        else if (text[i] == '{' || text[i] == '[')
        {
            if (++depth > deepestNesting)
                return true;
        }
        else if (text[i] == '}' || text[i] == ']')
            --depth;
    }

    return false;
}

void Session::check() const
{
    const auto isValid =
        document.is_object() && document.contains ("audiohost") && document["audiohost"].is_number_integer();

    if (! isValid)
        complain (location, "is not a session: it has no \"audiohost\" version", "give a session file (.audiohost)");

    if (document["audiohost"] != formatVersion)
        complain (location, "is of session version " + document["audiohost"].dump() + ", this program reads version 1",
                  "open it with the program that wrote it");

    for (const auto* key : { "nodes", "connections" })
        if (! document.contains (key) || ! document[key].is_array())
            complain (location, std::string ("has no list of ") + key, "mend the file, or go back to an older copy");

    if (document.contains ("tempo"))
        if (const auto& tempo = document["tempo"]; ! tempo.is_number() || ! (tempo >= 1.0 && tempo <= 999.0))
            complain (location, "its tempo is " + tempo.dump(), "give a tempo of 1 to 999 beats a minute");

    std::set<std::int64_t> ids;

    for (const auto& node : document["nodes"])
    {
        checkNode (node, location.getFullPathName().toStdString());

        if (! ids.insert (node["id"].get<std::int64_t>()).second)
            complain (location, "the id " + node["id"].dump() + " is used twice", "give every node an id of its own");
    }

    for (const auto& wire : document["connections"])
        if (! wire.is_object() || ! wire.contains ("from") || ! wire["from"].is_string() || ! wire.contains ("to")
            || ! wire["to"].is_string())
            complain (location, "has a connection without \"from\" and \"to\"",
                      "write it like {\"from\":\"1:0\",\"to\":\"2:0\"}");
        else if (wire.contains ("compensate") && ! wire["compensate"].is_boolean())
            complain (location, "has a connection whose \"compensate\" is " + wire["compensate"].dump(),
                      "write true or false, or leave it out");

    getWires(); // throws for ports that are not ports
}

void Session::checkNode (const Json& node, const std::string& what)
{
    if (! node.is_object() || ! node.contains ("id") || ! node["id"].is_number_integer() || ! node.contains ("type")
        || ! node["type"].is_string())
        throw Error (what, "has a node without an id and a type", "give every node a whole number as \"id\" and a \"type\"");

    const auto inRange = node["id"] >= 1 && node["id"] <= 0x7fffffff;

    if (! inRange)
        throw Error (what, "has a node with the id " + node["id"].dump(), "number nodes from 1 to 2147483647");
}

void Session::save (const juce::File& file) const { writeFileAtomically (file, write()); }

Session Session::withDocument (Json other) const
{
    Session session;
    session.document = std::move (other);
    session.location = location;
    session.spelling = spelling;
    return session;
}

Session Session::withWires (const std::vector<Wire>& wires) const
{
    auto json = document;

    for (const auto& wire : wires)
        json["connections"].push_back ({ { "from", wire.from.toString() }, { "to", wire.to.toString() } });

    return withDocument (std::move (json));
}

std::string Session::getName() const
{
    return document.contains ("name") && document["name"].is_string() ? document["name"].get<std::string>() : std::string();
}

double Session::getTempo() const { return document.value ("tempo", defaultTempo); }

std::vector<Wire> Session::getWires() const
{
    std::vector<Wire> wires;

    for (const auto& wire : document.at ("connections"))
        wires.push_back (
            { PortRef::parse (wire["from"].get<std::string>()), PortRef::parse (wire["to"].get<std::string>()) });

    return wires;
}

std::vector<Wire> Session::getUncompensatedWires() const
{
    std::vector<Wire> result;
    const auto wires = getWires();

    for (std::size_t i = 0; i < wires.size(); ++i)
        if (! document["connections"][i].value ("compensate", true))
            result.push_back (wires[i]);

    return result;
}

juce::File Session::resolvePath (const std::string& path) const
{
    return location.getParentDirectory().getChildFile (juce::String::fromUTF8 (path.c_str()));
}

} // namespace host
