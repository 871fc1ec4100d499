#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <sys/stat.h>
#include <unistd.h>

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
