#include "Harness.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

// What the guard costs a whole render: the program itself, rendering the demo, with the guard counting and with the guard off.

namespace
{

double toNanoseconds (const timeval& time)
{
    return 1.0e9 * static_cast<double> (time.tv_sec) + 1.0e3 * static_cast<double> (time.tv_usec);
}

/** CPU time of one render, in nanoseconds a sample frame: what other programs on the machine do changes it least. */
std::vector<bench::Value> measureRender (const char* mode)
{
    constexpr double numFrames = 32.0 * 48000.0; // of the demo, nearly
    const auto output = std::filesystem::temp_directory_path() / ("bench-guard-" + std::to_string (::getpid()) + ".wav");
    rusage before{}, after{};
    ::getrusage (RUSAGE_CHILDREN, &before);
    const auto child = ::fork();

    if (child == 0)
    {
        ::execl (AUDIOHOST_PROGRAM, AUDIOHOST_PROGRAM, "render", AUDIOHOST_DEMO, "--output", output.c_str(), "--guard", mode,
                 "--block", "64", static_cast<char*> (nullptr));
        ::_exit (99);
    }

    int status = 0;
    ::waitpid (child, &status, 0);
    ::getrusage (RUSAGE_CHILDREN, &after);
    std::filesystem::remove (output);

    if (! WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
        std::cerr << "The render failed: " << AUDIOHOST_PROGRAM << " render " << AUDIOHOST_DEMO << "\n";
        std::exit (1);
    }

    const auto total = toNanoseconds (after.ru_utime) + toNanoseconds (after.ru_stime);
    return { { "ns_per_op", (total - toNanoseconds (before.ru_utime) - toNanoseconds (before.ru_stime)) / numFrames } };
}

} // namespace

int main (int argc, char** argv)
{
    return bench::runProgram (
        argc, argv,
        { { "guard.render",
            false,
            { { "ours", [] { return measureRender ("count"); } }, { "direct", [] { return measureRender ("off"); } } } } });
}
