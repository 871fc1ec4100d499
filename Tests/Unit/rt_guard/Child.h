#pragma once

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

struct Ending
{
    int exitCode = -1;
    std::string text;
};

/** Runs this in a child that has only this thread, and collects what it says on stderr. */
inline Ending runInChild (const std::function<void()>& work)
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
