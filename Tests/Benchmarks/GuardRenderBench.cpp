#include "Harness.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

// What the guard costs a whole render: the program itself, rendering the demo, with the guard counting and with the guard off.

namespace
{

/** Time of one render of the demo, from the program's start to its end, in nanoseconds a sample frame. */
std::vector<bench::Value> measureRender (const char* mode)
{
    // As long as a piece of music is. Stacks are given their names while the render goes on, some tenth of a second of another
    // core's time however long it takes.
    constexpr int numSeconds = 320;
    constexpr double numFrames = numSeconds * 48000.0;
    const auto seconds = std::to_string (numSeconds);
    const auto output = std::filesystem::temp_directory_path() / ("bench-guard-" + std::to_string (::getpid()) + ".wav");
    const auto start = std::chrono::steady_clock::now();
    const auto child = ::fork();

    if (child == 0)
    {
        // What the program says is no row of a benchmark.
        ::dup2 (::open ("/dev/null", O_WRONLY), STDOUT_FILENO);
        ::execl (AUDIOHOST_PROGRAM, AUDIOHOST_PROGRAM, "render", AUDIOHOST_DEMO, "--output", output.c_str(), "--guard", mode,
                 "--seconds", seconds.c_str(), static_cast<char*> (nullptr));
        ::_exit (99);
    }

    int status = 0;
    ::waitpid (child, &status, 0);
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    std::filesystem::remove (output);

    if (! WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
        std::cerr << "The render failed: " << AUDIOHOST_PROGRAM << " render " << AUDIOHOST_DEMO << "\n";
        std::exit (1);
    }

    return { { "ns_per_op", elapsed.count() / numFrames } };
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
