#pragma once

#include "Harness.h"

namespace bench
{

/** Queues from one thread to one other, 8-byte items, room for 1024: spsc.pair, spsc.throughput, spsc.rtt. */
std::vector<Bench> getSpscBenches();

} // namespace bench
