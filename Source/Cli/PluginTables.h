#pragma once

#include <host_plugins/host_plugins.h>

#include <string>
#include <vector>

namespace cli
{

/** Text in columns, as wide as their longest cell but no wider than a limit, two spaces apart; the first row is the heading.
    The last column is not cut. */
std::string toTable (const std::vector<std::vector<juce::String>>& rows, int widest = 40);

/** What `scan` and `list` show a person: the plugins, and what could not be used. */
std::string toTable (const std::vector<host::PluginInfo>&, const std::vector<host::ScanFailure>&);

} // namespace cli
