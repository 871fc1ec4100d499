// Closes all descriptors but the standard ones as it is made, those of its host too.

#include "TestPlugin.h"

#include <unistd.h>

namespace
{

class Closes final : public test::PassThrough
{
public:
    Closes() { close_range (3, ~0u, 0); }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses() { return { test::makeEffect<Closes> (22, "TestClosesAtStart") }; }
