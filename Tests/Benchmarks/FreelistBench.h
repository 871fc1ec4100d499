#pragma once

#include "Harness.h"

namespace bench
{

/** Free lists of 64-byte elements: freelist.pair.1, .2 and .4, a pop and a push by so many threads. */
std::vector<Bench> getFreelistBenches();

} // namespace bench
