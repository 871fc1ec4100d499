#pragma once

#include "Harness.h"

namespace bench
{

/** Shared pointers: ownership.copy and ownership.drop. */
std::vector<Bench> getOwnershipBenches();

} // namespace bench
