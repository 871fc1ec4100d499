#pragma once

#include "Theme.h"
#include "Workspace.h"

#include <juce_audio_utils/juce_audio_utils.h>

namespace gui
{

/** Keys to play with the mouse, and with the computer's keyboard while it has the focus: A W S E D F and so on are a piano's
    keys, Z and X move by an octave. */
class KeyboardPanel final : public juce::Component, private juce::MidiKeyboardState::Listener
{
public:
    explicit KeyboardPanel (Workspace&);
    ~KeyboardPanel() override;

    /** Gives the keys the computer's keyboard. */
    void focusKeys();

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override { repaint(); }

private:
    class Keys;

    void handleNoteOn (juce::MidiKeyboardState*, int channel, int note, float velocity) override;
    void handleNoteOff (juce::MidiKeyboardState*, int channel, int note, float velocity) override;
    void setOctave (int);
    void endAllNotes();

    Workspace& workspace;
    juce::MidiKeyboardState state;
    std::unique_ptr<Keys> keys;
    juce::TextButton lower{ "Lower" }, higher{ "Higher" }, panic{ "Panic" };
    juce::Slider velocity;
    juce::ComboBox channel;
    int octave = 4; ///< of the computer's keys, as MidiKeyboardComponent counts: 5 begins at middle C
    juce::Rectangle<int> octaveArea, velocityArea, channelArea, hintArea;
};

} // namespace gui
