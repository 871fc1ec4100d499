#include "WireLayer.h"

#include "Theme.h"

#include <algorithm>

namespace gui
{

namespace
{
constexpr float opacity = 0.9f, selectedExtra = 1.2f;
constexpr int areaMargin = 4;
} // namespace

juce::Colour WireLayer::getColour (NodePortGroup::Kind kind)
{
    switch (kind)
    {
        case NodePortGroup::Kind::midi: return colour (Token::midi);
        case NodePortGroup::Kind::sideChain: return colour (Token::sideChain);
        case NodePortGroup::Kind::audio: break;
    }

    return colour (Token::audio);
}

juce::Path WireLayer::makeOutline (const WireCurve& curve, NodePortGroup::Kind kind, double zoom, float extraWidth)
{
    // MIDI thinner, side-chains dashed: never told by colour alone.
    const auto scale = float (zoom);
    const auto width = (kind == NodePortGroup::Kind::audio  ? 2.2f
                        : kind == NodePortGroup::Kind::midi ? 1.6f
                                                            : 1.8f)
                       + extraWidth;
    const juce::PathStrokeType stroke (std::max (1.0f, width * scale));
    juce::Path outline;

    if (kind == NodePortGroup::Kind::sideChain)
    {
        const float dashes[] = { std::max (3.0f, 5.0f * scale), std::max (2.0f, 4.0f * scale) };
        stroke.createDashedStroke (outline, curve.toPath(), dashes, 2);
    }
    else
    {
        stroke.createStrokedPath (outline, curve.toPath());
    }

    return outline;
}

WireLayer::Item WireLayer::makeItem (const WireBundle& bundle, const WireCurve& curve) const
{
    Item item;
    item.curve = curve;
    item.outline = makeOutline (curve, bundle.getKind(), zoom, 0.0f);
    item.area = curve.getBounds().getSmallestIntegerContainer().expanded (areaMargin + juce::roundToInt (2.0 * zoom));
    return item;
}

void WireLayer::set (std::vector<WireBundle> newBundles, const FindCurve& findCurve, double newZoom)
{
    const auto isSameZoom = std::exchange (zoom, newZoom) == newZoom;
    std::map<std::pair<NodePortGroup, NodePortGroup>, std::size_t> before;

    if (isSameZoom)
        for (std::size_t i = 0; i < bundles.size(); ++i)
            before[{ bundles[i].from, bundles[i].to }] = i;

    std::vector<Item> newItems;
    newItems.reserve (newBundles.size());

    for (const auto& bundle : newBundles)
    {
        const auto curve = findCurve (bundle);
        const auto known = before.find ({ bundle.from, bundle.to });

        if (known != before.end() && items[known->second].curve == curve)
            newItems.push_back (std::move (items[known->second]));
        else
            newItems.push_back (makeItem (bundle, curve));
    }

    bundles = std::move (newBundles);
    items = std::move (newItems);
}

std::vector<juce::Rectangle<int>> WireLayer::move (const std::function<bool (const WireBundle&)>& isMoved,
                                                   const FindCurve& findCurve)
{
    std::vector<juce::Rectangle<int>> areas;

    for (std::size_t i = 0; i < items.size(); ++i)
    {
        if (! isMoved (bundles[i]))
            continue;

        const auto curve = findCurve (bundles[i]);

        if (curve == items[i].curve)
            continue;

        areas.push_back (items[i].area);
        items[i] = makeItem (bundles[i], curve);
        areas.push_back (items[i].area);
    }

    return areas;
}

void WireLayer::paint (juce::Graphics& g, juce::Point<int> offset, int selected, int hidden) const
{
    const auto way = juce::AffineTransform::translation (-offset.toFloat());

    for (std::size_t i = 0; i < items.size(); ++i)
    {
        if (int (i) == hidden || ! g.clipRegionIntersects (items[i].area - offset))
            continue;

        const auto kind = bundles[i].getKind();

        if (int (i) == selected)
        {
            g.setColour (colour (Token::focus));
            g.fillPath (makeOutline (items[i].curve, kind, zoom, selectedExtra), way);
        }
        else
        {
            g.setColour (getColour (kind).withAlpha (opacity));
            g.fillPath (items[i].outline, way);
        }
    }
}

int WireLayer::find (juce::Point<float> place, float reach, float& proportion) const
{
    int best = -1;
    auto bestDistance = reach;

    for (std::size_t i = 0; i < items.size(); ++i)
    {
        if (! items[i].area.toFloat().expanded (reach).contains (place))
            continue;

        auto where = 0.0f;

        if (const auto distance = items[i].curve.getDistance (place, where); distance <= bestDistance)
        {
            bestDistance = distance;
            proportion = where;
            best = int (i);
        }
    }

    return best;
}

int WireLayer::getIndex (const WireBundle& bundle) const noexcept
{
    const auto found = std::find (bundles.begin(), bundles.end(), bundle);
    return found != bundles.end() ? int (found - bundles.begin()) : -1;
}

void WireLayer::paintCurve (juce::Graphics& g, const WireCurve& curve, NodePortGroup::Kind kind, juce::Colour colourToUse,
                            double zoom, float extraWidth)
{
    g.setColour (colourToUse);
    g.fillPath (makeOutline (curve, kind, zoom, extraWidth));
}

} // namespace gui
