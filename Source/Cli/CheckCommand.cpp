#include "CheckText.h"
#include "Commands.h"
#include "Progress.h"
#include "RunOptions.h"

#include <host_graph/Error.h>
#include <host_plugins/SuppressionFile.h>
#include <host_plugins/WriteFile.h>
#include <host_plugins/check/CheckAnnotations.h>
#include <host_plugins/check/CheckJUnit.h>
#include <host_plugins/check/CheckRunner.h>
#include <host_plugins/check/CheckWords.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>

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
        options.suppressions = suppressions;
        return options;
    }
};

/** Checks one plugin after the other, and tells each as soon as it is done. */
class Checks
{
public:
    explicit Checks (const CheckArguments& argumentsToUse) : arguments (argumentsToUse), runner (arguments.toOptions())
    {
        if (! arguments.suppressions.empty())
            suppressions = host::readSuppressionFile (arguments.suppressions);
    }

    /** @returns the exit code. Throws what came first of what a person must be told, when all is done. */
    int run()
    {
        for (const auto& ref : arguments.refs)
        {
            try
            {
                add (check (ref));
            }
            catch (const host::Error& error)
            {
                // The others are checked all the same.
                addUnchecked (ref, error);
            }
        }

        finish();

        if (firstError)
            throw host::Error (*firstError);

        return std::any_of (reports.begin(), reports.end(), [] (auto& report) { return report.hasFailed(); }) ? 1 : 0;
    }

private:
    host::CheckReport check (const std::string& ref) const
    {
        const auto number = reports.size() + numUnchecked + 1, all = arguments.refs.size();
        Progress progress ("Checking " + (all > 1 ? std::to_string (number) + "/" + std::to_string (all) + " " : "") + ref);
        return runner.run (ref, [&] (auto& p) { progress.update (p.fraction); });
    }

    void add (host::CheckReport report)
    {
        junit.add (report);

        if (! arguments.asJson)
            std::cout << toText (report) << std::flush;

        if (arguments.annotations)
            annotate (host::toAnnotations (report, currentFolder));

        reports.push_back (std::move (report));
    }

    void addUnchecked (const std::string& ref, const host::Error& error)
    {
        ++numUnchecked;
        junit.addUnchecked (ref, error.what());

        if (arguments.annotations)
            annotate (host::toAnnotation (ref, error.what()));

        keep (error);
    }

    /** The last line is the first error's. */
    void keep (const host::Error& error)
    {
        if (firstError)
            tell (error.what());
        else
            firstError = error;
    }

    void annotate (const std::string& lines) const { (arguments.asJson ? std::cerr : std::cout) << lines << std::flush; }

    void finish()
    {
        using Json = nlohmann::ordered_json;
        const auto numChecks = arguments.refs.size();

        if (arguments.asJson && ! reports.empty())
        {
            auto plugins = Json::array();

            for (const auto& report : reports)
                plugins.push_back (report.toJson());

            std::cout << Json{ { "plugins", plugins } }.dump (2, ' ', false, Json::error_handler_t::replace) << std::endl;
        }
        else if (! arguments.asJson)
        {
            std::cout << toText (suppressions, reports);

            if (numChecks > 1)
                std::cout << std::count_if (reports.begin(), reports.end(), [] (auto& r) { return r.hasFailed(); }) << " of "
                          << host::countOf (numChecks, "plugin") << " failed"
                          << (numUnchecked > 0 ? ", " + std::to_string (numUnchecked) + " could not be checked" : "")
                          << ".\n";

            std::cout << std::flush;
        }

        if (arguments.junit.empty())
            return;

        try
        {
            host::writeFileAtomically (
                juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (arguments.junit.c_str())),
                junit.toXml());
        }
        catch (const host::Error& error)
        {
            keep (error);
        }
    }

    const CheckArguments& arguments;
    const host::CheckRunner runner;
    std::vector<rt::guard::Suppression> suppressions;
    const std::string currentFolder = juce::File::getCurrentWorkingDirectory().getFullPathName().toStdString();
    std::vector<host::CheckReport> reports;
    std::size_t numUnchecked = 0;
    host::CheckJUnit junit;
    std::optional<host::Error> firstError;
};

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
    check->add_option ("--junit", arguments->junit, "Write a JUnit report, as CI systems read it")->type_name ("FILE");
    check->add_flag ("--annotations", arguments->annotations,
                     "Tell what was found as GitHub's annotations too, on stdout, or with --json on stderr");
    check->add_option ("--suppressions", arguments->suppressions, "What shall not be told: conditions, a line each")
        ->type_name ("FILE");
    check->callback ([&outcome, arguments] { outcome.exitCode = Checks (*arguments).run(); });

    // The process that the plugin is checked in.
    auto* child = app.add_subcommand ("check-child", "")->group ("");
    child->add_option ("REF", arguments->refs)->required()->expected (1);
    child->add_option ("--seconds", arguments->seconds);
    child->add_option ("--suppressions", arguments->suppressions);
    child->callback ([arguments] { host::CheckRunner::runChild (arguments->refs.front(), arguments->toOptions()); });
}

} // namespace cli
