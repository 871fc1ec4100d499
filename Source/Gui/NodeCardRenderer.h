#pragma once

#include "NodeCardLook.h"
#include "NodeCardPicture.h"

#include <juce_gui_basics/juce_gui_basics.h>

#include <array>
#include <map>

namespace gui
{

/** Draws cards into pictures that are kept, and what moves on them (meters, load, the MIDI lamp) by copying a few pixels of
    pictures drawn before: no text and no curve is drawn while only meters move. Message thread. */
class NodeCardRenderer
{
public:
    static constexpr int margin = 18; ///< around the card, for its shadow and ports, pixels at 100 %

    /** What follows is drawn with the colours in use, and so many physical pixels for one at 100 %. Pictures made before
        are of no use any more. */
    void setScale (double);
    double getScale() const noexcept { return scale; }

    /** Physical pixels between a picture's edge and its card. */
    int getMargin() const noexcept { return scaled (margin); }

    NodeCardPicture draw (const NodeCardLook&) const;

    /** The meters' lit length in physical pixels, for a linear level. */
    int getMeterLength (float level) const noexcept;

    /** Makes the picture show these.
        @returns the part of it that changed, in the picture's own pixels; always inside the card */
    juce::Rectangle<int> update (NodeCardPicture&, std::array<int, 2> meterLengths, int load, bool midi);

private:
    int scaled (double) const noexcept;
    juce::Rectangle<int> scaled (double x, double y, double width, double height) const noexcept;
    const juce::Image& getShadow (int cardHeight) const;
    void drawMeter (juce::Image&, int index, int length) const;
    juce::Image drawLoad (int percent) const;
    juce::Image drawLamp (bool) const;

    double scale = 0.0;
    juce::Image emptyMeter, fullMeter, meterEnd;
    juce::Image lampOn, lampOff;
    std::map<int, juce::Image> loads;           ///< by percent
    mutable std::map<int, juce::Image> shadows; ///< by the card's height
};

} // namespace gui
