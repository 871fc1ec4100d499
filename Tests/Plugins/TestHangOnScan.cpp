// Never returns from GetPluginFactory().

#include "TestPlugin.h"

#include <unistd.h>

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    for (;;)
        ::pause();
}
