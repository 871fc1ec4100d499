#pragma once

#include <juce_core/juce_core.h>

#include <memory>
#include <optional>

namespace host
{

/** What the bundles on this machine say about their LV2 plugins, read without loading any plugin. Message thread.

    JUCE's LV2 format keeps its own world to itself; this one answers what JUCE does not: which plugins a bundle has, where
    their binaries are, and which have ports that JUCE would leave unconnected.
*/
class Lv2World
{
public:
    struct Plugin
    {
        juce::String uri;
        juce::File bundle;
        juce::File binary;
        juce::String version; ///< minor.micro, or empty
        int audioInputs = 0;
        int audioOutputs = 0;
        bool needsCv = false; ///< has control-voltage ports that must be connected
        juce::StringArray
            notForAutomation; ///< symbols of input ports that say so, that are costly to change, or not to be shown
    };

    /** Reads the manifests of all bundles in LV2's folders. */
    Lv2World();

    /** Reads one bundle only. */
    explicit Lv2World (const juce::File& bundle);

    ~Lv2World();

    /** Reads a bundle from outside LV2's folders as well. */
    void addBundle (const juce::File& bundle);

    /** What is wrong with the bundle that was read last, in the parser's words; empty if nothing is. */
    juce::String getTrouble() const;

    /** Sorted by URI. */
    juce::StringArray getPluginUris() const;

    std::optional<Plugin> find (const juce::String& uri) const;

    /** Whether a text is a URI rather than a path or a catalogue id. */
    static bool isUri (const juce::String&);

private:
    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
