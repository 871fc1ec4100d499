#pragma once

#include <juce_graphics/juce_graphics.h>

namespace gui
{

/** What of the graph is seen: zoom and pan, and the three ways to tell a place.

    - units: as sessions keep them, 0 to 1 each is the first screenful
    - world: pixels at 100 %, from the same origin
    - screen: pixels of the component

    A value. */
struct CanvasView
{
    static constexpr double worldWidth = 900.0, worldHeight = 600.0; ///< of one unit
    static constexpr double leastZoom = 0.1, mostZoom = 3.0;
    static constexpr int snap = 4; ///< world pixels

    double zoom = 1.0;
    juce::Point<int> offset; ///< screen pixels that are hidden left of and above the component

    static juce::Point<double> unitsToWorld (juce::Point<double> p) noexcept
    {
        return { p.x * worldWidth, p.y * worldHeight };
    }
    static juce::Point<double> worldToUnits (juce::Point<double> p) noexcept
    {
        return { p.x / worldWidth, p.y / worldHeight };
    }

    juce::Point<double> worldToScreen (juce::Point<double> p) const noexcept { return p * zoom - offset.toDouble(); }
    juce::Point<double> screenToWorld (juce::Point<double> p) const noexcept { return (p + offset.toDouble()) / zoom; }

    /** What is at the screen's place stays there. */
    CanvasView zoomedAround (juce::Point<double> screenPlace, double newZoom) const noexcept;

    /** All of the world's area in the middle of the screen's, as large as is possible, up to 100 %. */
    static CanvasView fitting (juce::Rectangle<double> world, juce::Rectangle<int> screen) noexcept;

    /** The next step: 25, 50, 75, 100, 125, 150, 200, 300 %. */
    static double getNextZoom (double, bool larger) noexcept;

    /** The nearest place at which a card with this middle has its corner on the grid. */
    static juce::Point<double> snapped (juce::Point<double> middle, juce::Point<double> size) noexcept;

    bool operator== (const CanvasView&) const = default;
};

} // namespace gui
