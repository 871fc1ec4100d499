// Kills its process by SIGSEGV in process() once "Trigger" is above 0.5.

#include "TestPlugin.h"

#include <csignal>

namespace
{

class Crash final : public test::Triggered
{
    void fire() noexcept override
    {
        std::signal (SIGSEGV, SIG_DFL);
        std::raise (SIGSEGV);
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Crash> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
