#pragma once

#include "../Violation.h"
#include "Records.h"

namespace rt::guard::detail
{

/** Names the functions of a site's stack and who is to blame; counts and the node's name are left to the caller. Slow: reads debug
    information. Not real-time, one thread at a time. */
Violation symbolise (const RawSite&);

} // namespace rt::guard::detail
