#pragma once

#include <juce_core/juce_core.h>

#include <string>

namespace host
{

/** Writes a whole file: aside, under a name of its own, then synced to the disk and renamed into place, and the folder synced
    as well, so that whatever happens there is either the old file or the new one.

    A file that was there keeps its permissions, and its owner where that may be; one that may not be written to is left alone.
    A symbolic link stays one: what it points to is written. A device or a pipe is written to as it is.

    Throws host::Error (failed) that names the file and says what the system said; the old file is then untouched, and nothing
    is left beside it. Blocking; any thread. */
void writeFileAtomically (const juce::File&, const std::string& contents);

} // namespace host
