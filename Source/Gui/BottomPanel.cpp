#include "BottomPanel.h"

namespace gui
{

BottomPanel::BottomPanel (Workspace& workspace) : realTime (workspace), keyboard (workspace)
{
    setTitle ("Bottom panel");
    setFocusContainerType (FocusContainerType::focusContainer);

    for (std::size_t i = 0; i < tabs.size(); ++i)
    {
        setLook (tabs[i], ButtonLook::tab);
        tabs[i].onClick = [this, i] { show (static_cast<Tab> (i)); };
        addAndMakeVisible (tabs[i]);
    }

    setLook (fold, ButtonLook::link, 11.0f);
    fold.onClick = [this] { setOpen (! opened); };
    addAndMakeVisible (fold);

    addChildComponent (realTime);
    addChildComponent (keyboard);
    update();
}

void BottomPanel::show (Tab newTab)
{
    tab = newTab;
    setOpen (true);
    update();
}

void BottomPanel::playKeys()
{
    show (Tab::keyboard);
    keyboard.focusKeys();
}

void BottomPanel::setOpen (bool shouldBeOpen)
{
    if (opened == shouldBeOpen)
        return;

    opened = shouldBeOpen;
    update();

    if (onHeightChange)
        onHeightChange();
}

void BottomPanel::update()
{
    for (std::size_t i = 0; i < tabs.size(); ++i)
        tabs[i].setToggleState (opened && tab == static_cast<Tab> (i), juce::dontSendNotification);

    realTime.setVisible (opened && tab == Tab::realTime);
    keyboard.setVisible (opened && tab == Tab::keyboard);
    fold.setButtonText (opened ? "Hide" : "Show");
    fold.setTitle (opened ? "Hide the bottom panel" : "Show the bottom panel");
    repaint();
}

void BottomPanel::resized()
{
    tabs[0].setBounds (18, 6, 58, 27);
    tabs[1].setBounds (106, 6, 58, 27);
    fold.setBounds (getWidth() - 62, 8, 44, 22);

    const auto content = juce::Rectangle<int> (0, 40, getWidth(), 251 - 40);
    realTime.setBounds (content);
    keyboard.setBounds (content);
}

void BottomPanel::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    g.setColour (colour (Token::line));
    g.fillRect (0, 0, getWidth(), 1);
}

} // namespace gui
