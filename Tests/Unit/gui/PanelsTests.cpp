#include "../host_engine/FakeMidiPorts.h"

#include <Gui/AudioSettings.h>
#include <Gui/Browser.h>
#include <Gui/Inspector.h>
#include <Gui/Settings.h>
#include <Gui/TopBar.h>
#include <Gui/Words.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

namespace
{
/** A session with nothing in it but its ends, and no device. */
struct Stage
{
    juce::ScopedJuceInitialiser_GUI juce;
    gui::Theme theme;
    gui::Settings settings{ juce::File() };
    host::PluginFormats formats;
    FakeMidiPorts ports;
    host::LiveHost live{ host::PrepareInfo{ 48000.0, 512, false }, &ports };
    gui::Workspace workspace{ live, formats, settings };
    juce::StringArray told;

    Stage()
    {
        juce::LookAndFeel::setDefaultLookAndFeel (&theme);
        workspace.tell = [this] (const juce::String& text, bool) { told.add (text); };
        workspace.editor.startNew();
    }

    ~Stage() { juce::LookAndFeel::setDefaultLookAndFeel (nullptr); }

    host::NodeId add (const char* type) { return workspace.editor.addNode ({ { "type", type } }, { 0.5, 0.5 }); }

    /** A block of the graph: what was set arrives. */
    void block()
    {
        juce::AudioBuffer<float> buffer (2, 512);
        juce::MidiBuffer in, out;
        buffer.clear();
        live.getEngine().process (
            { buffer.getArrayOfReadPointers(), 2, buffer.getArrayOfWritePointers(), 2, 512, in, out, {} });
    }
};

/** The catalogue in a folder of the test's own. */
struct Home
{
    juce::File folder = juce::File::createTempFile ("home");

    Home()
    {
        folder.createDirectory();
        setenv ("AUDIOHOST_HOME", folder.getFullPathName().toRawUTF8(), 1);
    }

    ~Home()
    {
        unsetenv ("AUDIOHOST_HOME");
        folder.deleteRecursively();
    }
};

template <typename Type>
Type* find (juce::Component& parent, const juce::String& title)
{
    for (auto* child : parent.getChildren())
    {
        if (auto* match = dynamic_cast<Type*> (child); match != nullptr && match->getTitle() == title)
            return match;

        if (auto* deeper = find<Type> (*child, title))
            return deeper;
    }

    return nullptr;
}

/** JUCE tells of changes of the text by a message of the window; here it comes at once. */
void type (juce::TextEditor& editor, const juce::String& text)
{
    editor.setText (text, false);
    editor.onTextChange();
}

host::PluginInfo makeInfo (const juce::String& name, const juce::String& maker, bool isInstrument)
{
    host::PluginInfo info;
    info.id = "VST3:" + name;
    info.name = name;
    info.format = "VST3";
    info.manufacturer = maker;
    info.file = "/nowhere/" + name + ".vst3";
    info.isInstrument = isInstrument;
    return info;
}
} // namespace

TEST_CASE ("Numbers are written as people read them")
{
    CHECK (gui::withThousands (0) == "0");
    CHECK (gui::withThousands (999) == "999");
    CHECK (gui::withThousands (18400) == "18,400");
    CHECK (gui::withThousands (1234567) == "1,234,567");
    CHECK (gui::countOf (1, "node") == "1 node");
    CHECK (gui::countOf (1204, "node") == "1,204 nodes");
    CHECK (gui::toDuration (38.4) == gui::toJuce ("38 µs"));
    CHECK (gui::toDuration (1530.0) == "1.5 ms");
    CHECK (gui::toRate (48000.0) == "48 kHz");
    CHECK (gui::toRate (44100.0) == "44.1 kHz");
}

TEST_CASE ("Settings come back from their file, and what makes no sense in it is as if it were not there")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    const Home home;
    const auto file = home.folder.getChildFile ("settings.xml");
    const auto session = home.folder.getChildFile ("a.audiohost"), gone = home.folder.getChildFile ("gone.audiohost");
    session.create();

    {
        gui::Settings settings (file);
        CHECK (settings.getDevice().spec.isEmpty());
        CHECK (settings.getPalette() == gui::Palette::dark);
        settings.setDevice ({ "JACK:system", 96000.0, 128 });
        settings.setMidiPortsOff ({ { "Keys & Pads", "Knobs" }, { "Piano" } });
        settings.setPalette (gui::Palette::highContrast);
        settings.addRecentSession (gone);
        settings.addRecentSession (session);
        settings.addRecentSession (session);
        settings.setWindowState ("main", "1 2 3 4");
        settings.setLastFolder (home.folder);
    }

    gui::Settings settings (file);
    CHECK (settings.getDevice().spec == "JACK:system");
    CHECK (settings.getDevice().rate == 96000.0);
    CHECK (settings.getDevice().block == 128);
    CHECK (settings.getMidiPortsOff() == host::MidiPortsOff{ { "Keys & Pads", "Knobs" }, { "Piano" } });
    settings.setMidiPortsOff ({ {}, { "Piano" } });
    CHECK (settings.getMidiPortsOff() == host::MidiPortsOff{ {}, { "Piano" } });
    CHECK (settings.getPalette() == gui::Palette::highContrast);
    CHECK (settings.getRecentSessions() == juce::Array<juce::File> (session));
    CHECK (settings.getWindowState ("main") == "1 2 3 4");
    CHECK (settings.getWindowState ("other").isEmpty());
    CHECK (settings.getLastFolder() == home.folder);

    settings.setDevice ({});
    CHECK_FALSE (settings.getDevice().rate.has_value());
    settings.getFile().setValue ("deviceRate", 1.0e9);
    settings.getFile().setValue ("deviceBlock", -5);
    settings.getFile().setValue ("palette", "mauve");
    CHECK_FALSE (settings.getDevice().rate.has_value());
    CHECK_FALSE (settings.getDevice().block.has_value());
    CHECK (settings.getPalette() == gui::Palette::dark);
    settings.clearRecentSessions();
    CHECK (settings.getRecentSessions().isEmpty());
}

TEST_CASE ("The browser finds by every word of name, maker and format, and adds the first by Enter")
{
    const Home home;
    juce::String notice;
    host::Catalogue::update (
        host::Catalogue::getFile(),
        [] (host::Catalogue& catalogue)
        {
            const juce::Array<juce::File> roots{ juce::File ("/nowhere") };
            catalogue.merge ({ { "VST3",
                                 "/nowhere/a.vst3",
                                 { makeInfo ("Hall Reverb", "Dragonfly", false), makeInfo ("Poly", "x42", true) },
                                 {} },
                               { "VST3",
                                 "/nowhere/b.vst3",
                                 {},
                                 { { "VST3", "/nowhere/Old Hall.vst3", "timed-out", "no sign of life" } } } },
                             { "VST3" }, roots, { "/nowhere/a.vst3", "/nowhere/b.vst3" });
        },
        notice);

    Stage stage;
    gui::Browser browser (stage.workspace);
    browser.setSize (gui::Browser::width, 800);
    browser.loadNow();

    juce::StringArray added;
    browser.onAdd = [&] (const juce::String& description) { added.add (description); };

    auto* search = find<juce::TextEditor> (browser, "Search plugins");
    auto* list = find<juce::ListBox> (browser, "Plugins and built-in nodes");
    REQUIRE (search != nullptr);
    REQUIRE (list != nullptr);

    auto& model = *list->getModel();
    const auto names = [&]
    {
        juce::StringArray result;

        for (int i = 0; i < model.getNumRows(); ++i)
            result.add (model.getNameForRow (i));

        return result;
    };

    const auto drag = [&] (int row)
    {
        juce::SparseSet<int> rows;
        rows.addRange ({ row, row + 1 });
        return model.getDragSourceDescription (rows);
    };

    // 4 headings, 9 nodes, 2 plugins, 1 failure
    CHECK (model.getNumRows() == 16);

    type (*search, "dragon hall");
    CHECK (names() == juce::StringArray{ "Effects", "Hall Reverb, Dragonfly, VST3" });

    type (*search, "hall");
    CHECK (names()[3].startsWith ("Old Hall, not loaded: no answer"));
    CHECK (drag (1).toString() == "plugin:VST3:Hall Reverb");
    CHECK (drag (3).isVoid()); // it is not loaded
    model.returnKeyPressed (1);

    type (*search, "tone");
    CHECK (drag (1).toString() == "node:tone");
    model.returnKeyPressed (0); // a heading adds nothing
    model.returnKeyPressed (1);

    type (*search, "no such thing");
    CHECK (model.getNumRows() == 0);
    CHECK (added == juce::StringArray{ "plugin:VST3:Hall Reverb", "node:tone" });
}

TEST_CASE ("The inspector renames, bypasses and sets, each a step that can be undone")
{
    Stage stage;
    auto& editor = stage.workspace.editor;
    gui::Inspector inspector (stage.workspace);
    inspector.setSize (gui::Inspector::width, 850);

    auto* session = find<juce::Label> (inspector, "Name of the session");
    REQUIRE (session != nullptr);
    session->setText ("Friday set", juce::sendNotificationSync);
    CHECK (editor.getName() == "Friday set");

    const auto id = stage.add ("gain");
    stage.workspace.select ({ id });
    auto* name = find<juce::Label> (inspector, "Name of the node");
    auto* gain = find<juce::Slider> (inspector, "Gain");
    REQUIRE (name != nullptr);
    REQUIRE (gain != nullptr);
    CHECK (gain->getMaximum() == 4.0);
    CHECK (gain->getValue() == 1.0);

    name->setText ("Volume", juce::sendNotificationSync);
    CHECK (editor.find (id)->getName() == "Volume");

    gain->setValue (0.5, juce::sendNotificationSync);
    stage.block();
    CHECK (editor.find (id)->runtime->processor->getParameter (0) == 0.5f);
    CHECK (editor.undo());
    stage.block();
    CHECK (editor.find (id)->runtime->processor->getParameter (0) == 1.0f);

    for (auto* child : inspector.getChildren())
    {
        if (auto* bypass = dynamic_cast<juce::ToggleButton*> (child))
        {
            CHECK (bypass->isVisible());
            bypass->setToggleState (true, juce::dontSendNotification);
            bypass->onClick();
        }
    }

    CHECK (editor.find (id)->isBypassed());

    // The graph's ends cannot be bypassed.
    for (const auto& node : editor.getNodes())
    {
        if (node->getType() == "audioOutput")
        {
            stage.workspace.select ({ node->getId() });

            for (auto* child : inspector.getChildren())
                if (auto* bypass = dynamic_cast<juce::ToggleButton*> (child))
                    CHECK_FALSE (bypass->isVisible());
        }
    }

    CHECK (stage.told.isEmpty());
}

TEST_CASE ("The list of parameters lets go of a node that is deleted, and finds it again when that is undone")
{
    Stage stage;
    gui::ParameterList list (stage.workspace);
    list.setSize (301, 400);
    const auto id = stage.add ("mixer");
    list.show (id);
    CHECK (list.getNumParameters() == 8);
    CHECK (find<juce::Slider> (list, "Level 1") != nullptr);

    stage.workspace.editor.removeNodes ({ id });
    CHECK (list.getNumParameters() == 0);
    CHECK (find<juce::Slider> (list, "Level 1") == nullptr);

    stage.workspace.editor.undo();
    CHECK (list.getNumParameters() == 8);
}

TEST_CASE ("Of a node with many parameters only the rows that are seen exist, and a search finds the others")
{
    Stage stage;
    gui::ParameterList list (stage.workspace);
    list.setSize (301, 300);
    const auto id = stage.workspace.editor.addNode ({ { "type", "mixer" }, { "inputs", 30 } }, { 0.5, 0.5 });
    list.show (id);
    REQUIRE (list.getNumParameters() == 60);
    CHECK (find<juce::Slider> (list, "Level 1") != nullptr);
    CHECK (find<juce::Slider> (list, "Pan 30") == nullptr);

    auto* search = find<juce::TextEditor> (list, "Search parameters");
    REQUIRE (search != nullptr);
    type (*search, "pan 30");
    CHECK (find<juce::Slider> (list, "Pan 30") != nullptr);
    CHECK (find<juce::Slider> (list, "Level 1") == nullptr);
}

TEST_CASE ("The top bar takes a tempo of 1 to 999 and says so of others")
{
    Stage stage;
    gui::TopBar bar (stage.workspace);
    bar.setSize (1440, gui::TopBar::height);
    auto* tempo = find<juce::Label> (bar, "Tempo, quarter notes a minute");
    REQUIRE (tempo != nullptr);

    tempo->setText ("97,5", juce::sendNotificationSync);
    CHECK (stage.workspace.editor.getTempo() == 97.5);
    CHECK (stage.told.isEmpty());

    for (const auto* wrong : { "0", "1000", "", "." })
    {
        stage.told.clear();
        tempo->setText (wrong, juce::sendNotificationSync);
        CHECK (stage.told.size() == 1);
        CHECK (stage.workspace.editor.getTempo() == 97.5);
        CHECK (tempo->getText() == "97.5");
    }
}

TEST_CASE ("Stop stops, and goes to the start when it is stopped already")
{
    Stage stage;
    auto& engine = stage.live.getEngine();
    gui::TopBar bar (stage.workspace);

    bar.play();
    stage.block();
    stage.block();
    CHECK (engine.isPlaying());
    CHECK (engine.getPosition() == 1024);

    bar.stop();
    stage.block();
    CHECK_FALSE (engine.isPlaying());
    CHECK (engine.getPosition() == 1024);

    bar.stop();
    stage.block();
    CHECK (engine.getPosition() == 0);
}

TEST_CASE ("A parameter's value is told with its unit")
{
    const auto text = [] (float value, const char* unit, bool isWhole)
    { return host::toParameterText (value, unit, isWhole).toStdString(); };

    CHECK (text (440.0f, "Hz", false) == "440.0 Hz");
    CHECK (text (-6.02f, "dB", false) == "-6.02 dB");
    CHECK (text (0.25f, "", false) == "0.250");
    CHECK (text (0.0f, "dB", false) == "0.00 dB");
    CHECK (text (-0.0001f, "dB", false) == "0.000 dB");
    CHECK (text (16000.0f, "Hz", false) == "16000 Hz");
    CHECK (text (3.0f, "", true) == "3");
}

TEST_CASE ("Every MIDI port has a switch, and the settings remember those that are off")
{
    Stage stage;
    auto& live = stage.live;
    stage.ports.inputs = { { "Keys", "20-0" }, { "Pads", "24-0" } };
    stage.ports.outputs = { { "Piano", "28-0" } };
    stage.settings.setMidiPortsOff ({ { "Pads" }, {} });
    live.openMidi (stage.settings.getMidiPortsOff());

    gui::AudioSettings panel (stage.workspace);
    const auto findSwitch = [&] (const char* title) { return find<juce::ToggleButton> (panel, title); };
    const auto click = [] (juce::Button& button)
    {
        button.setToggleState (! button.getToggleState(), juce::dontSendNotification);
        button.onClick();
    };

    auto *keys = findSwitch ("MIDI input Keys"), *pads = findSwitch ("MIDI input Pads"),
         *piano = findSwitch ("MIDI output Piano");
    REQUIRE (keys != nullptr);
    REQUIRE (pads != nullptr);
    REQUIRE (piano != nullptr);
    CHECK (keys->getToggleState());
    CHECK_FALSE (pads->getToggleState());
    CHECK (piano->getToggleState());
    CHECK (keys->getWantsKeyboardFocus());

    click (*keys);
    CHECK (live.getMidiInputs().getNames().isEmpty());
    CHECK (stage.settings.getMidiPortsOff() == host::MidiPortsOff{ { "Pads", "Keys" }, {} });
    CHECK (findSwitch ("MIDI input Keys") == keys);
    CHECK_FALSE (keys->getToggleState());

    click (*pads);
    CHECK (live.getMidiInputs().getNames() == juce::StringArray{ "Pads" });

    click (*piano);
    CHECK (live.getMidiOutputs().getNames().isEmpty());
    CHECK (stage.settings.getMidiPortsOff() == host::MidiPortsOff{ { "Keys" }, { "Piano" } });

    // Something is plugged in and something else goes: what is off stays off, and is remembered while it is away.
    stage.ports.inputs = { { "Pads", "24-0" }, { "Knobs", "32-0" } };
    stage.ports.outputs.clear();
    stage.ports.refused = "Knobs";
    auto* look = find<juce::TextButton> (panel, "Look again for MIDI ports");
    REQUIRE (look != nullptr);
    look->onClick();
    CHECK (findSwitch ("MIDI input Keys") == nullptr);
    CHECK (findSwitch ("MIDI output Piano") == nullptr);
    CHECK (live.getMidiInputs().getNames() == juce::StringArray{ "Pads" });
    CHECK (stage.settings.getMidiPortsOff() == host::MidiPortsOff{ { "Keys" }, { "Piano" } });

    auto* knobs = findSwitch ("MIDI input Knobs");
    REQUIRE (knobs != nullptr);
    CHECK (knobs->getToggleState());
    CHECK (knobs->getDescription() == "does not open");

    stage.ports.refused.clear();
    look->onClick();
    CHECK (live.getMidiInputs().getNames() == juce::StringArray{ "Pads", "Knobs" });
    CHECK (knobs->getDescription().isEmpty());
}

TEST_CASE ("The inspector chooses a plugin's program, which can be undone with all that was set before")
{
    Stage stage;
    auto& editor = stage.workspace.editor;
    gui::Inspector inspector (stage.workspace);
    inspector.setSize (gui::Inspector::width, 850);
    auto* box = find<juce::ComboBox> (inspector, "Program of the plugin");
    REQUIRE (box != nullptr);

    const auto builtIn = stage.add ("gain");
    stage.workspace.select ({ builtIn });
    CHECK_FALSE (box->isVisible());

    const auto id =
        editor.addNode ({ { "type", "plugin" }, { "ref", TEST_PLUGINS "/TestJucePrograms.vst3" } }, { 0.5, 0.5 });
    stage.workspace.select ({ id });
    const auto node = editor.find (id);
    auto& processor = *node->runtime->processor;
    const auto& parameters = processor.getParameters();
    const auto gain = int (std::find_if (parameters.begin(), parameters.end(), [] (auto& p) { return p.name == "Gain"; })
                           - parameters.begin());

    REQUIRE (box->isVisible());
    CHECK (box->getNumItems() == 3);
    CHECK (box->getText() == "Program 1");

    editor.setParameter (id, gain, 0.75f);
    stage.block();
    const Home home;
    editor.save (home.folder.getChildFile ("a.audiohost"));
    REQUIRE_FALSE (editor.isEdited());

    box->setSelectedItemIndex (2, juce::sendNotificationSync);
    CHECK (node->getPlugin()->getProgram() == 2);
    CHECK (processor.getParameter (gain) == 0.25f);
    CHECK (editor.isEdited());
    CHECK (editor.getUndoName() == "Change Program to Program 3");

    // A change after that is a step of its own.
    editor.setParameter (id, gain, 0.5f);
    stage.block();

    CHECK (editor.undo());
    stage.block();
    CHECK (processor.getParameter (gain) == 0.25f);
    CHECK (editor.undo());
    stage.block();
    CHECK (processor.getParameter (gain) == 0.75f);
    CHECK (box->getText() == "Program 1");
    CHECK_FALSE (editor.isEdited());

    CHECK (editor.redo());
    stage.block();
    CHECK (processor.getParameter (gain) == 0.25f);
    CHECK (box->getText() == "Program 3");
    CHECK (editor.redo());
    stage.block();
    CHECK (processor.getParameter (gain) == 0.5f);

    // Removed and back, the steps before that still find their plugin.
    editor.removeNodes ({ id });
    CHECK_FALSE (box->isVisible());
    CHECK (editor.undo());
    CHECK (editor.undo());
    CHECK (editor.undo());
    CHECK (node->getPlugin()->getProgram() == 0);
    CHECK (processor.getParameter (gain) == 0.75f);

    // A program that is none is no edit.
    const auto undoName = editor.getUndoName();
    editor.setProgram (id, 3);
    editor.setProgram (id, -1);
    editor.setProgram (builtIn, 0);
    CHECK (editor.getUndoName() == undoName);
    CHECK (stage.told.isEmpty());
}
