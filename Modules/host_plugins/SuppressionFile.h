#pragma once

#include <string>

namespace host
{

/** What the guard shall not tell, from now on: getKnownWrapperCalls(), and what the file says. Throws Error, and changes
    nothing, when the file cannot be read, or a line of it not be understood: the error names the line.
    @param path  relative ones are looked for in the current folder; empty: no file */
void useSuppressions (const std::string& path = {});

} // namespace host
