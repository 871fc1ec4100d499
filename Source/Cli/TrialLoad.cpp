#include "TrialLoad.h"

#include <host_graph/Error.h>
#include <host_plugins/process/ChildProcess.h>

#include <chrono>

namespace cli
{

void loadInChildFirst (const std::string& ref)
{
    const auto isPath =
        ref.find ('/') != std::string::npos && ref.find ("://") == std::string::npos && ! ref.starts_with ("LADSPA:");

    if (! isPath)
        return;

    host::ChildProcess::Options options;
    options.arguments = { "describe-child", "--", ref };
    host::ChildProcess child (options);
    std::string ignored;

    switch (child.readLine (ignored, std::chrono::seconds (30)))
    {
        case host::ChildProcess::Read::timeout:
            throw host::Error (ref, "the plugin gave no answer for 30 seconds when it was loaded",
                               "leave it out, or try it in another host", host::Error::Kind::failed);

        case host::ChildProcess::Read::closed:
            throw host::Error (ref, "the plugin ended its process with " + child.wait().toString() + " when it was loaded",
                               "leave it out, or see what 'AudioHost check' says", host::Error::Kind::failed);

        case host::ChildProcess::Read::line: break; // if it was an error, loading here will find and tell it
    }
}

} // namespace cli
