#pragma once

#include <juce_core/juce_core.h>

#include <string>

namespace host
{

/** Writes a whole file aside, syncs it to the disk and renames it into place, so that whatever happens there is either the
    old file or the new one. Throws host::Error (failed) that names the file and what the system said. Blocking. */
void writeFileAtomically (const juce::File&, const std::string& contents);

} // namespace host
