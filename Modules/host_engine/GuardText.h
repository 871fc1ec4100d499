#pragma once

#include <rt_guard/Violation.h>

#include <string>

namespace host
{

/** "node 3 (Reverb)", or "the host itself". */
std::string describeCaller (const rt::guard::Violation&);

/** Who called what, and below it the stack, a frame a line. */
std::string describeSite (const rt::guard::Violation&);

} // namespace host
