#pragma once

#include <host_graph/NodeProcessor.h>
#include <juce_gui_basics/juce_gui_basics.h>

#include <memory>
#include <vector>

namespace host
{

/** What identifies a plugin and what a list shows of it: a row of the catalogue (see `scan` and `list`). */
struct PluginInfo
{
    juce::String id; ///< catalogue id, FORMAT:<uid>
    juce::String name;
    juce::String format; ///< VST3, LV2 or LADSPA
    juce::String manufacturer;
    juce::String version;
    juce::String category;
    juce::String file; ///< a path; an LV2 plugin's URI
    bool isInstrument = false;
    int inputs = 0; ///< audio channels over all buses
    int outputs = 0;

    bool operator== (const PluginInfo&) const = default;
};

/** A bus as `describe` tells it. */
struct BusInfo
{
    bool isInput = true;
    int channels = 0;
    juce::String name;
};

/** A plugin in the graph, whichever its format and wherever it runs: the seam behind which in-process and (later)
    sandboxed plugins look the same. All of it but what NodeProcessor says otherwise is for the message thread. */
class PluginInstance : public NodeProcessor
{
public:
    bool isPlugin() const override { return true; }
    int getShortestPiece() const override { return 16; }

    virtual const PluginInfo& getInfo() const = 0;
    virtual std::vector<BusInfo> getBuses() const = 0;
    virtual juce::StringArray getPrograms() const = 0;

    /** @name Programs of getPrograms(), also while the plugin is in a published plan: it is silent for the moment */
    /**@{*/

    /** The one in use, or the last one, changed since or not; -1 if none was chosen. Cheap enough to be asked often. */
    virtual int getProgram() { return -1; }

    /** Brings the program's settings; when it returns the plugin has them, if it is prepared. Throws host::Error when the
        plugin does not come back from its block. */
    virtual void setProgram (int) {}

    /** All settings at a moment. */
    struct Snapshot
    {
        int program = -1;
        juce::MemoryBlock state;
    };

    /** With what was set up to now, if the plugin is prepared. Throws as setProgram(). */
    virtual Snapshot takeSnapshot() { return { getProgram(), getState() }; }

    /** The program first, then the state over it, for a state may tell of all settings but of the program's number. Throws
        as setProgram(). */
    virtual void restore (const Snapshot&) {}

    /**@}*/

    /** The plugin's own opaque state. Run at least one block after the last parameter change before asking. */
    virtual juce::MemoryBlock getState() = 0;

    /** Not while the plugin is in a published plan. */
    virtual void setState (const juce::MemoryBlock&) = 0;

    /** The plugin's own editor, at the size it wants; null when it has none, when editors of its format cannot be trusted
        in this process, or when there is one already. Needs a display. To be destroyed before the plugin. */
    virtual std::unique_ptr<juce::Component> createEditor() { return {}; }

    /** Whether the plugin itself, as by its editor, has changed something that a session saves since the last call. What
        the host sets does not count, nor what events do. */
    virtual bool takeEdited() { return false; }
};

} // namespace host
