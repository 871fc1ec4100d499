#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** The buffers, which are those of the plan before where they suffice, and all pointers into them. The last phase: the plan's
    arrays must not move afterwards. */
void addWorkspace (CompilerState&);

} // namespace host::detail::compiler
