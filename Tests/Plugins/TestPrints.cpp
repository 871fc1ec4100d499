// Passes sound through, and chatters on standard output and standard error whenever it is called, as a careless plugin does.

#include "TestPlugin.h"

#include <string_view>
#include <unistd.h>

namespace
{

/** Straight to the descriptors: a buffer of the C library would be allocated, and might never be written out. */
void print (std::string_view text) noexcept
{
    for (const auto descriptor : { STDOUT_FILENO, STDERR_FILENO })
    {
        [[maybe_unused]] const auto written = ::write (descriptor, text.data(), text.size());
    }
}

class Prints final : public test::PassThrough
{
public:
    Prints() { print ("TestPrints is made\n"); }
    ~Prints() override { print ("TestPrints is deleted\n"); }

    void prepare (const vst3::Setup&) override { print ("TestPrints is prepared\n"); }

    void process (const vst3::Block& block) noexcept override
    {
        print ("TestPrints processes\n");
        PassThrough::process (block);
    }
};

} // namespace

extern "C" __attribute__ ((visibility ("default"))) bool ModuleEntry (void*)
{
    print ("{\"TestPrints\": \"is loaded\"}\n");
    return true;
}

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    print ("TestPrints is asked what it has\n");
    return { test::makeEffect<Prints> (20, "TestPrints") };
}
