// What the tests start as a child process: it does as its first argument says.

#include <host_plugins/host_plugins.h>
#include <juce_events/juce_events.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>

namespace
{

/** Every number in /proc/self/fd but that of the folder itself. */
std::string listDescriptors()
{
    std::string numbers;
    auto* folder = opendir ("/proc/self/fd");

    while (const auto* entry = readdir (folder))
        if (entry->d_name[0] != '.' && std::stoi (entry->d_name) != dirfd (folder))
            numbers += std::string (entry->d_name) + " ";

    closedir (folder);
    return numbers;
}

/** A scan that kills itself when it comes to a file whose name has "Crash" in it; as a power cut would. */
void scanAndDie (const char* journal, const char* self, int numFiles, char** files)
{
    std::vector<host::Scanner::Job> jobs;

    for (int i = 0; i < numFiles; ++i)
        jobs.push_back ({ "VST3", juce::File (files[i]), true });

    host::Scanner::Options options;
    options.numChildren = 1;
    options.journal = juce::File (journal);
    options.command = [self] (const host::Scanner::Job& job, int first)
    {
        host::ChildProcess::Options child;
        child.program = self;
        child.arguments = { "scan-child", job.format.toStdString(), job.file.getFullPathName().toStdString(),
                            std::to_string (first) };
        return child;
    };
    options.progress = [] (int, int, const juce::File& current)
    {
        if (current.getFileName().contains ("Crash"))
            std::raise (SIGKILL);
    };
    host::Scanner (options).run (jobs);
}

} // namespace

int main (int argc, char** argv)
{
    const std::string mode = argc > 1 ? argv[1] : "";

    if (mode == "scan-child" && argc == 5)
    {
        const juce::ScopedJuceInitialiser_GUI juce;
        host::runScanChild (argv[2], argv[3], std::stoi (argv[4]));
    }

    if (mode == "scan-and-die" && argc > 4)
    {
        scanAndDie (argv[2], argv[3], argc - 4, argv + 4);
        return 0;
    }

    const auto descriptors = listDescriptors();
    host::ChildSide::becomeChild();

    if (mode == "echo")
    {
        for (int i = 2; i < argc; ++i)
            host::ChildSide::send (argv[i]);

        std::cout << "to stdout" << std::endl;
        std::cerr << "to stderr" << std::endl;
        return 3;
    }

    if (mode == "descriptors")
        host::ChildSide::send (descriptors);

    if (mode == "stdin")
        host::ChildSide::send (std::getchar() == EOF ? "end" : "something");

    if (mode == "environment")
        host::ChildSide::send (std::getenv ("HOST_TEST") != nullptr ? std::getenv ("HOST_TEST") : "none");

    if (mode == "signal")
        std::raise (std::stoi (argv[2]));

    if (mode == "temporary")
    {
        const auto file = juce::File::getSpecialLocation (juce::File::tempDirectory).getChildFile ("left behind");
        file.replaceWithText ("x");
        host::ChildSide::send (file.getFullPathName().toStdString());
        std::abort();
    }

    if (mode == "half")
    {
        host::ChildSide::send ("whole");
        [[maybe_unused]] const auto written = write (3, "half", 4);
        _exit (0);
    }

    if (mode == "junk")
    {
        // As a plugin may that takes descriptor 3 for its own.
        const auto writeRaw = [] (std::string_view text)
        { [[maybe_unused]] const auto written = write (3, text.data(), text.size()); };

        writeRaw ("noise\n\nmore\n");
        host::ChildSide::send ("one");
        writeRaw ("half a line");
        host::ChildSide::send ("two");
        writeRaw (std::string (100000, 'x') + "\n");
        host::ChildSide::send ("three");

        const auto other = open ("/dev/null", O_WRONLY);
        dup2 (other, 3);
        return host::ChildSide::send ("not for this file") ? 1 : 9;
    }

    if (mode == "copy")
    {
        // What fork() makes of the child holds the pipe, but must not speak for it.
        if (fork() == 0)
        {
            host::ChildSide::send ("of the copy");

            for (;;)
                pause();
        }

        host::ChildSide::send ("of the child");
        return 0;
    }

    if (mode == "chatter")
        for (int i = 0; i < 20000; ++i)
            std::cout << "line " << i << "\n";

    if (mode == "big")
        host::ChildSide::send (std::string (3000000, 'x'));

    if (mode == "flood")
        for (;;) [[maybe_unused]]
            const auto written = write (3, "xxxxxxxxxxxxxxxx", 16);

    if (mode == "hang")
    {
        host::ChildSide::send (std::to_string (getpid()));

        for (;;)
            pause();
    }

    if (mode == "parent")
    {
        // A child of the child: its number goes up, then both wait.
        host::ChildProcess::Options options;
        options.program = "/proc/self/exe";
        options.arguments = { "hang" };
        host::ChildProcess child (options);
        std::string line;
        child.readLine (line, std::chrono::seconds (20));
        host::ChildSide::send (line);

        for (;;)
            pause();
    }

    if (mode == "orphan")
    {
        // Leaves behind a process of its own group that knows nothing of us.
        const auto child = fork();

        if (child == 0)
            for (;;)
                pause();

        host::ChildSide::send (std::to_string (child));
        return 0;
    }

    return 0;
}
