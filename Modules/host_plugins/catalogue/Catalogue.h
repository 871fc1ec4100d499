#pragma once

#include "../PluginInstance.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace host
{

/** A file, or a plugin in one, that a scan could not use. */
struct ScanFailure
{
    juce::String format;
    juce::String file;   ///< a path; an LV2 plugin's bundle
    juce::String reason; ///< crashed, timed-out, no-plugin or unreadable
    juce::String detail; ///< the signal, the loader's words, or which plugin of the file it was

    bool operator== (const ScanFailure&) const = default;
};

/** What a scan learned about one file. */
struct ScannedFile
{
    juce::String format;
    juce::String file; ///< the path that was scanned: for LV2 the bundle
    std::vector<PluginInfo> plugins;
    std::vector<ScanFailure> failures;
};

/** What scans have learned about this machine's plugins: a JSON file in the program's folder.

    Keys that this version does not know survive being loaded, merged and saved. Any thread, one at a time.
*/
class Catalogue
{
public:
    /** $AUDIOHOST_HOME, else $XDG_CONFIG_HOME/AudioHost, else ~/.config/AudioHost. */
    static juce::File getFolder();

    /** catalogue.json in that folder. */
    static juce::File getFile();

    /** An empty one. */
    Catalogue();

    /** Empty if there is no such file. Throws host::Error (unusable), which names the file, if it is not a catalogue. */
    static Catalogue load (const juce::File&);

    /** Writes a file aside, syncs it and renames it into place. Throws host::Error (failed). */
    void save (const juce::File&) const;

    /** Loads, changes and saves the catalogue while no other process does. A damaged one is moved aside first, never
        overwritten; the notice then says so.

        @param notice  receives a line for the person, or nothing
    */
    static void update (const juce::File&, const std::function<void (Catalogue&)>& change, juce::String& notice);

    /** Sorted by format, name, id and file. */
    std::vector<PluginInfo> getPlugins() const;

    /** Sorted by format and file. */
    std::vector<ScanFailure> getFailures() const;

    /** The plugin of an id. If several files have it, one that still exists; nullopt if none has it. The case of a VST3
        class id does not matter. */
    std::optional<PluginInfo> find (const juce::String& id) const;

    /** The bundle of an LV2 plugin, as it was when it was scanned; an invalid File if that is not known. */
    juce::File getBundle (const juce::String& lv2Uri) const;

    /** Puts what a scan found in place of what was known about the same files, and forgets files of the formats that lie
        below the roots but are not among those that the scan saw.

        @param seen   every file that the scan saw, whether it got to it or not
        @param roots  the files and folders that were scanned
    */
    void merge (const std::vector<ScannedFile>& results, const juce::StringArray& formats,
                const juce::Array<juce::File>& roots, const juce::StringArray& seen);

    /** As the contract has it: what `scan --json` and `list --json` print. */
    static nlohmann::ordered_json toJson (const std::vector<PluginInfo>&, const std::vector<ScanFailure>&);

    static nlohmann::ordered_json toJson (const PluginInfo&);

    /** Throws std::exception if a key is missing or of another type. */
    static PluginInfo fromJson (const nlohmann::ordered_json&);

    /** The text of a JSON document: characters that are no UTF-8 (plugins have such names) are replaced. */
    static std::string print (const nlohmann::ordered_json&, int indent = 2);

    /** The order of lists: by format, name, id and file. */
    static bool isBefore (const PluginInfo&, const PluginInfo&);

private:
    nlohmann::ordered_json document;
};

} // namespace host
