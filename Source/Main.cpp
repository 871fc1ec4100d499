#include "Cli/Commands.h"
#include "Cli/StopSignal.h"
#include "Gui/App.h"

#include <host_graph/Error.h>
#include <host_plugins/SuppressionFile.h>
#include <juce_gui_basics/juce_gui_basics.h>
#include <rt_guard/rt_guard.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string_view>

namespace
{

void tell (const std::string& message) { std::cerr << "AudioHost: " << message << std::endl; }

/** The desktop app is asked for by no argument, or by a session as the only one. */
bool asksForApp (int argc, char** argv)
{
    if (argc > 2)
        return false;

    const std::string_view argument = argc == 2 ? argv[1] : ".audiohost";
    return argument.ends_with (".audiohost") || argument.ends_with (".filtergraph");
}

int runApp (const char* session)
{
    const auto* display = std::getenv ("DISPLAY");
    const auto isNamed = display != nullptr && *display != 0; // JUCE would try :0.0
    const juce::ScopedJuceInitialiser_GUI juce;

    // JUCE opens the display as it begins; without one its first window would crash.
    if (! isNamed || juce::Desktop::getInstance().getDisplays().displays.isEmpty())
    {
        tell ("the desktop app: there is no display; use AudioHost play SESSION, or see AudioHost --help");
        return 2;
    }

    const cli::StopSignal stop;
    const auto path = juce::String::fromUTF8 (session != nullptr ? session : "");
    return gui::runApp (path.isEmpty() ? juce::File() : juce::File::getCurrentWorkingDirectory().getChildFile (path),
                        stop.flag());
}

/** A command shows no window, and must not end with the X server that JUCE would connect it to. */
void stayAwayFromDisplay() { ::setenv ("DISPLAY", "none", 1); }

/** The parser would only say that it misses a command. */
int refuseCommand (const std::string& name)
{
    tell ("\"" + name + "\": there is no such command; see AudioHost --help");
    return 2;
}

/** In every process of the program, the children that try and check plugins included. */
void beginGuarding()
{
    host::useSuppressions();

    // For our own tests: whatever plugins do, the host itself must never break the rules.
    if (std::getenv ("AUDIOHOST_ABORT_ON_HOST_VIOLATIONS") != nullptr)
    {
        rt::guard::setAbortOnHostViolations (true);
        rt::guard::SystemCallNet::setEnabled (true); // where it is possible
    }
}

/** A full disk shows only when the last of the output is written. */
int finishOutput (int exitCode)
{
    if (std::cout.flush())
        return exitCode;

    tell ("standard output: cannot be written to its end; check where it goes and the free space there");
    return exitCode == 0 ? 1 : exitCode;
}

/** Calls what a person asked for, and tells what is thrown. */
int tellErrors (const std::function<int()>& work)
{
    try
    {
        return work();
    }
    catch (const host::Error& error)
    {
        tell (error.what());
        return int (error.getKind());
    }
    catch (const std::bad_alloc&)
    {
        tell ("memory: there is not enough of it for this; close other programs, or ask for less");
        return 1;
    }
    catch (const std::exception& error)
    {
        tell (std::string ("unexpected trouble: ") + error.what() + "; please report it with what you did");
        return 1;
    }
}

int runCommand (int argc, char** argv)
{
    CLI::App app{ "AudioHost: a plugin host whose audio thread never waits.", "AudioHost" };
    app.set_version_flag ("--version", "AudioHost " AUDIOHOST_VERSION);
    app.require_subcommand (1);
    app.failure_message ([] (const CLI::App*, const CLI::Error& error)
                         { return std::string ("AudioHost: command line: ") + error.what() + "; see AudioHost --help\n"; });

    cli::Outcome outcome;
    cli::addScanCommand (app, outcome);
    cli::addListCommand (app, outcome);
    cli::addDescribeCommand (app, outcome);
    cli::addRenderCommand (app, outcome);
    cli::addCheckCommand (app, outcome);
    cli::addPlayCommand (app, outcome);
    cli::addDoctorCommand (app, outcome);
    cli::addScreenshotCommand (app, outcome);

    // The doctor looks at the display.
    if (argc < 2 || std::string_view (argv[1]) != "doctor")
        stayAwayFromDisplay();

    try
    {
        const juce::ScopedJuceInitialiser_GUI juce;
        app.parse (argc, argv);
        return finishOutput (outcome.exitCode);
    }
    catch (const CLI::ParseError& error)
    {
        const auto isWrong = error.get_exit_code() != 0;

        if (isWrong && argc > 1 && app.get_subcommands().empty())
            return refuseCommand (argv[1]);

        app.exit (error);
        return isWrong ? 2 : finishOutput (0);
    }
}

} // namespace

int main (int argc, char** argv)
{
    // A file that may not grow further is an error of write(), told like a full disk, and not the end of the program.
    std::signal (SIGXFSZ, SIG_IGN);
    beginGuarding();

    return tellErrors (
        [&] { return asksForApp (argc, argv) ? runApp (argc == 2 ? argv[1] : nullptr) : runCommand (argc, argv); });
}
