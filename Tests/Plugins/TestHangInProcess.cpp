// Never returns from process() once "Trigger" is above 0.5; it spins, as a plugin in an endless loop does.

#include "TestPlugin.h"

namespace
{

class Hang final : public test::Triggered
{
    void fire() noexcept override
    {
        for (volatile bool forEver = true; forEver;)
        {
        }
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Hang> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
