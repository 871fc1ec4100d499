#pragma once

#include "NodeShape.h"

#include <juce_graphics/juce_graphics.h>

#include <map>
#include <vector>

namespace gui
{

/** Places for nodes that have none, from left to right as the signal goes: each in a column right of all that feed it, near
    the height of those. Wires that close a circle are ignored. World pixels, of the cards' middles.

    @param shapes  the nodes to be placed
    @param wires   of the whole session
    @param taken   where cards are already; no place overlaps them, or another */
std::map<host::NodeId, juce::Point<double>> layOutNodes (const std::vector<NodeShape>& shapes,
                                                         const std::vector<host::Wire>& wires,
                                                         const std::vector<juce::Rectangle<double>>& taken = {});

/** A card's area around its middle, world pixels. */
juce::Rectangle<double> getCardArea (const NodeShape&, juce::Point<double> middle);

/** The middle nearest to the one wished for at which a card of this size is beside all others: straight below or above, else
    where it was wished. */
juce::Point<double> findFreePlace (juce::Point<double> wished, juce::Point<double> size,
                                   const std::vector<juce::Rectangle<double>>& taken);

/** The place nearest to that of `from` in the direction; -1 if there is none. For going from card to card with arrow keys:
    what lies well aside counts as far.
    @param direction  one of (1, 0), (-1, 0), (0, 1), (0, -1) */
int findNeighbour (const std::vector<juce::Point<double>>& places, int from, juce::Point<int> direction);

} // namespace gui
