#pragma once

#include "PluginInstance.h"

#include <memory>
#include <vector>

namespace host
{

/** The plugin formats this build can host, and how a plugin is found and made.

    A REF (the contract's word) is a path, an LV2 URI, a catalogue id "FORMAT:<uid>", or "FILE#name", which picks one of
    several plugins in a file. Message thread.
*/
class PluginFormats
{
public:
    PluginFormats();
    ~PluginFormats();

    /** All plugins that a REF's file holds, by loading it into this process: for scanner children, and for files that the
        person named. Empty if the file is no plugin. */
    std::vector<PluginInfo> findPluginsIn (const juce::String& fileOrUri);

    /** Exactly one plugin, or throws host::Error: unusable when nothing readable is there, when the file holds several
        (their ids are in the message) or when the binary is not for this machine. */
    PluginInfo resolve (const juce::String& ref);

    /** Makes and prepares nothing: prepare() comes with the graph. Throws host::Error, which names the plugin. */
    std::unique_ptr<PluginInstance> create (const PluginInfo&, double sampleRate, int maxBlockSize);

private:
    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
