#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** Makes an op of each vertex, in their order, with the slots that it works on and what it reads there. */
void emitOps (CompilerState&);

} // namespace host::detail::compiler
