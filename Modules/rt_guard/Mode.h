#pragma once

namespace rt::guard
{

/** What the guard does about a call that must not be made in a real-time scope. */
enum class Mode
{
    off,    ///< nothing is recorded
    count,  ///< sites are recorded with their stacks, and counted
    report, ///< as count; whoever polls takeNewSites() tells each new site
    abort,  ///< the first violation that no suppression covers is written to stderr, and the process ends with exit code 1
    rescue  ///< as report, and allocations are served from memory set aside, releases done later on another thread
};

/** At any time; takes effect with the next call that the guard sees. The guard starts in Mode::count. Any thread; Mode::rescue
    not from a real-time one: the first time it sets the memory aside. */
void setMode (Mode);

/** Any thread. Wait-free. */
Mode getMode() noexcept;

/** "off", "count", "report", "abort" or "rescue". */
const char* toString (Mode) noexcept;

/** Whether a violation of the host's own ends the process as Mode::abort does, in every mode but off: for tests of a host
    with plugins that break the rules on purpose. Off at the start. Any thread. */
void setAbortOnHostViolations (bool) noexcept;

} // namespace rt::guard
