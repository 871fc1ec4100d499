#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

#include <functional>
#include <map>

namespace gui
{

/** Everything a person can make the program do, each with a name, a group, and a key where it has one: what menus list and
    keys invoke. Message thread. */
class Commands final : public juce::ApplicationCommandTarget
{
public:
    enum Id : int
    {
        newSession = 1,
        openSession,
        openDemo,
        saveSession,
        saveSessionAs,
        quit,
        undo,
        redo,
        deleteSelection,
        duplicateSelection,
        selectAll,
        bypass,
        openEditor,
        connect,
        disconnect,
        addNode,
        play,
        rewind,
        panic,
        zoomIn,
        zoomOut,
        zoomFit,
        zoomNormal,
        findPlugin,
        showRealTime,
        showKeyboard,
        settings,
        scan,
        darkPalette,
        lightPalette,
        highContrastPalette,
        listKeys
    };

    Commands();

    /** What a command does, and whether it can be done now; always, where nothing is said.
        @param name  in place of the command's own, such as "Undo Connect" */
    struct Action
    {
        std::function<void()> perform;
        std::function<bool()> isEnabled = [] { return true; };
        std::function<bool()> isTicked = [] { return false; };
        std::function<juce::String()> name = [] { return juce::String(); };
    };

    void bind (Id, Action);
    bool isBound (Id id) const { return actions.contains (id); }

    juce::ApplicationCommandManager& getManager() noexcept { return manager; }

    /** Adds a command as a menu's item, with its key. */
    void addTo (juce::PopupMenu&, Id);

    /** "Ctrl + S   Save", a line a key. */
    juce::String describeKeys();

    juce::ApplicationCommandTarget* getNextCommandTarget() override { return nullptr; }
    void getAllCommands (juce::Array<juce::CommandID>&) override;
    void getCommandInfo (juce::CommandID, juce::ApplicationCommandInfo&) override;
    bool perform (const InvocationInfo&) override;

private:
    juce::ApplicationCommandManager manager;
    std::map<int, Action> actions;
};

} // namespace gui
