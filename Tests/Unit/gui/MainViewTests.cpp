#include <Gui/App.h>
#include <Gui/MainView.h>
#include <catch2/catch.hpp>

#include <set>

namespace
{
struct Shown
{
    Shown()
    {
        juce::LookAndFeel::setDefaultLookAndFeel (&theme);
        view = std::make_unique<gui::MainView> (workspace);
        view->setSize (1440, 900);
        workspace.openEditor = [this] (host::NodeId id) { opened = id; };
        view->files.onLeaving = [] {};
    }

    ~Shown()
    {
        view.reset();
        juce::LookAndFeel::setDefaultLookAndFeel (nullptr);
    }

    bool invoke (gui::Commands::Id id) { return view->commands.getManager().invokeDirectly (id, false); }

    void run (int blocks)
    {
        juce::AudioBuffer<float> buffer (2, 512);
        juce::MidiBuffer in, out;
        out.ensureSize (host::RenderPlan::midiCapacityBytes);

        for (int i = 0; i < blocks; ++i)
            live.getEngine().process (
                { buffer.getArrayOfReadPointers(), 2, buffer.getArrayOfWritePointers(), 2, 512, in, out, {} });
    }

    juce::ScopedJuceInitialiser_GUI juce;
    gui::Theme theme;
    gui::Settings settings{ juce::File() };
    host::PluginFormats formats;
    host::LiveHost live{ host::PrepareInfo{ 48000.0, 512, false } };
    gui::Workspace workspace{ live, formats, settings };
    std::unique_ptr<gui::MainView> view;
    host::NodeId opened = 0;
};

template <typename Visit>
void visitAll (juce::Component& component, Visit&& visit)
{
    visit (component);

    for (auto* child : component.getChildren())
        visitAll (*child, visit);
}

const juce::File demo (DEMO_SESSION);
} // namespace

TEST_CASE_METHOD (Shown, "main view: everything that takes the keyboard or the mouse has a name for screen readers")
{
    view->files.openNow (demo);
    view->settle();
    int numNamed = 0;

    for (const auto& selection : std::vector<std::set<host::NodeId>>{ {}, { 3 }, { 3, 4 } })
    {
        workspace.select (selection);
        workspace.callFrame();

        visitAll (*view,
                  [&] (juce::Component& component)
                  {
                      const auto isControl = dynamic_cast<juce::Button*> (&component) != nullptr
                                             || dynamic_cast<juce::Slider*> (&component) != nullptr
                                             || dynamic_cast<juce::ComboBox*> (&component) != nullptr
                                             || dynamic_cast<juce::TextEditor*> (&component) != nullptr;
                      const auto isScroller = dynamic_cast<juce::ScrollBar*> (component.getParentComponent()) != nullptr;

                      if (! component.isVisible() || isScroller || ! (isControl || component.getWantsKeyboardFocus()))
                          return;

                      if (! component.isAccessible())
                          return;

                      auto* handler = component.getAccessibilityHandler();
                      const auto& parent = *component.getParentComponent();
                      INFO (typeid (component).name() << " in " << typeid (parent).name());
                      REQUIRE ((handler == nullptr || handler->getTitle().isNotEmpty() || component.getTitle().isNotEmpty()
                                || component.getName().isNotEmpty()));
                      ++numNamed;
                  });
    }

    REQUIRE (numNamed > 40);
}

TEST_CASE_METHOD (Shown, "main view: every command does something, and no key means two things")
{
    auto& manager = view->commands.getManager();
    std::set<juce::String> keys;
    juce::Array<juce::CommandID> ids;
    view->commands.getAllCommands (ids);
    REQUIRE (ids.size() > 25);

    for (const auto id : ids)
    {
        juce::ApplicationCommandInfo info (id);
        view->commands.getCommandInfo (id, info);
        INFO (info.shortName);
        REQUIRE (info.shortName.isNotEmpty());
        REQUIRE (view->commands.isBound (gui::Commands::Id (id)));

        for (const auto& key : manager.getKeyMappings()->getKeyPressesAssignedToCommand (id))
            REQUIRE (keys.insert (key.getTextDescription()).second);
    }
}

TEST_CASE_METHOD (Shown, "main view: edits by command, undone and done again")
{
    using C = gui::Commands;
    view->files.openNow (demo);
    workspace.tell = [] (const juce::String& message, bool) { FAIL (message); };
    REQUIRE (workspace.editor.getNodes().size() == 6);

    REQUIRE (invoke (C::selectAll));
    REQUIRE (workspace.getSelection().size() == 6);
    workspace.select ({ 5 });
    REQUIRE (invoke (C::bypass));
    REQUIRE (workspace.editor.find (5)->isBypassed());
    REQUIRE (invoke (C::duplicateSelection));
    REQUIRE (workspace.editor.getNodes().size() == 7);
    workspace.select ({ 5 });
    REQUIRE (invoke (C::deleteSelection));
    REQUIRE (workspace.editor.find (5) == nullptr);
    REQUIRE (workspace.getSelection().empty());
    REQUIRE (invoke (C::undo));
    REQUIRE (invoke (C::undo));
    REQUIRE (invoke (C::undo));
    REQUIRE (workspace.editor.getNodes().size() == 6);
    REQUIRE (! workspace.editor.find (5)->isBypassed());
    REQUIRE (! workspace.editor.isEdited());
    REQUIRE (invoke (C::redo));
    REQUIRE (workspace.editor.isEdited());

    workspace.select ({ 3 });
    REQUIRE (invoke (C::openEditor));
    REQUIRE (opened == 3);

    REQUIRE (invoke (C::play));
    run (4);
    REQUIRE (live.getEngine().isPlaying());
    REQUIRE (invoke (C::rewind));
    run (1);
    REQUIRE (live.getEngine().getPosition() == 512);
    REQUIRE (invoke (C::play));
    run (1);
    REQUIRE (! live.getEngine().isPlaying());
}

TEST_CASE_METHOD (Shown, "main view: an edit that cannot be made is told in the window")
{
    view->files.openNow (demo);
    juce::String told;
    workspace.tell = [&] (const juce::String& message, bool isError)
    {
        REQUIRE (isError);
        told = message;
    };

    REQUIRE (! workspace.attempt ([this] { workspace.editor.connect ({ { { 5, 0 }, { 4, 0 } } }); }));
    REQUIRE (told.contains ("cycle"));
    REQUIRE (! workspace.editor.isEdited());
}

TEST_CASE ("screenshot: the palettes, sizes and sessions differ, and the picture is not blank")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    const auto countColours = [] (const juce::Image& image)
    {
        std::set<juce::uint32> colours;

        for (int y = 0; y < image.getHeight(); y += 3)
            for (int x = 0; x < image.getWidth(); x += 3)
                colours.insert (image.getPixelAt (x, y).getARGB());

        return colours.size();
    };

    const auto image = gui::drawScreenshot (demo, 1280, 800);
    REQUIRE (image.getWidth() == 1280);
    REQUIRE (image.getHeight() == 800);
    REQUIRE (countColours (image) > 50);
    REQUIRE_THROWS_AS (gui::drawScreenshot (juce::File ("/nowhere.audiohost"), 800, 600), host::Error);
}
