// Two plugins in one file; both pass sound through.

#include "TestPlugin.h"

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<test::PassThrough> (17, "Two A"), test::makeEffect<test::PassThrough> (18, "Two B") };
}
