#pragma once

#include "Theme.h"
#include "Workspace.h"

#include <array>

namespace gui
{

/** What a dialog shows: the audio device, the MIDI ports that were found with a switch for each, and the palette.

    Nothing looks at the machine's devices until the person asks for it, for that may take a while. */
class AudioSettings final : public juce::Component
{
public:
    explicit AudioSettings (Workspace&);
    ~AudioSettings() override;

    /** Another palette was chosen; it is in the settings already. */
    std::function<void (Palette)> onPalette;

    /** Another device plays now; it is in the settings already. */
    std::function<void()> onDeviceChanged;

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override;

private:
    void showType();
    void lookForDevices();
    class PortSwitches;

    void lookForMidi();
    void showMidi();
    void apply();
    void applyNow();
    void say (const juce::String&, Token);
    void showDevice();
    void showPalette();
    host::DeviceRequest getRequest() const;

    Workspace& workspace;
    juce::ComboBox type, name, rate, block;
    juce::TextButton look{ "Look for devices" }, applyButton{ "Apply" }, midiLook{ "Look again" };
    std::array<juce::TextButton, 3> palettes{ juce::TextButton ("Dark"), juce::TextButton ("Light"),
                                              juce::TextButton ("High contrast") };
    std::unique_ptr<PortSwitches> midiInputs, midiOutputs;
    juce::String message, running;
    Token messageInk = Token::muted;
    std::array<juce::Rectangle<int>, 4> labels;
    juce::Rectangle<int> deviceHeading, runningArea, messageArea, midiHeading, paletteHeading;
};

} // namespace gui
