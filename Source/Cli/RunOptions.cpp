#include "RunOptions.h"

#include <host_plugins/SuppressionFile.h>
#include <host_plugins/WriteFile.h>
#include <host_plugins/process/TrialLoad.h>
#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <unistd.h>
#include <vector>

namespace cli
{

namespace
{
void checkRange (const char* option, double value, double lowest, double highest, const char* unit)
{
    if (std::isfinite (value) && value >= lowest && value <= highest)
        return;

    const auto text = [] (double number) { return juce::String (number).toStdString(); };
    throw host::Error (option, text (value) + " is out of range", "give " + text (lowest) + " to " + text (highest) + unit);
}

std::string countOf (std::uint64_t number, const std::string& thing)
{
    return std::to_string (number) + " " + thing + (number == 1 ? "" : "s");
}
} // namespace

void RunOptions::addTo (CLI::App& command)
{
    // To the parser an empty text is an optional number that is not there.
    const CLI::Validator isGiven ([] (const std::string& text) { return std::string (text.empty() ? "is empty" : ""); }, "");

    command.add_option ("--rate", rate, "Sample rate, 8000 to 384000 Hz")->type_name ("HZ")->check (isGiven);
    command.add_option ("--block", block, "Block size, 1 to 16384 samples")->type_name ("N")->check (isGiven);
    command.add_option ("--seconds", seconds, "Length")->type_name ("S")->check (isGiven);
    command.add_option ("--threads", threads, "Threads that render, the audio thread included")
        ->type_name ("N")
        ->check (isGiven);
    command
        .add_option ("--guard", guard,
                     "off, count, report, abort or rescue: what happens when the audio thread allocates, locks or waits")
        ->type_name ("MODE")
        ->capture_default_str();
    command.add_flag ("--guard-syscalls", guardSyscalls, "Guard against every system call as well, however it is made");
    command.add_flag ("--page-faults", pageFaults, "Count the audio thread's page faults");
    command.add_option ("--suppressions", suppressions, "What the guard shall not tell: conditions, a line each")
        ->type_name ("FILE");
    command.add_option ("--report", report, "Write what happened as JSON")->type_name ("FILE");
}

void RunOptions::apply() const
{
    using Mode = rt::guard::Mode;

    if (rate)
        checkRange ("--rate", *rate, 8000.0, 384000.0, " Hz");

    if (block)
        checkRange ("--block", *block, 1, 16384, " samples");

    if (seconds)
        checkRange ("--seconds", *seconds, 0.001, 604800.0, " seconds (a week)");

    if (threads)
        checkRange ("--threads", *threads, 1, host::ParallelRenderer::mostThreads, "");

    const auto modes = { Mode::off, Mode::count, Mode::report, Mode::abort, Mode::rescue };
    const auto mode = std::find_if (modes.begin(), modes.end(), [this] (Mode m) { return guard == toString (m); });

    if (mode == modes.end())
        throw host::Error ("--guard", "there is no mode \"" + guard + "\"", "use off, count, report, abort or rescue");

    host::useSuppressions (suppressions);

    if (guardSyscalls)
        if (const auto reason = rt::guard::SystemCallNet::setEnabled (true); ! reason.empty())
            throw host::Error ("--guard-syscalls", reason, "leave it out");

    rt::guard::setMode (*mode);
}

void tellNewSites (bool isForReport)
{
    using rt::guard::Mode, rt::guard::Stacks;
    const auto mode = rt::guard::getMode();
    const auto isTold = mode == Mode::report || mode == Mode::rescue;

    if (mode == Mode::off)
        return;

    // Who was it is found out in every mode, as plugins may be gone later; stacks only for somebody who sees them.
    const auto sites = rt::guard::takeNewSites (isTold || isForReport ? Stacks::named : Stacks::none);

    if (! isTold)
        return;

    // In place of the line that shows how far it is.
    if (! sites.empty() && ::isatty (STDERR_FILENO) != 0)
        std::cerr << "\r\033[K";

    for (const auto& site : sites)
        tell (host::describeSite (site));
}

void tell (const std::string& line) { std::cerr << "AudioHost: " << line << std::endl; }

void prepareToLoad (const std::string& ref)
{
    host::loadInChildFirst (ref);
    host::CrashReport::setActivity (ref);
}

int tellNotes (const host::SessionGraph& session)
{
    host::CrashReport::setActivity ({}); // all is loaded

    for (const auto& note : session.notes)
        tell (note);

    for (const auto& missing : session.missing)
        tell ("node " + std::to_string (missing.id) + " (" + missing.name + ") is missing and stays silent: " + missing.why);

    return session.missing.empty() ? 0 : 1;
}

bool finishStreams (const host::Engine& engine, const std::vector<host::GraphModel::Node>& removedNodes)
{
    auto nodes = engine.getGraph().getNodes();
    nodes.insert (nodes.end(), removedNodes.begin(), removedNodes.end());
    auto isFine = true;

    for (const auto& node : nodes)
    {
        const auto name = "node " + std::to_string (node->id) + " (" + node->name + ")";

        if (auto* recorder = dynamic_cast<host::RecorderNode*> (node->processor.get()))
        {
            try
            {
                recorder->finish();
            }
            catch (const host::Error& error)
            {
                tell (error.what());
                isFine = false;
            }

            if (const auto lost = recorder->getLost(); lost > 0)
                tell (name + ": " + std::to_string (lost)
                      + " samples could not be written in time and are silence in its file; record to a faster disk");
        }

        if (const auto* player = dynamic_cast<const host::FilePlayerNode*> (node->processor.get()))
        {
            isFine = isFine && ! player->hasFailed();

            if (const auto underruns = player->getUnderruns(); underruns > 0)
                tell (name + ": " + std::to_string (underruns)
                      + " blocks were silent, for the disk was late; play from a faster disk");
        }
    }

    return isFine;
}

void tellFindings (const host::Engine& engine, const std::vector<host::GraphModel::Node>& removedNodes)
{
    auto nodes = engine.getGraph().getNodes();
    nodes.insert (nodes.end(), removedNodes.begin(), removedNodes.end());

    for (const auto& node : nodes)
    {
        const auto name = "node " + std::to_string (node->id) + " (" + node->name + ")";

        if (const auto blocks = node->mutedBlocks.load(); blocks > 0)
            tell (name + ": gave NaN or infinity and was muted for " + std::to_string (blocks)
                  + " blocks; report it to its maker");

        if (const auto events = node->droppedEvents.load(); events > 0)
            tell (name + ": " + std::to_string (events) + " MIDI events did not fit and were dropped; send fewer at a time");
    }

    tellNewSites();
    const auto snapshot = rt::guard::getSnapshot (rt::guard::Stacks::none);

    if (snapshot.total == 0)
        return;

    struct OfNode
    {
        std::string subject;
        std::uint64_t calls = 0;
        std::vector<std::string> functions; ///< in the order of their first calls
    };

    std::map<std::uint32_t, OfNode> findings;

    for (const auto& violation : snapshot.violations)
    {
        auto& [subject, calls, functions] = findings[violation.node];
        subject = host::describeCaller (violation);
        calls += violation.count;

        if (std::find (functions.begin(), functions.end(), violation.function) == functions.end())
            functions.push_back (violation.function);
    }

    for (const auto& [node, finding] : findings)
    {
        std::string names;

        for (const auto& function : finding.functions)
            names += (names.empty() ? "" : ", ") + function;

        tell (finding.subject + ": called what the audio thread must not, " + countOf (finding.calls, "time") + " (" + names
              + "); see the stacks with --report FILE");
    }

    tell ("the guard: " + countOf (snapshot.total, "call") + " at " + countOf (snapshot.violations.size(), "site") + ", "
          + std::to_string (snapshot.host) + " of the host's own; " + std::to_string (snapshot.suppressed)
          + " more suppressed"
          + (snapshot.overflow > 0 ? "; " + std::to_string (snapshot.overflow) + " at sites too many to record" : ""));
}

void writeReport (const std::string& path, const host::Report& report, host::Engine& engine)
{
    if (path.empty())
        return;

    engine.getCollector().collect();
    rt::guard::freeRescued();
    host::writeFileAtomically (juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (path.c_str())),
                               report.toText (engine, engine.getCollector().getStats()));
}

void refuseForNow (const std::string& what)
{
    throw host::Error (what, "does not exist yet in this version", "leave it out, or wait for a later version");
}

} // namespace cli
