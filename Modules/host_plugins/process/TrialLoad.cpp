#include "TrialLoad.h"

#include "ChildProcess.h"

#include <host_graph/Error.h>

#include <chrono>

namespace host
{

bool needsTrialLoad (const std::string& ref)
{
    return ref.find ('/') != std::string::npos && ref.find ("://") == std::string::npos && ! ref.starts_with ("LADSPA:");
}

void loadInChildFirst (const std::string& ref, const std::atomic<bool>* stop)
{
    if (! needsTrialLoad (ref))
        return;

    constexpr auto slice = std::chrono::milliseconds (100);
    constexpr auto patience = std::chrono::seconds (30);

    ChildProcess::Options options;
    options.arguments = { "describe-child", "--", ref };
    ChildProcess child (options);
    std::string ignored;

    for (auto waited = slice; waited <= patience; waited += slice)
    {
        if (stop != nullptr && *stop)
            throw Error (ref, "the loading was stopped", "open the session again to load it", Error::Kind::failed);

        switch (child.readLine (ignored, slice))
        {
            case ChildProcess::Read::timeout: break;

            case ChildProcess::Read::closed:
                throw Error (ref, "the plugin ended its process with " + child.wait().toString() + " when it was loaded",
                             "leave it out, or see what 'AudioHost check' says", Error::Kind::failed);

            case ChildProcess::Read::line: return; // if it was an error, loading here will find and tell it
        }
    }

    throw Error (ref, "the plugin gave no answer for 30 seconds when it was loaded",
                 "leave it out, or try it in another host", Error::Kind::failed);
}

} // namespace host
