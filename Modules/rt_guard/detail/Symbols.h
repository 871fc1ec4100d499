#pragma once

#include "../Violation.h"
#include "Records.h"

namespace rt::guard::detail
{

/** Tells who is to blame for a site, without its stack and caller; counts and the node's name are left to whoever calls this. Not
    real-time, one thread at a time. */
Violation identify (const RawSite&);

/** Names the function of the blamed module that made the call, by the module's symbols. Not real-time, one thread at a time. */
std::string findCaller (const RawSite&);

/** Names the functions of a site's stack. Slow: reads debug information. Not real-time, one thread at a time. */
std::vector<std::string> nameStack (const RawSite&);

} // namespace rt::guard::detail
