#pragma once

#include "Harness.h"

namespace bench
{

/** Shared pointers: ownership.copy and ownership.drop; and cells of them, read by one thread or two: ownership.cell.1 and .2. */
std::vector<Bench> getOwnershipBenches();

} // namespace bench
