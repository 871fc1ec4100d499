#pragma once

#include "Settings.h"

#include <host_engine/host_engine.h>

#include <functional>
#include <set>

namespace gui
{

/** What all views share: the host that plays, the session and its editor, what is selected, and the wishes that only the
    program as a whole can grant. Outlives every view. Message thread. */
class Workspace
{
public:
    Workspace (host::LiveHost&, host::PluginFormats&, Settings&);

    host::LiveHost& live;
    host::PluginFormats& formats;
    Settings& settings;
    host::SessionEditor editor;

    class Listener
    {
    public:
        virtual ~Listener() = default;

        virtual void selectionChanged() {}

        /** 30 times a second while something moves, else 10 times, and only while the window can be seen: for meters, loads
            and counters. Repaint only what has changed. */
        virtual void frame() {}
    };

    void addListener (Listener& listener) { listeners.add (&listener); }
    void removeListener (Listener& listener) { listeners.remove (&listener); }

    /** @name Selection */
    /**@{*/
    const std::set<host::NodeId>& getSelection() const noexcept { return selection; }
    void select (std::set<host::NodeId>);
    bool isSelected (host::NodeId id) const { return selection.contains (id); }

    /** The one selected node, or 0. */
    host::NodeId getSingleSelection() const;
    /**@}*/

    /** Does an edit; an error is shown to the person in the window and not thrown.
        @returns whether it was done */
    bool attempt (const std::function<void()>& edit);

    /** Whether a scan has found the plugin of this id, so that sessions can refer to it by that. */
    bool isInCatalogue (const juce::String& id) const;

    /** One line for the person, in the window. */
    std::function<void (const juce::String&, bool isError)> tell;

    /** Loads a plugin by its path or id, aside first, then adds it at the place (0 to 1 each) and into the wires. */
    std::function<void (const juce::String& ref, juce::Point<double>, std::vector<host::Wire> insertInto)> addPlugin;

    /** Adds what the browser lists, "plugin:<ref>" or "node:<type>", at the place and into the wires; a node that plays a file
        asks for one first. */
    std::function<void (const juce::String& description, juce::Point<double>, std::vector<host::Wire> insertInto)> addListed;

    /** Opens a plugin's editor or, where it has none, its parameters in a window of their own. */
    std::function<void (host::NodeId)> openEditor;

    /** Shows a menu of all that can be added; what is chosen is added at the place (0 to 1 each) and into the wires. */
    std::function<void (juce::Point<double>, std::vector<host::Wire> insertInto)> chooseNode;

    /** Files that were dropped: sessions are opened, plugins are added at the place. */
    std::function<void (const juce::StringArray&, juce::Point<double>, std::vector<host::Wire> insertInto)> dropFiles;

    void callFrame();

private:
    juce::ListenerList<Listener> listeners;
    std::set<host::NodeId> selection;
};

} // namespace gui
