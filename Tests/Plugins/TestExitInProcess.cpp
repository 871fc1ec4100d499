// Calls exit (0) in process() once "Trigger" is above 0.5.

#include "TestPlugin.h"

#include <cstdlib>

namespace
{

class Exit final : public test::Triggered
{
    void fire() noexcept override { std::exit (0); }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Exit> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
