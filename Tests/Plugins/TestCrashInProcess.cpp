// Kills its process by SIGSEGV in process() once "Trigger" is above 0.5.

#include "TestPlugin.h"

namespace
{

class Crash final : public test::Triggered
{
    void fire() noexcept override
    {
        // As a real plugin would: a write through a pointer that points nowhere.
        *static_cast<volatile int*> (nowhere) = 1;
    }

    void* volatile nowhere = nullptr;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Crash> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
