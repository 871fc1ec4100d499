#include "PluginFixture.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

using namespace std::chrono_literals;
using Read = host::ChildProcess::Read;
using Output = host::ChildProcess::Output;

namespace
{
host::ChildProcess::Options helperOptions (std::vector<std::string> arguments, Output output = Output::discard)
{
    host::ChildProcess::Options options;
    options.program = PluginFixture::helper ("host_plugins_child");
    options.arguments = std::move (arguments);
    options.output = output;
    return options;
}

std::string nextLine (host::ChildProcess& child)
{
    std::string line;
    REQUIRE (child.readLine (line, 60s) == Read::line);
    return line;
}

/** Whether a process is there and no zombie. */
bool isRunning (int pid)
{
    std::ifstream stat ("/proc/" + std::to_string (pid) + "/stat");
    std::string text;
    std::getline (stat, text);
    const auto state = text.rfind (") ");
    return state != std::string::npos && text[state + 2] != 'Z';
}

bool endsSoon (int pid)
{
    for (int i = 0; i < 3000; ++i)
    {
        if (! isRunning (pid))
            return true;

        std::this_thread::sleep_for (10ms);
    }

    return false;
}
} // namespace

TEST_CASE ("a child's records arrive in order, and what it prints stays apart")
{
    host::ChildProcess child (helperOptions ({ "echo", "one", "", "three is longer", "a\nb" }, Output::capture));
    CHECK (nextLine (child) == "one");
    CHECK (nextLine (child).empty());
    CHECK (nextLine (child) == "three is longer");
    CHECK (nextLine (child) == "a b");

    std::string line = "untouched";
    CHECK (child.readLine (line, 60s) == Read::closed);
    CHECK (child.wait().exitCode == 3);
    CHECK_THAT (child.getOutput(), Catch::Matchers::Contains ("to stdout") && Catch::Matchers::Contains ("to stderr"));
}

TEST_CASE ("a record may be larger than a pipe, and half a record is none")
{
    host::ChildProcess big (helperOptions ({ "big" }));
    CHECK (nextLine (big) == std::string (3000000, 'x'));

    host::ChildProcess half (helperOptions ({ "half" }));
    CHECK (nextLine (half) == "whole");
    std::string line;
    CHECK (half.readLine (line, 60s) == Read::closed);
}

TEST_CASE ("what a plugin writes into the pipe is no record, and what became of the pipe is not written to")
{
    host::ChildProcess child (helperOptions ({ "junk" }));
    CHECK (nextLine (child) == "one");
    CHECK (nextLine (child) == "two");
    CHECK (nextLine (child) == "three");
    std::string line;
    CHECK (child.readLine (line, 60s) == Read::closed);
    CHECK (child.wait().exitCode == 9);
}

TEST_CASE ("a child that has ended sends no more, though its copy holds the pipe")
{
    host::ChildProcess child (helperOptions ({ "copy" }));
    CHECK (nextLine (child) == "of the child");
    std::string line;
    CHECK (child.readLine (line, 60s) == Read::closed);
    CHECK (child.wait().exitCode == 0);
}

TEST_CASE ("a child that prints a lot does not stand still, and its last words are kept")
{
    host::ChildProcess child (helperOptions ({ "chatter" }, Output::capture));
    CHECK (child.wait().exitCode == 0);
    CHECK (child.getOutput().size() <= 16384);
    CHECK_THAT (child.getOutput(), Catch::Matchers::EndsWith ("line 19999\n"));
}

TEST_CASE ("a record without an end closes the pipe in place of filling the memory")
{
    host::ChildProcess child (helperOptions ({ "flood" }));
    std::string line;
    CHECK (child.readLine (line, 60s) == Read::closed);
    child.kill();
    CHECK (child.wait().signal == SIGKILL);
}

TEST_CASE ("a child has no descriptors of ours, an empty standard input, and the environment it was given")
{
    const auto ours = open ("/dev/null", O_RDONLY);
    REQUIRE (ours >= 0);
    host::ChildProcess descriptors (helperOptions ({ "descriptors" }));
    auto numbers = juce::StringArray::fromTokens (juce::String (nextLine (descriptors)).trim(), false);
    numbers.sortNatural();
    CHECK (numbers == juce::StringArray{ "0", "1", "2", "3" });
    close (ours);

    host::ChildProcess input (helperOptions ({ "stdin" }));
    CHECK (nextLine (input) == "end");

    setenv ("HOST_TEST", "old", 1);
    auto options = helperOptions ({ "environment" });
    host::ChildProcess inherits (options);
    CHECK (nextLine (inherits) == "old");
    options.environment = { { "HOST_TEST", "new" } };
    host::ChildProcess given (options);
    CHECK (nextLine (given) == "new");
}

TEST_CASE ("a signal is told from an exit code, by name")
{
    const auto signal = GENERATE (SIGSEGV, SIGABRT, SIGKILL, SIGINT);
    host::ChildProcess child (helperOptions ({ "signal", std::to_string (signal) }));
    const auto end = child.wait();
    CHECK (end.signal == signal);
    CHECK_FALSE (end.exitCode);
    CHECK_THAT (end.toString(), Catch::Matchers::Contains (host::ChildProcess::getSignalName (signal)));
    CHECK (host::ChildProcess::getSignalName (SIGSEGV) == "SIGSEGV");
}

TEST_CASE ("waiting gives up when it should, and a killed child is told to be killed")
{
    host::ChildProcess child (helperOptions ({ "hang" }));
    nextLine (child);
    std::string line;
    CHECK (child.readLine (line, 1ms) == Read::timeout);
    CHECK_FALSE (child.wait (1ms));
    child.kill();
    CHECK (child.wait().signal == SIGKILL);
    child.kill(); // harmless
}

TEST_CASE ("a child dies with its parent")
{
    host::ChildProcess parent (helperOptions ({ "parent" }));
    const auto grandchild = std::stoi (nextLine (parent));
    REQUIRE (isRunning (grandchild));
    ::kill (parent.getPid(), SIGKILL); // the parent alone, not its group
    CHECK (endsSoon (grandchild));
}

TEST_CASE ("what a child leaves behind is killed when it ends")
{
    host::ChildProcess child (helperOptions ({ "orphan" }));
    const auto orphan = std::stoi (nextLine (child));
    CHECK (child.wait().exitCode == 0);
    CHECK (endsSoon (orphan));
}

TEST_CASE ("destroying a child kills it")
{
    int pid = 0;

    {
        host::ChildProcess child (helperOptions ({ "hang" }));
        pid = std::stoi (nextLine (child));
        CHECK (isRunning (pid));
    }

    CHECK_FALSE (isRunning (pid));
}

TEST_CASE ("a child's temporary files go with it, however it ends")
{
    std::string path;

    {
        host::ChildProcess child (helperOptions ({ "temporary" }));
        path = nextLine (child);
        REQUIRE (child.wait().signal == SIGABRT);
        CHECK (juce::File (juce::String (path)).existsAsFile());
        CHECK (juce::File (juce::String (path)).getParentDirectory() != juce::File ("/tmp"));
    }

    CHECK_FALSE (juce::File (juce::String (path)).exists());
    CHECK_FALSE (juce::File (juce::String (path)).getParentDirectory().exists());
}

TEST_CASE ("a program that is not there is an error")
{
    host::ChildProcess::Options options;
    options.program = "/nonexistent/program";
    CHECK_THAT (PluginFixture::errorOf ([&] { host::ChildProcess child (options); }, host::Error::Kind::failed),
                Catch::Matchers::Contains ("/nonexistent/program"));
}

TEST_CASE ("the child's side refuses to work for a person")
{
    CHECK (std::system ((PluginFixture::helper ("host_plugins_child") + " echo x 2> /dev/null").c_str()) == 2 << 8);
}
