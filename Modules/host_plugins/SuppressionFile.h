#pragma once

#include <rt_guard/Suppressions.h>

#include <string>
#include <vector>

namespace host
{

/** The suppressions that a file holds. Throws Error when it cannot be read, or a line of it not be understood: the error names the
    line. */
std::vector<rt::guard::Suppression> readSuppressionFile (const std::string& path);

/** What the guard shall not tell, from now on: getKnownWrapperCalls(), and what the file says. Throws Error, and changes
    nothing, when the file cannot be read, or a line of it not be understood: the error names the line.
    @param path  relative ones are looked for in the current folder; empty: no file */
void useSuppressions (const std::string& path = {});

} // namespace host
