#include "RunOptions.h"

#include <host_plugins/WriteFile.h>
#include <host_plugins/process/TrialLoad.h>
#include <rt_guard/rt_guard.h>

#include <cmath>
#include <iostream>
#include <map>

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
    command.add_option ("--guard", guard, "off, count, report or abort: what happens when the audio thread allocates")
        ->type_name ("MODE")
        ->capture_default_str();
    command.add_option ("--suppressions", suppressions, "What the guard shall not tell (not in this version yet)")
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
        checkRange ("--threads", *threads, 1, 1024, "");

    if (threads && *threads > 1)
        refuseForNow ("--threads " + std::to_string (*threads));

    if (! suppressions.empty())
        refuseForNow ("--suppressions");

    if (guard == "rescue")
        refuseForNow ("--guard rescue");

    const std::map<std::string, Mode> modes{
        { "off", Mode::off }, { "count", Mode::count }, { "report", Mode::report }, { "abort", Mode::abort }
    };

    if (! modes.contains (guard))
        throw host::Error ("--guard", "there is no mode \"" + guard + "\"", "use off, count, report or abort");

    rt::guard::setMode (modes.at (guard));
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

void tellFindings (const host::Engine& engine)
{
    for (const auto& node : engine.getGraph().getNodes())
    {
        const auto name = "node " + std::to_string (node->id) + " (" + node->name + ")";

        if (const auto blocks = node->mutedBlocks.load(); blocks > 0)
            tell (name + ": gave NaN or infinity and was muted for " + std::to_string (blocks)
                  + " blocks; report it to its maker");

        if (const auto events = node->droppedEvents.load(); events > 0)
            tell (name + ": " + std::to_string (events) + " MIDI events did not fit and were dropped; send fewer at a time");
    }

    std::map<std::uint32_t, std::uint64_t> callsByNode;

    for (const auto& violation : rt::guard::getSnapshot().violations)
        callsByNode[violation.node] += violation.count;

    for (const auto& [id, calls] : callsByNode)
    {
        const auto node = engine.getGraph().find (id);
        tell ((node ? "node " + std::to_string (id) + " (" + node->name + ")" : std::string ("the host itself"))
              + ": allocated or freed " + std::to_string (calls)
              + " times on the audio thread; see the stacks with --report FILE");
    }
}

void writeReport (const std::string& path, const host::Report& report, host::Engine& engine)
{
    if (path.empty())
        return;

    engine.getCollector().collect();
    host::writeFileAtomically (juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (path.c_str())),
                               report.toJson (engine, engine.getCollector().getStats()).dump (2) + "\n");
}

void refuseForNow (const std::string& what)
{
    throw host::Error (what, "does not exist yet in this version", "leave it out, or wait for a later version");
}

} // namespace cli
