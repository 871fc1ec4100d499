#pragma once

#include "Workspace.h"
#include "XErrors.h"
#include "XEvents.h"

#include <deque>
#include <map>
#include <memory>

namespace gui
{

/** The windows of plugins and other nodes: a plugin's own editor where it has one that can be trusted, else its parameters.

    Each closes with its button, Escape or ctrl+W, closes by itself when its node goes, and comes back where it was. It
    holds on to its node, so that an editor never outlives its plugin. Needs a display. Message thread.
*/
class PluginWindows : private host::SessionEditor::Listener, private juce::Timer, private juce::AsyncUpdater
{
public:
    explicit PluginWindows (Workspace&);
    ~PluginWindows() override;

    /** Shows the window of a node, or brings it to the front. At once, but for a native editor that was closed a moment ago. */
    void open (host::NodeId);

    /** At once. Does nothing if there is none. */
    void close (host::NodeId);

    /** What is to be done before the program ends; a session that goes takes its windows along by itself. */
    void closeAll();

    int getNumOpen() const noexcept { return static_cast<int> (windows.size()); }

    /** The node's window, or null. */
    juce::DocumentWindow* find (host::NodeId) const;

    /** Whether the node's window shows the plugin's own editor. */
    bool isNative (host::NodeId) const;

private:
    class PluginWindow;

    /** An editor that is not shown any more. JUCE 7.0.5 may have posted messages to what an editor is embedded in, which it
        does not take back when that goes: so the editor goes behind them. */
    struct Grave
    {
        host::SessionEditor::NodePtr node;
        std::unique_ptr<juce::Component> editor; ///< goes before the node's plugin
    };

    void sessionChanged() override;
    void sessionStatusChanged() override;
    void timerCallback() override;
    void handleAsyncUpdate() override;

    void closeSoon (host::NodeId);
    void bury (Grave);
    void replaceByParameters (host::NodeId);
    std::string getPlaceKey (host::NodeId) const;
    juce::String getTitle (const host::SessionEditor::Node&) const;

    Workspace& workspace;
    XErrors xErrors;
    XEvents xEvents;
    std::map<host::NodeId, std::unique_ptr<PluginWindow>> windows;
    std::set<host::NodeId> closing, opening;
    std::deque<Grave> graves;
    std::map<std::string, juce::Rectangle<int>> places; ///< while the program runs

    JUCE_DECLARE_WEAK_REFERENCEABLE (PluginWindows)
};

/** Moves a window so that all of it, or at least its top left where it is larger, is in an area.

    @param titleHeight  of the bar above the window, which is to be seen as well */
juce::Rectangle<int> keepInside (juce::Rectangle<int> window, juce::Rectangle<int> area, int titleHeight);

} // namespace gui
