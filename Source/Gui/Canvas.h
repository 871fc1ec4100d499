#pragma once

#include "CanvasView.h"
#include "GuardWatch.h"
#include "NodeCard.h"
#include "NodeCardRenderer.h"
#include "WireLayer.h"
#include "Workspace.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace gui
{

/** The graph editor: cards for nodes, curves for wires, while they play.

    All mouse work is done here and not by the cards, since wires, ports and cards overlap. Painting costs what has changed:
    cards are kept as pictures, meters are copied into them, and behind a meter nothing is painted at all. Message thread. */
class Canvas final : public juce::Component,
                     public juce::DragAndDropTarget,
                     public juce::FileDragAndDropTarget,
                     public juce::TooltipClient,
                     private host::SessionEditor::Listener,
                     private Workspace::Listener
{
public:
    /** The workspace must outlive it. */
    explicit Canvas (Workspace&);
    ~Canvas() override;

    /** @name Commands, for menus and keys of the window */
    /**@{*/
    void deleteSelection(); ///< the selected wire, else the selected nodes
    void duplicateSelection();
    void toggleBypassOfSelection();
    void selectAll();
    void renameSelection(); ///< the one selected node, in place
    void zoomIn();
    void zoomOut();
    void zoomToFit();
    void zoomToNormal(); ///< 100 %

    /** A menu of all that the selected node can be connected to, and one of its wires to take away. */
    void connectWithMenu();
    void disconnectWithMenu();
    /**@}*/

    bool hasSelectedWire() const noexcept { return selectedWire.has_value(); }

    /** Where there is room for a new node, near the middle of what is seen, in the session's units. */
    juce::Point<double> getCentre() const;

    const CanvasView& getView() const noexcept { return view; }
    void setView (const CanvasView&);

    /** A node's card in the component's pixels; empty for an unknown node. */
    juce::Rectangle<int> getCardBounds (host::NodeId) const;

    /** Where a port is drawn. */
    juce::Point<int> getPortPosition (const NodePortGroup&) const;

    const std::vector<WireBundle>& getBundles() const noexcept { return wires.getBundles(); }

    juce::String getTooltip() override;

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override;
    void colourChanged() override { lookAndFeelChanged(); }
    void focusGained (FocusChangeType) override;
    void focusLost (FocusChangeType) override;
    bool keyPressed (const juce::KeyPress&) override;
    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

    void mouseMove (const juce::MouseEvent&) override;
    void mouseExit (const juce::MouseEvent&) override;
    void mouseDown (const juce::MouseEvent&) override;
    void mouseDrag (const juce::MouseEvent&) override;
    void mouseUp (const juce::MouseEvent&) override;
    void mouseDoubleClick (const juce::MouseEvent&) override;
    void mouseWheelMove (const juce::MouseEvent&, const juce::MouseWheelDetails&) override;
    void mouseMagnify (const juce::MouseEvent&, float scaleFactor) override;

    bool isInterestedInDragSource (const SourceDetails&) override;
    void itemDragEnter (const SourceDetails& details) override { itemDragMove (details); }
    void itemDragMove (const SourceDetails&) override;
    void itemDragExit (const SourceDetails&) override;
    void itemDropped (const SourceDetails&) override;

    bool isInterestedInFileDrag (const juce::StringArray&) override { return true; }
    void fileDragEnter (const juce::StringArray& files, int x, int y) override { fileDragMove (files, x, y); }
    void fileDragMove (const juce::StringArray&, int x, int y) override;
    void fileDragExit (const juce::StringArray&) override;
    void filesDropped (const juce::StringArray&, int x, int y) override;

private:
    /** What is under the mouse: a port of a card, a card, a wire, or nothing. */
    struct Hit
    {
        NodeCard* card = nullptr;
        std::optional<NodePortGroup> port;
        int wire = -1;
        float wireProportion = 0.0f; ///< where on it
    };

    /** What a press of the mouse has begun. */
    struct Gesture
    {
        enum class Type
        {
            none,
            pan,
            rubberBand,
            press, ///< on a card or a wire, not moved so far that it would be more
            moveCards,
            wire
        };

        Type type = Type::none;
        juce::Point<int> start, current;
        juce::Point<double> startWorld;
        juce::Point<int> startOffset;                       ///< pan
        std::set<host::NodeId> before;                      ///< rubber band: the selection that it adds to
        host::NodeId card = 0;                              ///< that was pressed
        bool selectsOnRelease = false;                      ///< one of several selected cards: only a click selects it alone
        std::map<host::NodeId, juce::Point<double>> places; ///< where moved cards were
        int insertInto = -1;                                ///< the wire that a moved card is over
        float pressedProportion = 0.0f;                     ///< where on the selected wire it was pressed
        NodePortGroup fixedEnd;                             ///< of the wire that is drawn
        std::optional<WireBundle> detached;                 ///< whose other end was taken off
        std::set<host::NodeId> blocked;                     ///< nodes that would close a circle
        host::NodeId target = 0;                            ///< that the wire can be dropped on
        std::optional<NodePortGroup> targetPort;
        std::vector<host::Wire> targetWires; ///< what dropping it would connect
    };

    // Canvas.cpp: what is there, and how it looks
    void sessionChanged() override;
    void selectionChanged() override;
    void frame() override;
    void readFindings();
    void placeCards (bool isNewSession);
    void rebuildWires();
    void updateLook (NodeCard&);
    juce::String getDetail (const NodeCard&) const;
    juce::String describe (const NodeCard&) const;
    NodeCard* find (host::NodeId) const;
    juce::Rectangle<int> getZoomedBounds (const NodeCard&) const;
    juce::Rectangle<int> getPictureBounds (const NodeCard&) const;
    juce::Point<float> getPictureCorner (const NodeCard&) const;
    juce::Rectangle<int> showMeters (NodeCard&, bool readsLoad);
    juce::Point<float> getZoomedPort (const NodePortGroup&) const;
    WireCurve getCurve (const WireBundle&) const;
    juce::Rectangle<double> getContent() const;
    juce::Rectangle<int> getRoom() const;
    void fitIfNew();
    void changeView (const CanvasView&);
    void moveCard (NodeCard&, juce::Point<double> place);
    void moveWires (const std::set<host::NodeId>&);
    void boundsChanged();
    void repaintCard (const NodeCard&);
    void repaintWire (int index);
    bool paintsOnlyDirt (juce::Graphics&) const;
    void paintBackground (juce::Graphics&, float pixelScale);
    void paintGesture (juce::Graphics&);
    juce::String getHint() const;

    // CanvasMouse.cpp: gestures and drops
    Hit findHit (juce::Point<int>) const;
    int findWireFor (juce::Point<int>, const host::NodePorts*) const;
    void setHover (const Hit&);
    void beginWire (const NodePortGroup& fixedEnd, std::optional<WireBundle> detached);
    void dragWire (juce::Point<int>);
    void dropWire (const juce::ModifierKeys&);
    void dragCards (juce::Point<int>);
    void dropCards();
    void dragRubberBand (juce::Point<int>);
    void cancelGesture();
    void repaintGesture();
    juce::Rectangle<int> getGestureArea() const;
    std::set<host::NodeId> findCircles (const NodePortGroup& fixedEnd, const std::optional<WireBundle>& without) const;
    bool canConnect (const host::Wire&) const;
    void setDropTarget (int wire);
    std::vector<host::Wire> getWiresOf (int index) const;
    juce::Point<double> findFreePlace (juce::Point<int>) const;

    // CanvasCommands.cpp: keyboard, menus, edits
    void zoomBy (double factor, juce::Point<int> around);
    void nudge (juce::Point<int> direction, int pixels);
    void goTo (juce::Point<int> direction);
    void goTo (NodeCard&);
    NodeCard* getFocusedCard() const;
    NodeCard* getOneCard() const;
    std::vector<std::pair<host::NodeId, juce::Point<double>>>
        withAutomaticPlaces (std::map<host::NodeId, juce::Point<double>>) const;
    void disconnect (const std::vector<host::Wire>&);
    void selectWire (std::optional<WireBundle>);
    void showCardMenu (NodeCard&, std::optional<juce::Point<int>>);
    void showWireMenu (int index, juce::Point<int>);
    void showEmptyMenu (juce::Point<int>);
    void showSingleChannels (const NodePortGroup&, const NodePortGroup&, juce::Point<int>);
    void show (juce::PopupMenu&, juce::Rectangle<int> area);
    juce::String describe (const WireBundle&) const;
    juce::String describe (const NodePortGroup&) const;

    Workspace& workspace;
    std::vector<std::unique_ptr<NodeCard>> cards; ///< the last is drawn above the others
    std::map<host::NodeId, NodeCard*> cardsById;
    std::map<host::NodeId, juce::Point<double>> automaticPlaces;
    std::map<host::NodeId, juce::String> findings, findingDetails;
    juce::SharedResourcePointer<GuardWatch> guard;
    int findingsVersion = 0;
    juce::String midiDevices;
    WireLayer wires;
    std::optional<WireBundle> selectedWire;

    CanvasView view;
    bool isNew = true; ///< nobody has chosen a view or changed something: the view follows the size
    NodeCardRenderer renderer;
    float pixelScale = 1.0f; ///< physical pixels for one of ours
    juce::Image dots;        ///< a row of them

    /** What has to be painted, as far as it came through repaint(): on the one hand meters, whose areas lie within cards and
        hide what is behind, on the other all else. */
    class Dirt;
    std::vector<juce::Rectangle<int>> movedMeters;
    juce::RectangleList<int> dirt;
    bool isRepaintingMeter = false;
    unsigned frames = 0;

    Gesture gesture;
    Hit hover;
    int dropTarget = -1; ///< the wire that something dragged would go into

    juce::TextButton zoomButton{ "100 %" }, fitButton{ "Fit" };
    std::unique_ptr<juce::TextEditor> nameEditor;

    JUCE_DECLARE_WEAK_REFERENCEABLE (Canvas)
};

} // namespace gui
