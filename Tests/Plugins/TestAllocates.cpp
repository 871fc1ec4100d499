// Allocates and frees once in every block and once for every parameter change, in functions that a stack can name. A block
// in which a parameter changes midway is processed in two stretches; only its first allocates.

#include "TestPlugin.h"

#include <cstdlib>

namespace
{

// Through a volatile pointer, so that no compiler may leave the pair out.
void* volatile kept = nullptr;

[[gnu::noinline]] void allocateInProcess()
{
    kept = std::malloc (64);
    std::free (kept);
}

[[gnu::noinline]] void allocateInParameterChange()
{
    kept = std::malloc (128);
    std::free (kept);
}

class Allocates final : public test::PassThrough
{
public:
    void parameterChanged (int, double) noexcept override { allocateInParameterChange(); }

    void process (const vst3::Block& block) noexcept override
    {
        if (block.isFirst)
            allocateInProcess();

        PassThrough::process (block);
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { test::makeEffect<Allocates> (8, "TestAllocates", { { .name = "Amount" } }) };
}
