#include "Helpers.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>

namespace guard = rt::guard;

namespace
{

struct Ending
{
    int exitCode = -1;
    std::string text;
};

/** Runs this in a child that has only this thread, and collects what it says on stderr. */
Ending runInChild (const std::function<void()>& work)
{
    int ends[2]{};
    REQUIRE (::pipe (ends) == 0);
    const auto child = ::fork();
    REQUIRE (child >= 0);

    if (child == 0)
    {
        ::dup2 (ends[1], STDERR_FILENO);
        ::close (ends[0]);
        ::close (ends[1]);
        work();
        ::_exit (0);
    }

    ::close (ends[1]);
    Ending ending;
    char buffer[512];

    for (;;)
    {
        const auto length = ::read (ends[0], buffer, sizeof (buffer));

        if (length <= 0)
            break;

        ending.text.append (buffer, static_cast<std::size_t> (length));
    }

    ::close (ends[0]);
    int status = 0;
    REQUIRE (::waitpid (child, &status, 0) == child);
    REQUIRE (WIFEXITED (status));
    ending.exitCode = WEXITSTATUS (status);
    return ending;
}

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
