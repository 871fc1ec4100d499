#pragma once

#include <string>

namespace cli
{

/** Loads a plugin that was named by its path in a child process first: one that crashes, exits or hangs as it is loaded does
    so there, and not with the program. Ids and URIs pass, for they come from a scan, which has done the same.

    Throws host::Error (failed) that says how the plugin ended. Takes about a tenth of a second; 30 s where it hangs. */
void loadInChildFirst (const std::string& ref);

} // namespace cli
