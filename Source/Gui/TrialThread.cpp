#include "TrialThread.h"

#include <host_graph/Error.h>
#include <host_plugins/process/TrialLoad.h>

namespace gui
{

TrialThread::TrialThread (std::vector<std::string> refsToTry) : Thread ("trial loading"), refs (std::move (refsToTry))
{
    startThread();
}

TrialThread::~TrialThread()
{
    stop = true;
    stopThread (-1);
}

std::optional<std::string> TrialThread::getOutcome (const std::string& ref) const
{
    if (! host::needsTrialLoad (ref))
        return std::string();

    const std::scoped_lock lock (mutex);
    const auto found = outcomes.find (ref);
    return found != outcomes.end() ? std::optional (found->second) : std::nullopt;
}

void TrialThread::run()
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
