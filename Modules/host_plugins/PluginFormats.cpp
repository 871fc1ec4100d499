#include "PluginFormats.h"

#include "ErrorOutputCapture.h"
#include "JucePluginInstance.h"
#include "LadspaPlugin.h"
#include "Lv2World.h"
#include "PluginPaths.h"
#include "catalogue/Catalogue.h"
#include "Vst3Bundle.h"

#include <host_graph/Error.h>

#include <cstdlib>
#include <map>

namespace host
{

namespace
{
/** The LV2 bundle that a path is, or lies in at its first level; an invalid File if there is none. */
juce::File findLv2BundleOf (const juce::File& file)
{
    for (const auto& candidate : { file, file.getParentDirectory() })
        if (candidate.getChildFile ("manifest.ttl").existsAsFile())
            return candidate;

    return {};
}

juce::String listIds (const std::vector<PluginInfo>& plugins)
{
    juce::StringArray lines;

    for (const auto& plugin : plugins)
        lines.add ("\n  " + plugin.id + "  " + plugin.name);

    return lines.joinIntoString ({});
}

PluginInfo toInfo (const juce::PluginDescription& description, const juce::String& id)
{
    PluginInfo info;
    info.id = id;
    info.name = description.name;
    info.format = description.pluginFormatName;
    info.manufacturer = description.manufacturerName;
    info.version = description.version;
    info.category = description.category;
    info.file = description.fileOrIdentifier;
    info.isInstrument = description.isInstrument;

    // A VST3 class that names no subcategory: JUCE shows the name of VST3's kind of class in its place.
    if (info.category == "Audio Module Class")
        info.category = "Fx";

    info.inputs = description.numInputChannels;
    info.outputs = description.numOutputChannels;
    return info;
}

[[noreturn]] void fail (const juce::String& what, const juce::String& why, const juce::String& whatToDo,
                        Error::Kind kind = Error::Kind::unusable)
{
    throw Error (what.toStdString(), why.toStdString(), whatToDo.toStdString(), kind);
}
} // namespace

struct PluginFormats::Pimpl
{
    //==================================================================================================================
    /** The library of a bundle, loaded once and for good: JUCE keeps its modules too. */
    std::shared_ptr<SharedLibrary> loadVst3 (const juce::File& bundle, juce::String& whyNot)
    {
        whyNot = Vst3Bundle::whyNotLoadable (bundle);

        if (whyNot.isNotEmpty())
            return {};

        const auto path = bundle.getFullPathName();
        const auto known = vst3Libraries.find (path);

        if (known != vst3Libraries.end())
            return known->second;

        auto library = SharedLibrary::load (Vst3Bundle::getBinaryOf (bundle), whyNot);

        if (library == nullptr)
            whyNot = "its binary " + whyNot;
        else
            vst3Libraries[path] = library;

        return library;
    }

    Contents inspectVst3 (const juce::File& bundle)
    {
        Contents contents;
        const auto library = loadVst3 (bundle, contents.whyNone);

        if (library == nullptr)
        {
            // A folder without a binary for us is a plugin elsewhere; one without Contents is none anywhere.
            contents.isUnreadable = ! bundle.isDirectory() || bundle.getChildFile ("Contents").isDirectory();
            return contents;
        }

        if (library->getFunction<void (*)()> ("GetPluginFactory") == nullptr)
        {
            contents.whyNone = "is no VST3 plugin: its binary lacks the function GetPluginFactory";
            return contents;
        }

        juce::OwnedArray<juce::PluginDescription> descriptions;
        vst3.findAllTypesForFile (descriptions, bundle.getFullPathName());
        const auto classes = Vst3Bundle::readClasses (*library);

        for (const auto* description : descriptions)
            for (const auto& c : classes)
                if (c.name == description->name && Vst3Bundle::getJuceHash (c.id) == description->uniqueId)
                {
                    contents.plugins.push_back (toInfo (*description, "VST3:" + c.id));
                    break;
                }

        if (contents.plugins.empty())
            contents.whyNone =
                classes.empty() ? "has no audio plugin in its factory" : "has plugins, but none that can be started";

        return contents;
    }

    //==================================================================================================================
    Lv2World& getLv2World()
    {
        if (lv2World == nullptr)
            lv2World = std::make_unique<Lv2World>();

        return *lv2World;
    }

    juce::LV2PluginFormat& getLv2()
    {
        if (lv2 == nullptr)
        {
            const ErrorOutputCapture capture; // of bundles that were asked about, Lv2World tells what is wrong
            lv2 = std::make_unique<juce::LV2PluginFormat>();

            // JUCE reads the standard folders alone; ours may be more, or others. Asking again, even for none, also makes it
            // look at the classes of LV2's own bundles, which it unpacks too late: without them it knows no instruments.
            juce::Array<juce::File> bundles;
            const auto standard = lv2->getDefaultLocationsToSearch();

            for (const auto& folder : PluginPaths::getFolders ("LV2"))
            {
                auto isStandard = false;

                for (int i = 0; i < standard.getNumPaths(); ++i)
                    isStandard = isStandard || standard[i] == folder;

                if (! isStandard)
                    bundles.addArray (PluginPaths::findPluginFiles ("LV2", folder));
            }

            showToJuce (bundles);
        }

        return *lv2;
    }

    /** JUCE can only be told of folders of bundles, and reports everything else in such a folder as an error on stderr. So
        it gets a folder of links to the bundles that are meant. */
    void showToJuce (const juce::Array<juce::File>& bundles)
    {
        if (linkFolder == juce::File())
        {
            auto pattern = juce::File::getSpecialLocation (juce::File::tempDirectory)
                               .getChildFile ("audiohost-lv2-XXXXXX")
                               .getFullPathName()
                               .toStdString();

            if (mkdtemp (pattern.data()) == nullptr)
                fail (juce::String (pattern), "the folder cannot be made", "free some space there, or set TMPDIR",
                      Error::Kind::failed);

            linkFolder = juce::File (juce::String (pattern));
        }

        // Each time another folder, so that no bundle is read twice.
        const auto folder = linkFolder.getChildFile (juce::String (++numLinkFolders));
        folder.createDirectory();

        for (int i = 0; i < bundles.size(); ++i)
            bundles[i].createSymbolicLink (folder.getChildFile (juce::String (i) + "-" + bundles[i].getFileName()), true);

        juce::FileSearchPath path;
        path.add (folder);
        const ErrorOutputCapture capture;
        lv2->searchPathsForPlugins (path, false, false);
    }

    void addLv2Bundle (const juce::File& bundle)
    {
        getLv2World().addBundle (bundle);
        getLv2();
        showToJuce ({ bundle });
    }

    ~Pimpl()
    {
        lv2.reset();

        if (linkFolder != juce::File())
            linkFolder.deleteRecursively (false);
    }

    /** Why a plugin that a bundle names cannot be hosted, or empty. */
    static juce::String whyLv2NotLoadable (const Lv2World::Plugin& plugin)
    {
        if (plugin.binary == juce::File())
            return "its bundle " + plugin.bundle.getFullPathName() + " names no binary";

        const auto why = whyBinaryCannotLoad (plugin.binary);

        if (why.isNotEmpty())
            return "its binary " + plugin.binary.getFullPathName() + " " + why;

        return plugin.needsCv ? juce::String ("it has control-voltage ports, which this program cannot connect yet")
                              : juce::String();
    }

    std::optional<PluginInfo> describeLv2 (const juce::String& uri)
    {
        const auto plugin = getLv2World().find (uri);
        juce::OwnedArray<juce::PluginDescription> descriptions;
        getLv2().findAllTypesForFile (descriptions, uri);

        if (! plugin || descriptions.isEmpty())
            return {};

        auto info = toInfo (*descriptions.getFirst(), "LV2:" + uri);
        info.version = plugin->version;
        return info;
    }

    Contents inspectLv2Bundle (const juce::File& bundle)
    {
        Contents contents;
        const Lv2World world (bundle);
        const auto uris = world.getPluginUris();

        if (uris.isEmpty())
        {
            contents.isUnreadable = world.getTrouble().isNotEmpty();
            contents.whyNone = contents.isUnreadable ? "has a manifest that cannot be read (" + world.getTrouble() + ")"
                                                     : juce::String ("has no LV2 plugins: its manifest names none");
            return contents;
        }

        if (! getLv2World().find (uris[0]))
            addLv2Bundle (bundle);

        for (const auto& uri : uris)
            if (const auto info = describeLv2 (uri))
                contents.plugins.push_back (*info);

        if (contents.plugins.empty())
        {
            contents.whyNone = "has LV2 plugins in its manifest, but none that is fully described";
            contents.isUnreadable = true;
        }

        return contents;
    }

    //==================================================================================================================
    Contents inspectFile (const juce::File& file)
    {
        Contents contents;

        if (! file.exists())
        {
            contents.whyNone = "does not exist";
            contents.isUnreadable = true;
            return contents;
        }

        if (const auto bundle = Vst3Bundle::findBundleOf (file); bundle != juce::File())
            return inspectVst3 (bundle);

        if (const auto bundle = findLv2BundleOf (file); bundle != juce::File())
            return inspectLv2Bundle (bundle);

        if (file.isDirectory())
        {
            contents.whyNone = "is a folder, and neither a VST3 nor an LV2 bundle";
            return contents;
        }

        if (! file.hasFileExtension (".so"))
        {
            contents.whyNone =
                "is no plugin: a VST3 bundle ends in .vst3, a LADSPA file in .so, and an LV2 bundle has a manifest.ttl";
            return contents;
        }

        contents.plugins = LadspaPlugin::findIn (file, contents.whyNone);
        contents.isUnreadable = contents.plugins.empty() && ! contents.whyNone.contains ("has no LADSPA plugins");
        return contents;
    }

    //==================================================================================================================
    /** The catalogue as it is now. One that is damaged is told about only if nothing else helps.

        @param trouble  receives what is wrong with it
    */
    static Catalogue readCatalogue (juce::String& trouble)
    {
        try
        {
            return Catalogue::load (Catalogue::getFile());
        }
        catch (const Error& error)
        {
            trouble = juce::String (error.what()).upToFirstOccurrenceOf ("; ", false, false);
            return {};
        }
    }

    /** Makes an LV2 plugin known that was scanned outside LV2's folders. */
    void findBundleOf (const juce::String& uri)
    {
        juce::String trouble;

        if (getLv2World().find (uri))
            return;

        if (const auto bundle = readCatalogue (trouble).getBundle (uri); bundle.isDirectory())
            addLv2Bundle (bundle);
    }

    PluginInfo resolveUri (const juce::String& uri)
    {
        findBundleOf (uri);

        if (const auto info = describeLv2 (uri))
            return *info;

        juce::StringArray folders;

        for (const auto& folder : PluginPaths::getFolders ("LV2"))
            folders.add (folder.getFullPathName());

        fail (uri, "no LV2 bundle on this machine has this plugin (searched " + folders.joinIntoString (", ") + ")",
              "install it, set LV2_PATH, or check the URI with 'AudioHost scan --format LV2'");
    }

    PluginInfo resolveVst3Id (const juce::String& ref, const juce::String& uid)
    {
        if (uid.length() != 32 || ! uid.containsOnly ("0123456789ABCDEFabcdef"))
            fail (ref, "this is no VST3 class id", "give 32 hex digits, as 'AudioHost list' shows them");

        const auto id = "VST3:" + uid.toUpperCase();
        juce::String trouble;

        if (const auto known = readCatalogue (trouble).find (id); known && juce::File (known->file).exists())
            return *known;

        if (const auto own = PluginPaths::getOwnFolder(); own.isDirectory())
            for (const auto& bundle : PluginPaths::findPluginFiles ("VST3", own))
                for (const auto& plugin : inspectVst3 (bundle).plugins)
                    if (plugin.id == id)
                        return plugin;

        fail (ref,
              trouble.isNotEmpty() ? trouble
                                   : juce::String ("neither the catalogue nor the program's own folder has such a plugin"),
              "scan the folder it is in with 'AudioHost scan [PATH]', or give its path");
    }

    PluginInfo resolveLadspaId (const juce::String& ref)
    {
        const auto parts = LadspaPlugin::splitId (ref);

        if (! parts)
            fail (ref, "this is no LADSPA id", "write LADSPA:<file>:<label>, as 'AudioHost list' shows it");

        juce::String trouble;

        if (const auto known = readCatalogue (trouble).find (ref); known && juce::File (known->file).exists())
            return *known;

        juce::Array<juce::File> candidates;

        if (juce::File::isAbsolutePath (parts->first))
            candidates.add (juce::File (parts->first));
        else
            for (const auto& folder : PluginPaths::getFolders ("LADSPA"))
                candidates.add (folder.getChildFile (parts->first));

        auto why = "no folder of LADSPA plugins has the file " + parts->first
                   + (trouble.isNotEmpty() ? " (and " + trouble + ")" : juce::String());

        for (const auto& file : candidates)
        {
            if (! file.exists())
                continue;

            const auto contents = inspectFile (file);

            for (const auto& plugin : contents.plugins)
                if (plugin.id.endsWith (":" + parts->second))
                    return plugin;

            why = "the file " + file.getFullPathName()
                  + (contents.plugins.empty() ? " " + contents.whyNone : " has no plugin labelled " + parts->second);
        }

        fail (ref, why, "install it, set LADSPA_PATH, or see what there is with 'AudioHost scan --format LADSPA'");
    }

    PluginInfo resolvePath (const juce::String& ref)
    {
        const auto folder = juce::File::getCurrentWorkingDirectory();
        auto file = folder.getChildFile (ref);
        juce::String name;

        if (! file.exists() && ref.containsChar ('#'))
        {
            file = folder.getChildFile (ref.upToLastOccurrenceOf ("#", false, false));
            name = ref.fromLastOccurrenceOf ("#", false, false);
        }

        const auto path = file.getFullPathName();
        const auto contents = inspectFile (file);

        if (contents.plugins.empty())
            fail (path, contents.whyNone,
                  file.exists() ? "give the path of a plugin that this machine can load" : "check the path");

        if (name.isEmpty())
        {
            if (contents.plugins.size() > 1)
                fail (path, "the file has " + juce::String (static_cast<int> (contents.plugins.size())) + " plugins",
                      "pick one by its id, or as FILE#name:" + listIds (contents.plugins));

            return contents.plugins.front();
        }

        for (const auto ignoreCase : { false, true })
            for (const auto& plugin : contents.plugins)
            {
                const auto uid = plugin.format == "LADSPA" ? plugin.id.fromLastOccurrenceOf (":", false, false)
                                                           : plugin.id.fromFirstOccurrenceOf (":", false, false);

                if (plugin.name.equalsIgnoreCase (name) || uid.equalsIgnoreCase (name))
                    if (ignoreCase || plugin.name == name || uid == name)
                        return plugin;
            }

        fail (path, "the file has no plugin named " + name, "pick one of these:" + listIds (contents.plugins));
    }

    //==================================================================================================================
    juce::VST3PluginFormat vst3;
    std::unique_ptr<juce::LV2PluginFormat> lv2;
    std::unique_ptr<Lv2World> lv2World;
    juce::File linkFolder;
    int numLinkFolders = 0;
    std::map<juce::String, std::shared_ptr<SharedLibrary>> vst3Libraries;
};

PluginFormats::PluginFormats() : pimpl (std::make_unique<Pimpl>()) {}
PluginFormats::~PluginFormats() = default;

PluginFormats::Contents PluginFormats::inspect (const juce::String& fileOrUri)
{
    if (Lv2World::isUri (fileOrUri))
    {
        Contents contents;

        if (const auto info = pimpl->describeLv2 (fileOrUri))
            contents.plugins.push_back (*info);
        else
            contents.whyNone = "is an LV2 plugin that no bundle on this machine has";

        return contents;
    }

    return pimpl->inspectFile (juce::File::getCurrentWorkingDirectory().getChildFile (fileOrUri));
}

std::vector<PluginInfo> PluginFormats::findPluginsIn (const juce::String& fileOrUri) { return inspect (fileOrUri).plugins; }

PluginInfo PluginFormats::resolve (const juce::String& ref)
{
    const auto format = ref.upToFirstOccurrenceOf (":", false, false).toUpperCase();
    const auto uid = ref.fromFirstOccurrenceOf (":", false, false);
    const auto id = format + ":" + uid;

    if (ref.trim().isEmpty())
        fail ("plugin", "the name is empty", "give a path, an LV2 URI or a catalogue id");

    if (format == "VST3" && uid.isNotEmpty())
        return pimpl->resolveVst3Id (id, uid);

    if (format == "LADSPA" && uid.isNotEmpty())
        return pimpl->resolveLadspaId (id);

    if (format == "LV2" && uid.isNotEmpty())
        return pimpl->resolveUri (uid);

    if (Lv2World::isUri (ref) && ! juce::File::getCurrentWorkingDirectory().getChildFile (ref).exists())
        return pimpl->resolveUri (ref);

    return pimpl->resolvePath (ref);
}

std::unique_ptr<PluginInstance> PluginFormats::create (const PluginInfo& info, double sampleRate, int maxBlockSize)
{
    const auto name = (info.name.isNotEmpty() ? info.name + " (" + info.id + ")" : info.id);

    if (info.format == "LADSPA")
        return LadspaPlugin::create (info, sampleRate, maxBlockSize);

    juce::AudioPluginFormat* format = nullptr;
    std::optional<Lv2World::Plugin> lv2;
    juce::PluginDescription description;
    description.name = info.name;
    description.pluginFormatName = info.format;
    description.fileOrIdentifier = info.file;

    if (info.format == "VST3")
    {
        juce::String whyNot;
        const juce::File bundle (info.file);

        if (pimpl->loadVst3 (bundle, whyNot) == nullptr)
            fail (name, (bundle.exists() ? info.file + " " + whyNot : info.file + " does not exist"),
                  "reinstall the plugin, or scan again");

        format = &pimpl->vst3;
        description.uniqueId = Vst3Bundle::getJuceHash (info.id.fromFirstOccurrenceOf (":", false, false));
    }
    else if (info.format == "LV2")
    {
        pimpl->findBundleOf (info.file);
        lv2 = pimpl->getLv2World().find (info.file);

        if (! lv2)
            fail (name, "no LV2 bundle on this machine has this plugin", "install it, or set LV2_PATH");

        const auto whyNot = Pimpl::whyLv2NotLoadable (*lv2);

        if (whyNot.isNotEmpty())
            fail (name, whyNot, "reinstall the plugin, or use another");

        format = &pimpl->getLv2();
    }
    else
    {
        fail (name, "this build knows no plugin format named " + info.format, "use a VST3, LV2 or LADSPA plugin");
    }

    juce::String error;
    auto instance = format->createInstanceFromDescription (description, sampleRate, maxBlockSize, error);

    if (instance == nullptr)
        fail (name, "the plugin cannot be made (" + error + ")", "try it in another host, or use another plugin",
              Error::Kind::failed);

    auto result = std::make_unique<JucePluginInstance> (info, std::move (instance));

    // JUCE takes two ports outside any group that have the same designation for one channel, and leaves all ports of such a
    // plugin unconnected, so that its first block would be its last.
    if (lv2 && (result->getPorts().audioInputs != lv2->audioInputs || result->getPorts().audioOutputs != lv2->audioOutputs))
        fail (name,
              "its audio ports cannot all be connected: JUCE finds " + juce::String (result->getPorts().audioInputs)
                  + " in, " + juce::String (result->getPorts().audioOutputs) + " out, where its bundle has "
                  + juce::String (lv2->audioInputs) + " in, " + juce::String (lv2->audioOutputs) + " out",
              "use another plugin", Error::Kind::failed);

    if (lv2)
    {
        auto ids = lv2->notForAutomation;

        for (auto& id : ids)
            id = "sym:" + id; // as JUCE makes them

        result->exemptFromAutomation (ids);
    }

    return result;
}

} // namespace host
