#include "Catalogue.h"

#include "../PluginPaths.h"
#include "../WriteFile.h"

#include <host_graph/Error.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace host
{

namespace catalogue
{
using json = nlohmann::ordered_json;

constexpr int version = 1;
constexpr const char* versionKey = "audiohostCatalogue";

static juce::String text (const json& value) { return juce::String::fromUTF8 (value.get_ref<const std::string&>().c_str()); }

static juce::String text (const json& object, const char* key)
{
    const auto found = object.find (key);
    return found != object.end() && found->is_string() ? text (*found) : juce::String();
}

/** The path that an entry stands or falls with: an LV2 plugin's `file` is its URI. */
static juce::String pathOf (const json& entry)
{
    const auto bundle = text (entry, "bundle");
    return bundle.isNotEmpty() ? bundle : text (entry, "file");
}

static bool isBelow (const juce::String& path, const juce::Array<juce::File>& roots)
{
    const juce::File file (juce::File::isAbsolutePath (path) ? juce::File (path) : juce::File());

    return std::any_of (
        roots.begin(), roots.end(), [&] (const juce::File& root)
        { return file != juce::File() && (file == root || file.isAChildOf (root) || root.isAChildOf (file)); });
}

/** Why a document is no catalogue, or empty. */
static juce::String whyNotCatalogue (const json& document)
{
    if (! document.is_object() || ! document.contains (versionKey) || ! document[versionKey].is_number_integer())
        return "it has no key " + juce::String (versionKey);

    if (document[versionKey].get<int>() > version)
        return "it is of version " + juce::String (document[versionKey].get<int>()) + ", and this program knows version "
               + juce::String (version);

    for (const auto* key : { "plugins", "failures" })
    {
        if (! document.contains (key) || ! document[key].is_array())
            return "it has no list named " + juce::String (key);

        for (const auto& entry : document[key])
        {
            if (! entry.is_object())
                return "something in its list " + juce::String (key) + " is no object";

            try
            {
                if (key == std::string_view ("plugins"))
                    Catalogue::fromJson (entry);
            }
            catch (const std::exception&)
            {
                return "an entry of its plugins lacks a key or has one of the wrong type";
            }
        }
    }

    return {};
}

/** A lock that processes take in turn; it goes with the process whatever happens to it. */
class FileLock
{
public:
    explicit FileLock (const juce::File& file)
        : descriptor (open (file.getFullPathName().toRawUTF8(), O_RDWR | O_CREAT | O_CLOEXEC, 0644))
    {
        // A folder that cannot be written to will be told about by save().
        if (descriptor >= 0)
            while (flock (descriptor, LOCK_EX) != 0 && errno == EINTR)
            {
            }
    }

    ~FileLock()
    {
        if (descriptor >= 0)
            close (descriptor);
    }

    FileLock (const FileLock&) = delete;
    FileLock& operator= (const FileLock&) = delete;

private:
    const int descriptor;
};
} // namespace catalogue

//======================================================================================================================
juce::File Catalogue::getFolder()
{
    const auto fromEnvironment = [] (const char* name)
    {
        const auto path = juce::SystemStats::getEnvironmentVariable (name, {});
        return path.isEmpty() ? juce::File() : juce::File::getCurrentWorkingDirectory().getChildFile (path);
    };

    if (const auto home = fromEnvironment ("AUDIOHOST_HOME"); home != juce::File())
        return home;

    const auto config = fromEnvironment ("XDG_CONFIG_HOME");
    return (config != juce::File() ? config : juce::File ("~/.config")).getChildFile ("AudioHost");
}

juce::File Catalogue::getFile() { return getFolder().getChildFile ("catalogue.json"); }

Catalogue::Catalogue()
    : document{ { catalogue::versionKey, catalogue::version },
                { "plugins", nlohmann::ordered_json::array() },
                { "failures", nlohmann::ordered_json::array() } }
{
}

Catalogue Catalogue::load (const juce::File& file)
{
    Catalogue result;

    if (! file.exists())
        return result;

    const auto damaged = [&] (const juce::String& why)
    {
        return Error (file.getFullPathName().toStdString(), "the catalogue cannot be read: " + why.toStdString(),
                      "move the file away and scan again, or let 'AudioHost scan' do both");
    };

    juce::MemoryBlock contents;
    juce::FileInputStream in (file);

    if (in.failedToOpen() || ! file.existsAsFile())
        throw damaged (in.failedToOpen() ? in.getStatus().getErrorMessage() : juce::String ("it is no file"));

    in.readIntoMemoryBlock (contents);

    const auto* start = static_cast<const char*> (contents.getData());
    auto parsed = nlohmann::ordered_json::parse (start, start + contents.getSize(), nullptr, false);

    if (parsed.is_discarded())
        throw damaged (contents.isEmpty() ? "it is empty" : "it is not JSON");

    const auto why = catalogue::whyNotCatalogue (parsed);

    if (why.isNotEmpty())
        throw damaged (why);

    result.document = std::move (parsed);
    return result;
}

void Catalogue::save (const juce::File& file) const
{
    if (const auto made = file.getParentDirectory().createDirectory(); made.failed())
        throw Error (file.getFullPathName().toStdString(), "cannot be written: " + made.getErrorMessage().toStdString(),
                     "check the folder, who may write there, and the free space", Error::Kind::failed);

    writeFileAtomically (file, print (document) + "\n");
}

void Catalogue::update (const juce::File& file, const std::function<void (Catalogue&)>& change, juce::String& notice)
{
    file.getParentDirectory().createDirectory();
    const catalogue::FileLock lock (file.getSiblingFile (file.getFileName() + ".lock"));

    Catalogue current;

    try
    {
        current = load (file);
    }
    catch (const Error& error)
    {
        const auto time = juce::Time::getCurrentTime().formatted ("%Y%m%d-%H%M%S");
        const auto aside = file.getSiblingFile (file.getFileName() + ".damaged-" + time).getNonexistentSibling();

        if (rename (file.getFullPathName().toRawUTF8(), aside.getFullPathName().toRawUTF8()) != 0)
            throw;

        notice = juce::String (error.what()).upToFirstOccurrenceOf ("; ", false, false) + "; it was moved to "
                 + aside.getFullPathName() + ", and a new one begun";
    }

    change (current);
    current.save (file);
}

std::vector<PluginInfo> Catalogue::getPlugins() const
{
    std::vector<PluginInfo> plugins;

    for (const auto& entry : document["plugins"])
        plugins.push_back (fromJson (entry));

    std::sort (plugins.begin(), plugins.end(), isBefore);
    return plugins;
}

std::vector<ScanFailure> Catalogue::getFailures() const
{
    using catalogue::text;
    std::vector<ScanFailure> failures;

    for (const auto& entry : document["failures"])
        failures.push_back (
            { text (entry, "format"), text (entry, "file"), text (entry, "reason"), text (entry, "detail") });

    const auto formats = PluginPaths::getFormats();
    const auto key = [&] (const ScanFailure& f) { return std::tuple (formats.indexOf (f.format), f.file, f.detail); };
    std::sort (failures.begin(), failures.end(), [&] (const auto& a, const auto& b) { return key (a) < key (b); });
    return failures;
}

std::optional<PluginInfo> Catalogue::find (const juce::String& id) const
{
    std::optional<PluginInfo> found;

    for (const auto& entry : document["plugins"])
    {
        const auto theirs = catalogue::text (entry, "id");

        if (theirs != id && ! (id.startsWith ("VST3:") && theirs.equalsIgnoreCase (id)))
            continue;

        const auto path = catalogue::pathOf (entry);

        if (juce::File::isAbsolutePath (path) && juce::File (path).exists())
            return fromJson (entry);

        if (! found)
            found = fromJson (entry);
    }

    return found;
}

juce::File Catalogue::getBundle (const juce::String& lv2Uri) const
{
    for (const auto& entry : document["plugins"])
        if (catalogue::text (entry, "format") == "LV2" && catalogue::text (entry, "file") == lv2Uri)
            if (const auto path = catalogue::text (entry, "bundle"); juce::File::isAbsolutePath (path))
                return juce::File (path);

    return {};
}

void Catalogue::merge (const std::vector<ScannedFile>& results, const juce::StringArray& formats,
                       const juce::Array<juce::File>& roots, const juce::StringArray& seen)
{
    const auto isScannedNow = [&] (const nlohmann::ordered_json& entry)
    {
        return std::any_of (
            results.begin(), results.end(), [&] (const ScannedFile& r)
            { return r.format == catalogue::text (entry, "format") && r.file == catalogue::pathOf (entry); });
    };

    const auto hasVanished = [&] (const nlohmann::ordered_json& entry)
    {
        const auto path = catalogue::pathOf (entry);
        return formats.contains (catalogue::text (entry, "format")) && catalogue::isBelow (path, roots)
               && ! seen.contains (path);
    };

    auto oldPlugins = nlohmann::ordered_json::array();
    oldPlugins.swap (document["plugins"]);
    auto replaced = nlohmann::ordered_json::array();

    for (auto& entry : oldPlugins)
    {
        if (isScannedNow (entry))
            replaced.push_back (std::move (entry));
        else if (! hasVanished (entry))
            document["plugins"].push_back (std::move (entry));
    }

    auto oldFailures = nlohmann::ordered_json::array();
    oldFailures.swap (document["failures"]);

    for (auto& entry : oldFailures)
        if (! isScannedNow (entry) && ! hasVanished (entry))
            document["failures"].push_back (std::move (entry));

    for (const auto& result : results)
    {
        for (const auto& plugin : result.plugins)
        {
            auto entry = nlohmann::ordered_json::object();

            // What others have noted about the same plugin stays.
            for (auto& old : replaced)
                if (catalogue::text (old, "id") == plugin.id && catalogue::pathOf (old) == result.file)
                    entry = old;

            const auto present = toJson (plugin);

            for (const auto& [key, value] : present.items())
                entry[key] = value;

            if (result.file != plugin.file)
                entry["bundle"] = result.file.toStdString();

            document["plugins"].push_back (std::move (entry));
        }

        for (const auto& failure : result.failures)
            document["failures"].push_back ({ { "file", failure.file.toStdString() },
                                              { "reason", failure.reason.toStdString() },
                                              { "detail", failure.detail.toStdString() },
                                              { "format", failure.format.toStdString() } });
    }
}

nlohmann::ordered_json Catalogue::toJson (const PluginInfo& info)
{
    return { { "id", info.id.toStdString() },
             { "name", info.name.toStdString() },
             { "format", info.format.toStdString() },
             { "manufacturer", info.manufacturer.toStdString() },
             { "version", info.version.toStdString() },
             { "category", info.category.toStdString() },
             { "file", info.file.toStdString() },
             { "isInstrument", info.isInstrument },
             { "inputs", info.inputs },
             { "outputs", info.outputs } };
}

nlohmann::ordered_json Catalogue::toJson (const std::vector<PluginInfo>& plugins, const std::vector<ScanFailure>& failures)
{
    auto pluginList = nlohmann::ordered_json::array();
    auto failureList = nlohmann::ordered_json::array();

    for (const auto& plugin : plugins)
        pluginList.push_back (toJson (plugin));

    for (const auto& failure : failures)
        failureList.push_back ({ { "file", failure.file.toStdString() },
                                 { "reason", failure.reason.toStdString() },
                                 { "detail", failure.detail.toStdString() } });

    return { { "plugins", pluginList }, { "failures", failureList } };
}

PluginInfo Catalogue::fromJson (const nlohmann::ordered_json& entry)
{
    PluginInfo info;
    info.id = catalogue::text (entry.at ("id"));
    info.name = catalogue::text (entry.at ("name"));
    info.format = catalogue::text (entry.at ("format"));
    info.manufacturer = catalogue::text (entry.at ("manufacturer"));
    info.version = catalogue::text (entry.at ("version"));
    info.category = catalogue::text (entry.at ("category"));
    info.file = catalogue::text (entry.at ("file"));
    info.isInstrument = entry.at ("isInstrument").get<bool>();
    info.inputs = entry.at ("inputs").get<int>();
    info.outputs = entry.at ("outputs").get<int>();
    return info;
}

std::string Catalogue::print (const nlohmann::ordered_json& value, int indent)
{
    return value.dump (indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool Catalogue::isBefore (const PluginInfo& a, const PluginInfo& b)
{
    const auto formats = PluginPaths::getFormats();

    if (a.format != b.format)
        return formats.indexOf (a.format) < formats.indexOf (b.format);

    if (const auto order = a.name.compareNatural (b.name); order != 0)
        return order < 0;

    return std::tie (a.id, a.file) < std::tie (b.id, b.file);
}

} // namespace host
