#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** Finds by how much each vertex is late at its inputs and outputs (plugin delay compensation), and so the plan's latency. */
void findLatencies (CompilerState&);

/** Gives each wire its delay, and an edge where something has to live on from plan to plan. */
void addWires (CompilerState&);

} // namespace host::detail::compiler
