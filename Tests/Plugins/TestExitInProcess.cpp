// Calls exit (0) in process() once "Trigger" is above 0.5, and says when its static objects end for that.

#include "TestPlugin.h"

#include <cstdio>
#include <cstdlib>

namespace
{

bool hasFired = false;

/** Ends with the program, as what a plugin keeps for all its instances does, and tells if it was this plugin that ended it. */
struct Shared
{
    ~Shared()
    {
        if (hasFired)
            std::fputs ("the plugin's objects have ended\n", stderr);
    }
} const shared;

class Exit final : public test::Triggered
{
    void fire() noexcept override
    {
        hasFired = true;
        std::exit (0);
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Exit> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
