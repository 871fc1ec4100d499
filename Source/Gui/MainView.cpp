#include "MainView.h"

#include "AudioSettings.h"

namespace gui
{

namespace
{
constexpr int firstRecent = 1000;
constexpr int firstAddable = 2000;
constexpr auto quiet = 0.001f; // the lower end of the meters

juce::String fromUtf8 (const std::string& text) { return juce::String::fromUTF8 (text.c_str()); }
} // namespace

MainView::MainView (Workspace& workspaceToUse)
    : files (workspaceToUse), workspace (workspaceToUse), adder (workspaceToUse), tooltips (this, 700),
      topBar (workspaceToUse), browser (workspaceToUse), canvas (workspaceToUse), inspector (workspaceToUse),
      bottomPanel (workspaceToUse)
{
    bindWishes();
    bindCommands();

    for (auto* view : std::initializer_list<juce::Component*>{ &topBar, &browser, &canvas, &inspector, &bottomPanel })
        addAndMakeVisible (view);

    addChildComponent (messages);
    addChildComponent (loading);
    messages.onChange = [this] { resized(); };
    loading.onCancel = [this]
    {
        files.cancelLoading();
        adder.cancel();
    };

    topBar.onMenu = [this] (juce::Component& button) { showMenu (button); };
    topBar.onLoad = topBar.onXruns = topBar.onFindings = [this] { showBottom (BottomPanel::Tab::realTime); };
    topBar.onDevice = [this] { showSettings(); };
    browser.onAdd = [this] (const juce::String& description) { addFromBrowser (description, canvas.getCentre(), {}); };
    browser.getScan().onFinished = [this] (const juce::String& outcome, bool isError) { workspace.tell (outcome, isError); };
    bottomPanel.onHeightChange = [this] { resized(); };

    workspace.editor.addListener (*this);
    setWantsKeyboardFocus (true);
    setTitle ("AudioHost");
    startTimerHz (30);
}

MainView::~MainView()
{
    delete settingsWindow.getComponent();
    workspace.editor.removeListener (*this);
}

void MainView::bindWishes()
{
    workspace.tell = [this] (const juce::String& message, bool isError) { messages.show (message, isError); };

    workspace.addPlugin = [this] (const juce::String& ref, juce::Point<double> position, std::vector<host::Wire> wires)
    {
        adder.add ({ ref, position, std::move (wires) });
        updateLoading();
    };

    workspace.addListed =
        [this] (const juce::String& description, juce::Point<double> position, std::vector<host::Wire> wires)
    { addFromBrowser (description, position, std::move (wires)); };

    workspace.chooseNode = [this] (juce::Point<double> position, std::vector<host::Wire> wires)
    { showAddMenu (position, std::move (wires)); };

    workspace.dropFiles =
        [this] (const juce::StringArray& dropped, juce::Point<double> position, std::vector<host::Wire> wires)
    {
        for (const auto& path : dropped)
        {
            const juce::File file (path);

            if (file.hasFileExtension ("audiohost;filtergraph"))
                return files.open (file);

            if (file.hasFileExtension ("mid;midi"))
                workspace.attempt (
                    [&]
                    {
                        workspace.editor.addNode ({ { "type", "midiPlayer" }, { "file", path.toStdString() } }, position,
                                                  wires);
                    });
            else
                workspace.addPlugin (path, position, wires);

            // Only the first goes into the wire; the others find their places below it.
            wires.clear();
            position.y += 0.15;
        }
    };
}

void MainView::bindCommands()
{
    using C = Commands;
    auto& editor = workspace.editor;
    auto& engine = workspace.live.getEngine();
    const auto hasSelection = [this] { return ! workspace.getSelection().empty(); };
    const auto hasOne = [this] { return workspace.getSingleSelection() != 0; };

    commands.bind (C::newSession, { .perform = [this] { files.startNew(); } });
    commands.bind (C::openSession, { .perform = [this] { files.open(); } });
    commands.bind (C::openDemo, { .perform = [this] { files.open (SessionFiles::findDemo(), true); },
                                  .isEnabled = [] { return SessionFiles::findDemo() != juce::File(); } });
    commands.bind (C::saveSession, { .perform = [this] { files.save (false); } });
    commands.bind (C::saveSessionAs, { .perform = [this] { files.save (true); } });
    commands.bind (C::quit, { .perform = [this]
                              {
                                  if (onQuit)
                                      onQuit();
                              } });
    commands.bind (C::undo, { .perform = [this] { workspace.attempt ([this] { workspace.editor.undo(); }); },
                              .isEnabled = [&editor] { return editor.getUndoName().has_value(); },
                              .name = [&editor] { return "Undo " + fromUtf8 (editor.getUndoName().value_or ("")); } });
    commands.bind (C::redo, { .perform = [this] { workspace.attempt ([this] { workspace.editor.redo(); }); },
                              .isEnabled = [&editor] { return editor.getRedoName().has_value(); },
                              .name = [&editor] { return "Redo " + fromUtf8 (editor.getRedoName().value_or ("")); } });
    commands.bind (C::deleteSelection,
                   { .perform = [this] { canvas.deleteSelection(); },
                     .isEnabled = [this, hasSelection] { return hasSelection() || canvas.hasSelectedWire(); } });
    commands.bind (C::duplicateSelection, { .perform = [this] { canvas.duplicateSelection(); }, .isEnabled = hasSelection });
    commands.bind (C::selectAll, { .perform = [this] { canvas.selectAll(); } });
    commands.bind (C::bypass, { .perform = [this] { canvas.toggleBypassOfSelection(); }, .isEnabled = hasSelection });
    commands.bind (C::openEditor,
                   { .perform = [this] { workspace.openEditor (workspace.getSingleSelection()); }, .isEnabled = hasOne });
    commands.bind (C::connect, { .perform = [this] { canvas.connectWithMenu(); }, .isEnabled = hasOne });
    commands.bind (C::disconnect, { .perform = [this] { canvas.disconnectWithMenu(); }, .isEnabled = hasOne });
    commands.bind (C::addNode, { .perform = [this] { showAddMenu (canvas.getCentre(), {}); } });
    commands.bind (C::play, { .perform =
                                  [this, &engine]
                              {
                                  if (engine.isPlaying())
                                      topBar.stop();
                                  else
                                      topBar.play();
                              },
                              .isTicked = [&engine] { return engine.isPlaying(); } });
    commands.bind (C::rewind, { .perform = [&engine] { engine.rewind(); } });
    commands.bind (C::panic, { .perform = [&engine] { engine.panic(); } });
    commands.bind (C::zoomIn, { .perform = [this] { canvas.zoomIn(); } });
    commands.bind (C::zoomOut, { .perform = [this] { canvas.zoomOut(); } });
    commands.bind (C::zoomFit, { .perform = [this] { canvas.zoomToFit(); } });
    commands.bind (C::zoomNormal, { .perform = [this] { canvas.zoomToNormal(); } });
    commands.bind (C::findPlugin, { .perform = [this] { browser.focusSearch(); } });
    commands.bind (C::showRealTime, { .perform = [this] { showBottom (BottomPanel::Tab::realTime); } });
    commands.bind (C::showKeyboard, { .perform = [this] { bottomPanel.playKeys(); } });
    commands.bind (C::settings, { .perform = [this] { showSettings(); } });
    commands.bind (C::scan, { .perform = [this] { browser.getScan().scan(); },
                              .isEnabled = [this] { return ! browser.getScan().isScanning(); } });
    commands.bind (C::listKeys, { .perform = [this] { showKeys(); } });

    const auto bindPalette = [this] (Commands::Id id, Palette palette)
    {
        commands.bind (id, { .perform = [this, palette] { setPalette (palette); },
                             .isTicked = [this, palette] { return workspace.settings.getPalette() == palette; } });
    };

    bindPalette (C::darkPalette, Palette::dark);
    bindPalette (C::lightPalette, Palette::light);
    bindPalette (C::highContrastPalette, Palette::highContrast);
}

void MainView::settle()
{
    browser.loadNow();
    workspace.callFrame();
}

void MainView::paint (juce::Graphics& g) { g.fillAll (colour (Token::background)); }

void MainView::resized()
{
    auto area = getLocalBounds();
    topBar.setBounds (area.removeFromTop (TopBar::height));
    browser.setBounds (area.removeFromLeft (Browser::width));
    inspector.setBounds (area.removeFromRight (Inspector::width));
    bottomPanel.setBounds (area.removeFromBottom (std::min (bottomPanel.getWantedHeight(), area.getHeight() / 2)));
    canvas.setBounds (area);

    // These lie on the canvas, so that nothing moves away under the mouse when they come.
    loading.setBounds (area.removeFromTop (loading.isVisible() ? LoadingBar::height : 0));
    messages.setBounds (area.removeFromTop (messages.getHeightFor (area.getWidth())));
}

void MainView::timerCallback()
{
    updateLoading();

    if (isShowing())
        workspace.callFrame();

    // A still picture needs fewer looks.
    if (const auto interval = isSomethingMoving() ? 1000 / 30 : 100; interval != getTimerInterval())
        startTimer (interval);
}

bool MainView::isSomethingMoving() const
{
    if (workspace.live.getEngine().isPlaying() || loading.isVisible())
        return true;

    const auto& nodes = workspace.editor.getNodes();
    return std::any_of (nodes.begin(), nodes.end(),
                        [] (const auto& node)
                        {
                            const auto& peaks = node->runtime->peaks;
                            return peaks[0].load (std::memory_order_relaxed) > quiet
                                   || peaks[1].load (std::memory_order_relaxed) > quiet;
                        });
}

void MainView::updateLoading()
{
    const auto isLoading = files.isLoading() || adder.getCurrent().isNotEmpty();

    if (files.isLoading())
    {
        const auto progress = files.getProgress();
        loading.show ("Loading " + juce::String (progress.made + 1) + " of " + juce::String (progress.total) + ": "
                          + progress.name,
                      double (progress.made) / std::max (1, progress.total));
    }
    else if (isLoading)
    {
        loading.show ("Loading " + juce::File::createFileWithoutCheckingPath (adder.getCurrent()).getFileName(), -1.0);
    }

    if (loading.isVisible() == isLoading)
        return;

    loading.setVisible (isLoading);
    resized();
}

void MainView::sessionStatusChanged() { commands.getManager().commandStatusChanged(); }

void MainView::showBottom (BottomPanel::Tab tab) { bottomPanel.show (tab); }

//======================================================================================================================
void MainView::showMenu (juce::Component& button)
{
    using C = Commands;
    juce::PopupMenu menu, recent, appearance;

    const auto recentFiles = workspace.settings.getRecentSessions();

    for (int i = 0; i < recentFiles.size(); ++i)
        recent.addItem (firstRecent + i, recentFiles[i].getFileNameWithoutExtension() + "   "
                                             + recentFiles[i].getParentDirectory().getFullPathName());

    if (! recentFiles.isEmpty())
    {
        recent.addSeparator();
        recent.addItem ("Clear", [this] { workspace.settings.clearRecentSessions(); });
    }

    const auto addAll = [this] (juce::PopupMenu& to, std::initializer_list<Commands::Id> ids)
    {
        for (const auto id : ids)
            commands.addTo (to, id);
    };

    addAll (appearance, { C::darkPalette, C::lightPalette, C::highContrastPalette });

    addAll (menu, { C::newSession, C::openSession });
    menu.addSubMenu ("Open Recent", recent, ! recentFiles.isEmpty());
    addAll (menu, { C::openDemo, C::saveSession, C::saveSessionAs });
    menu.addSeparator();
    addAll (menu, { C::undo, C::redo, C::duplicateSelection, C::deleteSelection, C::selectAll });
    menu.addSeparator();
    addAll (menu, { C::addNode, C::openEditor, C::bypass, C::connect, C::disconnect });
    menu.addSeparator();
    addAll (menu, { C::play, C::rewind, C::panic });
    menu.addSeparator();
    addAll (menu,
            { C::findPlugin, C::scan, C::showRealTime, C::showKeyboard, C::zoomIn, C::zoomOut, C::zoomNormal, C::zoomFit });
    menu.addSeparator();
    addAll (menu, { C::settings });
    menu.addSubMenu ("Appearance", appearance);
    addAll (menu, { C::listKeys, C::quit });

    menu.showMenuAsync (juce::PopupMenu::Options().withTargetComponent (button).withMinimumWidth (260),
                        [this, recentFiles] (int result)
                        {
                            if (result >= firstRecent && result < firstRecent + recentFiles.size())
                                files.open (recentFiles[result - firstRecent]);
                        });
}

void MainView::showAddMenu (juce::Point<double> position, std::vector<host::Wire> wires)
{
    juce::PopupMenu menu;
    juce::StringArray choices;

    const auto add = [&] (juce::PopupMenu& to, const juce::String& name, const juce::String& description)
    {
        choices.add (description);
        to.addItem (firstAddable + choices.size() - 1, name);
    };

    for (const auto& [name, type] :
         std::initializer_list<std::pair<const char*, const char*>>{ { "Gain", "gain" },
                                                                     { "Mixer", "mixer" },
                                                                     { "Tone", "tone" },
                                                                     { "Feedback, one block late", "feedback" },
                                                                     { "MIDI Player...", "midiPlayer" },
                                                                     { "Audio Input", "audioInput" },
                                                                     { "Audio Output", "audioOutput" },
                                                                     { "MIDI Input", "midiInput" },
                                                                     { "MIDI Output", "midiOutput" } })
        add (menu, name, juce::String ("node:") + type);

    menu.addSeparator();

    // By maker: a list of hundreds is no menu.
    std::map<juce::String, juce::PopupMenu> makers;

    for (const auto& plugin : browser.getScan().getKnown().plugins)
        add (makers[plugin.manufacturer.isEmpty() ? juce::String ("Unknown maker") : plugin.manufacturer],
             plugin.name + "   " + plugin.format, "plugin:" + plugin.id);

    for (const auto& [maker, plugins] : makers)
        menu.addSubMenu (maker, plugins);

    menu.showMenuAsync (juce::PopupMenu::Options().withMousePosition(),
                        [this, choices, position, wires = std::move (wires)] (int result)
                        {
                            if (juce::isPositiveAndBelow (result - firstAddable, choices.size()))
                                addFromBrowser (choices[result - firstAddable], position, wires);
                        });
}

void MainView::addFromBrowser (const juce::String& description, juce::Point<double> position, std::vector<host::Wire> wires)
{
    const auto what = description.fromFirstOccurrenceOf (":", false, false);

    if (description.startsWith ("plugin:"))
        workspace.addPlugin (what, position, std::move (wires));
    else if (what == "midiPlayer")
        addMidiPlayer (position, std::move (wires));
    else
        workspace.attempt (
            [&] { workspace.select ({ workspace.editor.addNode ({ { "type", what.toStdString() } }, position, wires) }); });
}

void MainView::addMidiPlayer (juce::Point<double> position, std::vector<host::Wire> wires)
{
    chooser = std::make_unique<juce::FileChooser> ("Choose a MIDI file to play", workspace.settings.getLastFolder(),
                                                   "*.mid;*.midi");
    chooser->launchAsync (juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                          [this, position, wires = std::move (wires)] (const juce::FileChooser& chosen)
                          {
                              if (const auto file = chosen.getResult(); file.existsAsFile())
                                  workspace.dropFiles ({ file.getFullPathName() }, position, wires);
                          });
}

void MainView::showSettings()
{
    if (settingsWindow != nullptr)
    {
        settingsWindow->toFront (true);
        return;
    }

    auto content = std::make_unique<AudioSettings> (workspace);
    content->onPalette = [this] (Palette palette) { setPalette (palette); };

    juce::DialogWindow::LaunchOptions options;
    options.content.setOwned (content.release());
    options.dialogTitle = "Audio, MIDI and Appearance";
    options.dialogBackgroundColour = colour (Token::panel);
    options.useNativeTitleBar = true;
    options.resizable = false;
    options.componentToCentreAround = this;
    settingsWindow = options.launchAsync();
}

void MainView::showKeys()
{
    juce::AlertWindow::showAsync (juce::MessageBoxOptions()
                                      .withIconType (juce::MessageBoxIconType::NoIcon)
                                      .withTitle ("Keys")
                                      .withMessage (commands.describeKeys())
                                      .withButton ("Close"),
                                  nullptr);
}

void MainView::setPalette (Palette palette)
{
    workspace.settings.setPalette (palette);

    if (auto* theme = dynamic_cast<Theme*> (&juce::LookAndFeel::getDefaultLookAndFeel()))
        theme->setPalette (palette);

    sendLookAndFeelChange();
}

} // namespace gui
