#include <Gui/PluginWindows.h>
#include <Support/Display.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <set>

namespace
{

/** A session that plays on the virtual device, on a screen with a window manager. */
struct WindowsFixture
{
    WindowsFixture()
    {
        folder.createDirectory();
        juce::LookAndFeel::setDefaultLookAndFeel (&theme);
        workspace.tell = [this] (const juce::String& text, bool) { told.add (text); };
        workspace.editor.startNew();
        live.start();
    }

    ~WindowsFixture()
    {
        windows.reset();
        live.stop();
        juce::LookAndFeel::setDefaultLookAndFeel (nullptr);
        folder.deleteRecursively (false);
    }

    struct Environment
    {
        explicit Environment (const TestDisplay& display, const juce::File& home)
        {
            setenv ("DISPLAY", display.getName().c_str(), 1);
            setenv ("AUDIOHOST_HOME", home.getFullPathName().toRawUTF8(), 1);
        }
    };

    static host::DeviceRequest virtualDevice()
    {
        host::DeviceRequest request;
        request.spec = "Virtual";
        return request;
    }

    host::NodeId add (const juce::String& path)
    {
        return workspace.editor.addNode ({ { "type", "plugin" }, { "ref", path.toStdString() } }, { 0.5, 0.5 });
    }

    host::NodeId addTestEditor (const juce::String& kind) { return add (TEST_PLUGINS "/TestEditor.vst3#Editor " + kind); }

    host::PluginInstance& plugin (host::NodeId id) { return *workspace.editor.find (id)->getPlugin(); }

    /** Lets the program go on until the condition holds. */
    static bool waitFor (const std::function<bool()>& condition)
    {
        for (const auto end = juce::Time::getMillisecondCounter() + 20000; juce::Time::getMillisecondCounter() < end;)
        {
            juce::MessageManager::getInstance()->runDispatchLoopUntil (10);

            if (condition())
                return true;
        }

        return false;
    }

    /** Opens a node's window and waits until it is on the screen. */
    TestDisplay::Window show (host::NodeId id)
    {
        windows->open (id);
        return onScreen (id);
    }

    /** The node's window on the screen, once it is where and as large as the program thinks that it is. */
    TestDisplay::Window onScreen (host::NodeId id)
    {
        std::optional<TestDisplay::Window> found;
        INFO ("node " << id);
        REQUIRE (waitFor (
            [&]
            {
                const auto* window = windows->find (id);
                found = window != nullptr ? display.findWindow (window->getName().toStdString()) : std::nullopt;
                return found.has_value() && found->width == window->getWidth() && found->height == window->getHeight()
                       && found->x == window->getScreenX() && found->y == window->getScreenY();
            }));
        return *found;
    }

    bool isOnScreen (host::NodeId id)
    {
        const auto name = workspace.editor.find (id)->getName();
        return display.findWindow (name + " - ").has_value();
    }

    void setParameter (host::NodeId id, int index, float value)
    {
        workspace.editor.setParameter (id, index, value);
        workspace.editor.endGesture();
    }

    TestDisplay display;
    const juce::File folder = juce::File::createTempFile ("gui_windows");
    const Environment environment{ display, folder };
    const juce::ScopedJuceInitialiser_GUI juce;
    gui::Theme theme;
    host::PluginFormats formats;
    host::LiveHost live{ virtualDevice() };
    gui::Settings settings{ folder.getChildFile ("settings.xml") };
    gui::Workspace workspace{ live, formats, settings };
    juce::StringArray told;
    std::unique_ptr<gui::PluginWindows> windows = std::make_unique<gui::PluginWindows> (workspace);
};

constexpr auto poly = DEMO_PLUGINS "/AudioHost Poly.vst3";
constexpr auto echo = DEMO_PLUGINS "/AudioHost Echo.vst3";

} // namespace

TEST_CASE_METHOD (WindowsFixture, "a plugin's own editor is shown in a window that is named after both")
{
    const auto id = add (poly);
    const auto window = show (id);
    CHECK (window.title == "AudioHost Poly - " + workspace.editor.getName());
    CHECK (windows->isNative (id));
    CHECK (windows->getNumOpen() == 1);
    CHECK (gui::XErrors::getCount() == 0);

    // Its knobs: the colours of both halves of a ring, with smooth edges.
    REQUIRE (waitFor ([&] { return display.countColours (window) > 50; }));
    const auto pixels = display.getPixels (window.x, window.y, window.width, window.height);
    const std::set<std::uint32_t> colours (pixels.begin(), pixels.end());
    CHECK (colours.contains (0x14171a));
    CHECK (colours.contains (0x58c7ae));
    CHECK (colours.contains (0x313a44));

    windows->open (id);
    CHECK (windows->getNumOpen() == 1);
}

TEST_CASE_METHOD (WindowsFixture,
                  "a knob that is dragged in a plugin's editor changes the plugin, and the session is edited")
{
    const auto id = add (echo);
    const auto window = show (id);
    const auto file = folder.getChildFile ("session.audiohost");
    workspace.editor.save (file);
    REQUIRE_FALSE (workspace.editor.isEdited());

    // The second of the four knobs, Feedback.
    const auto x = window.x + window.width * 3 / 8, y = window.y + window.height / 2;
    const auto before = plugin (id).getParameter (1);
    display.drag (x, y, x, y - 40);
    REQUIRE (waitFor ([&] { return plugin (id).getParameter (1) > before + 0.2f; }));
    REQUIRE (waitFor ([&] { return workspace.editor.isEdited(); }));

    // Its neighbours stay as they were.
    CHECK (plugin (id).getParameter (2) == Approx (0.18f));

    // A double click brings back the default.
    display.click (x, y, 2);
    REQUIRE (waitFor ([&] { return plugin (id).getParameter (1) == Approx (before); }));
}

TEST_CASE_METHOD (WindowsFixture,
                  "an editor shows what the host changes, and that alone does not count as the plugin's own doing")
{
    const auto id = add (echo);
    const auto window = show (id);
    REQUIRE (waitFor ([&] { return display.countColours (window) > 50; }));
    workspace.editor.save (folder.getChildFile ("session.audiohost"));

    const auto before = display.getPixels (window.x, window.y, window.width, window.height);
    setParameter (id, 2, 1.0f);
    REQUIRE (waitFor ([&] { return display.getPixels (window.x, window.y, window.width, window.height) != before; }));
    CHECK_FALSE (plugin (id).takeEdited());
}

TEST_CASE_METHOD (WindowsFixture, "an editor that takes any size follows its window, down to the least that it takes")
{
    const auto id = add (poly);
    const auto window = show (id);
    windows->find (id)->setSize (900, 500);
    auto larger = onScreen (id);
    CHECK (larger.width == 900);
    CHECK (larger.height == 500);
    REQUIRE (waitFor ([&] { return display.getPixels (larger.x + 890, larger.y + 490, 1, 1).front() == 0x14171a; }));

    windows->find (id)->setSize (20, 20);
    REQUIRE (waitFor ([&] { return display.findWindow ("AudioHost Poly")->width < window.width; }));
    const auto smaller = onScreen (id);
    CHECK (smaller.width > 100);
    CHECK (smaller.height > 100);
}

TEST_CASE_METHOD (WindowsFixture, "an editor of one size keeps it")
{
    const auto id = addTestEditor ("Fixed");
    const auto window = show (id);
    windows->find (id)->setSize (900, 500);
    REQUIRE (waitFor ([&] { return windows->find (id)->getWidth() == window.width; }));
    CHECK (onScreen (id).height == window.height);
    CHECK_FALSE (windows->find (id)->getConstrainer()->getMaximumWidth() > window.width + 20);
}

TEST_CASE_METHOD (WindowsFixture, "a window follows an editor that changes its own size, and stays on the screen")
{
    const auto id = addTestEditor ("Grows");
    show (id);
    windows->find (id)->setTopLeftPosition (1440 - 240, 900 - 200);
    setParameter (id, 0, 1.0f);
    REQUIRE (waitFor ([&] { return windows->find (id)->getWidth() == 500; }));

    const auto window = onScreen (id);
    CHECK (window.width == 500);
    CHECK (window.height == 500);
    CHECK (window.x + window.width <= 1440);
    CHECK (window.y + window.height <= 900);

    setParameter (id, 0, 0.0f);
    REQUIRE (waitFor ([&] { return windows->find (id)->getWidth() == 300; }));
    CHECK (onScreen (id).height == 300);
}

TEST_CASE_METHOD (WindowsFixture, "where an editor does not come, the parameters are shown in its place")
{
    const auto id = addTestEditor ("Refuses");
    show (id);
    REQUIRE (waitFor ([&] { return ! windows->isNative (id); }));
    CHECK (told.joinIntoString (" ").contains ("Editor Refuses could not show an editor"));
    const auto window = onScreen (id);
    REQUIRE (waitFor ([&] { return display.countColours (window) > 10; }));
}

TEST_CASE_METHOD (WindowsFixture, "nodes without an editor show their parameters")
{
    const auto gain = workspace.editor.addNode ({ { "type", "gain" } }, { 0.5, 0.5 });
    const auto lv2 = add (TEST_PLUGINS "/TestLv2Gain.lv2");
    const auto ladspa = add (TEST_PLUGINS "/ladspa/TestLadspaGain.so");

    for (const auto id : { gain, lv2, ladspa })
    {
        show (id);
        CHECK_FALSE (windows->isNative (id));
        windows->close (id);
    }
}

TEST_CASE_METHOD (WindowsFixture, "complaints of the X server about an editor are told once and harm nothing")
{
    const auto first = addTestEditor ("Errs"), second = addTestEditor ("Errs");
    show (first);
    REQUIRE (gui::XErrors::getCount() == 1);
    REQUIRE (waitFor ([&] { return told.size() == 1; }));
    CHECK (told[0].contains ("BadWindow"));
    CHECK (windows->isNative (first));

    windows->open (second);
    CHECK (gui::XErrors::getCount() == 2);
    setParameter (first, 0, 1.0f);
    REQUIRE (waitFor ([&] { return gui::XErrors::getCount() == 3; }));
    windows->closeAll();
    CHECK (told.size() == 1);
}

TEST_CASE_METHOD (WindowsFixture, "an editor whose window has gone can be closed and opened again")
{
    const auto id = addTestEditor ("Vanishes");
    const auto window = show (id);
    const auto before = display.countInnerWindows (window);
    REQUIRE (before > 0);
    setParameter (id, 0, 1.0f);
    REQUIRE (waitFor ([&] { return display.countInnerWindows (window) == before - 1; }));
    setParameter (id, 1, 1.0f);
    juce::MessageManager::getInstance()->runDispatchLoopUntil (100);
    windows->close (id);
    setParameter (id, 0, 0.0f);
    const auto again = show (id);
    REQUIRE (waitFor ([&] { return display.countColours (again) > 50; }));
}

TEST_CASE_METHOD (WindowsFixture, "a window closes with its button, Escape and ctrl+W")
{
    const auto id = add (echo);
    const auto gain = workspace.editor.addNode ({ { "type", "gain" } }, { 0.5, 0.5 });

    for (const auto node : { id, gain })
    {
        for (const auto* key : { "Escape", "ctrl+w", "" })
        {
            INFO ("node " << node << ", key \"" << key << "\"");
            const auto window = show (node);
            REQUIRE (windows->getNumOpen() == 1);
            display.activate (window);
            REQUIRE (waitFor ([&] { return windows->find (node)->isActiveWindow(); }));

            if (*key != 0)
                display.press (key);
            else
                display.closeWindow (window);

            REQUIRE (waitFor ([&] { return windows->getNumOpen() == 0; }));
            REQUIRE (waitFor ([&] { return ! isOnScreen (node); }));
        }
    }
}

TEST_CASE_METHOD (WindowsFixture, "a window learns what the X server told while it was asked something else")
{
    const auto gain = workspace.editor.addNode ({ { "type", "gain" } }, { 0.5, 0.5 });
    const auto window = show (gain);
    auto* peer = windows->find (gain)->getPeer();
    display.activate (window);
    REQUIRE (waitFor ([&] { return windows->find (gain)->isActiveWindow(); }));

    for (int move = 1; move <= 10; ++move)
    {
        INFO ("move " << move);
        display.moveWindow (window, 100 + 20 * move, 100 + 10 * move);

        // The answers take along what the server says of the move, which no event loop has seen then.
        REQUIRE (waitUntil ([&] { return display.findWindow (window.title)->x != windows->find (gain)->getScreenX(); }));
        CHECK (peer->isFocused());
        onScreen (gain);
    }
}

TEST_CASE_METHOD (WindowsFixture, "windows go with their nodes, and come back where they were")
{
    const auto id = add (echo);
    show (id);
    windows->find (id)->setTopLeftPosition (200, 150);
    REQUIRE (waitFor ([&] { return display.findWindow ("AudioHost Echo")->x == 200; }));

    workspace.editor.removeNodes ({ id });
    CHECK (windows->getNumOpen() == 0);

    REQUIRE (workspace.editor.undo());
    const auto window = show (id);
    CHECK (window.x == 200);
    CHECK (window.y == 150);

    workspace.editor.startNew();
    CHECK (windows->getNumOpen() == 0);
}

TEST_CASE_METHOD (WindowsFixture, "a window follows the names of its node and of the session")
{
    const auto id = add (echo);
    show (id);
    workspace.editor.rename (id, "Slapback");
    workspace.editor.setName ("Friday");
    REQUIRE (waitFor ([&] { return display.findWindow ("Slapback - Friday").has_value(); }));
    CHECK (windows->find (id)->getTitle() == "Slapback - Friday");
}

TEST_CASE_METHOD (WindowsFixture, "every window opens and closes fifty times")
{
    std::vector<host::NodeId> nodes{ add (poly), add (echo),
                                     workspace.editor.addNode ({ { "type", "gain" } }, { 0.5, 0.5 }) };

    for (const auto* kind : { "Grows", "Fixed", "Refuses", "Vanishes", "Errs" })
        nodes.push_back (addTestEditor (kind));

    for (int round = 0; round < 50; ++round)
    {
        for (const auto id : nodes)
            windows->open (id);

        REQUIRE (windows->getNumOpen() == static_cast<int> (nodes.size()));
        juce::MessageManager::getInstance()->runDispatchLoopUntil (20);

        // One by one, and all at once.
        for (const auto id : nodes)
            if (round % 2 == 0)
                windows->close (id);

        windows->closeAll();
        REQUIRE (windows->getNumOpen() == 0);
        juce::MessageManager::getInstance()->runDispatchLoopUntil (10);
    }

    REQUIRE (waitFor ([&] { return display.getWindows().empty(); }));
}
