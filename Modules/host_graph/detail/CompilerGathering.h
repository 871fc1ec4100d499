#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** The nodes and wires: those of the model, and those of the plan before that are still heard. Fills the plan's nodes and the
    candidates, in the order in which they stay. */
void gatherNodesAndWires (CompilerState&);

} // namespace host::detail::compiler
