#include "KeyboardPanel.h"

#include "Words.h"

#include <host_engine/devices/MonotonicClock.h>

namespace gui
{

namespace
{
constexpr int lowestOctave = 0, highestOctave = 9;
constexpr int middleC = 4; ///< "C4"
} // namespace

/** JUCE's keys, with Z and X and a border that tells whether the computer's keyboard plays. */
class KeyboardPanel::Keys final : public juce::MidiKeyboardComponent
{
public:
    explicit Keys (KeyboardPanel& p) : juce::MidiKeyboardComponent (p.state, horizontalKeyboard), panel (p)
    {
        setTitle ("Piano keys");
        setOctaveForMiddleC (middleC);
        setScrollButtonsVisible (true);
        setWantsKeyboardFocus (true);
    }

    bool keyPressed (const juce::KeyPress& key) override
    {
        if (! key.getModifiers().isAnyModifierKeyDown())
        {
            if (key.getKeyCode() == 'z' || key.getKeyCode() == 'Z')
            {
                panel.setOctave (panel.octave - 1);
                return true;
            }

            if (key.getKeyCode() == 'x' || key.getKeyCode() == 'X')
            {
                panel.setOctave (panel.octave + 1);
                return true;
            }
        }

        return juce::MidiKeyboardComponent::keyPressed (key);
    }

    void focusGained (FocusChangeType cause) override
    {
        juce::MidiKeyboardComponent::focusGained (cause);
        panel.repaint();
    }

    void focusLost (FocusChangeType cause) override
    {
        juce::MidiKeyboardComponent::focusLost (cause);
        panel.repaint();
    }

private:
    KeyboardPanel& panel;
};

//======================================================================================================================
KeyboardPanel::KeyboardPanel (Workspace& w) : workspace (w), keys (std::make_unique<Keys> (*this))
{
    setTitle ("Keyboard");
    setFocusContainerType (FocusContainerType::focusContainer);

    setLook (lower, ButtonLook::normal, 11.0f);
    lower.setTitle ("Octave lower");
    lower.setTooltip ("Computer's keys an octave lower (Z)");
    lower.onClick = [this] { setOctave (octave - 1); };

    setLook (higher, ButtonLook::normal, 11.0f);
    higher.setTitle ("Octave higher");
    higher.setTooltip ("Computer's keys an octave higher (X)");
    higher.onClick = [this] { setOctave (octave + 1); };

    setLook (panic, ButtonLook::normal, 11.0f);
    panic.setTooltip ("Ends every note that sounds");
    panic.onClick = [this] { endAllNotes(); };

    velocity.setSliderStyle (juce::Slider::LinearHorizontal);
    velocity.setTextBoxStyle (juce::Slider::NoTextBox, true, 0, 0);
    velocity.setRange (1.0, 127.0, 1.0);
    velocity.setValue (100.0, juce::dontSendNotification);
    velocity.setDoubleClickReturnValue (true, 100.0);
    velocity.setTitle ("Velocity");
    velocity.onValueChange = [this]
    {
        keys->setVelocity (float (velocity.getValue() / 127.0), false);
        repaint (velocityArea);
    };
    velocity.onValueChange();

    for (int i = 1; i <= 16; ++i)
        channel.addItem (juce::String (i), i);

    channel.setSelectedId (1, juce::dontSendNotification);
    channel.setTitle ("MIDI channel");
    channel.onChange = [this]
    {
        state.allNotesOff (0);
        keys->setMidiChannel (channel.getSelectedId());
    };

    for (auto* child : std::initializer_list<juce::Component*>{ &lower, &higher, &velocity, &channel, &panic, keys.get() })
        addAndMakeVisible (child);

    setOctave (octave);
    state.addListener (this);
}

KeyboardPanel::~KeyboardPanel()
{
    state.allNotesOff (0);
    state.removeListener (this);
}

void KeyboardPanel::focusKeys() { keys->grabKeyboardFocus(); }

void KeyboardPanel::setOctave (int newOctave)
{
    octave = juce::jlimit (lowestOctave, highestOctave, newOctave);
    keys->setKeyPressBaseOctave (octave);
    lower.setEnabled (octave > lowestOctave);
    higher.setEnabled (octave < highestOctave);
    const auto first = octave * 12;

    if (first < keys->getLowestVisibleKey() || keys->getRectangleForKey (first + 12).getRight() > float (keys->getWidth()))
        keys->setLowestVisibleKey (std::max (0, first - 12));

    repaint (octaveArea);
}

void KeyboardPanel::endAllNotes()
{
    state.allNotesOff (0);

    if (! workspace.live.getEngine().panic() && workspace.tell)
        workspace.tell ("The audio thread takes no commands at the moment: is the device running?", true);
}

void KeyboardPanel::handleNoteOn (juce::MidiKeyboardState*, int ch, int note, float v)
{
    workspace.live.getMidiInputs().inject (juce::MidiMessage::noteOn (ch, note, v), host::monotonicNanoseconds());
}

void KeyboardPanel::handleNoteOff (juce::MidiKeyboardState*, int ch, int note, float v)
{
    workspace.live.getMidiInputs().inject (juce::MidiMessage::noteOff (ch, note, v), host::monotonicNanoseconds());
}

void KeyboardPanel::resized()
{
    auto row = getLocalBounds().reduced (18, 0).withTrimmedTop (2).removeFromTop (26);
    octaveArea = row.removeFromLeft (100);
    lower.setBounds (row.removeFromLeft (58).reduced (0, 1));
    row.removeFromLeft (4);
    higher.setBounds (row.removeFromLeft (58).reduced (0, 1));
    row.removeFromLeft (24);
    velocityArea = row.removeFromLeft (84);
    velocity.setBounds (row.removeFromLeft (140));
    row.removeFromLeft (24);
    channelArea = row.removeFromLeft (56);
    channel.setBounds (row.removeFromLeft (64).reduced (0, 1));
    row.removeFromLeft (24);
    panic.setBounds (row.removeFromLeft (58).reduced (0, 1));

    auto area = getLocalBounds().reduced (18, 0).withTrimmedTop (38).withTrimmedBottom (8);
    hintArea = area.removeFromBottom (22);
    keys->setBounds (area);
    keys->setKeyWidth (juce::jlimit (14.0f, 26.0f, float (area.getWidth()) / 40.0f));

    // As many octaves around the middle as there is room for.
    if (const auto total = keys->getTotalKeyboardWidth(); total > float (area.getWidth()))
        keys->setLowestVisibleKey (area.getWidth() > 600 ? 24 : 36);
    else
        keys->setLowestVisibleKey (0);
}

void KeyboardPanel::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    g.setFont (font (11.0f));
    g.setColour (colour (Token::muted));
    drawFigures (g, "Octave from C" + juce::String (octave - 5 + middleC), octaveArea.toFloat(),
                 juce::Justification::centredLeft);
    drawFigures (g, "Velocity " + juce::String (juce::roundToInt (velocity.getValue())), velocityArea.toFloat(),
                 juce::Justification::centredLeft);
    g.drawText ("Channel", channelArea, juce::Justification::centredLeft, false);

    g.drawText (keys->hasKeyboardFocus (true)
                    ? "The computer's keyboard plays: A W S E D F and on are the keys, Z and X change the octave."
                    : "Click a key to play from the computer's keyboard as well.",
                hintArea, juce::Justification::centredLeft, true);

    if (keys->hasKeyboardFocus (true))
    {
        g.setColour (colour (Token::focus));
        g.drawRoundedRectangle (keys->getBounds().toFloat().expanded (2.0f), 3.0f, 2.0f);
    }
}

} // namespace gui
