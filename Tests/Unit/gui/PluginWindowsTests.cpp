#include <Gui/PluginWindows.h>

#include <catch2/catch.hpp>

TEST_CASE ("a window is moved so that all of it is on the screen, or its top left where it is larger")
{
    const juce::Rectangle<int> screen (100, 50, 1000, 800);
    constexpr int title = 20;
    const auto keep = [&] (int x, int y, int width, int height)
    { return gui::keepInside ({ x, y, width, height }, screen, title).getPosition(); };

    CHECK (keep (200, 200, 300, 300) == juce::Point<int> (200, 200));
    CHECK (keep (-500, -500, 300, 300) == juce::Point<int> (100, 70));
    CHECK (keep (5000, 5000, 300, 300) == juce::Point<int> (800, 550));
    CHECK (keep (800, 550, 300, 300) == juce::Point<int> (800, 550));
    CHECK (keep (801, 551, 300, 300) == juce::Point<int> (800, 550));
    CHECK (keep (300, 300, 2000, 2000) == juce::Point<int> (100, 70));

    // Its size is its own business.
    CHECK (gui::keepInside ({ 0, 0, 2000, 10 }, screen, title).getWidth() == 2000);
}
