#pragma once

#include "Theme.h"

#include <host_engine/host_engine.h>
#include <juce_data_structures/juce_data_structures.h>

namespace gui
{

/** What the program remembers from run to run: settings.xml beside the catalogue. Saved soon after every change; when the
    file cannot be written the program goes on without. Message thread. */
class Settings
{
public:
    /** @param file  an invalid File keeps everything in memory only */
    explicit Settings (const juce::File&);

    host::DeviceRequest getDevice() const;
    void setDevice (const host::DeviceRequest&);

    /** By name; a port that is not plugged in now is remembered all the same. */
    host::MidiPortsOff getMidiPortsOff() const;
    void setMidiPortsOff (const host::MidiPortsOff&);

    Palette getPalette() const;
    void setPalette (Palette);

    /** Newest first; only files that exist. */
    juce::Array<juce::File> getRecentSessions() const;
    void addRecentSession (const juce::File&);
    void clearRecentSessions();

    /** A window's place as juce::ResizableWindow tells it; empty if it was never set. */
    juce::String getWindowState (const juce::String& name) const;
    void setWindowState (const juce::String& name, const juce::String&);

    /** The folder in which the last file was opened or saved. */
    juce::File getLastFolder() const;
    void setLastFolder (const juce::File&);

    juce::PropertiesFile& getFile() { return file; }

private:
    juce::PropertiesFile file;
};

} // namespace gui
