#pragma once

#include <host_plugins/check/CheckReport.h>

#include <string>
#include <vector>

namespace cli
{

/** A report for a person: the plugin's own violations with their stacks, the host's in a word. */
std::string toText (const host::CheckReport&);

/** How often each of a file's suppressions was needed, in all reports. */
std::string toText (const std::vector<rt::guard::Suppression>&, const std::vector<host::CheckReport>&);

} // namespace cli
