#pragma once

#include "CompilerState.h"

namespace host::detail::compiler
{

/** Splits mixes of very many sources into chains of accumulate ops. After addWires(): from here on the candidates are what the
    ops are made of, no longer the plan's wires. */
void splitWideMixes (CompilerState&);

} // namespace host::detail::compiler
