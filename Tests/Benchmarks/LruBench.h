#pragma once

#include "Harness.h"

namespace bench
{

/** The order of use: lru.list.1, .2 and .4; and a cache on it: lru.cache.1, .2 and .4, by so many threads. */
std::vector<Bench> getLruBenches();

} // namespace bench
