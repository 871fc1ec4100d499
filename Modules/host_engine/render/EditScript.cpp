#include "EditScript.h"

#include <array>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

namespace host
{

namespace
{
using Json = Session::Json;

constexpr std::array<std::pair<const char*, EditScript::Verb>, 6> verbs{ {
    { "connect", EditScript::Verb::connect },
    { "disconnect", EditScript::Verb::disconnect },
    { "add", EditScript::Verb::add },
    { "remove", EditScript::Verb::remove },
    { "set", EditScript::Verb::set },
    { "bypass", EditScript::Verb::bypass },
} };

std::string describeLine (const juce::File& file, int line)
{
    return file.getFullPathName().toStdString() + ", line " + std::to_string (line);
}

/** As it was written, unless that would fill the screen. */
std::string show (const Json& value)
{
    constexpr std::size_t longest = 60;
    auto text =
        value.is_structured() ? std::string (value.is_object() ? "an object" : "a list") : value.dump (-1, ' ', true);
    return text.size() > longest ? text.substr (0, longest) + "..." : text;
}

/** Reads one line. */
class LineReader
{
public:
    LineReader (const std::string& textToRead, std::string whatItIs) : text (textToRead), what (std::move (whatItIs)) {}

    EditScript::Edit read (std::vector<std::string>& notes)
    {
        parse();
        edit.at = readTime();
        edit.verb = readVerb();

        switch (edit.verb)
        {
            case EditScript::Verb::connect:
            case EditScript::Verb::disconnect: edit.wire = { readPort ("from"), readPort ("to") }; break;

            case EditScript::Verb::add:
                edit.newNode = require ("node", "an object, as in a session");
                Session::checkNode (edit.newNode, what);
                edit.id = edit.newNode["id"].get<NodeId>();
                break;

            case EditScript::Verb::remove: edit.id = readId(); break;

            case EditScript::Verb::set:
                edit.node = readNodeName();
                edit.parameter = readText ("param", "the parameter's exact name, or #<the format's id>");
                edit.value = readValue();
                edit.valueText = show (json["value"]);
                break;

            case EditScript::Verb::bypass:
                edit.id = readId();
                edit.on = readSwitch ("on");
                break;
        }

        for (const auto& [key, value] : json.items())
            if (! known.contains (key))
                notes.push_back (what + ": \"" + key + "\" is not known and left out");

        return std::move (edit);
    }

private:
    void parse()
    {
        if (Session::isTooDeep (text))
            throw Error (what, "is nested too deeply", "write a JSON object like {\"at\":0,\"do\":\"remove\",\"id\":2}");

        // Which one of two would count is for nobody to guess.
        std::vector<std::set<std::string>> keys;

        const auto watchKeys = [&] (int, Json::parse_event_t event, Json& parsed)
        {
            if (event == Json::parse_event_t::object_start)
                keys.emplace_back();
            else if (event == Json::parse_event_t::object_end)
                keys.pop_back();
            else if (event == Json::parse_event_t::key && ! keys.back().insert (parsed.get<std::string>()).second)
                throw Error (what, "has the key " + show (parsed) + " twice", "take one of the two out");

            return true;
        };

        try
        {
            json = Json::parse (text, watchKeys);
        }
        catch (const Json::out_of_range&)
        {
            throw Error (what, "holds a number that no program can: it is larger than 1.8e308", "mend the line");
        }
        catch (const Json::exception&)
        {
            throw Error (what, "is not JSON", "write an edit a line, like {\"at\":48000,\"do\":\"remove\",\"id\":2}");
        }

        if (! json.is_object())
            throw Error (what, "is no JSON object but " + show (json),
                         "write an edit a line, like {\"at\":48000,\"do\":\"remove\",\"id\":2}");
    }

    const Json& require (const std::string& key, const std::string& whatToGive)
    {
        known.insert (key);

        if (! json.contains (key))
            throw Error (what, "has no \"" + key + "\"", "give " + whatToGive);

        return json[key];
    }

    [[noreturn]] void refuse (const std::string& key, const std::string& whatToGive) const
    {
        throw Error (what, "its \"" + key + "\" is " + show (json[key]), "give " + whatToGive);
    }

    std::int64_t readTime()
    {
        const std::string wanted = "the sample at which to do it: a whole number, 0 or more";
        const auto& value = require ("at", wanted);
        constexpr auto latest = std::uint64_t (std::numeric_limits<std::int64_t>::max());

        if (! value.is_number_unsigned() || value.get<std::uint64_t>() > latest)
            refuse ("at", wanted);

        return value.get<std::int64_t>();
    }

    EditScript::Verb readVerb()
    {
        const std::string wanted = "connect, disconnect, add, remove, set or bypass";
        const auto& value = require ("do", wanted);

        for (const auto& [name, verb] : verbs)
            if (value == name)
                return verb;

        refuse ("do", wanted);
    }

    NodeId readId()
    {
        const std::string wanted = "the id of a node: a whole number from 1 to 2147483647";
        const auto& value = require ("id", wanted);

        if (! value.is_number_unsigned() || value < 1 || value > 0x7fffffff)
            refuse ("id", wanted);

        return value.get<NodeId>();
    }

    std::string readText (const std::string& key, const std::string& wanted)
    {
        const auto& value = require (key, wanted);

        if (! value.is_string())
            refuse (key, wanted);

        return value.get<std::string>();
    }

    PortRef readPort (const std::string& key)
    {
        const auto port = readText (key, "a port like \"2:0\" or \"2:midi\"");

        try
        {
            return PortRef::parse (port);
        }
        catch (const Error& error)
        {
            throw Error (what + ": " + error.what(), Error::Kind::unusable);
        }
    }

    std::string readNodeName()
    {
        const std::string wanted = "a node's id, or its name where that is unique";
        const auto& value = require ("node", wanted);

        if (value.is_number_unsigned())
            return value.dump();

        return readText ("node", wanted);
    }

    float readValue()
    {
        const auto& value = require ("value", "a number");

        if (! value.is_number())
            refuse ("value", "a number");

        return value.get<float>();
    }

    bool readSwitch (const std::string& key)
    {
        const auto& value = require (key, "true or false");

        if (! value.is_boolean())
            refuse (key, "true or false");

        return value.get<bool>();
    }

    const std::string& text;
    const std::string what;
    Json json;
    std::set<std::string> known;
    EditScript::Edit edit;
};
} // namespace

EditScript EditScript::load (const juce::File& file)
{
    const auto path = file.getFullPathName().toStdString();

    if (file.isDirectory())
        throw Error (path, "is a folder", "give the path of a file with an edit a line");

    if (! file.exists())
        throw Error (path, "there is no such file", "check the path of the edits");

    // Not by its size: it may be a pipe.
    std::ifstream stream (path, std::ios::binary);
    std::ostringstream text;

    if (stream && stream.peek() != std::ifstream::traits_type::eof())
        text << stream.rdbuf();

    if (! stream.is_open() || stream.bad() || text.bad())
        throw Error (path, "cannot be read", "check who may read the file");

    return parse (text.str(), file);
}

EditScript EditScript::parse (const std::string& text, const juce::File& location)
{
    EditScript script;
    script.location = location;
    std::istringstream lines (text);
    std::string line;

    for (int number = 1; std::getline (lines, line); ++number)
    {
        if (line.find_first_not_of (" \t\r") == std::string::npos)
            continue;

        const auto what = describeLine (location, number);
        auto edit = LineReader (line, what).read (script.notes);
        edit.line = number;

        if (! script.edits.empty() && edit.at < script.edits.back().at)
            throw Error (what,
                         "its \"at\" is " + std::to_string (edit.at) + ", and that of line "
                             + std::to_string (script.edits.back().line) + " is " + std::to_string (script.edits.back().at),
                         "put the edits in ascending order");

        script.edits.push_back (std::move (edit));
    }

    return script;
}

std::vector<Wire> EditScript::getConnectedWires() const
{
    std::vector<Wire> wires;

    for (const auto& edit : edits)
        if (edit.verb == Verb::connect)
            wires.push_back (edit.wire);

    return wires;
}

std::string EditScript::describe (const Edit& edit) const { return describeLine (location, edit.line); }

} // namespace host
