#pragma once

#include "Harness.h"

namespace bench
{

/** Messages from one process to another one: ring.throughput, ring.oneway. */
std::vector<Bench> getRingBenches();

} // namespace bench
