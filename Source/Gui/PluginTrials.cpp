#include "PluginTrials.h"

#include <host_graph/Error.h>
#include <host_plugins/process/TrialLoad.h>

namespace gui
{

PluginTrials::PluginTrials (std::vector<std::string> refsToTry) : refs (std::move (refsToTry))
{
    job.post ([this] { run(); });
}

PluginTrials::~PluginTrials()
{
    stop = true;
    job.dropWaiting();
    job.wait();
}

std::optional<std::string> PluginTrials::getOutcome (const std::string& ref) const
{
    if (! host::needsTrialLoad (ref))
        return std::string();

    const std::scoped_lock lock (mutex);
    const auto found = outcomes.find (ref);
    return found != outcomes.end() ? std::optional (found->second) : std::nullopt;
}

void PluginTrials::run()
{
    for (const auto& ref : refs)
    {
        if (stop || getOutcome (ref))
            continue;

        std::string outcome;

        try
        {
            host::loadInChildFirst (ref, &stop);
        }
        catch (const host::Error& error)
        {
            outcome = error.what();
        }

        const std::scoped_lock lock (mutex);
        outcomes[ref] = outcome;
    }
}

} // namespace gui
