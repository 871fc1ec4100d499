#pragma once

#include "KeyboardPanel.h"
#include "RealTimePanel.h"

#include <array>

namespace gui
{

/** The panel below the canvas, in tabs; it can be made as low as its tabs. */
class BottomPanel final : public juce::Component
{
public:
    explicit BottomPanel (Workspace&);

    enum class Tab
    {
        realTime,
        keyboard
    };

    /** Opens the panel, if need be, at a tab. */
    void show (Tab);

    Tab getTab() const noexcept { return tab; }

    /** Opens it, and gives the piano keys the computer's keyboard. */
    void playKeys();

    void setOpen (bool);
    bool isOpen() const noexcept { return opened; }

    /** 251 open, 36 closed. */
    int getWantedHeight() const noexcept { return opened ? 251 : 36; }

    /** It was opened or closed: getWantedHeight() is another one. */
    std::function<void()> onHeightChange;

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override { repaint(); }

private:
    void update();

    Tab tab = Tab::realTime;
    bool opened = true;
    RealTimePanel realTime;
    KeyboardPanel keyboard;
    std::array<juce::TextButton, 2> tabs{ juce::TextButton ("Real time"), juce::TextButton ("Keyboard") };
    juce::TextButton fold{ "Hide" };
};

} // namespace gui
