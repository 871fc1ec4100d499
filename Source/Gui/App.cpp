#include "App.h"

#include "Autosave.h"
#include "MainView.h"
#include "PluginWindows.h"

namespace gui
{

namespace
{
constexpr const char* mainWindowName = "main";

/** The theme is everybody's for as long as there are views. */
struct ThemeInUse
{
    explicit ThemeInUse (Palette palette)
    {
        theme.setPalette (palette);
        juce::LookAndFeel::setDefaultLookAndFeel (&theme);
    }

    ~ThemeInUse() { juce::LookAndFeel::setDefaultLookAndFeel (nullptr); }

    Theme theme;
};

class MainWindow final : public juce::DocumentWindow, private host::SessionEditor::Listener
{
public:
    MainWindow (Workspace& workspaceToUse, MainView& view)
        : DocumentWindow ("AudioHost", colour (Token::background), allButtons, false), workspace (workspaceToUse)
    {
        // It gets its place before it comes to the screen: a window manager may answer a change late with what was before.
        setUsingNativeTitleBar (true);
        setContentNonOwned (&view, false);
        setResizable (true, false);
        setResizeLimits (900, 560, 16000, 16000);
        addKeyListener (view.commands.getManager().getKeyMappings());

        if (const auto state = workspace.settings.getWindowState (mainWindowName);
            state.isEmpty() || ! restoreWindowStateFromString (state))
        {
            const auto room = juce::Desktop::getInstance().getDisplays().getPrimaryDisplay()->userArea.reduced (8, 32);
            centreWithSize (std::min (1440, room.getWidth()), std::min (900, room.getHeight()));
        }

        workspace.editor.addListener (*this);
        sessionStatusChanged();
        addToDesktop();
        setVisible (true);
        view.getCanvas().grabKeyboardFocus();
    }

    ~MainWindow() override
    {
        workspace.editor.removeListener (*this);
        workspace.settings.setWindowState (mainWindowName, getWindowStateAsString());
    }

    std::function<void()> onClose;

    void closeButtonPressed() override { onClose(); }

private:
    void sessionStatusChanged() override
    {
        const auto name = juce::String::fromUTF8 (workspace.editor.getName().c_str());
        setName ((workspace.editor.isEdited() ? "*" : "") + (name.isEmpty() ? juce::String ("Untitled") : name)
                 + " - AudioHost");
    }

    Workspace& workspace;
};

std::unique_ptr<host::LiveHost> openLiveHost (const Settings& settings, juce::String& trouble)
{
    try
    {
        return std::make_unique<host::LiveHost> (settings.getDevice(), settings.getMidiPortsOff());
    }
    catch (const host::Error& error)
    {
        // The remembered device may be unplugged: any other will do until the person chooses.
        trouble = juce::String::fromUTF8 (error.what());
    }

    return std::make_unique<host::LiveHost> (host::DeviceRequest(), settings.getMidiPortsOff());
}

/** Ends the program when a signal has asked for it. */
class StopWatch final : private juce::Timer
{
public:
    explicit StopWatch (const std::atomic<bool>& stopToUse) : stop (stopToUse) { startTimer (100); }

private:
    void timerCallback() override
    {
        if (stop)
            juce::MessageManager::getInstance()->stopDispatchLoop();
    }

    const std::atomic<bool>& stop;
};
} // namespace

int runApp (const juce::File& session, const std::atomic<bool>& stop)
{
    Settings settings (host::Catalogue::getFolder().getChildFile ("settings.xml"));
    const ThemeInUse theme (settings.getPalette());
    host::PluginFormats formats;

    juce::String trouble;
    const auto live = openLiveHost (settings, trouble);
    auto& engine = live->getEngine();
    const host::CrashReport crashReport (engine);
    live->setThreads (host::LiveHost::getDefaultThreads());
    engine.setMeasuring (true);
    engine.setMetering (true);

    {
        Workspace workspace (*live, formats, settings);
        MainView view (workspace);
        PluginWindows windows (workspace);
        workspace.openEditor = [&] (host::NodeId id) { windows.open (id); };
        view.files.onLeaving = [&] { windows.closeAll(); };

        Autosave autosave (workspace.editor, host::Catalogue::getFolder());
        autosave.onError = [&] (const juce::String& error) { workspace.tell (error, true); };
        view.files.onRestored = [&] (const juce::File& journal) { autosave.adopt (journal); };

        const auto quit = [&]
        {
            view.files.leave (
                [&]
                {
                    autosave.letGo();
                    juce::MessageManager::getInstance()->stopDispatchLoop();
                });
        };

        MainWindow window (workspace, view);
        window.onClose = quit;
        view.onQuit = quit;

        live->start();
        view.getBrowser().begin();
        const StopWatch stopWatch (stop);

        if (trouble.isNotEmpty())
            workspace.tell (trouble, true);

        // A question must come after the window, or the window manager puts it behind.
        constexpr int questionDelay = 400; // ms
        juce::Timer::callAfterDelay (questionDelay,
                                     [shown = juce::Component::SafePointer<MainView> (&view), session]
                                     {
                                         if (shown == nullptr)
                                             return;

                                         if (session != juce::File())
                                             shown->files.open (session, true);
                                         else
                                             shown->files.offerAbandoned();
                                     });

        juce::MessageManager::getInstance()->runDispatchLoop();

        view.files.cancelLoading();
        windows.closeAll();

        if (! live->stop())
            host::CrashReport::reportHang (engine, engine.getRunningNode(), 2);
    }

    return 0;
}

juce::Image drawScreenshot (const juce::File& session, int width, int height)
{
    constexpr double seconds = 3.0;
    constexpr host::PrepareInfo info{ 48000.0, 512, false };

    Settings settings{ juce::File() };
    const ThemeInUse theme (settings.getPalette());
    host::PluginFormats formats;
    host::LiveHost live (info);
    auto& engine = live.getEngine();
    engine.setMeasuring (true);
    engine.setMetering (true);

    Workspace workspace (live, formats, settings);
    MainView view (workspace);
    view.setSize (width, height);
    view.files.openNow (session);
    engine.setPlaying (true);

    juce::AudioBuffer<float> silence (2, info.maxBlockSize), output (2, info.maxBlockSize);
    juce::MidiBuffer midiIn, midiOut;
    midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);
    silence.clear();

    for (double done = 0.0; done < seconds * info.sampleRate; done += info.maxBlockSize)
        engine.process ({ silence.getArrayOfReadPointers(),
                          2,
                          output.getArrayOfWritePointers(),
                          2,
                          info.maxBlockSize,
                          midiIn,
                          midiOut,
                          {} });

    view.settle();
    return view.createComponentSnapshot (view.getLocalBounds(), true, 1.0f);
}

} // namespace gui
