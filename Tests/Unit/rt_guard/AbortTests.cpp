#include "Child.h"
#include "Helpers.h"

#include <algorithm>
#include <cstdlib>

namespace guard = rt::guard;

namespace
{

void allocateInNode (std::uint32_t node)
{
    const guard::RealtimeScope scope (42);
    const guard::NodeScope nodeScope (node, guard::Phase::midi);
    std::free (std::calloc (1, 8));
}

} // namespace

TEST_CASE ("In abort mode the first violation ends the process and names node and function")
{
    const FreshGuard fresh;

    const auto ending = runInChild (
        []
        {
            guard::setMode (guard::Mode::abort);
            allocateInNode (17);
        });

    CHECK (ending.exitCode == 1);
    CHECK (ending.text.find ("node 17 called") != std::string::npos);
    CHECK (ending.text.find (isInterposed ? "calloc" : "malloc") != std::string::npos);
    CHECK (ending.text.find ("block 42, midi") != std::string::npos);
    CHECK (std::count (ending.text.begin(), ending.text.end(), '\n') >= 2); // a line, and one a frame
    CHECK ((! isInterposed || ending.text.find ("allocateInNode") != std::string::npos));
    CHECK (ending.text.back() == '\n');
}

TEST_CASE ("In abort mode nothing happens without a violation")
{
    const FreshGuard fresh;

    const auto ending = runInChild (
        []
        {
            guard::setMode (guard::Mode::abort);
            std::free (std::malloc (8));
            const guard::RealtimeScope scope (1);
            const guard::Permit permit;
            std::free (std::malloc (8));
        });

    CHECK (ending.exitCode == 0);
    CHECK (ending.text.empty());
}
