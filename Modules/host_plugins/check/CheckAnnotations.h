#pragma once

#include "CheckReport.h"

namespace host
{

/** What a check found, as GitHub's workflow commands: a line each, "::error file=a.cpp,line=3,title=...::..." or "::warning", which
    GitHub shows at the line of the source where the plugin's innermost function with debug information stands, or, where there is
    none, with the run. The host's own violations are left out.

    @param folder  what paths are made relative to: the checked-out sources
*/
std::string toAnnotations (const CheckReport&, const std::string& folder);

/** The annotation of a plugin that could not be checked at all. */
std::string toAnnotation (const std::string& ref, const std::string& error);

} // namespace host
