#pragma once

#include <rt_guard/Suppressions.h>

#include <vector>

namespace host
{

/** Calls that JUCE's plugin wrappers make on the audio thread, which are known, cannot be mended from outside, and are no
    plugin's fault. Each matches one place in JUCE's source code, which its `origin` names, and the host's own calls only: what a
    plugin does in the same block is told as ever. Made for the JUCE that this program was built with. */
std::vector<rt::guard::Suppression> getKnownWrapperCalls();

} // namespace host
