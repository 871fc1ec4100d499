#include "Settings.h"

namespace gui
{

namespace
{
constexpr const char* deviceKey = "device";
constexpr const char* rateKey = "deviceRate";
constexpr const char* blockKey = "deviceBlock";
constexpr const char* midiInputsOffKey = "midiInputsOff";
constexpr const char* midiOutputsOffKey = "midiOutputsOff";
constexpr const char* paletteKey = "palette";
constexpr const char* recentKey = "recentSessions";
constexpr const char* windowPrefix = "window.";
constexpr const char* folderKey = "lastFolder";

constexpr int mostRecent = 12;

juce::PropertiesFile::Options makeOptions()
{
    juce::PropertiesFile::Options options;
    options.millisecondsBeforeSaving = 500;
    options.storageFormat = juce::PropertiesFile::storeAsXML;
    return options;
}

juce::String nameOf (Palette palette)
{
    switch (palette)
    {
        case Palette::light: return "light";
        case Palette::highContrast: return "high-contrast";
        case Palette::dark: break;
    }

    return "dark";
}
} // namespace

Settings::Settings (const juce::File& fileToUse) : file (fileToUse, makeOptions()) {}

host::DeviceRequest Settings::getDevice() const
{
    host::DeviceRequest request;
    request.spec = file.getValue (deviceKey);

    // What the file says may have been edited by hand; what is out of range is as if it were not there.
    if (const auto rate = file.getDoubleValue (rateKey); rate >= 8000.0 && rate <= 384000.0)
        request.rate = rate;

    if (const auto block = file.getIntValue (blockKey); block >= 1 && block <= 16384)
        request.block = block;

    return request;
}

void Settings::setDevice (const host::DeviceRequest& request)
{
    const auto set = [this] (const char* key, const auto& value)
    {
        if (value)
            file.setValue (key, *value);
        else
            file.removeValue (key);
    };

    file.setValue (deviceKey, request.spec);
    set (rateKey, request.rate);
    set (blockKey, request.block);
}

host::MidiPortsOff Settings::getMidiPortsOff() const
{
    const auto get = [this] (const char* key)
    {
        auto names = juce::StringArray::fromLines (file.getValue (key));
        names.removeEmptyStrings();
        return names;
    };

    return { get (midiInputsOffKey), get (midiOutputsOffKey) };
}

void Settings::setMidiPortsOff (const host::MidiPortsOff& off)
{
    file.setValue (midiInputsOffKey, off.inputs.joinIntoString ("\n"));
    file.setValue (midiOutputsOffKey, off.outputs.joinIntoString ("\n"));
}

Palette Settings::getPalette() const
{
    const auto name = file.getValue (paletteKey);

    for (const auto palette : { Palette::light, Palette::highContrast })
        if (name == nameOf (palette))
            return palette;

    return Palette::dark;
}

void Settings::setPalette (Palette palette) { file.setValue (paletteKey, nameOf (palette)); }

juce::Array<juce::File> Settings::getRecentSessions() const
{
    juce::Array<juce::File> files;

    for (const auto& path : juce::StringArray::fromLines (file.getValue (recentKey)))
        if (juce::File::isAbsolutePath (path) && juce::File (path).existsAsFile())
            files.add (juce::File (path));

    return files;
}

void Settings::addRecentSession (const juce::File& session)
{
    auto paths = juce::StringArray::fromLines (file.getValue (recentKey));
    paths.removeEmptyStrings();
    paths.removeString (session.getFullPathName());
    paths.insert (0, session.getFullPathName());
    paths.removeRange (mostRecent, paths.size());
    file.setValue (recentKey, paths.joinIntoString ("\n"));
}

void Settings::clearRecentSessions() { file.removeValue (recentKey); }

juce::String Settings::getWindowState (const juce::String& name) const { return file.getValue (windowPrefix + name); }

void Settings::setWindowState (const juce::String& name, const juce::String& state)
{
    file.setValue (windowPrefix + name, state);
}

juce::File Settings::getLastFolder() const
{
    const auto path = file.getValue (folderKey);

    if (juce::File::isAbsolutePath (path) && juce::File (path).isDirectory())
        return juce::File (path);

    return juce::File::getSpecialLocation (juce::File::userHomeDirectory);
}

void Settings::setLastFolder (const juce::File& folder) { file.setValue (folderKey, folder.getFullPathName()); }

} // namespace gui
