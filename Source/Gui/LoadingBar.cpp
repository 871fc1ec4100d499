#include "LoadingBar.h"

namespace gui
{

LoadingBar::LoadingBar()
{
    setLook (cancel, ButtonLook::link);
    cancel.setTitle ("Stop loading");
    cancel.onClick = [this]
    {
        if (onCancel)
            onCancel();
    };
    addAndMakeVisible (cancel);
    setTitle ("Loading");
}

void LoadingBar::show (const juce::String& newText, double fraction)
{
    if (newText == text && fraction == progress)
        return;

    text = newText;
    progress = fraction;
    setDescription (text);
    repaint();
}

void LoadingBar::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::raised));
    auto area = getLocalBounds().reduced (3 * gap, gap);
    auto bar = area.removeFromBottom (3).toFloat();
    g.setColour (colour (Token::text));
    g.setFont (font (12.0f));
    g.drawText (text, area.withTrimmedRight (cancel.getWidth()), juce::Justification::centredLeft);

    if (progress < 0.0)
        return;

    g.setColour (colour (Token::line));
    g.fillRoundedRectangle (bar, 1.5f);
    g.setColour (colour (Token::focus));
    g.fillRoundedRectangle (bar.withWidth (bar.getWidth() * float (std::min (progress, 1.0))), 1.5f);
}

void LoadingBar::resized() { cancel.setBounds (getLocalBounds().removeFromRight (60).withTrimmedBottom (gap)); }

} // namespace gui
