#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <host_plugins/Vst3Bundle.h>
#include <host_plugins/catalogue/Catalogue.h>

#include <cstdlib>

using Catch::Matchers::Contains;
using Json = host::Session::Json;

namespace
{
const juce::File graphs (TEST_GRAPHS);

/** A folder in which graphs are written, and the program's own, without a catalogue. */
struct Importing
{
    Importing()
    {
        folder.createDirectory();
        ::setenv ("AUDIOHOST_HOME", folder.getFullPathName().toRawUTF8(), 1);
    }

    ~Importing()
    {
        ::unsetenv ("AUDIOHOST_HOME");
        folder.deleteRecursively();
    }

    host::Session import (const std::string& text) const
    {
        const auto file = folder.getChildFile ("a graph.filtergraph");
        file.deleteFile();
        file.create();
        file.appendData (text.data(), text.size());
        return host::importFiltergraph (file);
    }

    static std::string filter (int uid, const std::string& plugin, const std::string& rest = "")
    {
        return "<FILTER uid=\"" + std::to_string (uid) + "\" x=\"0.5\" y=\"0.25\"><PLUGIN " + plugin + "/>" + rest
               + "</FILTER>";
    }

    static std::string graph (const std::string& inner) { return "<FILTERGRAPH>" + inner + "</FILTERGRAPH>"; }

    static Json find (const host::Session& session, int id)
    {
        for (const auto& node : session.getNodes())
            if (node["id"] == id)
                return node;

        FAIL ("no node " << id);
        return {};
    }

    juce::File folder = juce::File::createTempFile ("import");
};

const std::string audioIn = R"(name="Audio Input" format="Internal" file="")",
                  gain = R"(name="G" format="VST3" file="/g.vst3")";
} // namespace

TEST_CASE_METHOD (Importing, "import: a new graph of AudioPluginHost has its four ends, turned from downwards to rightwards")
{
    const auto session = host::Session::load (graphs.getChildFile ("new.filtergraph"));
    CHECK (session.getName() == "new");
    CHECK (session.getTempo() == host::Session::defaultTempo);
    CHECK (session.getNodes() == Json::parse (R"([ { "id": 1, "type": "audioInput", "x": 0.1, "y": 0.5 },
                                                   { "id": 2, "type": "midiInput", "x": 0.1, "y": 0.25 },
                                                   { "id": 3, "type": "audioOutput", "x": 0.9, "y": 0.5 },
                                                   { "id": 4, "type": "midiOutput", "x": 0.9, "y": 0.25 } ])"));
    CHECK (session.getWires().empty());
}

TEST_CASE_METHOD (Importing, "import: every kind of node and wire becomes ours, and nothing is lost")
{
    const auto session = host::importFiltergraph (graphs.getChildFile ("everything.filtergraph"));
    REQUIRE (session.getNodes().size() == 9);

    const auto synth = find (session, 7);
    CHECK (synth["type"] == "plugin");
    CHECK (synth["format"] == "VST3");
    CHECK (synth["name"] == "S\u00fcss & Synth");
    CHECK (synth["ref"] == "/nowhere/Sweet.vst3#S\u00fcss & Synth");
    CHECK (synth["state"] == juce::Base64::toBase64 ("Hello, synth").toStdString());
    CHECK (synth["x"].get<double>() == Approx (0.3208955223880597));
    CHECK (synth["y"].get<double>() == Approx (0.2529411764705882));
    CHECK (synth["filtergraph"]["plugin"]["uniqueId"] == "5f2a9c11");
    CHECK (synth["filtergraph"]["layout"]["outputs"] == Json::parse (R"(["L R","L R"])"));

    const auto reverb = find (session, 8);
    CHECK (reverb["format"] == "Internal");
    CHECK (reverb["name"] == "Reverb");
    CHECK_FALSE (reverb.contains ("state"));

    const auto chorus = find (session, 9);
    CHECK (chorus["format"] == "VST");
    CHECK (chorus["ref"] == "C:\\VstPlugins\\OldChorus.dll");
    juce::MemoryOutputStream bytes;
    REQUIRE (juce::Base64::convertFromBase64 (bytes, juce::String (chorus["state"].get<std::string>())));
    REQUIRE (bytes.getDataSize() == 256);

    for (int i = 0; i < 256; ++i)
        REQUIRE (static_cast<const juce::uint8*> (bytes.getData())[i] == i);

    CHECK (find (session, 10)["ref"] == "http://example.org/plugins/Compressor");
    CHECK (find (session, 12)["ref"] == "LADSPA:/nowhere/amp.so:amp_mono");
    CHECK (find (session, 1)["channels"] == 5);
    CHECK_FALSE (find (session, 3).contains ("channels"));

    std::vector<std::string> wires;

    for (const auto& wire : session.getWires())
        wires.push_back (wire.toString());

    // The last one in the file is there twice.
    CHECK (wires
           == std::vector<std::string>{ "2:midi -> 7:midi", "7:0 -> 8:0", "7:1 -> 8:1", "8:0 -> 9:0", "8:1 -> 9:1",
                                        "9:0 -> 10:0", "9:1 -> 10:1", "10:0 -> 3:0", "10:1 -> 3:1", "1:4 -> 12:0",
                                        "12:0 -> 3:0", "7:midi -> 4:midi" });
}

TEST_CASE_METHOD (Importing, "import: what is not there becomes named placeholders, and is saved as it was read")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    const auto session = host::importFiltergraph (graphs.getChildFile ("everything.filtergraph"));
    host::PluginFormats formats;
    host::Engine engine ({ 48000.0, 64, false });
    const auto made = host::SessionGraph::build (session, formats, engine.getInfo(), engine.getCollector());

    std::map<std::string, std::string> missing;

    for (const auto& node : made.missing)
        missing[node.name] = node.why;

    CHECK_THAT (missing["Reverb"], Contains ("built into JUCE's AudioPluginHost"));
    CHECK_THAT (missing["Old Chorus"], Contains ("format \"VST\""));
    CHECK_THAT (missing["S\u00fcss & Synth"], Contains ("/nowhere/Sweet.vst3"));

    const auto saved = folder.getChildFile ("saved.audiohost");
    session.save (saved);
    CHECK (host::Session::load (saved).document == session.document);
}

TEST_CASE_METHOD (Importing, "import: what is no graph is refused, and the message says why and names the file")
{
    std::string deep;

    for (int i = 0; i < 100000; ++i)
        deep += "<FILTERGRAPH>";

    const auto connect = [] (const std::string& attributes)
    { return graph (filter (1, audioIn) + filter (2, gain) + "<CONNECTION " + attributes + "/>"); };

    for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
             { "", "not XML" },
             { "nothing of the kind", "not XML" },
             { std::string (1000, '\xff'), "not XML" },
             { std::string (1000, '\0'), "not XML" },
             { graph (filter (1, audioIn)).substr (0, 60), "not XML" },
             { graph (filter (1, audioIn)) + "<a>", "cut off" },
             { "<OTHER/>", "OTHER" },
             { deep, "nested too deeply" },
             { "<!DOCTYPE a [<!ENTITY b \"c\">]><FILTERGRAPH/>", "document type" },
             { graph ("<FILTER x=\"0\" y=\"0\"/>"), "uid" },
             { graph ("<FILTER uid=\"one\"/>"), "\"one\"" },
             { graph ("<FILTER uid=\"99999999999\"/>"), "99999999999" },
             { graph ("<FILTER uid=\"1\"/>"), "without a PLUGIN" },
             { graph (filter (1, audioIn) + filter (1, gain)), "two nodes of the number 1" },
             { connect (R"(srcFilter="1" srcChannel="0" dstFilter="3" dstChannel="0")"), "node 3" },
             { connect (R"(srcFilter="1" srcChannel="-1" dstFilter="2" dstChannel="0")"), "srcChannel is -1" },
             { connect (R"(srcFilter="1" dstFilter="2" dstChannel="0")"), "srcChannel" } })
    {
        CAPTURE (word);
        CHECK_THROWS_WITH (import (text), Contains (word) && Contains ("a graph.filtergraph: ") && Contains ("; give a"));
    }

    CHECK_THROWS_WITH (host::importFiltergraph (folder.getChildFile ("none.filtergraph")), Contains ("no such file"));
    CHECK_THROWS_WITH (host::Session::load (folder.getChildFile ("none.filtergraph")), Contains ("no such file"));
}

TEST_CASE_METHOD (Importing, "import: a file cut off anywhere is refused")
{
    const auto text = graphs.getChildFile ("everything.filtergraph").loadFileAsString().toStdString();
    const auto end = text.rfind ("</FILTERGRAPH>");

    for (std::size_t length = 0; length < end; length += 97)
        CHECK_THROWS_AS (import (text.substr (0, length)), host::Error);
}

TEST_CASE_METHOD (Importing, "import: numbers and places that ours cannot be are given others")
{
    const auto session =
        import (graph (filter (0, audioIn) + filter (-5, gain) + filter (3, gain)
                       + R"(<CONNECTION srcFilter="0" srcChannel="0" dstFilter="-5" dstChannel="0"/>)"
                       + R"(<FILTER uid="9" x="nan" y="7"><PLUGIN name="a#b" format="VST3" file="/ab.vst3"/></FILTER>)"));
    std::set<int> ids;

    for (const auto& node : session.getNodes())
        CHECK (ids.insert (node["id"].get<int>()).second);

    const auto wire = session.getWires().at (0);
    CHECK (find (session, static_cast<int> (wire.from.node))["type"] == "audioInput");
    CHECK (find (session, static_cast<int> (wire.to.node))["name"] == "G");
    CHECK (find (session, 9)["x"] == 1.0);
    CHECK (find (session, 9)["y"] == 0.5);
    CHECK (find (session, 9)["ref"] == "/ab.vst3");
}

TEST_CASE_METHOD (Importing, "import: a damaged state makes a placeholder that keeps it")
{
    const juce::ScopedJuceInitialiser_GUI juce;

    for (const auto* state : { "999999999.abc", "12", "abc", "-1.", "3.ab!d", "4294967300.AAAA" })
    {
        CAPTURE (state);
        const auto session = import (graph (filter (2, gain, "<STATE>" + std::string (state) + "</STATE>")));
        CHECK_THAT (find (session, 2)["state"].get<std::string>(), Contains (state));
        juce::MemoryOutputStream bytes;
        CHECK_FALSE (juce::Base64::convertFromBase64 (bytes, juce::String (find (session, 2)["state"].get<std::string>())));
    }

    // Broken over lines, as some editors do.
    juce::MemoryBlock block ("some settings", 13);
    auto text = block.toBase64Encoding().toStdString();
    text.insert (5, "\n    ");
    CHECK (find (import (graph (filter (2, gain, "<STATE>" + text + "</STATE>"))), 2)["state"]
           == juce::Base64::toBase64 ("some settings").toStdString());
}

TEST_CASE_METHOD (Importing, "import: a VST3 file that is elsewhere now is found by what a scan has learned")
{
    const std::string id = "8B3F6D215E0C4A97A1D47C3092E85F16";
    const auto hash = juce::String::toHexString (host::Vst3Bundle::getJuceHash (id)).toStdString();
    const host::PluginInfo info{ "VST3:" + juce::String (id), "Poly", "VST3", {}, {}, {}, "/here/Poly.vst3", true, 0, 2 };
    host::Catalogue catalogue;
    catalogue.merge ({ { "VST3", info.file, { info }, {} } }, { "VST3" }, { juce::File ("/here") }, { info.file });
    catalogue.save (host::Catalogue::getFile());
    const auto session = import (graph (
        filter (2, R"(name="Poly" format="VST3" file="/there/Poly.vst3" uniqueId=")" + hash + "\"") + filter (3, gain)));
    CHECK (find (session, 2)["ref"] == "VST3:" + id);
    CHECK (find (session, 3)["ref"] == "/g.vst3#G");
}
