#include "Commands.h"
#include "PluginTables.h"
#include "StopSignal.h"

#include <host_graph/Error.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <unistd.h>

namespace cli
{

namespace
{

struct ScanOptions
{
    std::vector<std::string> formats, paths;
    double timeout = 30.0;
    bool asJson = false;
};

/** "Scanning 12/130 Name" on stderr, where that is a terminal and the scan takes longer than a second. */
class ScanProgress
{
public:
    ~ScanProgress()
    {
        if (isShown)
            std::cerr << "\r\033[K" << std::flush;
    }

    void show (int done, int total, const juce::File& current)
    {
        const auto now = std::chrono::steady_clock::now();

        if (! isTerminal || now < nextTime)
            return;

        nextTime = now + std::chrono::milliseconds (100);
        isShown = true;
        std::cerr << "\r\033[KScanning " << done << "/" << total << "  " << current.getFileName() << std::flush;
    }

private:
    const bool isTerminal = ::isatty (STDERR_FILENO) != 0;
    bool isShown = false;
    std::chrono::steady_clock::time_point nextTime = std::chrono::steady_clock::now() + std::chrono::seconds (1);
};

void say (const juce::String& line) { std::cerr << "AudioHost: " << line << std::endl; }

int scan (const ScanOptions& options)
{
    if (! (options.timeout >= 0.01 && options.timeout <= 86400.0))
        throw host::Error ("--timeout", "is out of range", "give 0.01 to 86400 seconds");

    juce::StringArray formats, paths, seen;

    for (const auto& format : host::PluginPaths::getFormats())
        if (options.formats.empty()
            || std::find (options.formats.begin(), options.formats.end(), format.toStdString()) != options.formats.end())
            formats.add (format);

    for (const auto& path : options.paths)
        paths.add (juce::String::fromUTF8 (path.c_str()));

    juce::Array<juce::File> roots;
    const auto jobs = host::Scanner::findJobs (formats, paths, roots);
    const auto catalogueFile = host::Catalogue::getFile();
    const StopSignal stop;
    host::Scanner::Outcome outcome;

    {
        ScanProgress progress;
        host::Scanner::Options scannerOptions;
        scannerOptions.timeout = std::chrono::milliseconds (std::llround (options.timeout * 1000.0));
        scannerOptions.stop = &stop.flag();
        scannerOptions.journal = catalogueFile.getSiblingFile ("scan-in-progress.jsonl");
        scannerOptions.progress = [&] (int done, int total, const juce::File& current)
        { progress.show (done, total, current); };
        outcome = host::Scanner (scannerOptions).run (jobs);
    }

    if (outcome.numResumed > 0)
        say ("scan: took up the one that was cut short; " + juce::String (outcome.numResumed) + " of "
             + juce::String (static_cast<int> (jobs.size())) + " files were done already");

    std::vector<host::PluginInfo> plugins;
    std::vector<host::ScanFailure> failures;

    for (const auto& job : jobs)
        seen.add (job.file.getFullPathName());

    for (const auto& file : outcome.files)
    {
        plugins.insert (plugins.end(), file.plugins.begin(), file.plugins.end());
        failures.insert (failures.end(), file.failures.begin(), file.failures.end());
    }

    std::sort (plugins.begin(), plugins.end(), host::Catalogue::isBefore);

    juce::String notice;
    std::optional<host::Error> notSaved;

    // What was found is printed even where the catalogue cannot be written.
    try
    {
        host::Catalogue::update (
            catalogueFile, [&] (host::Catalogue& catalogue) { catalogue.merge (outcome.files, formats, roots, seen); },
            notice);
    }
    catch (const host::Error& error)
    {
        notSaved = error;
    }

    if (notice.isNotEmpty())
        say (notice);

    std::cout << (options.asJson ? host::Catalogue::print (host::Catalogue::toJson (plugins, failures)) + "\n"
                                 : toTable (plugins, failures))
              << std::flush;

    if (notSaved)
        throw host::Error (*notSaved);

    if (! outcome.isComplete)
        say ("scan: stopped after " + juce::String (static_cast<int> (outcome.files.size())) + " of "
             + juce::String (static_cast<int> (jobs.size()))
             + " files; what was found is in the catalogue, scan again for the rest");

    return outcome.isComplete ? 0 : 1;
}

} // namespace

void addScanCommand (CLI::App& app, Outcome& outcome)
{
    auto* command =
        app.add_subcommand ("scan", "Look for plugins, each file in a process of its own, and note them in the catalogue");
    auto options = std::make_shared<ScanOptions>();

    command->add_option ("--format", options->formats, "VST3, LV2 or LADSPA; may be given more than once (default: all)")
        ->transform (CLI::IsMember (std::vector<std::string>{ "VST3", "LV2", "LADSPA" }, CLI::ignore_case))
        ->allow_extra_args (false);
    command->add_option ("--timeout", options->timeout, "Seconds after which a silent plugin is given up")
        ->capture_default_str();
    command->add_flag ("--json", options->asJson, "One JSON document on stdout");
    command->add_option ("PATH", options->paths, "Files and folders to look at (default: the standard folders)");
    command->callback ([options, &outcome] { outcome.exitCode = scan (*options); });

    struct ChildOptions
    {
        std::string format, file;
        int first = 0;
    };

    auto* child = app.add_subcommand ("scan-child", "The process that looks at one file")->group ("");
    auto childOptions = std::make_shared<ChildOptions>();
    child->add_option ("FORMAT", childOptions->format)->required();
    child->add_option ("FILE", childOptions->file)->required();
    child->add_option ("FIRST", childOptions->first)->required();
    child->callback (
        [childOptions]
        {
            host::runScanChild (juce::String (childOptions->format), juce::String::fromUTF8 (childOptions->file.c_str()),
                                childOptions->first);
        });
}

} // namespace cli
