#pragma once

#include "Session.h"

namespace host
{

/** Reads a graph that JUCE's AudioPluginHost has saved (.filtergraph) as a session of ours.

    Its ends become our ends, and VST3, LV2 and LADSPA plugins ours with their settings; a VST3 file that is not there is
    looked for in the catalogue, as AudioPluginHost does in its list. LADSPA plugins begin with their defaults: JUCE counts
    their settings otherwise, and NodeFactory says so. What is built into AudioPluginHost, and plugins of
    formats that this program does not host, become nodes that NodeFactory turns into named placeholders. What the file says
    of a plugin, its settings included, is kept in the session either way: the key "filtergraph" has what it is recognised by.

    There a graph runs from top to bottom, here from left to right: places are turned to fit.

    Throws host::Error for a file that cannot be read or is no such graph. Message thread. */
Session importFiltergraph (const juce::File&);

} // namespace host
