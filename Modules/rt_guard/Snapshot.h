#pragma once

#include "Suppressions.h"
#include "Violation.h"

namespace rt::guard
{

/** What the guard has recorded so far, made readable. */
struct Snapshot
{
    std::vector<Violation> violations;        ///< that no suppression covers, in the order of their first call
    std::uint64_t total = 0;                  ///< calls, those in `overflow` included, those in `suppressed` not
    std::uint64_t host = 0;                   ///< calls of `total` whose site is the host's
    std::uint64_t suppressed = 0;             ///< calls that a suppression let pass
    std::uint64_t overflow = 0;               ///< calls whose site found no room in the table
    std::vector<SuppressionUse> suppressions; ///< those that were needed
};

} // namespace rt::guard
