#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

using Catch::Matchers::Contains;
using host::NodeId;
using host::PortRef;
using host::Session;
using host::Wire;
using Json = host::Session::Json;

namespace
{
struct Editing : host::SessionEditor::Listener
{
    Editing() { editor.addListener (*this); }
    ~Editing() override { folder.deleteRecursively(); }

    void open (const std::string& nodes, const std::string& wires = "", const juce::File& file = {})
    {
        openText (R"({"audiohost":1,"name":"Test","tempo":100,"nodes":[)" + nodes + R"(],"connections":[)" + wires + "]}",
                  file);
    }

    void openText (const std::string& text, const juce::File& file = {})
    {
        auto session = Session::parse (text, file);
        host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
        std::vector<host::MadeNode> made;

        for (const auto& node : session.getNodes())
            made.push_back (factory.make (node, session));

        notes = editor.open (std::move (session), made, file);
    }

    void run (int blocks = 2)
    {
        juce::AudioBuffer<float> buffer (2, 64);
        juce::MidiBuffer in, out;
        out.ensureSize (host::RenderPlan::midiCapacityBytes);

        for (int i = 0; i < blocks; ++i)
            engine.process ({ buffer.getArrayOfReadPointers(), 2, buffer.getArrayOfWritePointers(), 2, 64, in, out, {} });
    }

    Json saved (const juce::File& file)
    {
        editor.save (file);
        return Json::parse (file.loadFileAsString().toStdString());
    }

    std::set<NodeId> ids() const
    {
        std::set<NodeId> result;

        for (const auto& node : editor.getNodes())
            result.insert (node->getId());

        return result;
    }

    static Wire wire (const char* from, const char* to) { return { PortRef::parse (from), PortRef::parse (to) }; }

    float gainOf (NodeId id) { return engine.getGraph().find (id)->processor->getParameter (0); }

    void sessionChanged() override { ++changes; }
    void sessionStatusChanged() override { ++statusChanges; }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::Engine engine{ { 48000.0, 64, false } };
    host::SessionEditor editor{ engine, formats };
    std::vector<std::string> notes;
    int changes = 0, statusChanges = 0;
    juce::File folder = juce::File::createTempFile ("editor");
    juce::File file() { return folder.createDirectory(), folder.getChildFile ("set.audiohost"); }
};

const std::string chain =
    R"({"id":1,"type":"audioInput"},{"id":2,"type":"gain","x":0.5,"y":0.5},{"id":3,"type":"audioOutput"})";
const std::string chainWires =
    R"({"from":"1:0","to":"2:0"},{"from":"1:1","to":"2:1"},{"from":"2:0","to":"3:0"},{"from":"2:1","to":"3:1"})";
} // namespace

TEST_CASE_METHOD (Editing, "a new session has the ends, is not edited, and has no history")
{
    REQUIRE (editor.getNodes().size() == 3);
    REQUIRE (! editor.isEdited());
    REQUIRE (! editor.getUndoName());
    REQUIRE (! editor.undo());
    REQUIRE (editor.getFile() == juce::File());
}

TEST_CASE_METHOD (Editing, "every edit changes graph and document, and undo and redo bring each back")
{
    open (chain, chainWires);
    const auto check = [&] (const char* name, const std::function<void()>& edit)
    {
        INFO (name);
        const auto nodesBefore = ids();
        const auto wiresBefore = editor.getWires();
        const auto documentBefore = saved (file());
        REQUIRE (! editor.isEdited());

        edit();
        REQUIRE (editor.isEdited());
        REQUIRE (editor.getUndoName() == name);
        const auto nodesAfter = ids();
        const auto wiresAfter = editor.getWires();

        REQUIRE (editor.undo());
        REQUIRE (! editor.isEdited());
        REQUIRE (ids() == nodesBefore);
        REQUIRE (editor.getWires() == wiresBefore);
        REQUIRE (engine.getGraph().getWires() == wiresBefore);
        REQUIRE (saved (file()) == documentBefore);
        REQUIRE (editor.getRedoName() == name);

        REQUIRE (editor.redo());
        REQUIRE (ids() == nodesAfter);
        REQUIRE (editor.getWires() == wiresAfter);
        REQUIRE (engine.getGraph().getNodes().size() == nodesAfter.size());
        REQUIRE (saved (file()) != documentBefore);
        run();
    };

    check ("Add Tone", [&] { REQUIRE (editor.addNode ({ { "type", "tone" } }, { 0.1, 0.2 }) == 4); });
    check ("Connect", [&] { editor.connect ({ wire ("4:0", "2:0"), wire ("4:1", "2:1") }); });
    check ("Move", [&] { editor.moveNodes ({ { 4, { 0.7, 0.8 } } }); });
    check ("Bypass", [&] { editor.setBypassed ({ 2, 4 }, true); });
    check ("Bypass Off", [&] { editor.setBypassed ({ 2 }, false); });
    check ("Rename", [&] { editor.rename (2, "Volume"); });
    check ("Duplicate", [&] { REQUIRE (editor.duplicateNodes ({ 2, 4 }).size() == 2); });
    check ("Reconnect", [&] { editor.reconnect ({ wire ("4:1", "2:1") }, { wire ("4:1", "3:1") }); });
    check ("Disconnect", [&] { editor.disconnect ({ wire ("4:0", "2:0") }); });
    check ("Add Gain", [&] { editor.addNode ({ { "type", "gain" } }, {}, { wire ("1:0", "2:0"), wire ("1:1", "2:1") }); });
    check ("Delete Volume", [&] { editor.removeNodes ({ 2 }); });
    check ("Delete 2 Nodes", [&] { editor.removeNodes ({ 1, 4 }); });
    check ("Tempo", [&] { editor.setTempo (77.0); });
    check ("Rename Session", [&] { editor.setName ("Other"); });

    int steps = 0;

    while (editor.undo())
        ++steps;

    REQUIRE (steps == 14);
    REQUIRE (ids() == std::set<NodeId>{ 1, 2, 3 });
    REQUIRE (changes > 30);
    REQUIRE (statusChanges > 30);
}

TEST_CASE_METHOD (Editing, "undoing a deletion brings back the very node, with its settings")
{
    open (chain, chainWires);
    editor.setParameter (2, 0, 0.25f);
    run();
    const auto* before = engine.getGraph().find (2).get();
    editor.removeNodes ({ 2 });
    run();
    engine.getCollector().collect();
    editor.undo();
    REQUIRE (engine.getGraph().find (2).get() == before);
    REQUIRE (gainOf (2) == 0.25f);
    REQUIRE (editor.getWires().size() == 4);
}

TEST_CASE_METHOD (Editing, "a parameter's gesture is one step, the next one another")
{
    open (chain, chainWires);

    for (const auto value : { 0.9f, 0.8f, 0.7f })
        editor.setParameter (2, 0, value);

    editor.endGesture();
    run();
    REQUIRE (gainOf (2) == 0.7f);
    editor.setParameter (2, 0, 0.1f);
    run();
    REQUIRE (editor.getUndoName() == "Change Gain");

    editor.undo();
    run();
    REQUIRE (gainOf (2) == 0.7f);
    editor.undo();
    run();
    REQUIRE (gainOf (2) == 1.0f);
    REQUIRE (! editor.isEdited());
    editor.redo();
    editor.redo();
    run();
    REQUIRE (gainOf (2) == 0.1f);
}

TEST_CASE_METHOD (Editing, "an edit that cannot be made changes nothing and is told")
{
    open (chain + R"(,{"id":4,"type":"gain"},{"id":5,"type":"midiInput"})", chainWires + R"(,{"from":"2:0","to":"4:0"})");
    const auto wires = editor.getWires();

    REQUIRE_THROWS_WITH (editor.connect ({ wire ("4:0", "2:0") }), Contains ("cycle") && Contains ("feedback"));
    REQUIRE_THROWS_WITH (editor.connect ({ wire ("1:0", "2:0") }), Contains ("already"));
    REQUIRE_THROWS_WITH (editor.connect ({ wire ("1:7", "2:0") }), Contains ("no output 7"));
    REQUIRE_THROWS_WITH (editor.connect ({ wire ("5:midi", "2:0") }), Contains ("MIDI and audio"));
    REQUIRE_THROWS_WITH (editor.disconnect ({ wire ("1:1", "3:1") }), Contains ("no such wire"));
    REQUIRE_THROWS_WITH (editor.addNode ({ { "type", "plugin" }, { "ref", "/nowhere/X.vst3" } }, {}), Contains ("X.vst3"));
    REQUIRE_THROWS_WITH (editor.addNode ({ { "type", "teapot" } }, {}), Contains ("teapot"));
    REQUIRE_THROWS_WITH (editor.insertIntoWires (5, {}, { wire ("1:0", "2:0") }), Contains ("not both"));
    REQUIRE_THROWS_WITH (editor.setTempo (0.0), Contains ("out of range"));
    // All or nothing, also where the second of two is wrong.
    REQUIRE_THROWS (editor.connect ({ wire ("1:0", "3:0"), wire ("1:0", "2:0") }));

    REQUIRE (editor.getWires() == wires);
    REQUIRE (! editor.getUndoName());
    REQUIRE (! editor.isEdited());
    run();
}

TEST_CASE_METHOD (Editing, "what can be connected is told beforehand, and is what connect() takes")
{
    open (
        chain
            + R"(,{"id":4,"type":"gain","channels":1},{"id":5,"type":"midiInput"},{"id":6,"type":"feedback"},{"id":7,"type":"midiOutput"})",
        chainWires + R"(,{"from":"2:0","to":"4:0"},{"from":"4:0","to":"6:0"})");

    const std::vector<const char*> sources{
        "1:0", "1:2", "2:0", "2:1", "3:0", "4:0", "4:1", "5:midi", "6:0", "7:midi", "9:0"
    };
    const std::vector<const char*> sinks{
        "1:0", "2:0", "2:1", "3:0", "3:1", "4:0", "5:midi", "6:0", "6:1", "7:midi", "8:0"
    };
    int numTaken = 0;

    for (const auto* from : sources)
    {
        for (const auto* to : sinks)
        {
            const auto tried = wire (from, to);
            const auto told = editor.canConnect (tried);
            bool isTaken = true;

            try
            {
                editor.connect ({ tried });
                editor.undo();
            }
            catch (const host::Error&)
            {
                isTaken = false;
            }

            INFO (tried.toString());
            REQUIRE (told == isTaken);
            numTaken += isTaken ? 1 : 0;
        }
    }

    REQUIRE (numTaken > 15);
    // By way of the feedback node a loop is no cycle.
    REQUIRE (editor.canConnect (wire ("6:0", "2:0")));
}

TEST_CASE_METHOD (Editing, "inserting into wires puts the node between their ends")
{
    open (chain, chainWires);
    const auto stereo = editor.addNode ({ { "type", "gain" } }, {}, { wire ("1:0", "2:0"), wire ("1:1", "2:1") });
    REQUIRE (stereo == 4);
    REQUIRE (editor.getWires()
             == std::vector{ wire ("4:0", "2:0"), wire ("4:1", "2:1"), wire ("2:0", "3:0"), wire ("2:1", "3:1"),
                             wire ("1:0", "4:0"), wire ("1:1", "4:1") });

    editor.undo();
    const auto mono =
        editor.addNode ({ { "type", "gain" }, { "channels", 1 } }, {}, { wire ("1:0", "2:0"), wire ("1:1", "2:1") });
    REQUIRE (editor.find (mono)->runtime->ports.audioInputs == 1);
    REQUIRE (editor.canConnect (wire ("1:0", "2:0")));
    REQUIRE (! editor.canConnect (wire ("4:0", "2:0")));
    REQUIRE (! editor.canConnect (wire ("4:0", "2:1")));
    run();
}

TEST_CASE_METHOD (Editing, "a missing plugin keeps its JSON, ports and wires through edits and saves")
{
    const std::string lost =
        R"({"id":4,"type":"plugin","ref":"VST3:00000000000000000000000000000000","name":"Lost","state":"AAECAw==","parameters":{"Mix":0.10},"mine":[1,2.50]})";
    open (chain + "," + lost, chainWires + R"(,{"from":"1:0","to":"4:3"},{"from":"4:1","to":"3:0"})");
    REQUIRE_THAT (editor.find (4)->missing, Contains ("00000000"));
    REQUIRE (editor.find (4)->getName() == "Lost");
    REQUIRE (editor.find (4)->getPlugin() == nullptr);
    REQUIRE (editor.getWires().size() == 6);

    editor.setParameter (2, 0, 0.5f);
    editor.moveNodes ({ { 2, { 0.1, 0.1 } } });
    run();
    editor.removeNodes ({ 4 });
    editor.undo();
    const auto document = saved (file());
    REQUIRE (document["nodes"][3] == Json::parse (lost));
    REQUIRE (document["connections"].size() == 6);
    REQUIRE_THAT (file().loadFileAsString().toStdString(), Contains ("0.10") && Contains ("[1,2.50]"));

    // It may be moved, renamed and bypassed like any other; the rest of it stays.
    editor.moveNodes ({ { 4, { 0.5, 0.25 } } });
    auto expected = Json::parse (lost);
    expected["x"] = 0.5;
    expected["y"] = 0.25;
    REQUIRE (saved (file())["nodes"][3] == expected);
}

TEST_CASE_METHOD (Editing, "a wire to a port that is gone is left out, told, and kept in the file")
{
    open (chain, chainWires + R"(,{"from":"2:5","to":"3:0","why":"it had six"})");
    REQUIRE (notes.size() == 1);
    REQUIRE_THAT (notes[0], Contains ("2:5") && Contains ("kept in the file"));
    REQUIRE (editor.getWires().size() == 4);
    editor.rename (2, "Volume");
    REQUIRE (saved (file())["connections"].back() == Json::parse (R"({"from":"2:5","to":"3:0","why":"it had six"})"));
}

TEST_CASE_METHOD (Editing, "saving takes the settings as they are, and leaves what is true as it was spelled")
{
    openText (R"({ "audiohost":1, "name":"Test", "mine": 1.10,
  "nodes": [ { "id":1, "type":"gain", "parameters":{ "Gain":0.50 } }, { "id":2, "type":"gain" }, { "id":3,"type":"tone","parameters":{"Shape":"square"} } ],
  "connections": [] })",
              file());
    editor.setParameter (2, 0, 0.25f);
    run();
    editor.save (file());
    const auto text = file().loadFileAsString().toStdString();
    REQUIRE_THAT (text, Contains ("1.10") && Contains ("0.50") && Contains ("\"square\""));
    const auto document = Json::parse (text);
    REQUIRE (document["nodes"][1]["parameters"] == Json{ { "Gain", 0.25 } });
    REQUIRE (! editor.isEdited());

    editor.setParameter (1, 0, 2.0f);
    run();
    REQUIRE (saved (file())["nodes"][0]["parameters"]["Gain"] == 2.0);
}

TEST_CASE_METHOD (Editing, "a session saved elsewhere still means the same files")
{
    const auto source = file().getSiblingFile ("a").getChildFile ("set.audiohost");
    const auto music = source.getSiblingFile ("music.mid");
    source.getParentDirectory().createDirectory();
    juce::MidiFile midi;
    midi.setTicksPerQuarterNote (480);
    midi.addTrack ({});
    {
        juce::FileOutputStream stream (music);
        REQUIRE (midi.writeTo (stream));
    }

    open (R"({"id":1,"type":"midiPlayer","file":"music.mid"})", "", source);
    const auto elsewhere = folder.getChildFile ("b/c/set.audiohost");
    elsewhere.getParentDirectory().createDirectory();
    REQUIRE (saved (elsewhere)["nodes"][0]["file"] == "../../a/music.mid");
    REQUIRE (saved (source)["nodes"][0]["file"] == "music.mid");
    editor.rename (1, "Player");
    editor.undo();
    REQUIRE (saved (elsewhere)["nodes"][0]["file"] == "../../a/music.mid");
    // What was saved opens from there.
    REQUIRE_NOTHROW (openText (elsewhere.loadFileAsString().toStdString(), elsewhere));
    REQUIRE (editor.find (1)->missing.empty());
}

TEST_CASE_METHOD (Editing, "a file that cannot be written leaves the session edited and the old file whole")
{
    open (chain, chainWires);
    saved (file());
    editor.rename (2, "Volume");
    REQUIRE_THROWS_WITH (editor.save (juce::File ("/proc/nowhere/set.audiohost")), Contains ("/proc/nowhere"));
    REQUIRE (editor.isEdited());
    REQUIRE (editor.getFile() == file());
}

TEST_CASE_METHOD (Editing,
                  "the engine changes to another device's rate, keeps its settings, and goes back where a node cannot")
{
    open (chain, chainWires);
    editor.setParameter (2, 0, 0.5f);
    run();
    engine.changeInfo ({ 96000.0, 128, false });
    REQUIRE (engine.getInfo().sampleRate == 96000.0);
    REQUIRE (gainOf (2) == 0.5f);
    run();
    editor.addNode ({ { "type", "tone" } }, {});
    run();
    REQUIRE (engine.getGraph().find (4)->preparedFor.sampleRate == 96000.0);
    editor.undo();
    editor.redo();
    run();
}

TEST_CASE_METHOD (Editing, "transport: it starts, goes to the start, stops, and tells where it is")
{
    open (chain, chainWires);
    run();
    REQUIRE (! engine.isPlaying());
    engine.setPlaying (true);
    run (10);
    REQUIRE (engine.isPlaying());
    REQUIRE (engine.getPosition() == 640);
    REQUIRE (engine.getQuarterNotes() == Approx (640.0 / 48000.0 * 100.0 / 60.0));
    REQUIRE (engine.getTempo() == 100.0);
    engine.rewind();
    run (1);
    REQUIRE (engine.getPosition() == 64);
    engine.setPlaying (false);
    run (5);
    REQUIRE (! engine.isPlaying());
    REQUIRE (engine.getPosition() == 64);
}
