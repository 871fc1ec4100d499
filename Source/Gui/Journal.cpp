#include "Journal.h"

#include <algorithm>

#include <unistd.h>

namespace gui
{

namespace
{
using Json = host::Session::Json;

constexpr const char* extension = ".autosave";
constexpr const char* untitled = "untitled-";

/** When the process began, in the machine's own count since it was switched on; empty if there is no such process. */
std::string findStart (long long pid)
{
    const auto status = juce::File ("/proc/" + juce::String (pid) + "/stat").loadFileAsString();

    // The second field is the program's name in brackets, and may hold anything. The start is the 22nd.
    const auto fields = juce::StringArray::fromTokens (status.fromLastOccurrenceOf (")", false, false).trim(), false);
    return fields.size() > 19 ? fields[19].toStdString() : std::string();
}

const std::string& getOwnStart()
{
    static const auto start = findStart (::getpid());
    return start;
}

/** Another one each time that the machine is switched on. */
std::string readBootId() { return juce::File ("/proc/sys/kernel/random/boot_id").loadFileAsString().trim().toStdString(); }

/** What the journal says of who writes it; null for what is no journal. */
Json readOwner (const juce::File& file)
{
    try
    {
        const auto document = Json::parse (host::Session::readFile (file));
        return document.is_object() ? document.value (Journal::ownerKey, Json()) : Json();
    }
    catch (const std::exception&)
    {
        return {};
    }
}

bool isRunning (const Json& owner)
{
    const auto isKnown = owner.is_object() && owner.contains ("pid") && owner["pid"].is_number_integer();
    return isKnown && owner.value ("boot", Json()) == readBootId()
           && owner.value ("started", Json()) == findStart (owner["pid"].get<long long>());
}

bool isAbandoned (const juce::File& journal)
{
    const auto owner = readOwner (journal);
    return owner.is_object() && ! isRunning (owner);
}

std::vector<juce::File> sortByAge (std::vector<juce::File> files)
{
    std::sort (files.begin(), files.end(), [] (const juce::File& a, const juce::File& b)
               { return a.getLastModificationTime() > b.getLastModificationTime(); });
    return files;
}
} // namespace

juce::File Journal::getPlace (const juce::File& session, const juce::File& folder)
{
    if (session != juce::File())
        return session.getSiblingFile ("." + session.getFileName() + extension);

    return folder.getChildFile (untitled + juce::String (::getpid()) + "-" + juce::String (getOwnStart()) + ".audiohost"
                                + extension);
}

juce::File Journal::getFreePlace (const juce::File& place)
{
    const auto owner = place.existsAsFile() ? readOwner (place) : Json();

    if (! isRunning (owner) || owner == describeOwner())
        return place;

    return place.getSiblingFile (place.getFileNameWithoutExtension() + "." + juce::String (::getpid()) + extension);
}

Json Journal::describeOwner()
{
    static const auto boot = readBootId();
    return { { "pid", ::getpid() }, { "started", getOwnStart() }, { "boot", boot } };
}

std::vector<juce::File> Journal::findAbandoned (const juce::File& session)
{
    std::vector<juce::File> found;
    const auto begin = "." + session.getFileName();

    for (const auto& entry : juce::RangedDirectoryIterator (session.getParentDirectory(), false,
                                                            juce::String ("*") + extension, juce::File::findFiles))
    {
        const auto file = entry.getFile();
        const auto name = file.getFileNameWithoutExtension();
        const auto rest = name.substring (begin.length());

        if (! name.startsWith (begin)
            || ! (rest.isEmpty() || (rest.startsWithChar ('.') && rest.substring (1).containsOnly ("0123456789"))))
            continue;

        const auto isNewer = ! session.existsAsFile() || file.getLastModificationTime() >= session.getLastModificationTime();

        if (isNewer && isAbandoned (file))
            found.push_back (file);
    }

    return sortByAge (std::move (found));
}

std::vector<juce::File> Journal::findAbandonedInFolder (const juce::File& folder)
{
    std::vector<juce::File> found;

    for (const auto& entry :
         juce::RangedDirectoryIterator (folder, false, juce::String (untitled) + "*" + extension, juce::File::findFiles))
        if (isAbandoned (entry.getFile()))
            found.push_back (entry.getFile());

    return sortByAge (std::move (found));
}

host::Session Journal::load (const juce::File& journal)
{
    auto session = host::Session::parse (host::Session::readFile (journal), journal);
    session.document.erase (ownerKey);
    return session;
}

} // namespace gui
