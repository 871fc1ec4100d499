#include "Commands.h"
#include "Progress.h"
#include "RunOptions.h"

#include <host_graph/Error.h>
#include <host_plugins/check/CheckRunner.h>
#include <host_plugins/process/ChildProcess.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

namespace cli
{

namespace
{

struct CheckArguments
{
    std::vector<std::string> refs;
    double seconds = host::CheckOptions().seconds;
    bool asJson = false, annotations = false;
    std::string junit, suppressions;

    host::CheckOptions toOptions() const
    {
        if (! std::isfinite (seconds) || seconds <= 0.0)
            throw host::Error ("--seconds", "is not a time above 0", "give the seconds of audio for each phase, such as 5");

        host::CheckOptions options;
        options.seconds = seconds;
        return options;
    }
};

std::string countOf (std::uint64_t number, const std::string& thing)
{
    return std::to_string (number) + " " + thing + (number == 1 ? "" : "s");
}

std::string toVerdict (const host::CheckReport& report)
{
    const auto where =
        report.lastPhase ? std::string (" in the phase ") + toString (*report.lastPhase) : " while it was loaded";

    if (report.crashed)
        return "CRASHED with " + host::ChildProcess::getSignalName (report.signal.value_or (0)) + where;

    if (report.hung)
        return "HUNG" + where + " (no progress for " + std::to_string (host::CheckOptions().hangLimit.count()) + " s)";

    if (report.exited)
        return "ENDED THE PROCESS" + where + " (it called exit)";

    return report.hasFailed() ? "FAILED" : "clean";
}

/** The frames up to the first of the host's below the plugin: what is further out is the same for every plugin. */
std::vector<std::string> getTellingFrames (const std::vector<std::string>& stack)
{
    const auto host =
        " [" + juce::File::getSpecialLocation (juce::File::currentExecutableFile).getFileName().toStdString() + "+";
    const auto isPlugins = [&host] (const std::string& frame) { return frame.find (host) == std::string::npos; };
    const auto lastOfPlugin = std::find_if (stack.rbegin(), stack.rend(), isPlugins).base();
    return { stack.begin(), lastOfPlugin == stack.end() ? lastOfPlugin : lastOfPlugin + 1 };
}

/** The host's own violations are shown in a word, a plugin's with their stacks. */
std::string toText (const host::CheckReport& report)
{
    std::ostringstream text;
    text << (report.name.empty() ? report.ref : report.name + " (" + report.ref + ")") << ": " << toVerdict (report) << ", "
         << countOf (static_cast<std::uint64_t> (report.blocks), "block") << "\n";

    std::uint64_t numOfHost = 0;

    for (const auto& violation : report.violations)
    {
        if (violation.by == "host")
        {
            numOfHost += violation.count;
            continue;
        }

        text << "  " << violation.function << " on the audio thread, " << countOf (violation.count, "time")
             << ", first in block " << violation.firstBlock << " (" << toString (violation.phase) << "), by "
             << violation.module << "\n";

        for (const auto& frame : getTellingFrames (violation.stack))
            text << "      " << frame << "\n";
    }

    for (const auto& finding : report.findings)
        text << "  " << finding.kind << " (" << toString (finding.phase) << "): " << finding.detail << "\n";

    if (numOfHost > 0)
        text << "  Besides, the host's wrapper allocated or freed " << countOf (numOfHost, "time")
             << " around this plugin. That is not the plugin's fault and does not fail it; --json has the stacks.\n";

    if (! report.lastWords.empty())
    {
        std::istringstream words (report.lastWords);
        std::vector<std::string> lines;

        for (std::string line; std::getline (words, line);)
            lines.push_back (line);

        text << "  The last it printed:\n";

        for (std::size_t i = lines.size() - std::min<std::size_t> (5, lines.size()); i < lines.size(); ++i)
            text << "      " << lines[i] << "\n";
    }

    return text.str();
}

int runCheck (const CheckArguments& arguments)
{
    if (! arguments.junit.empty())
        refuseForNow ("--junit");

    if (arguments.annotations)
        refuseForNow ("--annotations");

    if (! arguments.suppressions.empty())
        refuseForNow ("--suppressions");

    const host::CheckRunner runner (arguments.toOptions());
    auto json = nlohmann::ordered_json::array();
    std::optional<host::Error> firstError;
    std::size_t numFailed = 0;

    for (const auto& ref : arguments.refs)
    {
        try
        {
            const auto report = [&]
            {
                Progress progress ("Checking " + ref);
                return runner.run (ref, [&] (auto& p) { progress.update (p.fraction); });
            }();

            if (report.hasFailed())
                ++numFailed;

            if (arguments.asJson)
                json.push_back (report.toJson());
            else
                std::cout << toText (report) << std::flush;
        }
        catch (const host::Error& error)
        {
            // The others are checked all the same.
            if (firstError)
                tell (error.what());
            else
                firstError = error;
        }
    }

    const auto numChecked = arguments.refs.size();

    if (arguments.asJson && ! (json.empty() && firstError))
        std::cout << nlohmann::ordered_json{ { "plugins", json } }.dump (2, ' ', false,
                                                                         nlohmann::ordered_json::error_handler_t::replace)
                  << std::endl;
    else if (! arguments.asJson && numChecked > 1)
        std::cout << numFailed << " of " << countOf (numChecked, "plugin") << " failed.\n" << std::flush;

    if (firstError)
        throw host::Error (*firstError);

    return numFailed > 0 ? 1 : 0;
}

} // namespace

void addCheckCommand (CLI::App& app, Outcome& outcome)
{
    auto arguments = std::make_shared<CheckArguments>();

    auto* check = app.add_subcommand ("check", "Find out what a plugin does on the audio thread that it must not");
    check->add_option ("REF", arguments->refs, "Plugins: a path, an LV2 URI, an id from the catalogue, or FILE#name")
        ->required();
    check
        ->add_option ("--seconds", arguments->seconds,
                      "Seconds of audio for each of the four phases, within 400 to 4900 blocks")
        ->capture_default_str();
    check->add_flag ("--json", arguments->asJson, "One JSON document on stdout");
    check->add_option ("--junit", arguments->junit, "A JUnit report for CI (not in this version yet)")->type_name ("FILE");
    check->add_flag ("--annotations", arguments->annotations, "Annotations for CI (not in this version yet)");
    check->add_option ("--suppressions", arguments->suppressions, "What shall not be told (not in this version yet)")
        ->type_name ("FILE");
    check->callback ([&outcome, arguments] { outcome.exitCode = runCheck (*arguments); });

    // The process that the plugin is checked in.
    auto* child = app.add_subcommand ("check-child", "")->group ("");
    child->add_option ("REF", arguments->refs)->required()->expected (1);
    child->add_option ("--seconds", arguments->seconds);
    child->callback ([arguments] { host::CheckRunner::runChild (arguments->refs.front(), arguments->toOptions()); });
}

} // namespace cli
