// Kills its process by SIGSEGV as soon as a host enters the module.

#include "TestPlugin.h"

#include <csignal>

extern "C" __attribute__ ((visibility ("default"))) bool ModuleEntry (void*)
{
    // The default action, whatever the host has set up: a test wants the real death.
    std::signal (SIGSEGV, SIG_DFL);
    std::raise (SIGSEGV);
    return false;
}

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<test::PassThrough> (11, "TestCrashOnScan") };
}
