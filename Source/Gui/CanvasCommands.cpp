#include "Canvas.h"

#include "CanvasLayout.h"
#include "Theme.h"
#include "Words.h"

#include <algorithm>

// The canvas' commands: the keyboard, the menus, and the edits that they make.

namespace gui
{

namespace
{
constexpr int dotsPerNudge = 24; ///< world pixels

juce::PopupMenu::Item makeItem (const juce::String& text, const juce::String& shortcut, std::function<void()> action,
                                bool isEnabled = true, bool isTicked = false)
{
    juce::PopupMenu::Item item (text);
    item.action = std::move (action);
    item.isEnabled = isEnabled;
    item.isTicked = isTicked;
    item.shortcutKeyDescription = shortcut;
    return item;
}
} // namespace

//======================================================================================================================
juce::String Canvas::describe (const NodePortGroup& group) const
{
    return find (group.node)->getNodeName() + " " + toJuce (group.describe());
}

juce::String Canvas::describe (const WireBundle& bundle) const
{
    return describe (bundle.from) + " to " + describe (bundle.to);
}

NodeCard* Canvas::getFocusedCard() const { return dynamic_cast<NodeCard*> (getCurrentlyFocusedComponent()); }

/** The one that a command is about: the only one selected, else the one that has the keyboard. */
NodeCard* Canvas::getOneCard() const
{
    if (const auto id = workspace.getSingleSelection(); id != 0)
        return find (id);

    auto* focused = getFocusedCard();
    return focused != nullptr && focused->getParentComponent() == this ? focused : nullptr;
}

void Canvas::focusGained (FocusChangeType) { repaint(); }

void Canvas::focusLost (FocusChangeType) { repaint(); }

//======================================================================================================================
void Canvas::selectWire (std::optional<WireBundle> bundle)
{
    if (bundle == selectedWire)
        return;

    for (const auto& wire : { selectedWire, bundle })
        if (wire)
            repaintWire (wires.getIndex (*wire));

    selectedWire = std::move (bundle);
}

void Canvas::disconnect (const std::vector<host::Wire>& toTakeAway)
{
    if (! toTakeAway.empty())
        workspace.attempt ([&] { workspace.editor.disconnect (toTakeAway); });
}

void Canvas::deleteSelection()
{
    if (selectedWire)
        disconnect (std::vector<host::Wire> (selectedWire->wires));
    else if (const auto selection = workspace.getSelection(); ! selection.empty())
        workspace.attempt ([&] { workspace.editor.removeNodes (selection); });
}

void Canvas::duplicateSelection()
{
    const auto selection = workspace.getSelection();

    if (selection.empty())
        return;

    std::set<host::NodeId> copies;

    if (! workspace.attempt ([&] { copies = workspace.editor.duplicateNodes (selection); }))
        return;

    workspace.select (copies);

    if (auto* card = find (workspace.getSingleSelection()); card != nullptr && hasKeyboardFocus (true))
        card->grabKeyboardFocus();
}

void Canvas::toggleBypassOfSelection()
{
    std::set<host::NodeId> ids;
    auto areAllBypassed = true;

    for (const auto id : workspace.getSelection())
    {
        const auto* card = find (id);

        if (card == nullptr || card->node->runtime->role != host::NodeRole::processor)
            continue;

        ids.insert (id);
        areAllBypassed = areAllBypassed && card->node->isBypassed();
    }

    if (! ids.empty())
        workspace.attempt ([&] { workspace.editor.setBypassed (ids, ! areAllBypassed); });
}

void Canvas::selectAll()
{
    std::set<host::NodeId> ids;

    for (const auto& card : cards)
        ids.insert (card->getId());

    workspace.select (std::move (ids));
}

void Canvas::renameSelection()
{
    auto* card = getOneCard();

    if (card == nullptr)
        return;

    const auto id = card->getId();
    nameEditor = std::make_unique<juce::TextEditor>();
    nameEditor->setTitle ("Name of the node");
    nameEditor->setFont (font (13.0f));
    nameEditor->setText (card->getNodeName(), false);
    nameEditor->setBounds (getCardBounds (id).withHeight (28).withWidth (std::max (146, getCardBounds (id).getWidth())));

    const auto finish = [this, id] (bool takes)
    {
        const auto name = nameEditor->getText().trim();
        const auto hadFocus = nameEditor->hasKeyboardFocus (true);

        // Not from within its own callback.
        juce::MessageManager::callAsync (
            [weak = juce::WeakReference<Canvas> (this)]
            {
                if (weak != nullptr)
                    weak->nameEditor.reset();
            });

        nameEditor->onFocusLost = nullptr;
        nameEditor->setVisible (false);

        if (hadFocus && find (id) != nullptr)
            find (id)->grabKeyboardFocus();

        if (takes && name.isNotEmpty() && find (id) != nullptr && name != find (id)->getNodeName())
            workspace.attempt ([&] { workspace.editor.rename (id, name.toStdString()); });
    };

    nameEditor->onReturnKey = [finish] { finish (true); };
    nameEditor->onEscapeKey = [finish] { finish (false); };
    nameEditor->onFocusLost = [finish] { finish (true); };
    addAndMakeVisible (*nameEditor);
    nameEditor->selectAll();
    nameEditor->grabKeyboardFocus();
}

/** Where the session knew no places, those that were shown are stored with the first that a person chooses: else all others
    would be laid out anew around it. */
std::vector<std::pair<host::NodeId, juce::Point<double>>>
Canvas::withAutomaticPlaces (std::map<host::NodeId, juce::Point<double>> moved) const
{
    for (const auto& card : cards)
        if (! card->isPlaced)
            moved.try_emplace (card->getId(), card->place);

    std::vector<std::pair<host::NodeId, juce::Point<double>>> result;

    for (const auto& [id, place] : moved)
        result.push_back ({ id, CanvasView::worldToUnits (place) });

    return result;
}

//======================================================================================================================
void Canvas::zoomBy (double factor, juce::Point<int> around)
{
    setView (view.zoomedAround (around.toDouble(), view.zoom * factor));
}

void Canvas::zoomIn()
{
    setView (view.zoomedAround (getLocalBounds().getCentre().toDouble(), CanvasView::getNextZoom (view.zoom, true)));
}

void Canvas::zoomOut()
{
    setView (view.zoomedAround (getLocalBounds().getCentre().toDouble(), CanvasView::getNextZoom (view.zoom, false)));
}

void Canvas::zoomToNormal()
{
    const auto middle = getLocalBounds().getCentre();
    auto next = view.zoomedAround (middle.toDouble(), 1.0);

    // Not into the void: at least the nearest card can be seen then.
    const NodeCard* nearest = nullptr;
    const auto getDistance = [&] (const NodeCard& card)
    { return next.worldToScreen (card.place).getDistanceFrom (middle.toDouble()); };

    for (const auto& card : cards)
        if (nearest == nullptr || getDistance (*card) < getDistance (*nearest))
            nearest = card.get();

    if (nearest != nullptr && ! getRoom().toDouble().contains (next.worldToScreen (nearest->place)))
        next.offset = (nearest->place * next.zoom).roundToInt() - middle;

    setView (next);
}

void Canvas::zoomToFit() { setView (CanvasView::fitting (getContent(), getRoom())); }

//======================================================================================================================
bool Canvas::keyPressed (const juce::KeyPress& key)
{
    const auto mods = key.getModifiers();
    const auto code = key.getKeyCode();
    const auto isPlain = ! mods.isCommandDown() && ! mods.isAltDown();
    auto* card = getOneCard();

    const auto isLetter = [&] (char letter)
    { return juce::CharacterFunctions::toUpperCase (juce::juce_wchar (code)) == juce::juce_wchar (letter); };

    const auto direction = code == juce::KeyPress::leftKey    ? juce::Point<int> (-1, 0)
                           : code == juce::KeyPress::rightKey ? juce::Point<int> (1, 0)
                           : code == juce::KeyPress::upKey    ? juce::Point<int> (0, -1)
                           : code == juce::KeyPress::downKey  ? juce::Point<int> (0, 1)
                                                              : juce::Point<int>();

    if (! direction.isOrigin())
    {
        if (mods.isCommandDown())
            nudge (direction, mods.isShiftDown() ? dotsPerNudge : CanvasView::snap);
        else
            goTo (direction);

        return true;
    }

    if (code == juce::KeyPress::escapeKey)
    {
        if (gesture.type != Gesture::Type::none)
            cancelGesture();
        else if (selectedWire)
            selectWire ({});
        else if (! workspace.getSelection().empty())
            workspace.select ({});
        else
            return false;

        return true;
    }

    if (code == juce::KeyPress::deleteKey || code == juce::KeyPress::backspaceKey)
    {
        deleteSelection();
        return true;
    }

    if (code == juce::KeyPress::returnKey && card != nullptr && isPlain)
    {
        workspace.openEditor (card->getId());
        return true;
    }

    if (code == juce::KeyPress::F2Key && card != nullptr)
    {
        renameSelection();
        return true;
    }

    if (code == juce::KeyPress::F10Key && mods.isShiftDown() && card != nullptr)
    {
        showCardMenu (*card, {});
        return true;
    }

    if (isPlain && ! mods.isShiftDown())
    {
        if (isLetter ('B') && ! workspace.getSelection().empty())
        {
            toggleBypassOfSelection();
            return true;
        }

        if (isLetter ('C') && card != nullptr)
        {
            connectWithMenu();
            return true;
        }

        if (isLetter ('X') && card != nullptr)
        {
            disconnectWithMenu();
            return true;
        }
    }

    if (mods.isCommandDown() && ! mods.isAltDown())
    {
        if (isLetter ('D'))
        {
            duplicateSelection();
            return true;
        }

        if (isLetter ('A'))
        {
            selectAll();
            return true;
        }

        if (isLetter ('+') || isLetter ('=') || code == juce::KeyPress::numberPadAdd)
        {
            zoomIn();
            return true;
        }

        if (isLetter ('-') || code == juce::KeyPress::numberPadSubtract)
        {
            zoomOut();
            return true;
        }

        if (isLetter ('0') || code == juce::KeyPress::numberPad0)
        {
            zoomToNormal();
            return true;
        }
    }

    return false;
}

void Canvas::nudge (juce::Point<int> direction, int pixels)
{
    std::map<host::NodeId, juce::Point<double>> moved;

    for (const auto id : workspace.getSelection())
        if (const auto* card = find (id))
            moved[id] = card->place + (direction * pixels).toDouble();

    if (! moved.empty())
        workspace.attempt ([&] { workspace.editor.moveNodes (withAutomaticPlaces (moved)); });
}

void Canvas::goTo (juce::Point<int> direction)
{
    if (cards.empty())
        return;

    std::vector<juce::Point<double>> places;
    const auto* from = getFocusedCard() != nullptr ? getFocusedCard() : getOneCard();
    auto index = -1;

    for (const auto& card : cards)
    {
        if (card.get() == from)
            index = int (places.size());

        places.push_back (card->place);
    }

    if (index < 0)
    {
        goTo (**std::min_element (cards.begin(), cards.end(), [] (const auto& a, const auto& b)
                                  { return a->getExplicitFocusOrder() < b->getExplicitFocusOrder(); }));
        return;
    }

    if (const auto next = findNeighbour (places, index, direction); next >= 0)
        goTo (*cards[std::size_t (next)]);
}

void Canvas::goTo (NodeCard& card)
{
    selectWire ({});
    workspace.select ({ card.getId() });

    if (! card.hasKeyboardFocus (false))
        card.grabKeyboardFocus();

    // It has to be seen.
    const auto bounds = getZoomedBounds (card) - view.offset;
    const auto inside = getRoom().getIntersection (getLocalBounds());
    const auto constrained = bounds.constrainedWithin (inside);

    if (constrained.getPosition() != bounds.getPosition())
        setView ({ view.zoom, view.offset + bounds.getPosition() - constrained.getPosition() });
}

//======================================================================================================================
void Canvas::show (juce::PopupMenu& menu, juce::Rectangle<int> area)
{
    menu.showMenuAsync (
        juce::PopupMenu::Options().withTargetScreenArea (localAreaToGlobal (area)).withDeletionCheck (*this));
}

void Canvas::showCardMenu (NodeCard& card, std::optional<juce::Point<int>> place)
{
    const auto id = card.getId();
    const auto isProcessor = card.node->runtime->role == host::NodeRole::processor;

    if (! workspace.isSelected (id))
        workspace.select ({ id });

    const auto isOne = workspace.getSelection().size() == 1;
    const auto hasWires = ! card.look.connected.empty();

    juce::PopupMenu menu;
    menu.addItem (makeItem ("Open", "Enter", [this, id] { workspace.openEditor (id); }, isOne));
    menu.addItem (makeItem ("Rename...", "F2", [this] { renameSelection(); }, isOne));
    menu.addItem (makeItem ("Bypass", "B", [this] { toggleBypassOfSelection(); }, isProcessor, card.node->isBypassed()));
    menu.addSeparator();
    menu.addItem (makeItem ("Connect...", "C", [this] { connectWithMenu(); }, isOne));
    menu.addItem (makeItem ("Disconnect...", "X", [this] { disconnectWithMenu(); }, isOne && hasWires));
    menu.addSeparator();
    menu.addItem (makeItem ("Duplicate", "ctrl + D", [this] { duplicateSelection(); }));
    menu.addItem (makeItem ("Delete", "delete", [this] { deleteSelection(); }));
    show (menu, place ? juce::Rectangle<int> (*place, *place) : getCardBounds (id));
}

void Canvas::showWireMenu (int index, juce::Point<int> place)
{
    const auto bundle = wires.getBundles()[std::size_t (index)];
    const auto units = findFreePlace (place);

    juce::PopupMenu menu;
    menu.addSectionHeader (describe (bundle));
    menu.addItem (makeItem ("Insert...", {}, [this, bundle, units] { workspace.chooseNode (units, bundle.wires); }));
    menu.addItem (makeItem ("Disconnect", "delete", [this, bundle] { disconnect (bundle.wires); }));

    if (bundle.wires.size() > 1)
        for (const auto& wire : bundle.wires)
            menu.addItem (makeItem ("Disconnect out " + juce::String (wire.from.channel + 1) + " from in "
                                        + juce::String (wire.to.channel + 1),
                                    {}, [this, wire] { disconnect ({ wire }); }));

    show (menu, { place, place });
}

void Canvas::showEmptyMenu (juce::Point<int> place)
{
    const auto units = findFreePlace (place);
    juce::PopupMenu menu;

    const auto undo = workspace.editor.getUndoName(), redo = workspace.editor.getRedoName();

    menu.addItem (makeItem ("Add...", "double-click", [this, units] { workspace.chooseNode (units, {}); }));
    menu.addSeparator();
    menu.addItem (makeItem (
        "Undo " + toJuce (undo.value_or ("")), "ctrl + Z",
        [this] { workspace.attempt ([this] { workspace.editor.undo(); }); }, undo.has_value()));
    menu.addItem (makeItem (
        "Redo " + toJuce (redo.value_or ("")), "ctrl + shift + Z",
        [this] { workspace.attempt ([this] { workspace.editor.redo(); }); }, redo.has_value()));
    menu.addSeparator();
    menu.addItem (makeItem ("Select all", "ctrl + A", [this] { selectAll(); }, ! cards.empty()));
    menu.addSeparator();
    menu.addItem (makeItem ("Zoom in", "ctrl + plus", [this] { zoomIn(); }));
    menu.addItem (makeItem ("Zoom out", "ctrl + minus", [this] { zoomOut(); }));
    menu.addItem (makeItem ("Show at 100 %", "ctrl + 0", [this] { zoomToNormal(); }));
    menu.addItem (makeItem ("Show all", {}, [this] { zoomToFit(); }));
    show (menu, { place, place });
}

void Canvas::showSingleChannels (const NodePortGroup& one, const NodePortGroup& other, juce::Point<int> place)
{
    const auto &from = one.isOutput ? one : other, &to = one.isOutput ? other : one;
    juce::PopupMenu menu;
    menu.addSectionHeader (describe (from) + " to " + describe (to));

    for (int i = 0; i < from.count; ++i)
    {
        for (int j = 0; j < to.count; ++j)
        {
            const host::Wire wire{ from.getPort (i), to.getPort (j) };
            menu.addItem (makeItem (
                "Out " + juce::String (from.first + i + 1) + " to in " + juce::String (to.first + j + 1), {}, [this, wire]
                { workspace.attempt ([&] { workspace.editor.connect ({ wire }); }); }, workspace.editor.canConnect (wire)));
        }
    }

    show (menu, { place, place });
}

void Canvas::connectWithMenu()
{
    const auto* card = getOneCard();

    if (card == nullptr)
        return;

    const auto existing = workspace.editor.getWires();
    std::vector<std::pair<juce::String, juce::PopupMenu>> ports;

    for (const auto isOutput : { true, false })
    {
        for (const auto& group : card->shape.getSide (isOutput))
        {
            const auto blocked = findCircles (group, {});
            juce::PopupMenu targets;

            for (const auto& other : cards)
            {
                if (blocked.contains (other->getId()))
                    continue;

                for (const auto& end : other->shape.getSide (! isOutput))
                {
                    auto meant = makeWiresBetween (group, end);
                    std::erase_if (meant, [&] (const host::Wire& wire)
                                   { return std::find (existing.begin(), existing.end(), wire) != existing.end(); });

                    if (! meant.empty())
                        targets.addItem (makeItem (describe (end), {}, [this, meant]
                                                   { workspace.attempt ([&] { workspace.editor.connect (meant); }); }));
                }
            }

            if (targets.getNumItems() > 0)
                ports.push_back ({ describe (group) + (isOutput ? " to" : " from"), targets });
        }
    }

    juce::PopupMenu menu;

    if (ports.empty())
    {
        menu.addItem (makeItem ("There is nothing to connect " + card->getNodeName() + " to", {}, {}, false));
    }
    else if (ports.size() == 1)
    {
        menu.addSectionHeader (ports[0].first);

        for (juce::PopupMenu::MenuItemIterator item (ports[0].second); item.next();)
            menu.addItem (item.getItem());
    }
    else
    {
        for (const auto& [name, targets] : ports)
            menu.addSubMenu (name, targets);
    }

    show (menu, getCardBounds (card->getId()));
}

void Canvas::disconnectWithMenu()
{
    const auto* card = getOneCard();

    if (card == nullptr)
        return;

    juce::PopupMenu menu;
    std::vector<host::Wire> all;

    for (const auto& bundle : wires.getBundles())
    {
        if (! bundle.touches (card->getId()))
            continue;

        all.insert (all.end(), bundle.wires.begin(), bundle.wires.end());
        menu.addItem (makeItem (describe (bundle), {}, [this, own = bundle.wires] { disconnect (own); }));
    }

    if (menu.getNumItems() > 1)
    {
        menu.addSeparator();
        menu.addItem (makeItem ("All of them", {}, [this, all] { disconnect (all); }));
    }

    if (all.empty())
        menu.addItem (makeItem (card->getNodeName() + " has no wires", {}, {}, false));

    show (menu, getCardBounds (card->getId()));
}

} // namespace gui
