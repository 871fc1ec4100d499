#pragma once

#include <CLI/CLI.hpp>
#include <host_engine/host_engine.h>

#include <optional>
#include <string>
#include <vector>

namespace cli
{

/** The options that `render` and `play` share. */
struct RunOptions
{
    std::optional<double> rate;
    std::optional<int> block;
    std::optional<double> seconds;
    std::optional<int> threads;
    std::string guard = "count";
    bool guardSyscalls = false, pageFaults = false;
    std::string suppressions, report;

    void addTo (CLI::App&);

    /** Throws host::Error for values out of range and for what does not exist yet; turns the guard on. */
    void apply() const;
};

/** "AudioHost: <line>" on stderr. */
void tell (const std::string& line);

/** For SessionGraph: tries a plugin in a child process, and has a crash laid to it from then on. */
void prepareToLoad (const std::string& ref);

/** Says which plugins are missing and what else a person should know of a session.
    @returns the exit code it deserves: 1 when something is missing */
int tellNotes (const host::SessionGraph&);

/** Where the guard's mode asks for that: what it has found since the last time, with stacks. Call it now and then.
    @param isForReport  a report will want the stacks in any mode: they are named now, while the audio goes on */
void tellNewSites (bool isForReport = false);

/** Has the recorders write what they have, and tells what was lost or late, or could not be read or written. When nobody renders any
    more. False if a file could not be read to its end, or written.
    @param removedNodes  that ran, too, and are not in the graph any more */
bool finishStreams (const host::Engine&, const std::vector<host::GraphModel::Node>& removedNodes = {});

/** Warnings of what happened while it ran: muted nodes, dropped events, findings of the guard by name.
    @param removedNodes  that ran, too, and are not in the graph any more */
void tellFindings (const host::Engine&, const std::vector<host::GraphModel::Node>& removedNodes = {});

void writeReport (const std::string& path, const host::Report&, host::Engine&);

/** "What does not exist yet exits 2 and says so." */
[[noreturn]] void refuseForNow (const std::string& what);

} // namespace cli
