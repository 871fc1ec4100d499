#pragma once

#include "PluginInstance.h"

#include <memory>
#include <vector>

namespace host
{

/** The plugin formats this build can host, and how a plugin is found and made.

    A REF (the contract's word) is a path, an LV2 URI, a catalogue id "FORMAT:<uid>", or "FILE#name", which picks one of
    several plugins in a file. Ids are

        VST3:<class id>        32 hex digits, upper-case on output, either case on input
        LV2:<uri>
        LADSPA:<file>:<label>  <file> is a name such as amp.so, looked for in the catalogue and in LADSPA's folders, or a path

    JUCE's LV2 format unpacks files when it is made, so that happens on the first need for it. Message thread.
*/
class PluginFormats
{
public:
    PluginFormats();
    ~PluginFormats();

    /** What a file has, or why it has nothing. */
    struct Contents
    {
        std::vector<PluginInfo> plugins;
        juce::String whyNone;      ///< "is truncated: ...": a sentence without its subject; empty if there are plugins
        bool isUnreadable = false; ///< whyNone is about a file that cannot be loaded here, not one that is no plugin
    };

    /** Loads a file into this process and lists its plugins: for scanner children, and for files that the person named.

        @param fileOrUri  a VST3 bundle or a path inside one, a LADSPA .so, an LV2 bundle or a path inside one, an LV2 URI
    */
    Contents inspect (const juce::String& fileOrUri);

    /** inspect()'s plugins. Empty if the file is no plugin. */
    std::vector<PluginInfo> findPluginsIn (const juce::String& fileOrUri);

    /** Exactly one plugin, or throws host::Error: unusable when nothing readable is there, when the file holds several
        (their ids are in the message) or when the binary is not for this machine. */
    PluginInfo resolve (const juce::String& ref);

    /** Makes and prepares nothing: prepare() comes with the graph. Throws host::Error, which names the plugin: unusable when
        its file is not there or unreadable, failed when the plugin itself refuses. */
    std::unique_ptr<PluginInstance> create (const PluginInfo&, double sampleRate, int maxBlockSize);

private:
    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
