#pragma once

#include "PluginTrials.h"

#include <host_engine/host_engine.h>

#include <functional>

namespace gui
{

/** Makes the nodes of a session while the window goes on: plugins that are named by their path are tried in child processes,
    and the instances are made between the window's events, one at a time, because their formats demand the message thread.
    What a plugin itself takes to be made the window has to wait for; nothing else does.

    A node that cannot be made becomes a named placeholder which loses nothing. Message thread. */
class SessionLoader final : private juce::Timer
{
public:
    SessionLoader (host::Session, host::PluginFormats&, host::Engine&);
    ~SessionLoader() override;

    /** What is not made yet is left as placeholders. */
    void cancel() { isCancelled = true; }

    struct Progress
    {
        int made = 0, total = 0;
        juce::String name; ///< of the node in hand
    };

    Progress getProgress() const;

    /** Makes everything now, before it returns; onDone is not called. */
    void finishNow();

    /** Called once, from a timer; may destroy the loader. */
    std::function<void()> onDone;

    /** @name After onDone */
    /**@{*/
    host::Session takeSession() { return std::move (session); }
    const std::vector<host::MadeNode>& getNodes() const noexcept { return nodes; }
    juce::StringArray getNotes() const; ///< what the person should know: missing plugins, and what was left out
    /**@}*/

private:
    void timerCallback() override;
    bool isDone() const { return nodes.size() == session.getNodes().size(); }
    bool makeNext();

    host::Session session;
    host::PluginFormats& formats;
    host::Engine& engine;
    std::vector<host::MadeNode> nodes;
    std::unique_ptr<PluginTrials> trials;
    bool isCancelled = false;
};

} // namespace gui
