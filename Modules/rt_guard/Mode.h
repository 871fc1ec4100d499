#pragma once

namespace rt::guard
{

/** What the guard does about a call that must not be made in a real-time scope. */
enum class Mode
{
    off,    ///< nothing is recorded
    count,  ///< sites are recorded with their stacks, and counted
    report, ///< as count; whoever polls takeNewSites() tells each new site
    abort   ///< the first violation writes one line to stderr and ends the process with exit code 1
};

/** Any thread, at any time; takes effect with the next call that the guard sees. The guard starts in Mode::count. */
void setMode (Mode) noexcept;

/** Any thread. Wait-free. */
Mode getMode() noexcept;

} // namespace rt::guard
