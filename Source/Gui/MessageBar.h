#pragma once

#include "Theme.h"

#include <juce_gui_extra/juce_gui_extra.h>

namespace gui
{

/** What the program has to say, a line at a time, above the canvas: it asks for no answer and takes no focus. Errors stay
    until they are closed, the rest goes by itself. */
class MessageBar final : public juce::Component, private juce::Timer
{
public:
    MessageBar();

    /** Newer messages take the place of older ones, but an error gives way to errors only. */
    void show (const juce::String&, bool isError);

    /** Called when it appears or goes. */
    std::function<void()> onChange;

    /** What it needs for its text at this width; 0 while there is nothing to say. */
    int getHeightFor (int width) const;

    void paint (juce::Graphics&) override;
    void resized() override;
    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

private:
    void timerCallback() override { clear(); }
    void clear();

    juce::String text;
    bool showsError = false;
    juce::TextButton close{ "Close" };
};

} // namespace gui
