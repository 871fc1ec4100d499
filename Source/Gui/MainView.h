#pragma once

#include "BottomPanel.h"
#include "Browser.h"
#include "Canvas.h"
#include "Commands.h"
#include "Inspector.h"
#include "LoadingBar.h"
#include "MessageBar.h"
#include "PluginAdder.h"
#include "SessionFiles.h"
#include "TopBar.h"

namespace gui
{

/** All that the main window shows: where the views are, and what the commands do. Message thread. */
class MainView final : public juce::Component,
                       public juce::DragAndDropContainer,
                       private juce::Timer,
                       private host::SessionEditor::Listener
{
public:
    explicit MainView (Workspace&);
    ~MainView() override;

    Commands commands;
    SessionFiles files;

    /** Called by the command to quit. */
    std::function<void()> onQuit;

    /** For a picture: everything that is otherwise found out aside is found out now. */
    void settle();

    Browser& getBrowser() noexcept { return browser; }
    Canvas& getCanvas() noexcept { return canvas; }

    void paint (juce::Graphics&) override;
    void resized() override;

private:
    void sessionStatusChanged() override;
    void timerCallback() override;
    void bindWishes();
    void bindCommands();
    void showMenu (juce::Component& button);
    void showAddMenu (juce::Point<double>, std::vector<host::Wire> insertInto);
    void addFromBrowser (const juce::String& description, juce::Point<double>, std::vector<host::Wire> insertInto);
    void addMidiPlayer (juce::Point<double>, std::vector<host::Wire> insertInto);
    void showSettings();
    void showKeys();
    void setPalette (Palette);
    void showBottom (BottomPanel::Tab);
    void updateLoading();
    bool isSomethingMoving() const;

    Workspace& workspace;
    PluginAdder adder;
    juce::TooltipWindow tooltips;
    TopBar topBar;
    Browser browser;
    Canvas canvas;
    Inspector inspector;
    BottomPanel bottomPanel;
    MessageBar messages;
    LoadingBar loading;
    std::unique_ptr<juce::FileChooser> chooser;
    juce::Component::SafePointer<juce::DialogWindow> settingsWindow;
};

} // namespace gui
