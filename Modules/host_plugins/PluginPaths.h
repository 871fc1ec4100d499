#pragma once

#include <juce_core/juce_core.h>

namespace host
{

/** Where plugins live on this machine. Any thread. */
struct PluginPaths
{
    /** The formats in the order in which they are scanned and listed. */
    static juce::StringArray getFormats();

    /** The folder of this program's file, however it was started; JUCE's own answer is wrong for a program that the shell
        found on its PATH. */
    static juce::File getProgramFolder();

    /** The program's own plugins: `plugins` beside the executable, or, installed, `audiohost/plugins` in the lib folder
        beside its bin. An invalid File if there is neither. */
    static juce::File getOwnFolder();

    /** The folders that a format's plugins are looked for in, the program's own first; only ones that exist.
        LADSPA_PATH and LV2_PATH take the place of the standard ones, as is customary. */
    static juce::Array<juce::File> getFolders (const juce::String& format);

    /** The plugin files below a folder, sorted: VST3 bundles, LADSPA's .so files, LV2 bundles. The folder may be such a
        bundle itself. Symbolic links are followed, but not in circles. */
    static juce::Array<juce::File> findPluginFiles (const juce::String& format, const juce::File& folder);

    /** Whether a path looks like a plugin file of a format, going by its name and, for LV2, its manifest. */
    static bool mightBePlugin (const juce::String& format, const juce::File&);
};

} // namespace host
