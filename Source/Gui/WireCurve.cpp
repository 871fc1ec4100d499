#include "WireCurve.h"

namespace gui
{

float WireCurve::getReach() const noexcept { return juce::jmax (leastReach, 0.5f * std::abs (end.x - start.x)); }

juce::Point<float> WireCurve::getPoint (float t) const noexcept
{
    const auto reach = getReach();
    const auto a = start, b = start.translated (reach, 0.0f), c = end.translated (-reach, 0.0f), d = end;
    const auto u = 1.0f - t;
    return a * (u * u * u) + b * (3.0f * u * u * t) + c * (3.0f * u * t * t) + d * (t * t * t);
}

juce::Path WireCurve::toPath() const
{
    const auto reach = getReach();
    juce::Path path;
    path.startNewSubPath (start);
    path.cubicTo (start.translated (reach, 0.0f), end.translated (-reach, 0.0f), end);
    return path;
}

juce::Rectangle<float> WireCurve::getBounds() const noexcept
{
    // Where the arms do not overlap the curve never leaves the ends' rectangle.
    const auto reach = end.x - start.x >= 2.0f * leastReach ? 0.0f : getReach();
    return juce::Rectangle<float> (start, end).expanded (reach, 0.0f);
}

float WireCurve::getDistance (juce::Point<float> point, float& proportion) const noexcept
{
    constexpr int pieces = 32;
    auto best = std::numeric_limits<float>::max();
    auto last = start;

    for (int i = 1; i <= pieces; ++i)
    {
        const auto next = getPoint (float (i) / float (pieces));
        juce::Point<float> nearest;
        const juce::Line<float> piece (last, next);
        const auto distance = piece.getDistanceFromPoint (point, nearest);

        if (distance < best)
        {
            best = distance;
            const auto along = piece.getLength() > 0.0f ? last.getDistanceFrom (nearest) / piece.getLength() : 0.0f;
            proportion = (float (i - 1) + along) / float (pieces);
        }

        last = next;
    }

    return best;
}

} // namespace gui
