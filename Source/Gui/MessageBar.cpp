#include "MessageBar.h"

namespace gui
{

namespace
{
constexpr int margin = 3 * gap, closeWidth = 56;
}

MessageBar::MessageBar()
{
    setLook (close, ButtonLook::link);
    close.setTitle ("Close the message");
    close.onClick = [this] { clear(); };
    addAndMakeVisible (close);
    setVisible (false);
}

void MessageBar::show (const juce::String& message, bool isError)
{
    if (isVisible() && showsError && ! isError)
        return;

    text = message;
    showsError = isError;
    setTitle (message);
    setVisible (true);
    juce::AccessibilityHandler::postAnnouncement (message, isError ? juce::AccessibilityHandler::AnnouncementPriority::high
                                                                   : juce::AccessibilityHandler::AnnouncementPriority::low);
    stopTimer();

    if (! isError)
        startTimer (6000);

    if (onChange)
        onChange();

    repaint();
}

void MessageBar::clear()
{
    stopTimer();
    setVisible (false);
    text.clear();

    if (onChange)
        onChange();
}

int MessageBar::getHeightFor (int width) const
{
    if (! isVisible())
        return 0;

    juce::AttributedString attributed (text);
    attributed.setFont (font (12.0f));
    juce::TextLayout layout;
    layout.createLayout (attributed, float (std::max (80, width - 2 * margin - closeWidth)));
    return std::clamp (int (std::ceil (layout.getHeight())) + 4 * gap, 9 * gap, 40 * gap);
}

void MessageBar::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::raised));
    g.setColour (colour (showsError ? Token::bad : Token::focus));
    g.fillRect (getLocalBounds().removeFromLeft (3));
    g.setColour (colour (Token::text));
    g.setFont (font (12.0f));
    g.drawFittedText (text, getLocalBounds().reduced (margin, gap).withTrimmedRight (closeWidth),
                      juce::Justification::centredLeft, 12, 1.0f);
}

void MessageBar::resized()
{
    close.setBounds (getLocalBounds().removeFromRight (closeWidth).withSizeKeepingCentre (closeWidth, 28));
}

std::unique_ptr<juce::AccessibilityHandler> MessageBar::createAccessibilityHandler()
{
    return std::make_unique<juce::AccessibilityHandler> (*this, juce::AccessibilityRole::staticText);
}

} // namespace gui
