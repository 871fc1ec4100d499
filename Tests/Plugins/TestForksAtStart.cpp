// Forks as it is made, and both processes go on, each as if it were the one.

#include "TestPlugin.h"

#include <unistd.h>

namespace
{

class Forks final : public test::PassThrough
{
public:
    Forks() { [[maybe_unused]] const auto process = fork(); }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses() { return { test::makeEffect<Forks> (23, "TestForksAtStart") }; }
