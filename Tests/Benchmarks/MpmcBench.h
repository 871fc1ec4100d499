#pragma once

#include "Harness.h"

namespace bench
{

/** Queues from many threads to many, 8-byte items: mpmc.pair, mpmc.throughput.1p1c|2p2c|4p4c, mpmc.latency.enqueue|dequeue. */
std::vector<Bench> getMpmcBenches();

} // namespace bench
