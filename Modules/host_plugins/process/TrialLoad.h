#pragma once

#include <atomic>
#include <string>

namespace host
{

/** Whether loadInChildFirst() does anything for a plugin: it was named by its path. Ids and URIs come from a scan, which has
    loaded them in a child already. */
bool needsTrialLoad (const std::string& ref);

/** Loads a plugin that was named by its path in a child process first: one that crashes, exits or hangs as it is loaded does
    so there, and not with the program.

    Throws host::Error (failed) that says how the plugin ended, or that it was stopped. Blocks for about a tenth of a second;
    30 s where the plugin hangs. Any thread but the audio thread.

    @param stop  when it becomes true the trial ends soon; may be null */
void loadInChildFirst (const std::string& ref, const std::atomic<bool>* stop = nullptr);

} // namespace host
