#include "Canvas.h"

#include "CanvasLayout.h"
#include "Theme.h"
#include "Words.h"

#include <algorithm>
#include <cmath>

// The canvas' gestures: what the mouse does, and what is dropped from elsewhere.

namespace gui
{

namespace
{
constexpr int dragThreshold = 4, wireReach = 6, insertReach = 28, scrollStep = 24;
constexpr float portReach = 8.0f;

const juce::String pluginPrefix ("plugin:"), nodePrefix ("node:");
} // namespace

//======================================================================================================================
Canvas::Hit Canvas::findHit (juce::Point<int> place) const
{
    const auto reach = std::max (6.0f, portReach * float (std::min (1.0, view.zoom)));

    for (auto card = cards.rbegin(); card != cards.rend(); ++card)
    {
        for (const auto isOutput : { true, false })
        {
            const NodePortGroup* nearest = nullptr;
            auto distance = reach;

            for (const auto& group : (*card)->shape.getSide (isOutput))
            {
                if (const auto d = getPortPosition (group).toFloat().getDistanceFrom (place.toFloat()); d <= distance)
                {
                    distance = d;
                    nearest = &group;
                }
            }

            if (nearest != nullptr)
                return { card->get(), *nearest, -1, 0.0f };
        }

        if ((getZoomedBounds (**card) - view.offset).contains (place))
            return { card->get(), {}, -1, 0.0f };
    }

    Hit hit;
    hit.wire = wires.find ((place + view.offset).toFloat(), float (wireReach), hit.wireProportion);
    return hit;
}

/** The wire that something dropped here would go into, or -1. */
int Canvas::findWireFor (juce::Point<int> place, const host::NodePorts* ports) const
{
    auto proportion = 0.0f;
    const auto wire =
        wires.find ((place + view.offset).toFloat(), float (insertReach) * float (std::min (1.0, view.zoom)), proportion);

    if (wire < 0)
        return -1;

    const auto& bundle = wires.getBundles()[std::size_t (wire)];
    return ports == nullptr || canBeInserted (*ports, bundle) ? wire : -1;
}

std::vector<host::Wire> Canvas::getWiresOf (int index) const
{
    return index >= 0 && index < int (wires.getBundles().size()) ? wires.getBundles()[std::size_t (index)].wires
                                                                 : std::vector<host::Wire>();
}

void Canvas::setHover (const Hit& hit)
{
    setMouseCursor (hit.port ? juce::MouseCursor::PointingHandCursor : juce::MouseCursor::NormalCursor);

    if (hit.port == hover.port)
    {
        hover = hit;
        return;
    }

    for (const auto& port : { hover.port, hit.port })
        if (port && find (port->node) != nullptr)
            repaint (juce::Rectangle<int> (20, 20).withCentre (getPortPosition (*port)));

    hover = hit;
}

juce::String Canvas::getTooltip()
{
    if (gesture.type != Gesture::Type::none)
        return {};

    const auto hit = findHit (getMouseXYRelative());

    if (hit.port)
    {
        juce::StringArray lines;

        for (const auto& bundle : wires.getBundles())
            if (bundle.from == *hit.port || bundle.to == *hit.port)
                lines.add (describe (bundle));

        return lines.isEmpty() ? describe (*hit.port) + ", not connected" : lines.joinIntoString ("\n");
    }

    if (hit.card != nullptr)
    {
        const auto name = hit.card->getNodeName();

        if (! hit.card->node->missing.empty())
            return name + ": " + toJuce (hit.card->node->missing);

        const auto finding = findingDetails.find (hit.card->getId());
        return finding != findingDetails.end() ? name + " on the audio thread:" + finding->second : juce::String();
    }

    return hit.wire >= 0 ? describe (wires.getBundles()[std::size_t (hit.wire)]) : juce::String();
}

//======================================================================================================================
void Canvas::mouseMove (const juce::MouseEvent& event) { setHover (findHit (event.getPosition())); }

void Canvas::mouseExit (const juce::MouseEvent&) { setHover ({}); }

void Canvas::mouseDown (const juce::MouseEvent& event)
{
    cancelGesture();
    nameEditor.reset();
    const auto place = event.getPosition();
    const auto hit = findHit (place);
    const auto adds = event.mods.isShiftDown() || event.mods.isCommandDown();

    gesture.start = gesture.current = place;
    gesture.startWorld = view.screenToWorld (place.toDouble());

    if (event.mods.isMiddleButtonDown()
        || (event.mods.isLeftButtonDown() && juce::KeyPress::isKeyCurrentlyDown (juce::KeyPress::spaceKey)))
    {
        gesture.type = Gesture::Type::pan;
        gesture.startOffset = view.offset;
        setMouseCursor (juce::MouseCursor::DraggingHandCursor);
        return;
    }

    const auto isMenu = event.mods.isPopupMenu();

    if (hit.port && ! isMenu)
    {
        selectWire ({});

        // An input's only wire comes off at its end; anywhere else a new one begins.
        const auto& bundles = wires.getBundles();
        const auto goesThere = [&] (const WireBundle& bundle) { return bundle.to == *hit.port; };
        const auto first = std::find_if (bundles.begin(), bundles.end(), goesThere);

        if (first != bundles.end() && std::none_of (first + 1, bundles.end(), goesThere))
            beginWire (first->from, *first);
        else
            beginWire (*hit.port, {});

        return;
    }

    if (hit.card != nullptr)
    {
        auto& card = *hit.card;
        const auto id = card.getId();
        auto selection = workspace.getSelection();
        gesture.card = id;
        gesture.selectsOnRelease = ! adds && selection.contains (id) && selection.size() > 1 && ! isMenu;

        // What was touched last is on top.
        std::rotate (std::find_if (cards.begin(), cards.end(), [&] (const auto& other) { return other.get() == &card; }),
                     std::find_if (cards.begin(), cards.end(), [&] (const auto& other) { return other.get() == &card; }) + 1,
                     cards.end());
        repaintCard (card);
        card.grabKeyboardFocus();

        if (adds && ! isMenu)
        {
            if (! selection.erase (id))
                selection.insert (id);

            workspace.select (selection);
        }
        else if (! selection.contains (id))
        {
            workspace.select ({ id });
        }

        selectWire ({});

        if (isMenu)
            showCardMenu (card, place);
        else
            gesture.type = Gesture::Type::press;

        return;
    }

    if (hit.wire >= 0)
    {
        workspace.select ({});
        selectWire (wires.getBundles()[std::size_t (hit.wire)]);

        if (isMenu)
        {
            showWireMenu (hit.wire, place);
        }
        else
        {
            gesture.type = Gesture::Type::press;
            gesture.card = 0;
            gesture.pressedProportion = hit.wireProportion;
        }

        return;
    }

    selectWire ({});

    if (isMenu)
    {
        showEmptyMenu (place);
        return;
    }

    if (adds)
        gesture.before = workspace.getSelection();
    else
        workspace.select ({});

    gesture.type = Gesture::Type::rubberBand;
}

void Canvas::mouseDrag (const juce::MouseEvent& event)
{
    const auto place = event.getPosition();

    if (gesture.type == Gesture::Type::pan)
    {
        setView ({ view.zoom, gesture.startOffset - (place - gesture.start) });
        return;
    }

    if (gesture.type == Gesture::Type::press && place.getDistanceFrom (gesture.start) >= dragThreshold)
    {
        if (gesture.card != 0)
        {
            gesture.type = Gesture::Type::moveCards;

            for (const auto id : workspace.getSelection())
                if (const auto* card = find (id))
                    gesture.places[id] = card->place;

            if (gesture.places.empty()) // it was taken out of the selection by the click
                gesture.type = Gesture::Type::none;
        }
        else if (selectedWire)
        {
            // The end that is nearer comes off.
            const auto bundle = *selectedWire;
            beginWire (gesture.pressedProportion < 0.5f ? bundle.to : bundle.from, bundle);
        }
    }

    if (gesture.type == Gesture::Type::none || gesture.type == Gesture::Type::press)
        return;

    // Near the edge what is beyond it comes into view.
    if (const auto inside = getLocalBounds().reduced (8); ! inside.contains (place))
    {
        const auto beyond = place - inside.getConstrainedPoint (place);
        setView ({ view.zoom, view.offset
                                  + juce::Point<int> (juce::jlimit (-scrollStep, scrollStep, beyond.x),
                                                      juce::jlimit (-scrollStep, scrollStep, beyond.y)) });
        beginDragAutoRepeat (40);
    }

    switch (gesture.type)
    {
        case Gesture::Type::moveCards: dragCards (place); break;
        case Gesture::Type::rubberBand: dragRubberBand (place); break;
        case Gesture::Type::wire: dragWire (place); break;
        case Gesture::Type::none:
        case Gesture::Type::pan:
        case Gesture::Type::press: break;
    }
}

void Canvas::mouseUp (const juce::MouseEvent& event)
{
    switch (gesture.type)
    {
        case Gesture::Type::moveCards: dropCards(); return;
        case Gesture::Type::wire: dropWire (event.mods); return;

        case Gesture::Type::press:
            if (gesture.selectsOnRelease)
                workspace.select ({ gesture.card });
            break;

        case Gesture::Type::none:
        case Gesture::Type::pan:
        case Gesture::Type::rubberBand: break;
    }

    cancelGesture();
}

void Canvas::mouseDoubleClick (const juce::MouseEvent& event)
{
    cancelGesture();

    if (! event.mods.isLeftButtonDown())
        return;

    const auto place = event.getPosition();
    const auto hit = findHit (place);

    if (hit.port)
        return;

    if (hit.card != nullptr)
        workspace.openEditor (hit.card->getId());
    else if (hit.wire >= 0)
        disconnect (getWiresOf (hit.wire));
    else
        workspace.chooseNode (findFreePlace (place), {});
}

void Canvas::mouseWheelMove (const juce::MouseEvent& event, const juce::MouseWheelDetails& wheel)
{
    if (event.mods.isCommandDown())
    {
        zoomBy (std::exp2 (double (wheel.deltaY)), event.getPosition());
        return;
    }

    constexpr float pixels = 256.0f;
    auto way = juce::Point<float> (wheel.deltaX, wheel.deltaY) * pixels;

    if (event.mods.isShiftDown())
        way = { way.y, way.x };

    setView ({ view.zoom, view.offset - way.roundToInt() });
}

void Canvas::mouseMagnify (const juce::MouseEvent& event, float scaleFactor)
{
    zoomBy (double (scaleFactor), event.getPosition());
}

//======================================================================================================================
juce::Rectangle<int> Canvas::getGestureArea() const
{
    if (gesture.type == Gesture::Type::rubberBand)
    {
        const auto start = view.worldToScreen (gesture.startWorld).roundToInt();
        return juce::Rectangle<int> (start, gesture.current).expanded (2);
    }

    if (gesture.type == Gesture::Type::wire && find (gesture.fixedEnd.node) != nullptr)
    {
        const auto fixed = getPortPosition (gesture.fixedEnd).toFloat(), end = gesture.current.toFloat();
        const WireCurve curve{ gesture.fixedEnd.isOutput ? fixed : end, gesture.fixedEnd.isOutput ? end : fixed,
                               14.0f * float (view.zoom) };
        return curve.getBounds().getSmallestIntegerContainer().expanded (24); // a target's port is near
    }

    return {};
}

void Canvas::repaintGesture()
{
    repaint (getGestureArea());
    repaint (getLocalBounds().removeFromBottom (36)); // the hint
}

void Canvas::cancelGesture()
{
    if (gesture.type == Gesture::Type::none)
        return;

    const auto old = std::exchange (gesture, {});

    if (old.type == Gesture::Type::moveCards)
    {
        std::set<host::NodeId> ids;

        for (const auto& [id, place] : old.places)
        {
            if (auto* card = find (id))
                moveCard (*card, place);

            ids.insert (id);
        }

        moveWires (ids);
    }

    setMouseCursor (juce::MouseCursor::NormalCursor);
    repaint();
}

void Canvas::dragRubberBand (juce::Point<int> place)
{
    repaint (getGestureArea());
    gesture.current = place;
    repaint (getGestureArea());

    auto selection = gesture.before;
    const auto area = getGestureArea().reduced (2);

    for (const auto& card : cards)
        if ((getZoomedBounds (*card) - view.offset).intersects (area))
            selection.insert (card->getId());

    workspace.select (std::move (selection));
}

void Canvas::dragCards (juce::Point<int> place)
{
    const auto& first =
        gesture.places.contains (gesture.card) ? *gesture.places.find (gesture.card) : *gesture.places.begin();
    const auto* card = find (first.first);
    const juce::Point<double> size (double (NodeShape::width), double (card->shape.getHeight()));
    const auto way =
        CanvasView::snapped (first.second + view.screenToWorld (place.toDouble()) - gesture.startWorld, size) - first.second;
    std::set<host::NodeId> ids;

    if (constexpr std::size_t many = 8; gesture.places.size() > many)
        repaint(); // one area in place of hundreds

    for (const auto& [id, start] : gesture.places)
    {
        if (auto* moved = find (id))
            moveCard (*moved, start + way);

        ids.insert (id);
    }

    moveWires (ids);

    // A card without wires goes into the one below it.
    auto into = -1;

    if (gesture.places.size() == 1 && card->look.connected.empty())
        into = findWireFor ((getZoomedBounds (*card) - view.offset).getCentre(), &card->node->runtime->ports);

    if (into != gesture.insertInto)
    {
        repaintWire (gesture.insertInto);
        gesture.insertInto = into;
        repaintWire (into);
        repaintGesture();
    }
}

void Canvas::dropCards()
{
    const auto finished = std::exchange (gesture, {});
    setMouseCursor (juce::MouseCursor::NormalCursor);
    repaint();

    std::map<host::NodeId, juce::Point<double>> moved;

    for (const auto& [id, start] : finished.places)
        if (const auto* card = find (id); card != nullptr && card->place != start)
            moved[id] = card->place;

    if (moved.empty())
        return;

    const auto wiresToCut = getWiresOf (finished.insertInto);
    const auto isDone = workspace.attempt (
        [&]
        {
            if (! wiresToCut.empty())
                workspace.editor.insertIntoWires (moved.begin()->first, CanvasView::worldToUnits (moved.begin()->second),
                                                  wiresToCut);
            else
                workspace.editor.moveNodes (withAutomaticPlaces (moved));
        });

    if (! isDone)
        sessionChanged();
}

//======================================================================================================================
/** The nodes whose other side reaches the fixed end: a wire to them would be a loop without a feedback node. */
std::set<host::NodeId> Canvas::findCircles (const NodePortGroup& fixedEnd, const std::optional<WireBundle>& without) const
{
    std::set<host::NodeId> result;
    const auto isFeedback = [this] (host::NodeId id) { return find (id)->node->runtime->role == host::NodeRole::feedback; };

    if (isFeedback (fixedEnd.node))
        return result;

    std::multimap<host::NodeId, host::NodeId> neighbours;

    for (const auto& bundle : wires.getBundles())
        if (! without || bundle != *without)
            neighbours.insert (fixedEnd.isOutput ? std::pair{ bundle.to.node, bundle.from.node }
                                                 : std::pair{ bundle.from.node, bundle.to.node });

    std::vector<host::NodeId> ways{ fixedEnd.node };
    result.insert (fixedEnd.node);

    while (! ways.empty())
    {
        const auto id = ways.back();
        ways.pop_back();
        const auto [begin, end] = neighbours.equal_range (id);

        for (auto next = begin; next != end; ++next)
            if (! isFeedback (next->second) && result.insert (next->second).second)
                ways.push_back (next->second);
    }

    return result;
}

bool Canvas::canConnect (const host::Wire& wire) const
{
    // Beside a wire that is being moved the editor would take its old place for taken.
    if (gesture.detached)
    {
        const auto& own = gesture.detached->wires;
        const auto all = workspace.editor.getWires();
        return std::find (own.begin(), own.end(), wire) != own.end()
               || std::find (all.begin(), all.end(), wire) == all.end();
    }

    return workspace.editor.canConnect (wire);
}

void Canvas::beginWire (const NodePortGroup& fixedEnd, std::optional<WireBundle> detached)
{
    gesture.type = Gesture::Type::wire;
    gesture.fixedEnd = fixedEnd;
    gesture.detached = std::move (detached);
    gesture.blocked = findCircles (fixedEnd, gesture.detached);
    repaint();
}

void Canvas::dragWire (juce::Point<int> place)
{
    repaintGesture();
    gesture.current = place;

    const auto before = gesture.target;
    const auto hit = findHit (place);
    gesture.target = 0;
    gesture.targetPort.reset();
    gesture.targetWires.clear();

    if (hit.card != nullptr && ! gesture.blocked.contains (hit.card->getId()))
    {
        auto meant = hit.port ? makeWiresBetween (gesture.fixedEnd, *hit.port) : std::vector<host::Wire>();
        const auto isPort = ! meant.empty();

        if (! isPort)
            meant = makeWiresOnto (gesture.fixedEnd, hit.card->shape);

        std::erase_if (meant, [this] (const host::Wire& wire) { return ! canConnect (wire); });

        if (! meant.empty())
        {
            gesture.target = hit.card->getId();
            gesture.targetWires = meant;
            const auto& end = gesture.fixedEnd.isOutput ? meant.front().to : meant.front().from;
            gesture.targetPort = isPort ? *hit.port : *hit.card->shape.find (! gesture.fixedEnd.isOutput, end);
        }
    }

    for (const auto id : { before, gesture.target })
        if (const auto* card = find (id); card != nullptr && before != gesture.target)
            repaintCard (*card);

    repaintGesture();
}

void Canvas::dropWire (const juce::ModifierKeys& mods)
{
    const auto place = gesture.current;
    const auto hit = findHit (place);
    const auto done = std::exchange (gesture, {});
    repaint();

    if (done.start.getDistanceFrom (place) < dragThreshold || ! getLocalBounds().contains (place))
        return;

    if (done.detached)
    {
        if (done.targetWires == done.detached->wires)
            return;

        if (done.target == 0 && hit.card != nullptr)
            return; // a slip: nothing is lost where the wire could not go

        selectWire ({});
        workspace.attempt (
            [&]
            {
                if (done.target == 0)
                    workspace.editor.disconnect (done.detached->wires);
                else
                    workspace.editor.reconnect (done.detached->wires, done.targetWires);
            });
        return;
    }

    if (done.target != 0 && done.targetPort)
    {
        const auto isWide = done.fixedEnd.count > 1 || done.targetPort->count > 1;

        if (isWide && (mods.isAltDown() || mods.isCommandDown()))
            showSingleChannels (done.fixedEnd, *done.targetPort, place);
        else
            workspace.attempt ([&] { workspace.editor.connect (done.targetWires); });

        return;
    }

    if (hit.card == nullptr || hit.card->getId() == done.fixedEnd.node)
        return;

    // Why it cannot be: the editor knows for a loop; else nothing fits, or all is there already.
    const auto meant = makeWiresOnto (done.fixedEnd, hit.card->shape);

    if (! meant.empty() && done.blocked.contains (hit.card->getId()))
        workspace.attempt ([&] { workspace.editor.connect (meant); });
    else if (workspace.tell)
        workspace.tell (meant.empty()
                            ? hit.card->getNodeName() + " has no port that goes with " + describe (done.fixedEnd) + "."
                            : describe (done.fixedEnd) + " is connected to " + hit.card->getNodeName() + " already.",
                        false);
}

//======================================================================================================================
void Canvas::setDropTarget (int wire)
{
    if (wire == dropTarget)
        return;

    repaintWire (dropTarget);
    dropTarget = wire;
    repaintWire (dropTarget);
}

bool Canvas::isInterestedInDragSource (const SourceDetails& details)
{
    const auto text = details.description.toString();
    return text.startsWith (pluginPrefix) || text.startsWith (nodePrefix);
}

void Canvas::itemDragMove (const SourceDetails& details)
{
    const auto text = details.description.toString();
    const auto type = text.startsWith (nodePrefix) ? text.fromFirstOccurrenceOf (":", false, false) : juce::String();
    const auto canGoIntoWires = type.isEmpty() || type == "gain" || type == "mixer" || type == "feedback";
    setDropTarget (canGoIntoWires ? findWireFor (details.localPosition, nullptr) : -1);
}

void Canvas::itemDragExit (const SourceDetails&) { setDropTarget (-1); }

void Canvas::itemDropped (const SourceDetails& details)
{
    const auto into = getWiresOf (dropTarget);
    setDropTarget (-1);

    workspace.addListed (details.description.toString(), findFreePlace (details.localPosition), into);
}

void Canvas::fileDragMove (const juce::StringArray&, int x, int y) { setDropTarget (findWireFor ({ x, y }, nullptr)); }

void Canvas::fileDragExit (const juce::StringArray&) { setDropTarget (-1); }

void Canvas::filesDropped (const juce::StringArray& files, int x, int y)
{
    const auto into = getWiresOf (dropTarget);
    setDropTarget (-1);
    workspace.dropFiles (files, findFreePlace ({ x, y }), into);
}

} // namespace gui
