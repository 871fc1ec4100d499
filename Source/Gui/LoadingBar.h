#pragma once

#include "Theme.h"

#include <juce_gui_extra/juce_gui_extra.h>

namespace gui
{

/** "Loading 3 of 12: Hall Reverb", with a way to stop it. Shown while there is something to load. */
class LoadingBar final : public juce::Component
{
public:
    LoadingBar();

    static constexpr int height = 9 * gap;

    /** @param fraction  0 to 1; below 0 if it is not known */
    void show (const juce::String& text, double fraction);

    std::function<void()> onCancel;

    void paint (juce::Graphics&) override;
    void resized() override;

private:
    juce::String text;
    double progress = -1.0;
    juce::TextButton cancel{ "Stop" };
};

} // namespace gui
