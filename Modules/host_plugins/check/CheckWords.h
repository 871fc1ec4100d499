#pragma once

#include "CheckReport.h"

#include <optional>
#include <string>
#include <vector>

namespace host
{

/** A frame of a violation's stack, read from its text: "play at reverb.cpp:12 [Reverb.so+0x1234]", with all but the place in the
    module left out where it is not known. */
struct StackFrame
{
    std::string function, file; ///< may be empty
    int line = 0;
    std::string module;
};

StackFrame parseStackFrame (const std::string&);

/** "malloc on the audio thread, 12 times, first in block 3 (midi), by Reverb.so", and how often that had to wait. */
std::string describeViolation (const rt::guard::Violation&);

/** The frames up to the first of the executable's below the plugin: what is further out is the same for every plugin. */
std::vector<std::string> getTellingFrames (const rt::guard::Violation&);

/** The innermost frame of the culprit's that has a file, and one that lies in `folder` before others. */
std::optional<StackFrame> findCulprit (const rt::guard::Violation&, const std::string& folder);

/** "12 calls", "1 call". */
std::string countOf (std::uint64_t number, const std::string& thing);

} // namespace host
