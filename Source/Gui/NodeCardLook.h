#pragma once

#include "NodeShape.h"

#include <juce_core/juce_core.h>

#include <set>

namespace gui
{

/** What the picture of a node's card depends on, but for what moves on it: two that are equal look the same. */
struct NodeCardLook
{
    juce::String name;
    juce::String detail; ///< the second line
    juce::String pill;   ///< what the guard found; empty for none
    NodeShape shape;
    std::set<NodePortGroup> connected;
    bool isBad = false;    ///< the detail needs the person
    bool isDimmed = false; ///< bypassed or missing
    bool isSelected = false;
    bool showsLoad = false;
    bool showsMidi = false;

    bool operator== (const NodeCardLook&) const = default;
};

} // namespace gui
