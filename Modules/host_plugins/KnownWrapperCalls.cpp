#include "KnownWrapperCalls.h"

namespace host
{

std::vector<rt::guard::Suppression> getKnownWrapperCalls() { return {}; }

} // namespace host
