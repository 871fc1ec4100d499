#pragma once

#include "PluginTrials.h"
#include "Workspace.h"

#include <deque>

namespace gui
{

/** Adds plugins to the graph, one after the other: each is tried aside first where that is called for, while the window goes
    on. Message thread. */
class PluginAdder final : private juce::Timer
{
public:
    explicit PluginAdder (Workspace&);
    ~PluginAdder() override;

    struct Request
    {
        juce::String ref;
        juce::Point<double> position;
        std::vector<host::Wire> insertInto;
    };

    void add (Request);

    /** Forgets what is not added yet. */
    void cancel();

    /** The plugin in hand; empty if there is none. */
    juce::String getCurrent() const { return requests.empty() ? juce::String() : requests.front().ref; }

private:
    void timerCallback() override;

    Workspace& workspace;
    std::deque<Request> requests;
    std::unique_ptr<PluginTrials> trial;
};

} // namespace gui
