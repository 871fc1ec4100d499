#pragma once

#include <juce_graphics/juce_graphics.h>

namespace gui
{

/** A card as it was drawn last, and what it shows of what moves. */
struct NodeCardPicture
{
    juce::Image image;        ///< physical pixels, with a margin around the card; null until it is drawn
    int meters[2] = { 0, 0 }; ///< lit physical pixels
    int load = -1;            ///< percent; -1 shows nothing
    bool midi = false;
};

} // namespace gui
