#include "Canvas.h"

#include "CanvasLayout.h"
#include "Theme.h"
#include "Words.h"

#include <algorithm>
#include <cmath>

namespace gui
{

namespace
{
constexpr int framesOfLamp = 4, framesOfMuted = 60, framesBetweenLoads = 10, framesBetweenNames = 30;
constexpr int edge = 20, footer = 36; ///< around what is made to fit
constexpr int dotDistance = 24;
constexpr float wireReach = 14.0f;

/** What people call what the guard saw, in one word. */
juce::String getWord (const juce::String& function)
{
    for (const auto* name : { "alloc", "operator new", "memalign", "strdup" })
        if (function.contains (name))
            return "allocates";

    if (function == "free" || function.startsWith ("operator delete"))
        return "frees";

    // Before the locks: a clock is none.
    for (const auto* name : { "cond", "sem_", "sleep", "join", "poll", "select" })
        if (function.contains (name))
            return "waits";

    if (function.contains ("lock") || function.contains ("mutex"))
        return "locks";

    if (function == "pthread_create" || function == "thrd_create")
        return "starts threads";

    return "calls " + function.fromLastOccurrenceOf ("syscall ", false, false);
}

juce::String getTypeName (const NodeCard& card) { return getNodeTypeName (toJuce (card.node->getType())); }
} // namespace

//======================================================================================================================
/** Hears of every repaint of the canvas and what is on it; keeps no image. */
class Canvas::Dirt final : public juce::CachedComponentImage
{
public:
    explicit Dirt (Canvas& canvasToWatch) : canvas (canvasToWatch) {}

    void paint (juce::Graphics& g) override { canvas.paintEntireComponent (g, false); }

    bool invalidateAll() override { return invalidate (canvas.getLocalBounds()); }

    bool invalidate (const juce::Rectangle<int>& area) override
    {
        constexpr int most = 64;

        if (! canvas.isRepaintingMeter)
            canvas.dirt.add (area.getIntersection (canvas.getLocalBounds()));

        // A few areas too large cost less than many.
        if (canvas.dirt.getNumRectangles() > most)
            canvas.dirt = canvas.dirt.getBounds();

        return true;
    }

    void releaseResources() override {}

private:
    Canvas& canvas;
};

//======================================================================================================================
Canvas::Canvas (Workspace& workspaceToUse) : workspace (workspaceToUse)
{
    setName ("Graph");
    setTitle ("Graph");
    setHelpText ("Tab goes from node to node. C connects, X disconnects, B bypasses, Enter opens.");
    setOpaque (true);
    setCachedComponentImage (new Dirt (*this));
    setWantsKeyboardFocus (true);

    setLook (zoomButton, ButtonLook::link, 11.0f);
    setLook (fitButton, ButtonLook::link, 11.0f);
    zoomButton.setTitle ("Zoom");
    zoomButton.setTooltip ("Show at 100 % (ctrl+0)");
    fitButton.setTitle ("Fit");
    fitButton.setTooltip ("Show all of the graph");
    zoomButton.onClick = [this] { zoomToNormal(); };
    fitButton.onClick = [this] { zoomToFit(); };
    addAndMakeVisible (zoomButton);
    addAndMakeVisible (fitButton);

    workspace.addListener (*this);
    workspace.editor.addListener (*this);
    sessionChanged();
}

Canvas::~Canvas()
{
    workspace.editor.removeListener (*this);
    workspace.removeListener (*this);
}

NodeCard* Canvas::find (host::NodeId id) const
{
    const auto found = cardsById.find (id);
    return found != cardsById.end() ? found->second : nullptr;
}

//======================================================================================================================
void Canvas::sessionChanged()
{
    cancelGesture();

    std::map<host::NodeId, std::unique_ptr<NodeCard>> gone;
    auto isNewSession = true;

    for (auto& card : cards)
        gone[card->getId()] = std::move (card);

    std::vector<std::unique_ptr<NodeCard>> kept, made;
    const auto hadFocus = hasKeyboardFocus (true);

    for (const auto& node : workspace.editor.getNodes())
    {
        const auto old = gone.find (node->getId());

        if (old == gone.end())
        {
            auto card = std::make_unique<NodeCard> (node);
            auto& c = *card;
            c.onFocus = [this, &c] (FocusChangeType cause)
            {
                if (c.hasKeyboardFocus (false) && cause == focusChangedByTabKey)
                    goTo (c);

                repaintCard (c);
            };
            c.onPress = [this, &c] { workspace.openEditor (c.getId()); };
            c.onMenu = [this, &c] { showCardMenu (c, {}); };
            c.isSelected = [this, &c] { return workspace.isSelected (c.getId()); };
            c.describe = [this, &c] { return describe (c); };
            c.midiEvents = node->runtime->midiEvents.load (std::memory_order_relaxed);
            c.mutedBlocks = node->runtime->mutedBlocks.load (std::memory_order_relaxed);
            addAndMakeVisible (c);
            made.push_back (std::move (card));
            continue;
        }

        auto& card = *old->second;
        const auto isSameRuntime = &*card.node->runtime == &*node->runtime;
        isNewSession = isNewSession && ! isSameRuntime;
        card.node = node;

        if (! isSameRuntime)
            card.readPorts();

        kept.push_back (std::move (old->second));
        gone.erase (old);
    }

    // Kept cards stay above each other as they were; new ones are on top.
    std::map<host::NodeId, std::size_t> order;

    for (const auto& [id, card] : cardsById)
        order[id] = std::size_t (
            std::find_if (cards.begin(), cards.end(), [&, c = card] (const auto& other) { return other.get() == c; })
            - cards.begin());

    cards = std::move (kept);

    for (auto& card : made)
        cards.push_back (std::move (card));

    const auto focusIsGone = hadFocus
                             && std::any_of (gone.begin(), gone.end(), [] (const auto& entry)
                                             { return entry.second != nullptr && entry.second->hasKeyboardFocus (false); });
    cardsById.clear();

    for (const auto& card : cards)
        cardsById[card->getId()] = card.get();

    hover = {};
    gone.clear();

    if (focusIsGone)
        grabKeyboardFocus();

    placeCards (isNewSession);
    rebuildWires();

    for (const auto& card : cards)
        updateLook (*card);

    workspace.select (workspace.getSelection()); // without those that have gone

    isNew = isNewSession;
    fitIfNew();
    boundsChanged();
}

void Canvas::placeCards (bool isNewSession)
{
    if (isNewSession)
        automaticPlaces.clear();

    std::vector<NodeShape> unplaced;
    std::vector<juce::Rectangle<double>> taken;

    for (const auto& card : cards)
    {
        const auto units = card->node->getPosition();
        card->isPlaced = ! units.isOrigin();

        if (card->isPlaced)
            card->place = CanvasView::unitsToWorld (units);
        else if (const auto known = automaticPlaces.find (card->getId()); known != automaticPlaces.end())
            card->place = known->second;
        else
        {
            unplaced.push_back (card->basicShape);
            continue;
        }

        taken.push_back (getCardArea (card->basicShape, card->place));
    }

    if (unplaced.empty())
        return;

    for (const auto& [id, place] : layOutNodes (unplaced, workspace.editor.getWires(), taken))
    {
        automaticPlaces[id] = place;
        find (id)->place = place;
    }
}

void Canvas::rebuildWires()
{
    NodeShapes shapes;

    for (const auto& card : cards)
        shapes[card->getId()] = card->basicShape;

    auto bundles = bundleWires (shapes, workspace.editor.getWires());

    for (const auto& card : cards)
    {
        card->shape = shapes[card->getId()];
        card->look.connected.clear();
    }

    for (const auto& bundle : bundles)
    {
        find (bundle.from.node)->look.connected.insert (bundle.from);
        find (bundle.to.node)->look.connected.insert (bundle.to);
    }

    wires.set (std::move (bundles), [this] (const WireBundle& bundle) { return getCurve (bundle); }, view.zoom);

    if (selectedWire && wires.getIndex (*selectedWire) < 0)
        selectedWire.reset();
}

juce::String Canvas::getDetail (const NodeCard& card) const
{
    const auto& ports = card.node->runtime->ports;
    const auto type = card.node->getType();

    if (! card.node->missing.empty())
        return "missing";

    if (card.mutedFrames > 0)
        return "NaN, muted";

    if (card.node->isBypassed())
        return "bypassed";

    if (const auto* plugin = card.node->getPlugin())
        return plugin->getInfo().manufacturer.isNotEmpty() ? plugin->getInfo().manufacturer : plugin->getInfo().format;

    if (type == "midiInput")
        return midiDevices;

    if (type == "mixer")
        return juce::String (ports.audioInputs / 2) + " in";

    const auto channels = std::max (ports.audioInputs, ports.audioOutputs);
    const auto count = channels == 0 ? juce::String() : juce::String (channels) + (channels == 1 ? " channel" : " channels");
    const auto kind = getTypeName (card);

    if (type == "audioInput" || type == "audioOutput" || card.getNodeName().equalsIgnoreCase (kind))
        return count;

    return kind;
}

void Canvas::updateLook (NodeCard& card)
{
    auto look = card.look;
    look.name = card.getNodeName();
    look.detail = getDetail (card);
    look.shape = card.shape;
    look.isBad = ! card.node->missing.empty() || card.mutedFrames > 0;
    look.isDimmed = card.node->isBypassed() || ! card.node->missing.empty();
    look.isSelected = workspace.isSelected (card.getId());
    look.showsLoad = card.node->runtime->role == host::NodeRole::processor && card.node->missing.empty();
    look.showsMidi = card.node->runtime->ports.midiInput || card.node->runtime->ports.midiOutput;

    const auto finding = findings.find (card.getId());
    look.pill = finding != findings.end() ? finding->second : juce::String();

    if (look == card.look && card.picture.image.isValid())
        return;

    card.look = std::move (look);
    card.picture = {};
    repaintCard (card);
}

void Canvas::selectionChanged()
{
    for (const auto& card : cards)
    {
        if (card->look.isSelected == workspace.isSelected (card->getId()))
            continue;

        updateLook (*card);

        if (auto* handler = card->getAccessibilityHandler())
            handler->notifyAccessibilityEvent (juce::AccessibilityEvent::titleChanged);
    }

    if (! workspace.getSelection().empty())
        selectWire ({});
}

juce::String Canvas::describe (const NodeCard& card) const
{
    auto text = card.getNodeName() + ", " + getTypeName (card);

    if (card.look.isBad || card.look.isDimmed)
        text << ", " << card.look.detail;

    if (card.look.showsLoad)
        text << ", " << juce::roundToInt (100.0f * card.node->runtime->load.load (std::memory_order_relaxed))
             << " percent load";

    if (card.look.pill.isNotEmpty())
        text << ", " << card.look.pill << " on the audio thread";

    juce::StringArray targets;

    for (const auto& bundle : wires.getBundles())
        if (bundle.from.node == card.getId())
            targets.addIfNotAlreadyThere (find (bundle.to.node)->getNodeName());

    if (! targets.isEmpty())
        text << ", connected to " << targets.joinIntoString (", ");

    return text;
}

//======================================================================================================================
void Canvas::readFindings()
{
    if (const auto version = guard->poll(); version == findingsVersion)
        return;
    else
        findingsVersion = version;

    std::map<host::NodeId, std::map<std::string, std::uint64_t>> counts;

    for (const auto& violation : guard->getSnapshot().violations)
        counts[violation.node][violation.function] += violation.count;

    findings.clear();
    findingDetails.clear();

    for (const auto& [id, functions] : counts)
    {
        // One word for all: what allocates frees as well, and the former says more.
        juce::StringArray words;

        for (const auto& [function, times] : functions)
            words.addIfNotAlreadyThere (getWord (toJuce (function)));

        if (words.size() > 1)
            words.removeString ("frees");

        findings[id] = words.contains ("allocates") ? juce::String ("allocates") : words[0];
        auto& details = findingDetails[id];

        for (const auto& [function, times] : functions)
            details << "\n" << toJuce (function) << ", " << withThousands (times) << (times == 1 ? " time" : " times");
    }

    for (const auto& card : cards)
        updateLook (*card);
}

void Canvas::frame()
{
    const auto readsLoad = frames % framesBetweenLoads == 0;

    readFindings();

    if (frames % framesBetweenNames == 0)
    {
        const auto names = workspace.live.getMidiInputs().getNames();
        const auto devices = names.isEmpty()     ? juce::String ("no device")
                             : names.size() == 1 ? names[0]
                                                 : juce::String (names.size()) + " devices";

        if (devices != midiDevices)
        {
            midiDevices = devices;

            for (const auto& card : cards)
                updateLook (*card);
        }
    }

    const auto visible = getLocalBounds();

    for (const auto& card : cards)
    {
        const auto& runtime = *card->node->runtime;
        const auto muted = runtime.mutedBlocks.load (std::memory_order_relaxed);

        if (muted != card->mutedBlocks || card->mutedFrames > 0)
        {
            const auto before = card->mutedFrames;
            card->mutedFrames = muted != card->mutedBlocks ? framesOfMuted : before - 1;
            card->mutedBlocks = muted;

            if ((before > 0) != (card->mutedFrames > 0))
                updateLook (*card);
        }

        const auto events = runtime.midiEvents.load (std::memory_order_relaxed);

        if (events != card->midiEvents)
            card->midiFrames = framesOfLamp;
        else if (card->midiFrames > 0)
            --card->midiFrames;

        card->midiEvents = events;

        if (card->picture.image.isNull())
            continue;

        if (! getPictureBounds (*card).intersects (visible))
            continue;

        const auto changed = showMeters (*card, readsLoad);

        if (changed.isEmpty())
            continue;

        const auto area = (changed.toFloat() / pixelScale + getPictureCorner (*card)).getSmallestIntegerContainer();
        const juce::ScopedValueSetter<bool> isMeter (isRepaintingMeter, true);
        repaint (area);
        movedMeters.push_back (area);
    }

    ++frames;

    // Should nobody paint, remembering what is to be painted has no end.
    if (movedMeters.size() > 8 * cards.size() + 64)
    {
        movedMeters.clear();
        repaint();
    }
}

/** @returns the part of its picture that changed */
juce::Rectangle<int> Canvas::showMeters (NodeCard& card, bool readsLoad)
{
    const auto& runtime = *card.node->runtime;
    auto load = card.picture.load;

    if (! card.look.showsLoad)
        load = -1;
    else if (readsLoad || load < 0)
        load = std::min (999, juce::roundToInt (100.0f * runtime.load.load (std::memory_order_relaxed)));

    return renderer.update (card.picture,
                            { renderer.getMeterLength (runtime.peaks[0].load (std::memory_order_relaxed)),
                              renderer.getMeterLength (runtime.peaks[1].load (std::memory_order_relaxed)) },
                            load, card.look.showsMidi && card.midiFrames > 0);
}

//======================================================================================================================
juce::Rectangle<int> Canvas::getZoomedBounds (const NodeCard& card) const
{
    const auto area = getCardArea (card.shape, card.place) * view.zoom;
    return { juce::roundToInt (area.getX()), juce::roundToInt (area.getY()), juce::roundToInt (area.getWidth()),
             juce::roundToInt (area.getHeight()) };
}

juce::Rectangle<int> Canvas::getPictureBounds (const NodeCard& card) const
{
    const auto margin = float (NodeCardRenderer::margin * view.zoom);
    return (getZoomedBounds (card) - view.offset).toFloat().expanded (margin + 1.0f).getSmallestIntegerContainer();
}

juce::Point<float> Canvas::getPictureCorner (const NodeCard& card) const
{
    const auto margin = float (renderer.getMargin()) / pixelScale;
    return (getZoomedBounds (card) - view.offset).getPosition().toFloat().translated (-margin, -margin);
}

juce::Rectangle<int> Canvas::getCardBounds (host::NodeId id) const
{
    const auto* card = find (id);
    return card != nullptr ? getZoomedBounds (*card) - view.offset : juce::Rectangle<int>();
}

juce::Point<float> Canvas::getZoomedPort (const NodePortGroup& group) const
{
    const auto& card = *find (group.node);
    const auto bounds = getZoomedBounds (card).toFloat();
    return { group.isOutput ? bounds.getRight() : bounds.getX(),
             bounds.getY() + float (card.shape.getPortY (group) * view.zoom) };
}

juce::Point<int> Canvas::getPortPosition (const NodePortGroup& group) const
{
    return getZoomedPort (group).roundToInt() - view.offset;
}

WireCurve Canvas::getCurve (const WireBundle& bundle) const
{
    return { getZoomedPort (bundle.from), getZoomedPort (bundle.to), wireReach * float (view.zoom) };
}

/** Units: of a new card there, on the grid, or straight below or above what is there already. */
juce::Point<double> Canvas::findFreePlace (juce::Point<int> place) const
{
    const auto size = juce::Point<int> (NodeShape::width, NodeShape::leastHeight).toDouble();
    std::vector<juce::Rectangle<double>> taken;

    for (const auto& card : cards)
        taken.push_back (getCardArea (card->shape, card->place));

    const auto wished = CanvasView::snapped (view.screenToWorld (place.toDouble()), size);
    return CanvasView::worldToUnits (gui::findFreePlace (wished, size, taken));
}

juce::Point<double> Canvas::getCentre() const { return findFreePlace (getLocalBounds().getCentre()); }

juce::Rectangle<double> Canvas::getContent() const
{
    juce::Rectangle<double> content;

    for (const auto& card : cards)
    {
        const auto area = getCardArea (card->shape, card->place);
        content = content.isEmpty() ? area : content.getUnion (area);
    }

    return content;
}

juce::Rectangle<int> Canvas::getRoom() const { return getLocalBounds().withTrimmedBottom (footer - edge).reduced (edge); }

void Canvas::fitIfNew()
{
    if (! isNew || getRoom().isEmpty())
        return;

    // As the session has it where all of it can be seen so.
    const auto content = getContent();
    changeView (getRoom().toDouble().contains (content) ? CanvasView() : CanvasView::fitting (content, getRoom()));
}

void Canvas::setView (const CanvasView& newView)
{
    isNew = false;
    changeView (newView);
}

void Canvas::changeView (const CanvasView& newView)
{
    if (view == newView)
        return;

    const auto zoomChanged = view.zoom != newView.zoom;
    view = newView;

    if (zoomChanged)
    {
        wires.set (wires.getBundles(), [this] (const WireBundle& bundle) { return getCurve (bundle); }, view.zoom);
        zoomButton.setButtonText (juce::String (juce::roundToInt (view.zoom * 100.0)) + " %");
    }

    boundsChanged();
}

/** Of everything at once. */
void Canvas::boundsChanged()
{
    repaint();

    // Tab goes through the cards from left to right, and then from top to bottom.
    std::vector<NodeCard*> inOrder;

    for (const auto& card : cards)
    {
        card->setBounds (getZoomedBounds (*card) - view.offset);
        inOrder.push_back (card.get());

        // Pictures of what is far away are let go of.
        if (! card->getBounds().intersects (getLocalBounds().expanded (getWidth(), getHeight())))
            card->picture = {};
    }

    std::sort (inOrder.begin(), inOrder.end(), [] (const NodeCard* a, const NodeCard* b)
               { return a->place.x != b->place.x ? a->place.x < b->place.x : a->place.y < b->place.y; });

    for (std::size_t i = 0; i < inOrder.size(); ++i)
        inOrder[i]->setExplicitFocusOrder (int (i) + 1);

    if (nameEditor != nullptr)
        nameEditor.reset();
}

void Canvas::moveCard (NodeCard& card, juce::Point<double> place)
{
    if (card.place == place)
        return;

    repaintCard (card);
    card.place = place;
    card.setBounds (getZoomedBounds (card) - view.offset);
    repaintCard (card);
}

void Canvas::moveWires (const std::set<host::NodeId>& ids)
{
    for (const auto& area : wires.move ([&] (const WireBundle& bundle)
                                        { return ids.contains (bundle.from.node) || ids.contains (bundle.to.node); },
                                        [this] (const WireBundle& bundle) { return getCurve (bundle); }))
        repaint (area - view.offset);
}

void Canvas::repaintCard (const NodeCard& card) { repaint (getPictureBounds (card)); }

void Canvas::repaintWire (int index)
{
    if (index >= 0 && index < int (wires.getBundles().size()))
        repaint (wires.getArea (index) - view.offset);
}

//======================================================================================================================
void Canvas::resized()
{
    auto bar = getLocalBounds().removeFromBottom (footer).reduced (edge - 8, 6);
    fitButton.setBounds (bar.removeFromRight (44));
    zoomButton.setBounds (bar.removeFromRight (60));
    fitIfNew();
    boundsChanged();
}

void Canvas::lookAndFeelChanged()
{
    renderer.setScale (renderer.getScale());

    for (const auto& card : cards)
        card->picture = {};

    dots = {};
    repaint();
}

juce::String Canvas::getHint() const
{
    switch (gesture.type)
    {
        case Gesture::Type::wire:
            return gesture.detached ? "Drop the end on another node to move it there, or aside to disconnect"
                                    : "Drop on a port or a node to connect; with ctrl, single channels";
        case Gesture::Type::moveCards:
            if (gesture.insertInto >= 0)
                return "Let go to insert " + find (gesture.card)->getNodeName() + " here";
            break;
        case Gesture::Type::none:
        case Gesture::Type::pan:
        case Gesture::Type::rubberBand:
        case Gesture::Type::press: break;
    }

    return "Double-click to add" + dot() + "drop a plugin on a wire to insert it";
}

void Canvas::paintBackground (juce::Graphics& g, float scale)
{
    g.fillAll (colour (Token::background));

    // Fewer dots where they would become a grey.
    auto distance = dotDistance * view.zoom;

    while (distance < 0.5 * dotDistance)
        distance *= 2.0;

    const auto radius = float (juce::jlimit (0.8, 1.6, view.zoom));
    const auto height = int (std::ceil (2.0f * radius)) + 1;
    const auto width = getWidth() + int (std::ceil (distance)) + height;

    if (dots.isNull())
    {
        dots = juce::Image (juce::Image::ARGB, juce::roundToInt (float (width) * scale),
                            juce::roundToInt (float (height) * scale), true);
        juce::Graphics row (dots);
        row.addTransform (juce::AffineTransform::scale (scale));
        row.setColour (colour (Token::card));

        for (double x = 0.0; x < width; x += distance)
            row.fillEllipse (
                juce::Rectangle<float> (2.0f * radius, 2.0f * radius)
                    .withCentre ({ float (juce::roundToInt (x)) + 0.5f * float (height), 0.5f * float (height) }));
    }

    const auto getFirst = [distance] (int offset) { return std::floor (offset / distance) * distance - offset; };
    const auto x = juce::roundToInt (getFirst (view.offset.x));

    for (auto y = getFirst (view.offset.y) - height; y < getHeight(); y += distance)
    {
        const juce::Rectangle<int> row (x - height / 2, juce::roundToInt (y) - height / 2, width, height);

        if (g.clipRegionIntersects (row))
            g.drawImageTransformed (dots,
                                    juce::AffineTransform::scale (1.0f / scale).translated (row.getPosition().toFloat()));
    }

    g.setColour (colour (Token::muted));
    g.setFont (font (11.0f));
    g.drawText (getHint(), getLocalBounds().removeFromBottom (footer).withTrimmedLeft (edge).withTrimmedRight (120),
                juce::Justification::centredLeft, true);
}

/** Whether nothing but what is known to be dirty is asked for: not so when a window that lay above has gone, or for a
    picture. */
bool Canvas::paintsOnlyDirt (juce::Graphics& g) const
{
    const juce::Graphics::ScopedSaveState state (g);

    for (const auto& area : dirt)
        g.excludeClipRegion (area);

    for (const auto& area : movedMeters)
    {
        if (g.isClipEmpty())
            return true;

        g.excludeClipRegion (area);
    }

    return g.isClipEmpty();
}

void Canvas::paint (juce::Graphics& g)
{
    pixelScale = g.getInternalContext().getPhysicalPixelScaleFactor();

    if (const auto scale = view.zoom * double (pixelScale); scale != renderer.getScale())
    {
        renderer.setScale (scale);
        dots = {};

        for (const auto& card : cards)
            card->picture = {};
    }

    if (juce::roundToInt (float (dots.getWidth()) / pixelScale) < getWidth())
        dots = {};

    {
        // Where only meters moved, which lie on cards, neither background nor wires can be seen.
        const juce::Graphics::ScopedSaveState state (g);
        const auto isAllKnown = paintsOnlyDirt (g);

        if (! isAllKnown || g.reduceClipRegion (dirt))
        {
            paintBackground (g, pixelScale);
            wires.paint (g, view.offset, selectedWire ? wires.getIndex (*selectedWire) : -1,
                         gesture.detached ? wires.getIndex (*gesture.detached) : -1);
        }
    }

    movedMeters.clear();
    dirt.clear();

    for (const auto& card : cards)
    {
        if (! g.clipRegionIntersects (getPictureBounds (*card)))
            continue;

        if (card->picture.image.isNull())
        {
            card->picture = renderer.draw (card->look);
            showMeters (*card, true);
        }

        g.setOpacity (1.0f);
        g.drawImageTransformed (card->picture.image,
                                juce::AffineTransform::scale (1.0f / pixelScale).translated (getPictureCorner (*card)));
    }

    paintGesture (g);
}

void Canvas::paintGesture (juce::Graphics& g)
{
    if (const auto* focused = getFocusedCard(); focused != nullptr && ! focused->look.isSelected)
        drawFocus (g, (getZoomedBounds (*focused) - view.offset).toFloat().expanded (3.0f), 10.0f);

    for (const auto wire : { dropTarget, gesture.insertInto })
    {
        if (wire < 0 || wire >= int (wires.getBundles().size()))
            continue;

        const juce::Graphics::ScopedSaveState state (g);
        g.setOrigin (-view.offset);
        WireLayer::paintCurve (g, wires.getCurve (wire), wires.getBundles()[std::size_t (wire)].getKind(),
                               colour (Token::focus), view.zoom, 2.0f);
    }

    const auto paintPort = [&] (const NodePortGroup& group, float radius, juce::Colour ring)
    {
        g.setColour (ring);
        g.drawEllipse (juce::Rectangle<float> (2.0f * radius, 2.0f * radius).withCentre (getPortPosition (group).toFloat()),
                       1.5f);
    };

    if (gesture.type == Gesture::Type::wire)
    {
        for (const auto& card : cards)
            if (! gesture.blocked.contains (card->getId()))
                for (const auto& group : card->shape.getSide (! gesture.fixedEnd.isOutput))
                    if (! makeWiresBetween (gesture.fixedEnd, group).empty())
                        paintPort (group, 7.0f, colour (Token::focus));

        if (const auto* target = find (gesture.target))
        {
            g.setColour (colour (Token::focus));
            g.drawRoundedRectangle ((getZoomedBounds (*target) - view.offset).toFloat(), 8.0f * float (view.zoom), 2.0f);
        }

        auto end = gesture.current.toFloat();

        if (gesture.targetPort)
            end = getPortPosition (*gesture.targetPort).toFloat();

        const auto fixed = getPortPosition (gesture.fixedEnd).toFloat();
        const WireCurve curve{ gesture.fixedEnd.isOutput ? fixed : end, gesture.fixedEnd.isOutput ? end : fixed,
                               wireReach * float (view.zoom) };
        const auto kind = gesture.targetPort ? gesture.targetPort->kind : gesture.fixedEnd.kind;
        WireLayer::paintCurve (g, curve, kind, WireLayer::getColour (kind), view.zoom, 0.4f);
    }
    else if (gesture.type == Gesture::Type::rubberBand)
    {
        const auto area = getGestureArea().reduced (2).toFloat();
        g.setColour (colour (Token::focus).withAlpha (0.08f));
        g.fillRect (area);
        g.setColour (colour (Token::focus));
        g.drawRect (area, 1.0f);
    }
    else if (hover.port && find (hover.port->node) != nullptr)
    {
        paintPort (*hover.port, 7.0f, colour (Token::text));
    }
}

std::unique_ptr<juce::AccessibilityHandler> Canvas::createAccessibilityHandler()
{
    return std::make_unique<juce::AccessibilityHandler> (*this, juce::AccessibilityRole::group);
}

} // namespace gui
