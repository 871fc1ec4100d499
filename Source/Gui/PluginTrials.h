#pragma once

#include <host_engine/background/JobSequence.h>
#include <juce_core/juce_core.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gui
{

/** Loads plugins in child processes, one after the other, while the window goes on. What each came to can be asked at any
    time. Message thread. */
class PluginTrials final
{
public:
    explicit PluginTrials (std::vector<std::string> refs);

    /** Stops, and waits for the child to end: some milliseconds. */
    ~PluginTrials();

    /** Empty when the plugin loaded well, else what happened; nullopt while it is not known yet. Plugins that need no trial
        are known at once. */
    std::optional<std::string> getOutcome (const std::string& ref) const;

private:
    void run();

    const std::vector<std::string> refs;
    std::atomic<bool> stop{ false };
    mutable std::mutex mutex;
    std::map<std::string, std::string> outcomes;
    juce::SharedResourcePointer<host::BackgroundPool> pool;
    host::JobSequence job{ *pool }; ///< the last: it uses the others
};

} // namespace gui
