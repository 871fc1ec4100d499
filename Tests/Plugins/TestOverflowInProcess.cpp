// Uses up its thread's stack in process() once "Trigger" is above 0.5: SIGSEGV, where there is no room for a handler.

#include "TestPlugin.h"

namespace
{

class Overflow final : public test::Triggered
{
    void fire() noexcept override { depth = recurse (1); }

    [[gnu::noinline]] int recurse (int level) noexcept
    {
        volatile char frame[1024];
        frame[0] = static_cast<char> (level);
        depth = level;
        return (never ? 0 : recurse (level + 1)) + frame[0];
    }

    volatile bool never = false;
    volatile int depth = 0;
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Overflow> (TEST_NUMBER, TEST_NAME, test::Triggered::makeParameters (TEST_DEFAULT)) };
}
