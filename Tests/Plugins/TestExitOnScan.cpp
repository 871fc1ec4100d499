// Ends its process, orderly and with status 0, as soon as a host enters the module: a host that only looks at the exit
// status would take it for success.

#include "TestPlugin.h"

#include <cstdlib>

extern "C" __attribute__ ((visibility ("default"))) bool ModuleEntry (void*) { std::_Exit (0); }

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<test::PassThrough> (13, "TestExitOnScan") };
}
