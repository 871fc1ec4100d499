#pragma once

#include <juce_graphics/juce_graphics.h>

namespace gui
{

/** The curve of a wire: it leaves an output to the right and reaches an input from the left. A value, in any unit. */
struct WireCurve
{
    juce::Point<float> start, end;

    /** The shortest reach of the curve's arms. */
    float leastReach = 14.0f;

    juce::Point<float> getPoint (float proportion) const noexcept;
    juce::Path toPath() const;

    /** Encloses the curve, not its thickness. */
    juce::Rectangle<float> getBounds() const noexcept;

    /** From the point to the curve, near enough for a mouse.
        @param proportion  where on the curve, 0 to 1 */
    float getDistance (juce::Point<float>, float& proportion) const noexcept;

    bool operator== (const WireCurve&) const = default;

private:
    float getReach() const noexcept;
};

} // namespace gui
