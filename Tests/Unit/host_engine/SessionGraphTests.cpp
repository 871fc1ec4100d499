#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

using Catch::Matchers::Contains;
using host::Session;

namespace
{
struct GraphOfSession
{
    host::SessionGraph build (const std::string& nodes, const std::string& wires = "")
    {
        const auto session = Session::parse (R"({"audiohost":1,"nodes":[)" + nodes + R"(],"connections":[)" + wires + "]}",
                                             juce::File ("/music/set.audiohost"));
        return host::SessionGraph::build (session, formats, info, collector);
    }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::PrepareInfo info;
    rt::Collector collector;
};
} // namespace

TEST_CASE_METHOD (GraphOfSession, "every built-in node type has the ports and parameters of the contract")
{
    const auto graph =
        build (R"({"id":1,"type":"audioInput"},{"id":2,"type":"audioOutput","channels":6},{"id":3,"type":"midiInput"},
        {"id":4,"type":"midiOutput"},{"id":5,"type":"gain"},{"id":6,"type":"mixer"},{"id":7,"type":"mixer","inputs":2},
        {"id":8,"type":"tone"},{"id":9,"type":"feedback"},{"id":10,"type":"gain","channels":1})")
            .graph;
    const auto ports = [&] (host::NodeId id) { return graph.find (id)->ports; };
    const auto names = [&] (host::NodeId id)
    {
        juce::StringArray list;

        for (const auto& parameter : graph.find (id)->processor->getParameters())
            list.add (parameter.name);

        return list.joinIntoString (",");
    };

    REQUIRE (ports (1) == host::NodePorts{ 0, 2, false, false });
    REQUIRE (ports (2) == host::NodePorts{ 6, 0, false, false });
    REQUIRE (ports (3) == host::NodePorts{ 0, 0, false, true });
    REQUIRE (ports (4) == host::NodePorts{ 0, 0, true, false });
    REQUIRE (ports (5) == host::NodePorts{ 2, 2, false, false });
    REQUIRE (ports (6) == host::NodePorts{ 8, 2, false, false });
    REQUIRE (ports (7) == host::NodePorts{ 4, 2, false, false });
    REQUIRE (ports (8) == host::NodePorts{ 0, 2, false, false });
    REQUIRE (ports (9) == host::NodePorts{ 2, 2, false, false });
    REQUIRE (ports (10) == host::NodePorts{ 1, 1, false, false });
    REQUIRE (names (5) == "Gain");
    REQUIRE (names (7) == "Level 1,Pan 1,Level 2,Pan 2");
    REQUIRE (names (8) == "Frequency,Level,Shape");
}

TEST_CASE_METHOD (GraphOfSession, "values that make no sense are refused by node")
{
    for (const auto& [node, word] : std::vector<std::pair<std::string, std::string>>{
             { R"({"id":3,"type":"hologram"})", "no node type \"hologram\"" },
             { R"({"id":3,"type":"recorder"})", "has no \"file\"" },
             { R"({"id":3,"type":"filePlayer","file":""})", "has no \"file\"" },
             { R"({"id":3,"type":"gain","channels":0})", "channels" },
             { R"({"id":3,"type":"gain","channels":65})", "channels" },
             { R"({"id":3,"type":"gain","channels":"two"})", "channels" },
             { R"({"id":3,"type":"mixer","inputs":-1})", "inputs" },
             { R"({"id":3,"type":"gain","parameters":[1]})", "parameters" },
             { R"({"id":3,"type":"tone","parameters":{"Shape":"round"}})", "Shape" },
             { R"({"id":3,"type":"midiPlayer"})", "file" },
             { R"({"id":3,"type":"midiPlayer","file":"none.mid"})", "/music/none.mid" } })
    {
        CAPTURE (node);
        REQUIRE_THROWS_WITH (build (node), Contains (word));
    }
}

TEST_CASE_METHOD (GraphOfSession, "a plugin that is gone leaves a silent placeholder with the ports that its wires need")
{
    const auto made = build (
        R"({"id":1,"type":"audioInput"},{"id":2,"type":"plugin","ref":"/gone/Reverb.vst3","name":"Hall"},{"id":3,"type":"audioOutput"},{"id":4,"type":"midiInput"})",
        R"({"from":"1:1","to":"2:3"},{"from":"2:1","to":"3:0"},{"from":"4:midi","to":"2:midi"})");
    REQUIRE (made.missing.size() == 1);
    REQUIRE (made.missing[0].id == 2);
    REQUIRE (made.missing[0].name == "Hall");
    REQUIRE_THAT (made.missing[0].why, Contains ("/gone/Reverb.vst3"));
    REQUIRE (made.graph.find (2)->ports == host::NodePorts{ 4, 2, true, false });
    REQUIRE (made.graph.getWires().size() == 3);
}

TEST_CASE_METHOD (GraphOfSession, "parameters are set by name, unknown ones are told and change nothing")
{
    const auto made = build (
        R"({"id":1,"type":"gain","name":"Vol","parameters":{"Gain":0.25,"Colour":3}},{"id":2,"type":"tone","parameters":{"Shape":"impulse"}})");
    REQUIRE (made.graph.find (1)->processor->getParameter (0) == 0.25f);
    REQUIRE (made.graph.find (2)->processor->getParameter (host::ToneNode::shape) == 3.0f);
    REQUIRE (made.notes.size() == 1);
    REQUIRE_THAT (made.notes[0], Contains ("Vol") && Contains ("Colour"));
}

TEST_CASE_METHOD (GraphOfSession, "the longest tail is a path's sum, unknown ones count ten seconds")
{
    struct Tail : host::IoNode
    {
        explicit Tail (std::optional<double> s) : IoNode ("tail", { 1, 1, false, false }), seconds (s) {}
        std::optional<double> getTailSeconds() const override { return seconds; }
        std::optional<double> seconds;
    };

    host::GraphModel graph;
    const auto add = [&] (host::NodeId id, std::optional<double> seconds)
    {
        graph.addNode (rt::makeShared<host::NodeRuntime> (collector, id, host::NodeRole::processor, "n",
                                                          std::make_unique<Tail> (seconds)));
    };

    add (1, 1.0);
    add (2, 2.5);
    add (3, 3.0);
    REQUIRE (host::findLongestTail (graph) == 3.0);
    graph.connect ({ { 1, 0 }, { 2, 0 } });
    REQUIRE (host::findLongestTail (graph) == 3.5);
    graph.connect ({ { 2, 0 }, { 3, 0 } });
    REQUIRE (host::findLongestTail (graph) == 6.5);
    add (4, std::nullopt);
    REQUIRE (host::findLongestTail (graph) == 10.0);
}
