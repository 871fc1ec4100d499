#include "PluginPaths.h"

#include "Vst3Bundle.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace host
{

namespace
{
juce::StringArray fromEnvironment (const char* name, juce::StringArray standard)
{
    const auto value = juce::SystemStats::getEnvironmentVariable (name, {});
    return value.isEmpty() ? std::move (standard) : juce::StringArray::fromTokens (value, ":", "");
}

juce::String getMultiarchFolder()
{
    // Debian's name for this machine, as in /usr/lib/x86_64-linux-gnu.
    return Vst3Bundle::getArchitectureFolder() + "-gnu";
}

/** The insides of other formats' bundles are not searched: what is a .so there is no LADSPA file. */
bool isBundleOfAnother (const juce::String& format, const juce::File& folder)
{
    return (format != "VST3" && PluginPaths::mightBePlugin ("VST3", folder))
           || (format != "LV2" && PluginPaths::mightBePlugin ("LV2", folder));
}

void findBelow (const juce::String& format, const juce::File& folder, std::set<juce::String>& visited,
                juce::Array<juce::File>& results, int depth)
{
    constexpr int deepest = 12;

    // A folder reached twice, through a link, is searched once.
    auto* resolved = realpath (folder.getFullPathName().toRawUTF8(), nullptr);
    const auto real = juce::String::fromUTF8 (resolved != nullptr ? resolved : "");
    std::free (resolved);

    if (real.isEmpty() || depth > deepest || ! visited.insert (real).second)
        return;

    for (const auto& entry : juce::RangedDirectoryIterator (folder, false, "*", juce::File::findFilesAndDirectories))
    {
        const auto file = entry.getFile();

        if (PluginPaths::mightBePlugin (format, file))
            results.add (file);
        else if (file.isDirectory() && ! isBundleOfAnother (format, file))
            findBelow (format, file, visited, results, depth + 1);
    }
}
} // namespace

juce::StringArray PluginPaths::getFormats() { return { "VST3", "LV2", "LADSPA" }; }

juce::File PluginPaths::getProgramFolder() { return juce::File ("/proc/self/exe").getLinkedTarget().getParentDirectory(); }

juce::File PluginPaths::getOwnFolder()
{
    const auto folder = getProgramFolder();
    const auto beside = folder.getChildFile ("plugins");

    if (beside.isDirectory())
        return beside;

    const auto prefix = folder.getParentDirectory();

    for (const auto* lib : { "lib", "lib64" })
        if (const auto installed = prefix.getChildFile (lib).getChildFile ("audiohost/plugins"); installed.isDirectory())
            return installed;

    const auto multiarch =
        prefix.getChildFile ("lib").getChildFile (getMultiarchFolder()).getChildFile ("audiohost/plugins");
    return multiarch.isDirectory() ? multiarch : juce::File();
}

juce::Array<juce::File> PluginPaths::getFolders (const juce::String& format)
{
    const auto multiarch = "/usr/lib/" + getMultiarchFolder();
    juce::StringArray names;

    if (format == "VST3")
        names = { "~/.vst3", "/usr/local/lib/vst3", "/usr/lib/vst3", multiarch + "/vst3" };
    else if (format == "LADSPA")
        names = fromEnvironment ("LADSPA_PATH",
                                 { "~/.ladspa", "/usr/local/lib/ladspa", "/usr/lib/ladspa", multiarch + "/ladspa" });
    else if (format == "LV2")
        names = fromEnvironment ("LV2_PATH", { "~/.lv2", "/usr/local/lib/lv2", "/usr/lib/lv2", multiarch + "/lv2" });

    juce::Array<juce::File> folders;

    if (const auto own = getOwnFolder(); own.isDirectory())
        folders.add (own);

    for (const auto& name : names)
    {
        if (name.trim().isEmpty())
            continue;

        const auto folder = juce::File::getCurrentWorkingDirectory().getChildFile (name.trim());

        if (folder.isDirectory())
            folders.addIfNotAlreadyThere (folder);
    }

    return folders;
}

bool PluginPaths::mightBePlugin (const juce::String& format, const juce::File& file)
{
    if (format == "VST3")
        return Vst3Bundle::isBundleName (file);

    if (format == "LADSPA")
        return file.hasFileExtension (".so") && file.existsAsFile();

    return format == "LV2" && file.getChildFile ("manifest.ttl").existsAsFile();
}

juce::Array<juce::File> PluginPaths::findPluginFiles (const juce::String& format, const juce::File& folder)
{
    juce::Array<juce::File> results;
    std::set<juce::String> visited;

    if (mightBePlugin (format, folder))
        results.add (folder);
    else if (! isBundleOfAnother (format, folder))
        findBelow (format, folder, visited, results, 0);

    std::sort (results.begin(), results.end());
    return results;
}

} // namespace host
