#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** Who waits for whom. A predecessor counts once, however many wires come from it. */
void findSuccessors (CompilerState&);

/** The ops of nodes that have to be warmed up. */
void findNewOps (CompilerState&);

} // namespace host::detail::compiler
