#pragma once

#include "WireBundle.h"
#include "WireCurve.h"

#include <juce_gui_basics/juce_gui_basics.h>

#include <functional>
#include <vector>

namespace gui
{

/** All wires as they are drawn, with their outlines kept. Places are in screen pixels before panning ("zoomed" ones).
    Message thread. */
class WireLayer
{
public:
    using FindCurve = std::function<WireCurve (const WireBundle&)>;

    /** Takes what is unchanged from before. */
    void set (std::vector<WireBundle>, const FindCurve&, double zoom);

    /** Works out anew the curves of the wires that the function names.
        @returns the areas that have to be painted */
    std::vector<juce::Rectangle<int>> move (const std::function<bool (const WireBundle&)>& isMoved, const FindCurve&);

    /** @param offset     that of the view
        @param selected   index of the wire that is drawn as selected, or -1
        @param hidden     index of the one that is not drawn, or -1 */
    void paint (juce::Graphics&, juce::Point<int> offset, int selected, int hidden) const;

    /** The nearest wire within so many pixels, or -1.
        @param proportion  where on the curve, 0 to 1 */
    int find (juce::Point<float> zoomedPlace, float reach, float& proportion) const;

    const std::vector<WireBundle>& getBundles() const noexcept { return bundles; }

    /** -1 if it is not there. */
    int getIndex (const WireBundle&) const noexcept;

    juce::Rectangle<int> getArea (int index) const { return items[std::size_t (index)].area; }
    const WireCurve& getCurve (int index) const { return items[std::size_t (index)].curve; }

    /** A line between two places as a wire of this kind looks. */
    static void paintCurve (juce::Graphics&, const WireCurve&, NodePortGroup::Kind, juce::Colour, double zoom,
                            float extraWidth);

    static juce::Colour getColour (NodePortGroup::Kind);

private:
    struct Item
    {
        WireCurve curve;
        juce::Path outline;
        juce::Rectangle<int> area;
    };

    static juce::Path makeOutline (const WireCurve&, NodePortGroup::Kind, double zoom, float extraWidth);
    Item makeItem (const WireBundle&, const WireCurve&) const;

    std::vector<WireBundle> bundles;
    std::vector<Item> items; ///< one for each bundle
    double zoom = 0.0;
};

} // namespace gui
