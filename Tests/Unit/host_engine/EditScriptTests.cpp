#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <fstream>
#include <thread>

using Catch::Matchers::Contains;
using host::EditScript;
using Verb = host::EditScript::Verb;

namespace
{
const juce::File location ("/music/edits.jsonl");

EditScript parse (const std::string& text) { return EditScript::parse (text, location); }

/** What a call complains of; it must be an error of exit code 2. */
template <typename Call>
std::string errorOf (const Call& call)
{
    try
    {
        call();
    }
    catch (const host::Error& error)
    {
        REQUIRE (error.getKind() == host::Error::Kind::unusable);
        return error.what();
    }

    return "no error";
}

/** audioInput 1 -> gain 2 "Vol" -> audioOutput 3, by channel 0 alone, and nodes to be named. */
struct Edited
{
    static constexpr auto nodes =
        R"({"id":1,"type":"audioInput"},{"id":2,"type":"gain","name":"Vol"},{"id":3,"type":"audioOutput"},
        {"id":4,"type":"gain","name":"Same"},{"id":5,"type":"gain","name":"Same"},{"id":6,"type":"feedback"})";
    static constexpr auto wires = R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})";

    explicit Edited (const std::string& moreNodes = "", const std::vector<host::Wire>& laterWires = {})
        : session (host::Session::parse (R"({"audiohost":1,"nodes":[)" + (nodes + moreNodes) + R"(],"connections":[)" + wires
                                             + "]}",
                                         juce::File ("/music/set.audiohost"))),
          made (host::SessionGraph::build (
              session, formats, engine.getInfo(), engine.getCollector(), [] (const std::string&) {}, laterWires))
    {
        engine.setGraph (made.graph);
    }

    /** The script, checked. */
    host::ScriptedEdits makeEdits (const std::string& text)
    {
        host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
        host::ScriptedEdits edits (parse (text), session, factory, made);
        edits.check (engine);
        return edits;
    }

    std::string errorOfScript (const std::string& text)
    {
        return errorOf ([&] { makeEdits (text); });
    }

    void process (int numSamples)
    {
        engine.process (
            { input.getArrayOfReadPointers(), 2, output.getArrayOfWritePointers(), 2, numSamples, midiIn, midiOut, {} });
    }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::Engine engine{ { 48000.0, 512, true } };
    host::Session session;
    host::SessionGraph made;
    juce::AudioBuffer<float> input{ 2, 512 }, output{ 2, 512 };
    juce::MidiBuffer midiIn, midiOut;
};

std::string wireText (const host::GraphModel& graph)
{
    std::string text;

    for (const auto& wire : graph.getWires())
        text += wire.toString() + ", ";

    return text;
}
} // namespace

TEST_CASE ("edit script: every verb is read with all it needs, blank lines and carriage returns are nothing")
{
    const auto script = parse ("\n"
                               R"({"at":0,"do":"connect","from":"1:0","to":"2:midi"})"
                               "\r\n  \t\r\n"
                               R"({"do":"disconnect","to":"3:1","from":"2:7","at":5})"
                               "\n"
                               R"({"at":5,"do":"add","node":{"id":7,"type":"gain","parameters":{"Gain":0.5}}})"
                               "\n"
                               R"({"at":48000,"do":"remove","id":2147483647})"
                               "\n"
                               R"({"at":48000,"do":"set","node":2,"param":"Gain","value":0.25})"
                               "\n"
                               R"({"at":48000,"do":"set","node":"Vol","param":"#0","value":1})"
                               "\n"
                               R"({"at":9223372036854775807,"do":"bypass","id":2,"on":true})");
    const auto& edits = script.edits;
    REQUIRE (edits.size() == 7);
    REQUIRE (script.notes.empty());

    REQUIRE (edits[0].line == 2);
    REQUIRE (edits[0].at == 0);
    REQUIRE (edits[0].verb == Verb::connect);
    REQUIRE (edits[0].wire == host::Wire{ { 1, 0 }, { 2, host::PortRef::midi } });
    REQUIRE (edits[1].line == 4);
    REQUIRE (edits[1].verb == Verb::disconnect);
    REQUIRE (edits[1].wire == host::Wire{ { 2, 7 }, { 3, 1 } });
    REQUIRE (edits[2].verb == Verb::add);
    REQUIRE (edits[2].id == 7);
    REQUIRE (edits[2].newNode["parameters"]["Gain"] == 0.5);
    REQUIRE (edits[3].verb == Verb::remove);
    REQUIRE (edits[3].id == 2147483647);
    REQUIRE (edits[4].verb == Verb::set);
    REQUIRE (edits[4].node == "2");
    REQUIRE (edits[4].parameter == "Gain");
    REQUIRE (edits[4].value == 0.25f);
    REQUIRE (edits[5].node == "Vol");
    REQUIRE (edits[5].value == 1.0f);
    REQUIRE (edits[6].at == std::numeric_limits<std::int64_t>::max());
    REQUIRE (edits[6].verb == Verb::bypass);
    REQUIRE (edits[6].id == 2);
    REQUIRE (edits[6].on);

    REQUIRE (script.getConnectedWires() == std::vector<host::Wire>{ edits[0].wire });
    REQUIRE (script.describe (edits[1]) == "/music/edits.jsonl, line 4");
    REQUIRE (parse ("").edits.empty());
    REQUIRE (parse (" \n\n").edits.empty());
}

TEST_CASE ("edit script: what makes no sense is refused, with its line")
{
    const std::string deep (1000, '[');

    for (const auto& [line, word] : std::vector<std::pair<std::string, std::string>>{
             { "connect 1:0 2:0", "is not JSON" },
             { R"({"at":0,"do":"remove","id":2)", "is not JSON" },
             { R"({"at":0,"do":"remove","id":2} {})", "is not JSON" },
             { "{\"at\":0,\"do\":\"remove\",\"id\":2,\"x\":\"\xff\"}", "is not JSON" },
             { R"(["at",0])", "is no JSON object but a list" },
             { "48000", "is no JSON object but 48000" },
             { R"({"at":0,"do":"remove","id":2,"x":)" + deep, "nested too deeply" },
             { R"({"do":"remove","id":2})", "has no \"at\"" },
             { R"({"at":-1,"do":"remove","id":2})", "its \"at\" is -1" },
             { R"({"at":0.5,"do":"remove","id":2})", "its \"at\" is 0.5" },
             { R"({"at":"0","do":"remove","id":2})", "its \"at\" is \"0\"" },
             { R"({"at":null,"do":"remove","id":2})", "its \"at\" is null" },
             { R"({"at":9223372036854775808,"do":"remove","id":2})", "its \"at\" is 9223372036854775808" },
             { R"({"at":1e999,"do":"remove","id":2})", "larger than" },
             { R"({"at":0,"id":2})", "has no \"do\"" },
             { R"({"at":0,"do":"mute","id":2})", "its \"do\" is \"mute\"; give connect" },
             { R"({"at":0,"do":"Remove","id":2})", "its \"do\" is \"Remove\"" },
             { R"({"at":0,"do":["remove"],"id":2})", "its \"do\" is a list" },
             { R"({"at":0,"at":0,"do":"remove","id":2})", "has the key \"at\" twice" },
             { R"({"at":0,"do":"add","node":{"id":7,"id":8,"type":"gain"}})", "has the key \"id\" twice" },
             { R"({"at":0,"do":"connect","from":"1:0"})", "has no \"to\"" },
             { R"({"at":0,"do":"connect","to":"1:0"})", "has no \"from\"" },
             { R"({"at":0,"do":"connect","from":1,"to":"2:0"})", "its \"from\" is 1" },
             { R"({"at":0,"do":"disconnect","from":"1:0","to":"2:left"})", "port \"2:left\"" },
             { R"({"at":0,"do":"disconnect","from":"1","to":"2:0"})", "port \"1\"" },
             { R"({"at":0,"do":"add"})", "has no \"node\"" },
             { R"({"at":0,"do":"add","node":7})", "a node without an id and a type" },
             { R"({"at":0,"do":"add","node":{"type":"gain"}})", "a node without an id and a type" },
             { R"({"at":0,"do":"add","node":{"id":0,"type":"gain"}})", "a node with the id 0" },
             { R"({"at":0,"do":"remove"})", "has no \"id\"" },
             { R"({"at":0,"do":"remove","id":0})", "its \"id\" is 0" },
             { R"({"at":0,"do":"remove","id":2147483648})", "its \"id\" is 2147483648" },
             { R"({"at":0,"do":"remove","id":"2"})", "its \"id\" is \"2\"" },
             { R"({"at":0,"do":"set","param":"Gain","value":1})", "has no \"node\"" },
             { R"({"at":0,"do":"set","node":2,"value":1})", "has no \"param\"" },
             { R"({"at":0,"do":"set","node":2,"param":"Gain"})", "has no \"value\"" },
             { R"({"at":0,"do":"set","node":-2,"param":"Gain","value":1})", "its \"node\" is -2" },
             { R"({"at":0,"do":"set","node":2,"param":0,"value":1})", "its \"param\" is 0" },
             { R"({"at":0,"do":"set","node":2,"param":"Gain","value":"1"})", "its \"value\" is \"1\"" },
             { R"({"at":0,"do":"bypass","on":true})", "has no \"id\"" },
             { R"({"at":0,"do":"bypass","id":2})", "has no \"on\"" },
             { R"({"at":0,"do":"bypass","id":2,"on":1})", "its \"on\" is 1" } })
    {
        CAPTURE (line);
        const auto text = "\n"
                          + (R"({"at":0,"do":"remove","id":9})"
                             "\n"
                             + line)
                          + "\n";
        const auto error = errorOf ([&] { parse (text); });
        REQUIRE_THAT (error, Contains ("/music/edits.jsonl, line 3: ") && Contains (word) && Contains ("; "));
        REQUIRE (error.size() < 400);
    }
}

TEST_CASE ("edit script: edits are in ascending order, or the line is told")
{
    const auto edit = [] (int at) { return R"({"do":"remove","id":2,"at":)" + std::to_string (at) + "}\n"; };
    REQUIRE (parse (edit (1) + edit (1) + edit (2)).edits.size() == 3);
    REQUIRE_THAT (errorOf ([&] { parse (edit (1) + "\n" + edit (3) + edit (2)); }),
                  Contains ("edits.jsonl, line 4: its \"at\" is 2, and that of line 3 is 3"));
}

TEST_CASE ("edit script: a key that is not known is left out and told")
{
    const auto script = parse (R"({"at":0,"do":"remove","id":2,"comment":"the hiss"})"
                               "\n"
                               R"({"at":0,"do":"bypass","id":2,"on":true,"from":"1:0"})"
                               "\n"
                               R"({"at":0,"do":"add","node":{"id":7,"type":"gain","comment":"as in a session"}})");
    REQUIRE (script.edits.size() == 3);
    REQUIRE (script.notes
             == std::vector<std::string>{ "/music/edits.jsonl, line 1: \"comment\" is not known and left out",
                                          "/music/edits.jsonl, line 2: \"from\" is not known and left out" });
}

TEST_CASE ("edit script: a file that cannot be read is told, one that is a pipe is read")
{
    const auto folder = juce::File::createTempFile ("");
    folder.createDirectory();
    REQUIRE_THAT (errorOf ([&] { EditScript::load (folder); }), Contains ("is a folder"));
    REQUIRE_THAT (errorOf ([&] { EditScript::load (folder.getChildFile ("none")); }), Contains ("there is no such file"));

    const auto empty = folder.getChildFile ("empty");
    empty.create();
    REQUIRE (EditScript::load (empty).edits.empty());

    const auto pipe = folder.getChildFile ("pipe");
    REQUIRE (std::system (("mkfifo '" + pipe.getFullPathName() + "'").toRawUTF8()) == 0);
    std::thread writer ([&] { std::ofstream (pipe.getFullPathName().toStdString()) << R"({"at":3,"do":"remove","id":2})"; });
    const auto script = EditScript::load (pipe);
    writer.join();
    REQUIRE (script.edits.size() == 1);
    REQUIRE (script.edits[0].at == 3);
    folder.deleteRecursively();
}

//======================================================================================================================
TEST_CASE ("scripted edits: every mistake is found by the check, with the line, and the graph is as it was")
{
    Edited edited;
    const auto before = wireText (edited.engine.getGraph());

    for (const auto& [line, word] : std::vector<std::pair<std::string, std::string>>{
             { R"({"at":9,"do":"connect","from":"1:0","to":"9:0"})", "wire 1:0 -> 9:0: there is no node 9" },
             { R"({"at":9,"do":"connect","from":"1:2","to":"3:0"})", "node 1 (Audio Input) has no output 2" },
             { R"({"at":9,"do":"connect","from":"1:midi","to":"2:midi"})", "has no output midi" },
             { R"({"at":9,"do":"connect","from":"1:midi","to":"2:0"})", "joins MIDI and audio" },
             { R"({"at":9,"do":"connect","from":"1:0","to":"2:0"})", "wire 1:0 -> 2:0: is there twice" },
             { R"({"at":9,"do":"connect","from":"2:0","to":"2:1"})", "cycle: 2 (Vol) -> 2 (Vol)" },
             { R"({"at":9,"do":"disconnect","from":"1:1","to":"2:1"})", "wire 1:1 -> 2:1: there is no such wire" },
             { R"({"at":9,"do":"add","node":{"id":2,"type":"tone"}})", "node 2: its id is used twice" },
             { R"({"at":9,"do":"add","node":{"id":7,"type":"hologram"}})", "no node type \"hologram\"" },
             { R"({"at":9,"do":"add","node":{"id":7,"type":"gain","channels":65}})", "channels" },
             { R"({"at":9,"do":"add","node":{"id":7,"type":"midiPlayer","file":"none.mid"}})", "/music/none.mid" },
             { R"({"at":9,"do":"remove","id":7})", "there is no node 7" },
             { R"({"at":9,"do":"bypass","id":7,"on":true})", "there is no node 7" },
             { R"({"at":9,"do":"bypass","id":1,"on":true})", "node 1 (Audio Input) cannot be bypassed" },
             { R"({"at":9,"do":"bypass","id":6,"on":true})", "node 6 (Feedback) cannot be bypassed" },
             { R"({"at":9,"do":"set","node":7,"param":"Gain","value":1})", "there is no node \"7\"" },
             { R"({"at":9,"do":"set","node":"Loud","param":"Gain","value":1})", "there is no node \"Loud\"" },
             { R"({"at":9,"do":"set","node":"Same","param":"Gain","value":1})", "several nodes are called \"Same\"" },
             { R"({"at":9,"do":"set","node":"Vol","param":"gain","value":1})", "\"Vol\" has no parameter \"gain\"" },
             { R"({"at":9,"do":"set","node":2,"param":"#1","value":1})", "\"Vol\" has no parameter \"#1\"" },
             { R"({"at":9,"do":"set","node":2,"param":"Gain","value":4.5})", "\"4.5\" is not a number from 0 to 4" },
             { R"({"at":9,"do":"set","node":2,"param":"Gain","value":1e300})", "is not a number from 0 to 4" } })
    {
        CAPTURE (line);
        const auto error = edited.errorOfScript (R"({"at":8,"do":"connect","from":"1:1","to":"3:1"})"
                                                 "\n\n"
                                                 + line);
        REQUIRE_THAT (error, Contains ("/music/edits.jsonl, line 3: ") && Contains (word) && Contains ("; "));
        REQUIRE (wireText (edited.engine.getGraph()) == before);
        REQUIRE (! edited.engine.getGraph().find (7));
    }
}

TEST_CASE ("scripted edits: an edit meets the graph as it is at that point of the script")
{
    Edited edited;
    const std::string remove = R"({"at":1,"do":"remove","id":2})"
                               "\n";
    const std::string add = R"({"at":2,"do":"add","node":{"id":7,"type":"gain","name":"Late"}})"
                            "\n";

    for (const auto& [script, word] : std::vector<std::pair<std::string, std::string>>{
             { remove + remove, "line 2: there is no node 2" },
             { remove + R"({"at":1,"do":"disconnect","from":"1:0","to":"2:0"})",
               "line 2: wire 1:0 -> 2:0: there is no such" },
             { remove + R"({"at":1,"do":"set","node":2,"param":"Gain","value":1})", "line 2: there is no node \"2\"" },
             { R"({"at":1,"do":"set","node":"Late","param":"Gain","value":1})"
               "\n" + add,
               "line 1: there is no node \"Late\"" },
             { R"({"at":2,"do":"connect","from":"7:0","to":"3:0"})"
               "\n" + add,
               "line 1: wire 7:0 -> 3:0: there is no node 7" },
             { add + add, "line 2: node 7: its id is used twice" } })
    {
        CAPTURE (script);
        REQUIRE_THAT (edited.errorOfScript (script), Contains (word));
    }

    // A cycle that is gone again at the end of its transaction was never one; in a transaction of its own it is.
    const std::string connect = R"({"at":4,"do":"connect","from":"2:1","to":"2:1"})"
                                "\n";
    REQUIRE (edited.errorOfScript (connect + R"({"at":4,"do":"disconnect","from":"2:1","to":"2:1"})") == "no error");
    REQUIRE_THAT (edited.errorOfScript (connect + R"({"at":5,"do":"disconnect","from":"2:1","to":"2:1"})"),
                  Contains ("line 1: the graph: has a cycle"));
    REQUIRE (edited.errorOfScript (R"({"at":4,"do":"connect","from":"2:1","to":"6:0"})"
                                   "\n"
                                   R"({"at":4,"do":"connect","from":"6:0","to":"2:1"})")
             == "no error");

    // Who has left leaves the name and the id to others.
    REQUIRE (edited.errorOfScript (R"({"at":1,"do":"remove","id":5})"
                                   "\n"
                                   R"({"at":2,"do":"set","node":"Same","param":"Gain","value":1})")
             == "no error");
    REQUIRE (edited.errorOfScript (remove + R"({"at":1,"do":"add","node":{"id":2,"type":"tone"}})") == "no error");
}

TEST_CASE ("scripted edits: those of one sample are one transaction")
{
    Edited edited;
    auto edits = edited.makeEdits (R"({"at":0,"do":"disconnect","from":"1:0","to":"2:0"})"
                                   "\n"
                                   R"({"at":0,"do":"connect","from":"1:1","to":"2:0"})"
                                   "\n"
                                   R"({"at":7,"do":"add","node":{"id":7,"type":"gain"}})"
                                   "\n"
                                   R"({"at":7,"do":"connect","from":"2:0","to":"7:0"})"
                                   "\n"
                                   R"({"at":7,"do":"bypass","id":7,"on":true})"
                                   "\n"
                                   R"({"at":9,"do":"remove","id":2})"
                                   "\n"
                                   R"({"at":9,"do":"bypass","id":7,"on":false})");
    const auto& graph = edited.engine.getGraph();
    REQUIRE (wireText (graph) == "1:0 -> 2:0, 2:0 -> 3:0, ");
    REQUIRE (edits.getNumTransactions() == 3);
    REQUIRE (edits.getTime (0) == 0);
    REQUIRE (edits.getTime (1) == 7);
    REQUIRE (edits.getTime (2) == 9);
    REQUIRE (edits.getNewNodes().size() == 1);

    edits.apply (0, edited.engine);
    REQUIRE (wireText (graph) == "1:1 -> 2:0, 2:0 -> 3:0, ");
    edits.apply (1, edited.engine);
    REQUIRE (wireText (graph) == "1:1 -> 2:0, 2:0 -> 3:0, 2:0 -> 7:0, ");
    REQUIRE (graph.find (7)->bypassed);
    REQUIRE (edits.getRemovedNodes().empty());
    edits.apply (2, edited.engine);
    REQUIRE (wireText (graph).empty());
    REQUIRE (! graph.find (2));
    REQUIRE (! graph.find (7)->bypassed);
    REQUIRE (edits.getRemovedNodes().size() == 1);
    REQUIRE (edits.getRemovedNodes()[0]->name == "Vol");
}

TEST_CASE ("scripted edits: parameters reach the node that is meant, old or new, with the next block")
{
    Edited edited;
    const auto old = edited.engine.getGraph().find (2);
    auto edits = edited.makeEdits (R"({"at":0,"do":"set","node":2,"param":"Gain","value":0.125})"
                                   "\n"
                                   R"({"at":0,"do":"remove","id":2})"
                                   "\n"
                                   R"({"at":0,"do":"add","node":{"id":2,"type":"gain","name":"New"}})"
                                   "\n"
                                   R"({"at":0,"do":"set","node":"New","param":"Gain","value":3})"
                                   "\n"
                                   R"({"at":0,"do":"set","node":4,"param":"Gain","value":1})"
                                   "\n"
                                   R"({"at":0,"do":"set","node":4,"param":"#0","value":0.5})");
    edits.apply (0, edited.engine);
    const auto fresh = edited.engine.getGraph().find (2);
    REQUIRE (fresh->name == "New");
    REQUIRE (old->processor->getParameter (0) == 1.0f);
    edited.process (64);
    REQUIRE (old->processor->getParameter (0) == 0.125f);
    REQUIRE (fresh->processor->getParameter (0) == 3.0f);
    REQUIRE (edited.engine.getGraph().find (4)->processor->getParameter (0) == 0.5f);
}

TEST_CASE ("scripted edits: as many parameters as may be set at one sample are, one more is an error")
{
    Edited edited;
    std::string script;

    for (int i = 0; i < host::ScriptedEdits::mostParameters; ++i)
        script += R"({"at":5,"do":"set","node":2,"param":"Gain","value":)" + std::to_string (i % 4) + "}\n";

    auto edits = edited.makeEdits (script + R"({"at":6,"do":"set","node":2,"param":"Gain","value":2.5})");
    edited.engine.setPlaying (true); // what is sent besides
    edited.engine.setTempo (90.0);
    edits.apply (0, edited.engine);
    edited.process (64);
    REQUIRE (edited.engine.getGraph().find (2)->processor->getParameter (0) == 3.0f);
    edits.apply (1, edited.engine);
    edited.process (64);
    REQUIRE (edited.engine.getGraph().find (2)->processor->getParameter (0) == 2.5f);

    REQUIRE_THAT (edited.errorOfScript (script + R"({"at":5,"do":"set","node":2,"param":"Gain","value":1})"),
                  Contains ("line 1001: more than 1000 parameters"));
}

TEST_CASE ("scripted edits: a missing plugin leaves a placeholder with the ports that the script's wires need")
{
    const std::string script = R"({"at":1,"do":"add","node":{"id":8,"type":"plugin","ref":"/gone/Hall.vst3","name":"Hall"}})"
                               "\n"
                               R"({"at":1,"do":"connect","from":"1:1","to":"8:3"})"
                               "\n"
                               R"({"at":2,"do":"connect","from":"8:1","to":"9:1"})"
                               "\n"
                               R"({"at":3,"do":"set","node":"Hall","param":"Mix","value":1})"
                               "\n"
                               R"({"at":3,"do":"bypass","id":8,"on":true})";
    const std::string lost = R"(,{"id":9,"type":"plugin","ref":"/gone/Delay.vst3","name":"Delay"})";
    Edited edited (lost, parse (script).getConnectedWires());
    auto edits = edited.makeEdits (script);
    REQUIRE (edited.made.missing.size() == 2);
    REQUIRE (edited.made.missing[0].id == 9);
    REQUIRE (edited.made.missing[1].id == 8);
    REQUIRE_THAT (edited.made.missing[1].why, Contains ("/gone/Hall.vst3"));
    REQUIRE (edits.getNewNodes()[0]->ports == host::NodePorts{ 4, 2, false, false });
    REQUIRE (edited.engine.getGraph().find (9)->ports == host::NodePorts{ 2, 0, false, false });
    REQUIRE (edits.getNotes().size() == 1);
    REQUIRE_THAT (edits.getNotes()[0], Contains ("line 4: node 8 (Hall) is missing"));

    for (std::size_t i = 0; i < 3; ++i)
        edits.apply (i, edited.engine);

    edited.process (64);
    REQUIRE (wireText (edited.engine.getGraph()) == "1:0 -> 2:0, 2:0 -> 3:0, 1:1 -> 8:3, 8:1 -> 9:1, ");
}

TEST_CASE ("scripted edits: the longest tail is that of all graphs on the way")
{
    Edited edited;
    REQUIRE (edited.makeEdits ("").getLongestTail() == 10.0); // of the feedback node

    const std::string withoutFeedback = R"({"at":1,"do":"remove","id":6})"
                                        "\n";
    edited.makeEdits (withoutFeedback).apply (0, edited.engine);
    REQUIRE (edited.makeEdits ("").getLongestTail() == 0.0);

    const std::string there = R"({"at":1,"do":"add","node":{"id":7,"type":"feedback"}})"
                              "\n";
    REQUIRE (edited.makeEdits (there + R"({"at":2,"do":"remove","id":7})").getLongestTail() == 10.0);
}

TEST_CASE ("scripted edits: what is left out is told in one line")
{
    Edited edited;
    const std::string one = R"({"at":100,"do":"bypass","id":2,"on":true})"
                            "\n";
    const std::string two = R"({"at":200,"do":"bypass","id":2,"on":true})"
                            "\n";
    REQUIRE_THAT (edited.makeEdits (one).describeLeftOut (0, 100),
                  Contains ("edits.jsonl, line 1: the edit at 100 comes after the end: 100 samples"));
    REQUIRE_THAT (edited.makeEdits (one + two + two).describeLeftOut (1, 150),
                  Contains ("edits.jsonl, line 2: the edit at 200 and 1 more come after the end: 150 samples"));
}

//======================================================================================================================
namespace
{
struct Offline : Edited
{
    host::OfflineRender::Result render (int blockSize, std::vector<host::OfflineRender::Edit> edits, double seconds = 0.1)
    {
        engine.changeInfo ({ 48000.0, blockSize, true });
        host::OfflineRender::Request request;
        request.seconds = seconds;
        request.edits = std::move (edits);
        host::WavOutput wav (file, 48000.0, 2, host::WavOutput::Bits::float32);
        return host::OfflineRender (engine, [] (double) {}).run (request, wav, stop, [] (host::NodeId) { std::abort(); });
    }

    ~Offline() { file.deleteFile(); }

    juce::File file = juce::File::createTempFile (".wav");
    std::atomic<bool> stop{ false };
};
} // namespace

TEST_CASE_METHOD (Offline,
                  "offline render: edits are made on the message thread, between exactly the samples that they ask for")
{
    const auto block = GENERATE (1, 17, 512, 4096);
    std::vector<std::int64_t> positions;
    std::vector<host::OfflineRender::Edit> edits;

    for (const auto at : { 0, 1, 2, 511, 512, 513, 4000, 4799, 4800, 5000 })
    {
        edits.push_back ({ at, [&]
                           {
                               REQUIRE (juce::MessageManager::existsAndIsCurrentThread());
                               positions.push_back (engine.getPosition());
                           } });
    }

    const auto result = render (block, edits);
    REQUIRE (positions == std::vector<std::int64_t>{ 0, 1, 2, 511, 512, 513, 4000, 4799 });
    REQUIRE (result.isComplete);
    REQUIRE (result.editsMade == 8);
    REQUIRE (result.samples == 4800);
    REQUIRE (result.renderedSamples == 4800);

    // An edit makes one block more.
    if (block == 4096)
        REQUIRE (engine.getBlockCount() == 8);
}

TEST_CASE_METHOD (Offline, "offline render: an edit that fails ends it, and leaves no file")
{
    file.deleteFile();
    int numMade = 0;
    const auto count = [&] { ++numMade; };
    const auto fail = [] { throw host::Error ("an edit", "cannot be made", "make another"); };
    REQUIRE_THROWS_WITH (render (64, { { 10, count }, { 20, fail }, { 30, count } }), Contains ("an edit: cannot be made"));
    REQUIRE (numMade == 1);
    REQUIRE (! file.exists());
}

TEST_CASE_METHOD (Offline, "offline render: what stops it while an edit is made stops it after that edit, faded out")
{
    int numMade = 0;
    const auto result = render (512, { { 1000, [&] { stop = true; } }, { 1300, [&] { ++numMade; } } });
    REQUIRE (! result.isComplete);
    REQUIRE (numMade == 0);
    REQUIRE (result.samples == 1556); // on to the next edit, which is not made, and the block that fades
}
