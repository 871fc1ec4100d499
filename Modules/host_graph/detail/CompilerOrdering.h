#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** Makes the vertices of nodes and candidates, and puts them in an order of execution.

    New wires that would close a cycle with some that fade out are left out: the plan is deferring, then. Throws host::Error that
    names the nodes of a cycle in the model. */
void sortVertices (CompilerState&);

/** @name For a phase that changes vertices, wires or waits later on */
/**@{*/

/** The wires by their sources. */
void findOutgoing (CompilerState&);

/** Sorts by all wires and waits. @returns false when some vertices are left over, for they lie in a cycle or behind one */
bool trySort (CompilerState&);
/**@}*/

} // namespace host::detail::compiler
