#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <limits>

using Catch::Matchers::Contains;
using host::Session;

namespace
{
Session parse (const std::string& text) { return Session::parse (text, juce::File ("/music/set.audiohost")); }

std::string withNodes (const std::string& nodes, const std::string& wires = "")
{
    return R"({"audiohost":1,"name":"A","tempo":90,"nodes":[)" + nodes + R"(],"connections":[)" + wires + "]}";
}

struct TemporaryFolder
{
    TemporaryFolder() : folder (juce::File::createTempFile ({})) { folder.createDirectory(); }
    ~TemporaryFolder() { folder.deleteRecursively(); }

    juce::File folder;
};
} // namespace

TEST_CASE ("a session says what it holds")
{
    const auto session =
        parse (withNodes (R"({"id":1,"type":"tone"},{"id":2,"type":"audioOutput"})", R"({"from":"1:0","to":"2:0"})"));
    REQUIRE (session.getName() == "A");
    REQUIRE (session.getTempo() == 90.0);
    REQUIRE (session.getNodes().size() == 2);
    REQUIRE (session.getWires() == std::vector<host::Wire>{ { { 1, 0 }, { 2, 0 } } });
    REQUIRE (parse (R"({"audiohost":1,"nodes":[],"connections":[]})").getTempo() == Session::defaultTempo);
}

TEST_CASE ("what is no session is refused, and the message says why and names the file")
{
    for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
             { "", "not JSON" },
             { "{\"audiohost\":1,\n\n oops", "line 3" },
             { std::string (1000, '\xff'), "not JSON" },
             { "[]", "not a session" },
             { "{}", "not a session" },
             { R"({"audiohost":"1"})", "not a session" },
             { R"({"audiohost":2,"nodes":[],"connections":[]})", "version 2" },
             { R"({"audiohost":1,"connections":[]})", "nodes" },
             { R"({"audiohost":1,"nodes":{},"connections":[]})", "nodes" },
             { R"({"audiohost":1,"nodes":[]})", "connections" },
             { R"({"audiohost":1,"tempo":0,"nodes":[],"connections":[]})", "tempo" },
             { R"({"audiohost":1,"tempo":"fast","nodes":[],"connections":[]})", "tempo" },
             { withNodes ("1"), "without an id" },
             { withNodes (R"({"type":"gain"})"), "without an id" },
             { withNodes (R"({"id":1})"), "type" },
             { withNodes (R"({"id":1.5,"type":"gain"})"), "without an id" },
             { withNodes (R"({"id":0,"type":"gain"})"), "id 0" },
             { withNodes (R"({"id":-3,"type":"gain"})"), "id -3" },
             { withNodes (R"({"id":99999999999,"type":"gain"})"), "99999999999" },
             { withNodes (R"({"id":1,"type":"gain"},{"id":1,"type":"tone"})"), "id 1 is used twice" },
             { withNodes ("", "{}"), "connection" },
             { withNodes ("", R"({"from":"1:0"})"), "connection" },
             { withNodes ("", R"({"from":"1:0","to":"here"})"), "here" } })
    {
        CAPTURE (text);
        REQUIRE_THROWS_WITH (parse (text), Contains (word));
    }

    REQUIRE_THROWS_WITH (parse ("{}"), Contains ("/music/set.audiohost"));
    REQUIRE_THROWS_WITH (parse (std::string (100000, '[')), Contains ("deeply"));
}

TEST_CASE ("random damage to a session never does worse than an error")
{
    const auto good = withNodes (R"({"id":1,"type":"gain","parameters":{"Gain":0.5}},{"id":2,"type":"audioOutput"})",
                                 R"({"from":"1:0","to":"2:0"})");
    juce::Random random (3);

    for (int i = 0; i < 20000; ++i)
    {
        auto text = good;

        for (int n = random.nextInt (4); n >= 0; --n)
            text[std::size_t (random.nextInt (int (text.size())))] = char (random.nextInt (256));

        try
        {
            parse (text);
        }
        catch (const host::Error&)
        {
        }
    }
}

TEST_CASE ("unknown keys and nodes survive load and save, in their order")
{
    const std::string text = R"({
  "future": { "b": [1, 2.5, null, true, "é\n"], "a": {} },
  "audiohost": 1,
  "name": "Keep me",
  "tempo": 120,
  "nodes": [
    { "id": 4, "type": "hologram", "depth": 1e-7, "state": "AAECAw==", "big": 9007199254740993 },
    { "id": 1, "zzz": 1, "type": "plugin", "ref": "VST3:lost", "isolation": "sync", "group": "vendor", "parameters": { "X": 0.1 } }
  ],
  "connections": [ { "from": "4:0", "to": "1:0", "colour": "red" } ]
})";
    TemporaryFolder temporary;
    const auto file = temporary.folder.getChildFile ("kept.audiohost");
    parse (text).save (file);
    const auto again = Session::load (file);
    const auto original = Session::Json::parse (text);
    REQUIRE (again.document == original);
    REQUIRE (again.document.dump() == original.dump()); // order too
    REQUIRE (temporary.folder.getNumberOfChildFiles (juce::File::findFiles) == 1);
}

TEST_CASE ("a save that fails leaves the old file and nothing beside it")
{
    TemporaryFolder temporary;
    const auto missing = temporary.folder.getChildFile ("no/such/folder/x.audiohost");
    REQUIRE_THROWS_WITH (Session().save (missing),
                         Contains (missing.getFullPathName().toStdString()) && Contains ("cannot be written"));

    const auto taken = temporary.folder.getChildFile ("taken.audiohost");
    taken.createDirectory();
    REQUIRE_THROWS_AS (Session().save (taken), host::Error);
    REQUIRE (taken.isDirectory());
    REQUIRE (temporary.folder.getNumberOfChildFiles (juce::File::findFilesAndDirectories) == 1);
}

TEST_CASE ("files that cannot be read are told apart")
{
    TemporaryFolder temporary;
    REQUIRE_THROWS_WITH (Session::load (temporary.folder), Contains ("folder"));
    REQUIRE_THROWS_WITH (Session::load (temporary.folder.getChildFile ("x")), Contains ("no such file"));
}

TEST_CASE ("relative paths are relative to the session")
{
    const auto session = parse (withNodes (""));
    REQUIRE (session.resolvePath ("a/b.wav") == juce::File ("/music/a/b.wav"));
    REQUIRE (session.resolvePath ("/c.wav") == juce::File ("/c.wav"));
}

//======================================================================================================================
// What is unknown is kept word for word.

namespace
{
std::string contentsOf (const juce::File& file)
{
    juce::MemoryBlock bytes;
    REQUIRE (file.loadFileAsData (bytes));
    return { static_cast<const char*> (bytes.getData()), bytes.getSize() };
}

/** What saving the session writes. */
std::string saved (const Session& session)
{
    TemporaryFolder temporary;
    const auto file = temporary.folder.getChildFile ("saved.audiohost");
    session.save (file);
    return contentsOf (file);
}

std::string replaced (std::string text, const std::string& from, const std::string& to)
{
    const auto at = text.find (from);
    REQUIRE (at != std::string::npos);
    return text.replace (at, from.size(), to);
}

/** All that a person, or another program, may have written where we would have written something else. */
const std::string oddlySpelled = "\xef\xbb\xbf \n"
                                 R"({ "audiohost" :1 , "name": "Caf\u00e9 \ud83c\udfb9 \/ \"é\"", "tempo": 120.00,

  "future": { "price": 1.10, "tiny": -0, "less": -0.0, "much": 1E+2, "exact": 123456789012345678901234567890,
              "third": 0.33333333333333333333333333, "largest": 18446744073709551615, "least": -9223372036854775808,
              "twice": 1, "empty": {  }, "none": [ ],	"twice": [ 1.0, 01e0 ], "deep": [[[[{"a":[{"b":[[ ]]}]}]]]] },
  "nodes": [
    { "id": 1, "type": "audioInput", "note": "\u0041" },
    {"id":2,"type":"hologram","depth":1.50e-7,"parameters":{"Gain":0.50,"Mix":1.0},"x":0.20},

    { "id": 3,
      "type": "plugin", "ref": "VST3:lost",
      "state": "AAEC\/w==", "id": 3, "later": [ 1.0, 2.00, 3.000 ]
    },
    { "id": 9, "type": "audioOutput" } ],
  "connections": [ {"from":"1:0" , "to":"2:0", "gain": 1.0 }, {"to":"9:0","from":"2:0"},
                   { "from": "2:1", "to": "9:1" } ]
}
 )";

std::string oddText() { return replaced (oddlySpelled, "01e0", "1e0"); }
} // namespace

TEST_CASE ("saving what was not changed gives the file back, byte for byte")
{
    auto deep = std::string (200, '[') + " " + std::string (200, ']');
    std::string many;

    for (int i = 0; i < 20000; ++i)
        many += (i > 0 ? " ," : "") + std::string (i % 3 == 0 ? "1.0" : i % 3 == 1 ? "1" : "10e-1");

    for (const auto& text : std::vector<std::string>{
             oddText(), withNodes (""), withNodes ("") + "\n", "\t" + withNodes ("") + "\r\n\r\n",
             R"({"audiohost":1,"nodes":[],"connections":[],"":{"":{}},"deep":)" + deep + "}",
             R"({"audiohost":1,"nodes":[],"connections":[],"many":[)" + many + "]}",
             R"({"nodes":0,"audiohost":7,"nodes":[],"connections":[],"audiohost":1,"connections":[]})",
             R"({"audiohost":1,"nodes":[],"connections":[],"a\"\\\/\b\f\n\r\t\u0000b":"\u007f\u00e9\ud834\udd1e"})" })
    {
        CAPTURE (text.substr (0, 300));
        auto session = parse (text);
        CHECK (saved (session) == text);

        // Others put in what they hold: as long as it is the same, it is spelled the same.
        session.document = Session::Json::parse (session.document.dump());
        CHECK (saved (session) == text);
        session.document["nodes"] = Session::Json (session.document["nodes"]);
        CHECK (saved (session) == text);
    }
}

TEST_CASE ("a changed value is the only change in the file")
{
    const auto text = oddText();
    auto session = parse (text);
    auto& document = session.document;
    auto& nodes = document["nodes"];

    SECTION ("a tempo")
    {
        document["tempo"] = 98.5;
        REQUIRE (saved (session) == replaced (text, "120.00", "98.5"));
    }

    SECTION ("the same tempo, put in as an integer, is no change")
    {
        document["tempo"] = 120;
        REQUIRE (saved (session) == text);
    }

    SECTION ("a parameter")
    {
        nodes[1]["parameters"]["Gain"] = 0.75;
        REQUIRE (saved (session) == replaced (text, "0.50,", "0.75,"));
    }

    SECTION ("something new in a node on one line")
    {
        nodes[1]["state"] = "AAAA";
        nodes[1]["bypass"] = true;
        nodes[1]["window"] = { { "x", 1 }, { "y", { 2, 3 } } };
        REQUIRE (saved (session)
                 == replaced (text, R"("x":0.20})",
                              R"("x":0.20,"state":"AAAA","bypass":true,"window":{ "x": 1, "y": [ 2, 3 ] }})"));
    }

    SECTION ("something new in a node on several lines")
    {
        nodes[2]["state"] = "AQID";
        REQUIRE (saved (session) == replaced (text, R"(AAEC\/w==)", "AQID"));
    }

    SECTION ("a key that is there twice")
    {
        document["future"]["twice"] = nullptr;
        REQUIRE (saved (session) == replaced (text, "[ 1.0, 1e0 ]", "null"));

        document["future"].erase ("twice");
        REQUIRE (saved (session)
                 == replaced (replaced (text, "\t\"twice\": [ 1.0, 1e0 ],", ""), "\n              \"twice\": 1,", ""));
    }

    SECTION ("a node that goes")
    {
        nodes.erase (2);
        const auto begin = text.find ("\n\n    { \"id\": 3"), end = text.find ("\n    { \"id\": 9");
        REQUIRE (saved (session) == replaced (text, text.substr (begin, end - begin), ""));
    }

    SECTION ("a node that goes and comes back")
    {
        auto node = nodes[1];
        nodes.erase (1);
        CHECK (saved (session) != text);
        nodes.insert (nodes.begin() + 1, node);
        REQUIRE (saved (session) == text);
    }

    SECTION ("a new node, in the style of those beside it")
    {
        nodes.push_back ({ { "id", 10 }, { "type", "gain" }, { "parameters", { { "Gain", 2.5 } } } });
        REQUIRE (
            saved (session)
            == replaced (text, R"("audioOutput" })",
                         "\"audioOutput\" },\n    { \"id\": 10, \"type\": \"gain\", \"parameters\": { \"Gain\": 2.5 } }"));
    }

    SECTION ("nodes in another order keep what is theirs")
    {
        std::swap (nodes[0], nodes[2]);
        nodes[0]["state"] = "BBBB";
        const auto written = saved (session);
        CHECK_THAT (
            written,
            Contains (R"({"id":2,"type":"hologram","depth":1.50e-7,"parameters":{"Gain":0.50,"Mix":1.0},"x":0.20})"));
        CHECK_THAT (written, Contains (R"({ "id": 1, "type": "audioInput", "note": "\u0041" })"));
        CHECK_THAT (written, Contains (R"("state": "BBBB", "id": 3, "later": [ 1.0, 2.00, 3.000 ])"));
        REQUIRE (Session::Json::parse (written).dump() == document.dump());
    }

    SECTION ("a wire that goes, one that is new")
    {
        document["connections"].erase (1);
        document["connections"].push_back ({ { "from", "1:1" }, { "to", "2:1" } });
        REQUIRE (saved (session)
                 == replaced (replaced (text, R"( {"to":"9:0","from":"2:0"},)", ""), R"("to": "9:1" })",
                              "\"to\": \"9:1\" },\n                   { \"from\": \"1:1\", \"to\": \"2:1\" }"));
    }

    SECTION ("a number within a list")
    {
        nodes[2]["later"][1] = 2.25;
        REQUIRE (saved (session) == replaced (text, "2.00", "2.25"));
        nodes[2]["later"].erase (0);
        REQUIRE (saved (session) == replaced (text, "1.0, 2.00", "2.25"));
    }

    SECTION ("the last one of a list")
    {
        document["connections"] = Session::Json::array();
        const auto begin = text.find ("[ {\"from\":\"1:0\"");
        REQUIRE (saved (session) == replaced (text, text.substr (begin, text.rfind (']') + 1 - begin), "[]"));
    }

    SECTION ("zero gets a sign, a large number another last digit: these are changes")
    {
        document["future"]["tiny"] = -0.0;
        document["future"]["largest"] = -1;
        document["future"]["exact"] = 123456789012345677877719597056.0 * 2;
        REQUIRE (saved (session)
                 == replaced (replaced (replaced (text, "-0,", "-0.0,"), "18446744073709551615", "-1"),
                              "123456789012345678901234567890", "2.4691357802469136e+29"));
    }
}

TEST_CASE ("lines that end as on other systems go on ending so")
{
    auto text = std::string ("{\r\n\t\"audiohost\": 1,\r\n\t\"nodes\": [],\r\n\t\"connections\": []\r\n}\r\n");
    auto session = parse (text);
    session.document["nodes"].push_back ({ { "id", 1 }, { "type", "gain" } });
    session.document["name"] = "New";
    text = replaced (text, "[]", "[\r\n\t\t{\r\n\t\t\t\"id\": 1,\r\n\t\t\t\"type\": \"gain\"\r\n\t\t}\r\n\t]");
    REQUIRE (saved (session) == replaced (text, "[]", "[],\r\n\t\"name\": \"New\""));
}

TEST_CASE ("a number too large for any program is refused, not lost")
{
    REQUIRE_THROWS_WITH (parse (R"({"audiohost":1,"nodes":[],"connections":[],"x":1e999})"),
                         Contains ("larger than 1.8e308"));
}

namespace
{
/** Random documents, and random changes to them. */
struct Chance
{
    explicit Chance (int seed) : random (seed) {}

    int below (int n) { return random.nextInt (n); }

    Session::Json value (int depth)
    {
        switch (below (depth > 0 ? 9 : 7))
        {
            case 0: return nullptr;
            case 1: return below (2) == 0;
            case 2: return below (5) - 2;
            case 3: return (below (5) - 2) * 0.5 + 0.25;
            case 4: return std::uint64_t (random.nextInt64());
            case 5: return random.nextDouble() * 1e20;
            case 6: return string();
            case 7:
            {
                auto array = Session::Json::array();

                for (int n = below (5); n > 0; --n)
                    array.push_back (value (depth - 1));

                return array;
            }
            default:
            {
                auto object = Session::Json::object();

                for (int n = below (6); n > 0; --n)
                    object[below (3) == 0 ? "id" : string()] = value (depth - 1);

                return object;
            }
        }
    }

    std::string string()
    {
        static const std::vector<std::string> some{
            "", "a", "b", "id", "é", "\"\\/", "\n\t", "\x7f", "\xf0\x9f\x8e\xb9", "AAAA=="
        };
        return some[std::size_t (below (int (some.size())))];
    }

    /** Changes something somewhere. */
    void change (Session::Json& json, int depth = 4)
    {
        if (! json.is_structured() || below (6) == 0)
            json = value (depth);
        else if (json.is_array())
        {
            if (json.empty() || below (3) == 0)
                json.insert (json.begin() + below (int (json.size()) + 1), value (depth - 1));
            else if (const auto at = std::size_t (below (int (json.size()))); below (3) == 0)
                json.erase (at);
            else if (below (4) == 0)
                std::swap (json[at], json[0]);
            else
                change (json[at], depth - 1);
        }
        else
        {
            auto& object = json.get_ref<Session::Json::object_t&>();

            if (object.empty() || below (3) == 0)
                object[string()] = value (depth - 1);
            else if (const auto at = object.begin() + below (int (object.size())); below (3) == 0)
                object.erase (std::string (at->first));
            else
                change (at->second, depth - 1);
        }
    }

    /** Text for a document, spelled in any way that JSON allows. */
    std::string spell (const Session::Json& json)
    {
        std::string text = space();

        if (json.is_array())
        {
            text += "[" + space();

            for (std::size_t i = 0; i < json.size(); ++i)
                text += (i > 0 ? "," : "") + spell (json[i]);

            text += "]";
        }
        else if (json.is_object())
        {
            text += "{" + space();
            bool isFirst = true;

            for (const auto& [key, member] : json.get_ref<const Session::Json::object_t&>())
            {
                // What a later member of the same name makes count for nothing.
                if (below (8) == 0)
                    text +=
                        std::exchange (isFirst, false) ? spellString (key) + ":1.000" : "," + spellString (key) + ": [ ]";

                text += (std::exchange (isFirst, false) ? "" : ",") + space() + spellString (key) + space() + ":"
                        + spell (member);
            }

            text += space() + "}";
        }
        else if (json.is_string())
            text += spellString (json.get<std::string>());
        else if (json.is_number_float() && below (2) == 0)
            text += replacedExponent (json.dump());
        else
            text += json.dump();

        return text + space();
    }

    std::string replacedExponent (std::string number)
    {
        if (const auto e = number.find ('e'); e != std::string::npos)
            return number.replace (e, 1, "E");

        return number + (number.find ('.') != std::string::npos ? "000" : "");
    }

    std::string spellString (const std::string& string) { return Session::Json (string).dump (-1, ' ', below (2) == 0); }

    std::string space()
    {
        static const std::vector<std::string> some{ "", "", "", "", " ", "\n", "\n    ", "\t", "\r\n" };
        return some[std::size_t (below (int (some.size())))];
    }

    juce::Random random;
};
} // namespace

TEST_CASE ("whatever is changed in whatever spelling, the file says what the document says")
{
    Chance chance (1);

    for (int i = 0; i < 3000; ++i)
    {
        auto document = Session::Json{ { "root", chance.value (5) } };
        const auto text = chance.spell (document);
        CAPTURE (text);
        REQUIRE (Session::Json::parse (text).dump() == document.dump());

        const host::SpelledJson spelled (text);
        REQUIRE (spelled.write (document) == text);

        for (int changes = 0; changes < 4; ++changes)
        {
            chance.change (document);
            const auto written = spelled.write (document);
            CAPTURE (document.dump(), written);

            // As the numbers may be spelled as integers or as floats, they are compared by worth; all else by its bytes.
            REQUIRE (Session::Json::parse (written) == document);
        }
    }
}

TEST_CASE ("a file in the program's own style stays in it, and so does one without any white space")
{
    Chance chance (2);

    for (int i = 0; i < 2000; ++i)
    {
        auto document = Session::Json{ { "root", chance.value (5) }, { "second", 1 } };
        const host::SpelledJson plain (document.dump (2) + "\n"), tight (document.dump());

        for (int changes = 0; changes < 4; ++changes)
        {
            chance.change (document["root"]);
            CAPTURE (document.dump());
            REQUIRE (plain.write (document) == document.dump (2) + "\n");
            REQUIRE (tight.write (document) == document.dump());
        }
    }
}

TEST_CASE ("text that does not say what the document says is never written")
{
    using host::SpelledJson;
    const auto document =
        SpelledJson::Json::parse (R"({"a":[1,2.5,"x",null,true],"b":{"c":-0.0,"d":18446744073709551615}})");
    const auto good = document.dump();
    REQUIRE (SpelledJson::checked (good, document) == good);
    REQUIRE (SpelledJson::checked (" " + replaced (good, "2.5", "2.50") + "\n", document)
             == " " + replaced (good, "2.5", "2.50") + "\n");

    for (const auto& bad :
         { std::string(), good.substr (0, good.size() - 1), good + "}", replaced (good, "1,", ""),
           replaced (good, "2.5", "2.25"), replaced (good, "\"x\"", "\"y\""), replaced (good, "null", "0"),
           replaced (good, "true", "false"), replaced (good, "-0.0", "0.0"), replaced (good, "-0.0", "0"),
           replaced (good, "18446744073709551615", "-1"), replaced (good, "18446744073709551615", "18446744073709551616"),
           replaced (good, "\"c\"", "\"C\""), replaced (good, "{\"c\"", "{\"e\":1,\"c\""),
           std::string (R"({"b":{"c":-0.0,"d":18446744073709551615},"a":[1,2.5,"x",null,true]})") })
    {
        CAPTURE (bad);
        REQUIRE (SpelledJson::checked (bad, document) == SpelledJson::writePlainly (document));
    }

    REQUIRE (SpelledJson::Json::parse (SpelledJson::writePlainly (document)).dump() == good);
}

TEST_CASE ("what JSON cannot hold is written as the library does it, and costs nothing else its spelling")
{
    auto session = parse (oddText());
    session.document["tempo"] = std::numeric_limits<double>::quiet_NaN();
    REQUIRE (saved (session) == replaced (oddText(), "120.00", "null"));

    session.document["tempo"] = "\xff";
    REQUIRE (saved (session) == replaced (oddText(), "120.00", "\"\xef\xbf\xbd\""));

    // A key that comes out as another: the check finds out, and the whole is written plainly.
    session.document["tempo"] = 120;
    session.document["\xff"] = 1;
    REQUIRE (saved (session) == host::SpelledJson::writePlainly (session.document));
}

TEST_CASE ("a text that is not JSON is no model for one")
{
    const Session::Json document{ { "a", 1 } };

    for (const auto* text :
         { "", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1}}", "{\"a\":oops}", "{\"a\":\"\\", "[1,]", "\"" })
        REQUIRE (host::SpelledJson (text).write (document) == host::SpelledJson::writePlainly (document));
}

TEST_CASE ("a session of thousands of nodes and wires saves with each one's own spelling")
{
    std::string nodes, wires;

    for (int i = 1; i <= 2000; ++i)
    {
        const auto id = std::to_string (i);
        nodes += (i > 1 ? ",\n    " : "") + std::string (R"({"id":)") + id + R"(, "type":"plugin", "x":0.10, "state":")"
                 + std::string (5000, char ('A' + i % 26)) + R"(\/", "unknown":{"depth":1.50}})";

        for (int port = 0; port < 5; ++port)
            wires += (wires.empty() ? "" : ",\n    ") + std::string (R"({"from":")") + id + ":" + std::to_string (port)
                     + R"(", "to":"1:0", "gain":1.0})";
    }

    const auto text =
        "{\"audiohost\":1,\n  \"nodes\": [\n    " + nodes + "\n  ],\n  \"connections\": [\n    " + wires + "\n  ]\n}\n";
    auto session = parse (text);
    REQUIRE (saved (session) == text);

    session.document["nodes"][1000]["state"] = "NEW";
    session.document["nodes"].erase (500);
    session.document["connections"].erase (9000);
    auto expected = text;
    const auto node = [&] (const std::string& id) { return expected.find (R"({"id":)" + id + ","); };
    auto at = expected.find (std::string (5000, char ('A' + 1001 % 26)) + "\\/", node ("1001"));
    expected.replace (at, 5002, "NEW");
    at = node ("501");
    expected.erase (at, node ("502") - at);
    at = expected.find (R"({"from":"1801:0")");
    expected.erase (at, expected.find (R"({"from":"1801:1")") - at);
    const auto written = saved (session);
    REQUIRE (written.size() == expected.size());
    REQUIRE ((written == expected)); // too long to be printed
}
