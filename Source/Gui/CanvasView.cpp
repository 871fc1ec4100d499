#include "CanvasView.h"

#include <array>

namespace gui
{

CanvasView CanvasView::zoomedAround (juce::Point<double> screenPlace, double newZoom) const noexcept
{
    CanvasView result;
    result.zoom = juce::jlimit (leastZoom, mostZoom, newZoom);
    result.offset = (screenToWorld (screenPlace) * result.zoom - screenPlace).roundToInt();
    return result;
}

CanvasView CanvasView::fitting (juce::Rectangle<double> world, juce::Rectangle<int> screen) noexcept
{
    CanvasView result;

    if (world.isEmpty() || screen.isEmpty())
        return result;

    const auto most = juce::jmin (screen.getWidth() / world.getWidth(), screen.getHeight() / world.getHeight());
    result.zoom = juce::jlimit (leastZoom, 1.0, most);
    result.offset = (world.getCentre() * result.zoom - screen.getCentre().toDouble()).roundToInt();
    return result;
}

double CanvasView::getNextZoom (double zoom, bool larger) noexcept
{
    constexpr std::array steps{ leastZoom, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, mostZoom };
    constexpr double nearly = 0.001;

    if (larger)
    {
        for (const auto step : steps)
            if (step > zoom + nearly)
                return step;

        return mostZoom;
    }

    auto result = leastZoom;

    for (const auto step : steps)
        if (step < zoom - nearly)
            result = step;

    return result;
}

juce::Point<double> CanvasView::snapped (juce::Point<double> middle, juce::Point<double> size) noexcept
{
    const auto corner = middle - size * 0.5;
    const juce::Point<double> onGrid (std::round (corner.x / snap) * snap, std::round (corner.y / snap) * snap);
    return onGrid + size * 0.5;
}

} // namespace gui
