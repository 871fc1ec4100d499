#include <Gui/Canvas.h>
#include <Gui/CanvasLayout.h>
#include <Gui/CanvasView.h>
#include <Gui/Theme.h>
#include <Gui/WireBundle.h>
#include <Gui/WireCurve.h>
#include <Gui/Workspace.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iostream>
#include <random>

using gui::CanvasView;
using gui::NodePortGroup;
using gui::NodeShape;
using gui::NodeShapes;
using host::PortRef;
using host::Wire;

using Kind = NodePortGroup::Kind;

namespace
{
constexpr host::NodePorts stereo{ 2, 2, false, false }, mono{ 1, 1, false, false }, synth{ 0, 2, true, false };

Wire wire (host::NodeId from, int out, host::NodeId to, int in) { return { { from, out }, { to, in } }; }

NodeShapes makeShapes (const std::vector<NodeShape>& list)
{
    NodeShapes shapes;

    for (const auto& shape : list)
        shapes[shape.getId()] = shape;

    return shapes;
}

bool overlap (const std::vector<juce::Rectangle<double>>& areas)
{
    for (std::size_t i = 0; i < areas.size(); ++i)
        for (std::size_t j = i + 1; j < areas.size(); ++j)
            if (areas[i].intersects (areas[j]))
                return true;

    return false;
}

std::vector<juce::Rectangle<double>> getAreas (const std::vector<NodeShape>& shapes,
                                               const std::map<host::NodeId, juce::Point<double>>& places)
{
    std::vector<juce::Rectangle<double>> areas;

    for (const auto& shape : shapes)
        areas.push_back (gui::getCardArea (shape, places.at (shape.getId())));

    return areas;
}
} // namespace

//======================================================================================================================
TEST_CASE ("Places go from the session to the screen and back")
{
    CanvasView view;
    CHECK (CanvasView::unitsToWorld ({ 0.5, 0.5 }) == juce::Point<double> (450.0, 300.0));
    CHECK (CanvasView::worldToUnits (CanvasView::unitsToWorld ({ 0.3, 0.7 })) == juce::Point<double> (0.3, 0.7));

    view.zoom = 0.5;
    view.offset = { -30, 200 };
    CHECK (view.worldToScreen ({ 100.0, 500.0 }) == juce::Point<double> (80.0, 50.0));
    CHECK (view.screenToWorld ({ 80.0, 50.0 }) == juce::Point<double> (100.0, 500.0));
}

TEST_CASE ("What is under the mouse stays there while zooming")
{
    CanvasView view;
    view.offset = { 40, -25 };
    const juce::Point<double> mouse (333.0, 222.0);
    const auto world = view.screenToWorld (mouse);

    for (const auto zoom : { 0.25, 0.8, 1.7, 3.0 })
    {
        const auto zoomed = view.zoomedAround (mouse, zoom);
        CHECK (zoomed.zoom == zoom);
        CHECK (zoomed.worldToScreen (world).getDistanceFrom (mouse) <= 1.0); // offsets are whole pixels
    }

    CHECK (view.zoomedAround (mouse, 100.0).zoom == CanvasView::mostZoom);
    CHECK (view.zoomedAround (mouse, 0.0).zoom == CanvasView::leastZoom);
}

TEST_CASE ("Fitting shows all in the middle and never enlarges")
{
    const juce::Rectangle<int> screen (20, 20, 800, 500);
    const juce::Rectangle<double> wide (-300.0, 100.0, 3200.0, 400.0), small (500.0, 500.0, 100.0, 50.0);

    const auto fitted = CanvasView::fitting (wide, screen);
    CHECK (fitted.zoom == 0.25);
    CHECK (screen.toDouble().expanded (1.0).contains (fitted.worldToScreen (wide.getTopLeft())));
    CHECK (screen.toDouble().expanded (1.0).contains (fitted.worldToScreen (wide.getBottomRight())));

    CHECK (CanvasView::fitting (small, screen).zoom == 1.0);
    CHECK (CanvasView::fitting (small, screen).worldToScreen (small.getCentre()) == screen.getCentre().toDouble());
    CHECK (CanvasView::fitting ({}, screen) == CanvasView());
}

TEST_CASE ("Zoom steps go up and down through 100 %")
{
    CHECK (CanvasView::getNextZoom (1.0, true) == 1.25);
    CHECK (CanvasView::getNextZoom (1.0, false) == 0.75);
    CHECK (CanvasView::getNextZoom (0.9, true) == 1.0);
    CHECK (CanvasView::getNextZoom (1.1, false) == 1.0);
    CHECK (CanvasView::getNextZoom (CanvasView::mostZoom, true) == CanvasView::mostZoom);
    CHECK (CanvasView::getNextZoom (CanvasView::leastZoom, false) == CanvasView::leastZoom);
}

TEST_CASE ("A moved card's corner is on the grid")
{
    const juce::Point<double> size (146.0, 74.0);
    const auto place = CanvasView::snapped ({ 301.3, 198.9 }, size);
    const auto corner = place - size * 0.5;
    CHECK (std::fmod (corner.x, 4.0) == 0.0);
    CHECK (std::fmod (corner.y, 4.0) == 0.0);
    CHECK (place.getDistanceFrom ({ 301.3, 198.9 }) < 4.0);
    CHECK (CanvasView::snapped (place, size) == place);
}

//======================================================================================================================
TEST_CASE ("A stereo pair is one port, wider ends have single ones, and MIDI is last")
{
    const NodeShape plain (1, { 2, 2, true, true });
    REQUIRE (plain.getInputs().size() == 2);
    CHECK (plain.getInputs()[0] == NodePortGroup{ 1, false, Kind::audio, 0, 2 });
    CHECK (plain.getInputs()[1] == NodePortGroup{ 1, false, Kind::midi, PortRef::midi, 1 });
    CHECK (plain.getOutputs().size() == 2);
    CHECK (plain.getHeight() == NodeShape::leastHeight);

    const NodeShape wide (1, { 8, 0, false, false });
    CHECK (wide.getInputs().size() == 8);
    CHECK (wide.getOutputs().empty());
    CHECK (wide.getHeight() > NodeShape::leastHeight);

    for (std::size_t i = 1; i < wide.getInputs().size(); ++i)
        CHECK (wide.getPortY (wide.getInputs()[i]) - wide.getPortY (wide.getInputs()[i - 1]) >= 12.0);
}

TEST_CASE ("Inputs beyond a plugin's main bus are side-chains")
{
    const NodeShape compressor (1, { 4, 2, false, false }, { 2, 2 }, { 2 }, true);
    REQUIRE (compressor.getInputs().size() == 2);
    CHECK (compressor.getInputs()[0].kind == Kind::audio);
    CHECK (compressor.getInputs()[1] == NodePortGroup{ 1, false, Kind::sideChain, 2, 2 });
    CHECK (compressor.getInputs()[1].describe() == "side-chain in 3-4");
    CHECK (compressor.getPortY (compressor.getInputs()[0]) == Approx (37.0));

    const NodeShape mixer (2, { 8, 2, false, false }, { 2, 2, 2, 2 });
    REQUIRE (mixer.getInputs().size() == 4);
    CHECK (std::all_of (mixer.getInputs().begin(), mixer.getInputs().end(),
                        [] (const auto& group) { return group.kind == Kind::audio && group.count == 2; }));

    // Buses that promise more than there is, and channels that no bus tells of.
    CHECK (NodeShape (3, { 3, 0, false, false }, { 2, 2 }, {}, true).getInputs()[1].count == 1);
    CHECK (NodeShape (3, { 4, 0, false, false }, { 2 }, {}, true).getInputs().size() == 2);
}

TEST_CASE ("Ports are called as people count them")
{
    CHECK (NodePortGroup{ 1, true, Kind::audio, 0, 2 }.describe() == "out 1-2");
    CHECK (NodePortGroup{ 1, false, Kind::audio, 2, 1 }.describe() == "in 3");
    CHECK (NodePortGroup{ 1, true, Kind::midi, PortRef::midi, 1 }.describe() == "MIDI out");
}

//======================================================================================================================
TEST_CASE ("Wires of channels that go side by side are one bundle")
{
    auto shapes = makeShapes ({ { 1, stereo }, { 2, stereo } });
    const auto bundles = gui::bundleWires (shapes, { wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    REQUIRE (bundles.size() == 1);
    CHECK (bundles[0].wires.size() == 2);
    CHECK (shapes[1].getOutputs().size() == 1);
    CHECK (shapes[2].getInputs().size() == 1);
}

TEST_CASE ("A mono output to both inputs, and both to a mono input, are bundles too")
{
    auto shapes = makeShapes ({ { 1, mono }, { 2, stereo }, { 3, mono } });
    const auto bundles =
        gui::bundleWires (shapes, { wire (1, 0, 2, 0), wire (1, 0, 2, 1), wire (2, 0, 3, 0), wire (2, 1, 3, 0) });
    REQUIRE (bundles.size() == 2);
    CHECK (bundles[0].wires.size() == 2);
    CHECK (bundles[1].wires.size() == 2);
    CHECK (shapes[2].getInputs().size() == 1);
}

TEST_CASE ("Wires that say more than connected show the single ports")
{
    SECTION ("crossed")
    {
        auto shapes = makeShapes ({ { 1, stereo }, { 2, stereo } });
        CHECK (gui::bundleWires (shapes, { wire (1, 0, 2, 1), wire (1, 1, 2, 0) }).size() == 2);
        CHECK (shapes[1].getOutputs().size() == 2);
        CHECK (shapes[2].getInputs().size() == 2);
        CHECK (shapes[2].getOutputs().size() == 1);
    }

    SECTION ("half of a pair, while the pair goes elsewhere")
    {
        auto shapes = makeShapes ({ { 1, stereo }, { 2, stereo }, { 3, stereo } });
        const auto bundles = gui::bundleWires (shapes, { wire (1, 0, 2, 0), wire (1, 0, 3, 0), wire (1, 1, 3, 1) });
        CHECK (bundles.size() == 3);
        CHECK (shapes[1].getOutputs().size() == 2);
        CHECK (shapes[3].getInputs().size() == 2); // its wires come from two ports now
    }

    SECTION ("no wire is lost or doubled, whatever they are")
    {
        std::mt19937 random (7);

        for (int round = 0; round < 200; ++round)
        {
            auto shapes =
                makeShapes ({ { 1, stereo }, { 2, { 4, 3, true, true } }, { 3, mono }, { 4, { 2, 2, true, true } } });
            std::set<Wire> wires;

            for (int i = 0; i < 12; ++i)
            {
                const auto from = host::NodeId (1 + random() % 4), to = host::NodeId (1 + random() % 4);
                const auto& outputs = shapes[from].getOutputs();
                const auto& inputs = shapes[to].getInputs();
                const auto& out = outputs[random() % outputs.size()];
                const auto& in = inputs[random() % inputs.size()];

                if ((out.kind == Kind::midi) == (in.kind == Kind::midi))
                    wires.insert ({ out.getPort (int (random() % unsigned (out.count))),
                                    in.getPort (int (random() % unsigned (in.count))) });
            }

            std::multiset<Wire> drawn;

            for (const auto& bundle : gui::bundleWires (shapes, { wires.begin(), wires.end() }))
            {
                CHECK (shapes[bundle.from.node].find (true, bundle.wires.front().from) != nullptr);
                drawn.insert (bundle.wires.begin(), bundle.wires.end());
            }

            CHECK (std::multiset<Wire> (wires.begin(), wires.end()) == drawn);
        }
    }
}

TEST_CASE ("Wires of ports that are not there are left out")
{
    auto shapes = makeShapes ({ { 1, stereo }, { 2, stereo } });
    CHECK (
        gui::bundleWires (shapes, { wire (1, 5, 2, 0), wire (1, 0, 9, 0), { { 1, PortRef::midi }, { 2, PortRef::midi } } })
            .empty());
}

//======================================================================================================================
TEST_CASE ("Dropping a wire on a node connects all that fits")
{
    const NodePortGroup out{ 1, true, Kind::audio, 0, 2 }, monoOut{ 1, true, Kind::audio, 0, 1 };
    const NodePortGroup midiOut{ 1, true, Kind::midi, PortRef::midi, 1 }, in{ 2, false, Kind::audio, 0, 2 };

    CHECK (gui::makeWiresOnto (out, { 2, stereo }) == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    CHECK (gui::makeWiresOnto (monoOut, { 2, stereo }) == std::vector{ wire (1, 0, 2, 0), wire (1, 0, 2, 1) });
    CHECK (gui::makeWiresOnto (out, { 2, mono }) == std::vector{ wire (1, 0, 2, 0) });
    CHECK (gui::makeWiresOnto (out, { 2, { 4, 0, false, false } }) == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    CHECK (gui::makeWiresOnto (midiOut, { 2, synth }) == std::vector{ Wire{ { 1, PortRef::midi }, { 2, PortRef::midi } } });
    CHECK (gui::makeWiresOnto (midiOut, { 2, stereo }).empty());
    CHECK (gui::makeWiresOnto (out, { 2, synth }).empty());

    // The other way round, from an input.
    CHECK (gui::makeWiresOnto (in, { 1, stereo }) == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    CHECK (gui::makeWiresOnto (in, { 1, mono }) == std::vector{ wire (1, 0, 2, 0), wire (1, 0, 2, 1) });

    // Never into a side-chain unless it is aimed at.
    const NodeShape compressor (2, { 4, 2, false, false }, { 2, 2 }, { 2 }, true);
    CHECK (gui::makeWiresOnto (out, compressor) == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    CHECK (gui::makeWiresBetween (out, compressor.getInputs()[1]) == std::vector{ wire (1, 0, 2, 2), wire (1, 1, 2, 3) });
}

TEST_CASE ("Two ports are connected whichever was dragged, and only where they go together")
{
    const NodePortGroup out{ 1, true, Kind::audio, 0, 2 }, in{ 2, false, Kind::audio, 0, 2 };
    const NodePortGroup midiIn{ 2, false, Kind::midi, PortRef::midi, 1 };
    CHECK (gui::makeWiresBetween (out, in) == gui::makeWiresBetween (in, out));
    CHECK (gui::makeWiresBetween (out, in).size() == 2);
    CHECK (gui::makeWiresBetween (out, midiIn).empty());
    CHECK (gui::makeWiresBetween (out, out).empty());
}

TEST_CASE ("Only what has both ends can be put into a wire")
{
    const gui::WireBundle audio{ { 1, true, Kind::audio, 0, 2 }, { 2, false, Kind::audio, 0, 2 }, {} };
    const gui::WireBundle midi{ { 1, true, Kind::midi, PortRef::midi, 1 }, { 2, false, Kind::midi, PortRef::midi, 1 }, {} };
    CHECK (gui::canBeInserted (stereo, audio));
    CHECK_FALSE (gui::canBeInserted (synth, audio));
    CHECK_FALSE (gui::canBeInserted (stereo, midi));
    CHECK (gui::canBeInserted ({ 0, 0, true, true }, midi));
}

//======================================================================================================================
TEST_CASE ("A curve is hit where it is drawn")
{
    for (const auto end :
         { juce::Point<float> (300.0f, 180.0f), juce::Point<float> (20.0f, 90.0f), juce::Point<float> (105.0f, 50.0f) })
    {
        const gui::WireCurve curve{ { 100.0f, 40.0f }, end };
        const auto path = curve.toPath();
        auto proportion = -1.0f;

        CHECK (path.getBounds().getSmallestIntegerContainer().toFloat().contains (curve.getPoint (0.5f)));

        for (const auto where : { 0.0f, 0.2f, 0.5f, 0.9f, 1.0f })
        {
            const auto point = curve.getPoint (where);
            CHECK (curve.getDistance (point, proportion) < 1.0f);
            CHECK (proportion == Approx (where).margin (0.03));
            CHECK (curve.getDistance (point.translated (0.0f, 300.0f), proportion) > 100.0f);

            // The path that is drawn and the curve that is hit are one, and within the area that is painted.
            juce::Point<float> nearest;
            path.getNearestPoint (point, nearest);
            CHECK (nearest.getDistanceFrom (point) < 0.5f);
            CHECK (curve.getBounds().expanded (0.01f).contains (point));
        }
    }
}

//======================================================================================================================
TEST_CASE ("Nodes without places stand from left to right and never on each other")
{
    std::vector<NodeShape> shapes;
    std::vector<Wire> wires;
    std::mt19937 random (3);

    for (host::NodeId id = 1; id <= 60; ++id)
    {
        shapes.push_back ({ id, id % 7 == 0 ? host::NodePorts{ 9, 2, false, false } : stereo });

        if (id > 1 && id <= 50)
            wires.push_back (wire (host::NodeId (1 + random() % (id - 1)), 0, id, 0));
    }

    const auto places = gui::layOutNodes (shapes, wires);
    REQUIRE (places.size() == shapes.size());
    CHECK_FALSE (overlap (getAreas (shapes, places)));

    for (const auto& w : wires)
        CHECK (places.at (w.from.node).x + double (NodeShape::width) <= places.at (w.to.node).x);
}

TEST_CASE ("A layout has room for what is placed already, and gets over circles")
{
    const std::vector<NodeShape> shapes{ { 1, stereo }, { 2, stereo }, { 3, stereo } };
    const std::vector<Wire> circle{ wire (1, 0, 2, 0), wire (2, 0, 3, 0), wire (3, 0, 1, 0), wire (2, 0, 2, 1) };
    const auto alone = gui::layOutNodes (shapes, circle);
    REQUIRE (alone.size() == 3);
    CHECK_FALSE (overlap (getAreas (shapes, alone)));

    // Cards exactly where they would go.
    const auto taken = getAreas (shapes, alone);
    auto all = getAreas (shapes, gui::layOutNodes (shapes, circle, taken));
    all.insert (all.end(), taken.begin(), taken.end());
    CHECK_FALSE (overlap (all));
}

TEST_CASE ("A chain of thousands of nodes is laid out")
{
    std::vector<NodeShape> shapes;
    std::vector<Wire> wires;

    for (host::NodeId id = 1; id <= 5000; ++id)
    {
        shapes.push_back ({ id, stereo });

        if (id > 1)
            wires.push_back (wire (id - 1, 0, id, 0));
    }

    const auto places = gui::layOutNodes (shapes, wires);
    CHECK (places.at (5000).x > places.at (1).x + 4999.0 * NodeShape::width);
}

TEST_CASE ("A new card goes beside what is there")
{
    const juce::Point<double> size (146.0, 74.0), wished (300.0, 200.0);
    CHECK (gui::findFreePlace (wished, size, {}) == wished);

    const auto other = juce::Rectangle<double> (size.x, size.y).withCentre ({ 320.0, 180.0 });
    const auto place = gui::findFreePlace (wished, size, { other });
    CHECK_FALSE (juce::Rectangle<double> (size.x, size.y).withCentre (place).intersects (other));
    CHECK (place.x == wished.x);
    CHECK (place.getDistanceFrom (wished) < 80.0);
}

TEST_CASE ("Arrow keys find the neighbour in their direction")
{
    const std::vector<juce::Point<double>> places{
        { 0.0, 0.0 }, { 200.0, 0.0 }, { 400.0, 10.0 }, { 200.0, 150.0 }, { 0.0, -120.0 }
    };
    CHECK (gui::findNeighbour (places, 0, { 1, 0 }) == 1);
    CHECK (gui::findNeighbour (places, 1, { 1, 0 }) == 2);
    CHECK (gui::findNeighbour (places, 1, { 0, 1 }) == 3);
    CHECK (gui::findNeighbour (places, 0, { 0, -1 }) == 4);
    CHECK (gui::findNeighbour (places, 0, { -1, 0 }) == -1);
    CHECK (gui::findNeighbour ({}, 0, { 1, 0 }) == -1);
}

//======================================================================================================================
namespace
{
/** A canvas without a display, and a hand with a mouse. */
struct CanvasFixture
{
    explicit CanvasFixture (const std::string& sessionText)
    {
        workspace.tell = [this] (const juce::String& text, bool) { told = text; };
        workspace.openEditor = [this] (host::NodeId id) { opened = id; };
        workspace.chooseNode = [this] (juce::Point<double> place, std::vector<Wire>) { chosenAt = place; };
        open (sessionText);
        canvas.setSize (900, 600);
        window.addAndMakeVisible (canvas);
        window.setVisible (true);
        window.setSize (900, 600);
    }

    void open (const std::string& text)
    {
        auto session = host::Session::parse (text, {});
        host::NodeFactory factory (formats, live.getEngine().getInfo(), live.getEngine().getCollector());
        std::vector<host::MadeNode> made;

        for (const auto& json : session.getNodes())
            made.push_back (factory.make (json, session));

        workspace.editor.open (session, made, {});
    }

    juce::MouseEvent makeEvent (juce::Point<int> place, juce::Point<int> down, juce::ModifierKeys mods, int clicks = 1)
    {
        const auto now = juce::Time::getCurrentTime();
        return { juce::Desktop::getInstance().getMainMouseSource(),
                 place.toFloat(),
                 mods,
                 1.0f,
                 0.0f,
                 0.0f,
                 0.0f,
                 0.0f,
                 &canvas,
                 &canvas,
                 now,
                 down.toFloat(),
                 now,
                 clicks,
                 place != down };
    }

    static constexpr int left = juce::ModifierKeys::leftButtonModifier;

    void press (juce::Point<int> at, int mods = left) { canvas.mouseDown (makeEvent (at, at, mods)); }

    void drag (juce::Point<int> from, juce::Point<int> to, int mods = left)
    {
        press (from, mods);

        for (int i = 1; i <= 8; ++i)
            canvas.mouseDrag (makeEvent (from + (to - from) * i / 8, from, mods));

        canvas.mouseUp (makeEvent (to, from, mods));
    }

    void click (juce::Point<int> at, int mods = left)
    {
        press (at, mods);
        canvas.mouseUp (makeEvent (at, at, mods));
    }

    juce::Point<int> portOf (host::NodeId id, bool isOutput, int index = 0) const
    {
        const auto ports = workspace.editor.find (id)->runtime->ports;
        NodeShape shape (id, ports);
        return canvas.getPortPosition (shape.getSide (isOutput)[std::size_t (index)]);
    }

    juce::Point<int> middleOf (host::NodeId id) const { return canvas.getCardBounds (id).getCentre(); }
    std::vector<Wire> wires() const { return workspace.editor.getWires(); }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    gui::Settings settings{ juce::File() };
    host::LiveHost live{ host::PrepareInfo{ 48000.0, 512, false } };
    gui::Workspace workspace{ live, formats, settings };
    gui::Canvas canvas{ workspace };
    juce::Component window; ///< that it is in
    juce::String told;
    host::NodeId opened = 0;
    juce::Point<double> chosenAt;
};

const auto threeNodes = R"({ "audiohost": 1, "nodes": [
    { "id": 1, "type": "tone", "x": 0.15, "y": 0.3 }, { "id": 2, "type": "gain", "x": 0.5, "y": 0.3 },
    { "id": 3, "type": "audioOutput", "x": 0.85, "y": 0.3 } ], "connections": [] })";

const auto chain = R"({ "audiohost": 1, "nodes": [
    { "id": 1, "type": "tone", "x": 0.15, "y": 0.3 }, { "id": 2, "type": "gain", "x": 0.5, "y": 0.7 },
    { "id": 3, "type": "audioOutput", "x": 0.85, "y": 0.3 } ],
    "connections": [ { "from": "1:0", "to": "3:0" }, { "from": "1:1", "to": "3:1" } ] })";
} // namespace

TEST_CASE ("Dragging from an output to an input, or to the node, connects, and undo takes it away")
{
    CanvasFixture f (threeNodes);
    f.drag (f.portOf (1, true), f.portOf (2, false));
    CHECK (f.wires() == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });

    f.drag (f.portOf (3, false), f.middleOf (2)); // from the input, to the middle of the card
    CHECK (f.wires().size() == 4);
    CHECK (f.canvas.getBundles().size() == 2);

    f.workspace.editor.undo();
    CHECK (f.wires().size() == 2);
    f.workspace.editor.undo();
    CHECK (f.wires().empty());
}

TEST_CASE ("A wire that cannot be is not made, and the reason is told")
{
    CanvasFixture f (threeNodes);
    f.drag (f.portOf (1, true), f.middleOf (1)); // itself
    f.drag (f.portOf (1, true), { 450, 500 });   // nothing there
    CHECK (f.wires().empty());

    f.drag (f.portOf (2, true), f.middleOf (1)); // a tone has no input
    CHECK (f.wires().empty());
    CHECK (f.told.isNotEmpty());

    f.told.clear();
    f.drag (f.portOf (1, true), f.portOf (2, false));
    f.drag (f.portOf (1, true), f.portOf (2, false)); // there already
    CHECK (f.wires().size() == 2);
    CHECK (f.told.contains ("already"));
}

TEST_CASE ("A wire that would close a loop is refused, and one through feedback is not")
{
    CanvasFixture f (R"({ "audiohost": 1, "nodes": [
        { "id": 1, "type": "gain", "x": 0.2, "y": 0.3 }, { "id": 2, "type": "gain", "x": 0.5, "y": 0.3 },
        { "id": 3, "type": "feedback", "x": 0.8, "y": 0.3 } ],
        "connections": [ { "from": "1:0", "to": "2:0" }, { "from": "1:1", "to": "2:1" } ] })");
    f.drag (f.portOf (2, true), f.middleOf (1));
    CHECK (f.wires().size() == 2);
    CHECK (f.told.isNotEmpty());

    f.told.clear();
    f.drag (f.portOf (2, true), f.portOf (3, false));
    f.drag (f.portOf (3, true), f.middleOf (1));
    CHECK (f.wires().size() == 6);
    CHECK (f.told == juce::String());
}

TEST_CASE ("Pulling a wire's end off disconnects it, or moves it")
{
    CanvasFixture f (chain);
    const auto nearEnd = juce::Point<int> (f.portOf (3, false).x - 40, f.portOf (3, false).y);

    SECTION ("at the very port")
    {
        f.drag (f.portOf (3, false), { 600, 560 });
        CHECK (f.wires().empty());
    }

    SECTION ("but from an output a new one begins")
    {
        f.drag (f.portOf (1, true), f.middleOf (2));
        CHECK (f.wires().size() == 4);
    }

    SECTION ("into the empty")
    {
        f.drag (nearEnd, { 600, 560 });
        CHECK (f.wires().empty());
        f.workspace.editor.undo();
        CHECK (f.wires().size() == 2);
    }

    SECTION ("to another node")
    {
        f.drag (nearEnd, f.middleOf (2));
        CHECK (f.wires() == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1) });
    }

    SECTION ("and back to where it was")
    {
        f.drag (nearEnd, f.portOf (3, false));
        CHECK (f.wires().size() == 2);
        CHECK_FALSE (f.workspace.editor.getUndoName().has_value());
    }

    SECTION ("or with a click and the delete key")
    {
        f.click (nearEnd);
        REQUIRE (f.canvas.hasSelectedWire());
        f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::deleteKey));
        CHECK (f.wires().empty());
        CHECK_FALSE (f.canvas.hasSelectedWire());
    }
}

TEST_CASE ("A card without wires that is dropped on a wire goes into it")
{
    CanvasFixture f (chain);
    const auto middle = (f.portOf (1, true) + f.portOf (3, false)) / 2;
    f.drag (f.middleOf (2), middle);
    CHECK (f.wires() == std::vector{ wire (1, 0, 2, 0), wire (1, 1, 2, 1), wire (2, 0, 3, 0), wire (2, 1, 3, 1) });
    CHECK (f.middleOf (2).getDistanceFrom (middle) <= 6);
}

TEST_CASE ("Moved cards land on the grid and are moved together, as one step")
{
    CanvasFixture f (chain);
    f.canvas.selectAll();
    const auto before1 = f.workspace.editor.find (1)->getPosition(), before2 = f.workspace.editor.find (2)->getPosition();
    f.drag (f.middleOf (1), f.middleOf (1) + juce::Point<int> (30, 50));

    const auto way1 = f.workspace.editor.find (1)->getPosition() - before1;
    const auto way2 = f.workspace.editor.find (2)->getPosition() - before2;
    CHECK (way1.getDistanceFrom (way2) < 1.0e-9);
    CHECK (std::abs (way1.x * 900.0 - 30.0) < 4.0);
    CHECK (std::abs (way1.y * 600.0 - 50.0) < 4.0);
    CHECK (f.workspace.getSelection().size() == 3);

    f.workspace.editor.undo();
    CHECK (f.workspace.editor.find (2)->getPosition() == before2);
}

TEST_CASE ("Escape puts moved cards back")
{
    CanvasFixture f (chain);
    const auto before = f.middleOf (2);
    f.press (before);
    f.canvas.mouseDrag (f.makeEvent (before + juce::Point<int> (100, 20), before, CanvasFixture::left));
    CHECK (f.middleOf (2) != before);
    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::escapeKey));
    CHECK (f.middleOf (2) == before);
    f.canvas.mouseUp (f.makeEvent (before + juce::Point<int> (100, 20), before, CanvasFixture::left));
    CHECK_FALSE (f.workspace.editor.getUndoName().has_value());
}

TEST_CASE ("Clicks, with keys held, and a rubber band select")
{
    CanvasFixture f (chain);
    using Mods = juce::ModifierKeys;
    f.click (f.middleOf (1));
    CHECK (f.workspace.getSelection() == std::set<host::NodeId>{ 1 });
    f.click (f.middleOf (2), CanvasFixture::left | Mods::shiftModifier);
    CHECK (f.workspace.getSelection() == std::set<host::NodeId>{ 1, 2 });
    f.click (f.middleOf (1), CanvasFixture::left | Mods::ctrlModifier);
    CHECK (f.workspace.getSelection() == std::set<host::NodeId>{ 2 });
    f.click ({ 450, 40 });
    CHECK (f.workspace.getSelection().empty());

    f.drag ({ 300, 560 }, { 880, 100 });
    CHECK (f.workspace.getSelection() == std::set<host::NodeId>{ 2, 3 });
    f.drag ({ 10, 10 }, { 200, 200 }, CanvasFixture::left | Mods::shiftModifier);
    CHECK (f.workspace.getSelection() == std::set<host::NodeId>{ 1, 2, 3 });
}

TEST_CASE ("Keys delete, bypass, duplicate, move and walk")
{
    CanvasFixture f (chain);
    auto& editor = f.workspace.editor;
    f.click (f.middleOf (2));

    f.canvas.keyPressed (juce::KeyPress ('b'));
    CHECK (editor.find (2)->isBypassed());
    f.canvas.keyPressed (juce::KeyPress ('b'));
    CHECK_FALSE (editor.find (2)->isBypassed());

    const auto before = editor.find (2)->getPosition();
    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::rightKey, juce::ModifierKeys::ctrlModifier, 0));
    CHECK ((editor.find (2)->getPosition() - before).x * 900.0 == Approx (4.0).margin (0.1)); // stored to four digits
    f.canvas.keyPressed (
        juce::KeyPress (juce::KeyPress::upKey, juce::ModifierKeys::ctrlModifier | juce::ModifierKeys::shiftModifier, 0));
    CHECK ((editor.find (2)->getPosition() - before).y * 600.0 == Approx (-24.0).margin (0.1));

    f.canvas.keyPressed (juce::KeyPress ('d', juce::ModifierKeys::ctrlModifier, 0));
    CHECK (editor.getNodes().size() == 4);
    CHECK (f.workspace.getSelection().size() == 1);
    CHECK_FALSE (f.workspace.isSelected (2));

    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::deleteKey));
    CHECK (editor.getNodes().size() == 3);
    CHECK (f.workspace.getSelection().empty());

    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::rightKey)); // nothing selected: the leftmost
    CHECK (f.workspace.getSingleSelection() == 1);
    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::rightKey));
    CHECK (f.workspace.getSingleSelection() != 1);
    f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::returnKey));
    CHECK (f.opened == f.workspace.getSingleSelection());
}

TEST_CASE ("A double click opens a node, chooses a new one, or takes a wire away")
{
    CanvasFixture f (chain);
    f.canvas.mouseDoubleClick (f.makeEvent (f.middleOf (2), f.middleOf (2), CanvasFixture::left, 2));
    CHECK (f.opened == 2);

    f.canvas.mouseDoubleClick (f.makeEvent ({ 225, 540 }, { 225, 540 }, CanvasFixture::left, 2));
    CHECK (f.chosenAt.x == Approx (225.0 / 900.0).margin (4.0 / 900.0)); // on the grid
    CHECK (f.chosenAt.y == Approx (540.0 / 600.0).margin (4.0 / 600.0));

    const auto onWire = (f.portOf (1, true) + f.portOf (3, false)) / 2;
    f.canvas.mouseDoubleClick (f.makeEvent (onWire, onWire, CanvasFixture::left, 2));
    CHECK (f.wires().empty());
}

TEST_CASE ("A session without places is laid out for display, and stored once something is moved")
{
    CanvasFixture f (R"({ "audiohost": 1, "nodes": [ { "id": 1, "type": "tone" }, { "id": 2, "type": "gain" },
        { "id": 3, "type": "audioOutput" } ], "connections": [ { "from": "1:0", "to": "2:0" }, { "from": "2:0", "to": "3:0" } ] })");
    CHECK (f.middleOf (1).x < f.middleOf (2).x);
    CHECK (f.middleOf (2).x < f.middleOf (3).x);
    CHECK_FALSE (f.workspace.editor.isEdited());
    CHECK (f.workspace.editor.find (1)->getPosition().isOrigin());

    const auto others = f.middleOf (3);
    f.drag (f.middleOf (2), f.middleOf (2) + juce::Point<int> (0, 100));
    CHECK_FALSE (f.workspace.editor.find (1)->getPosition().isOrigin());
    CHECK (f.middleOf (3) == others);
}

TEST_CASE ("Another session begins with all of it in view")
{
    CanvasFixture f (chain);
    f.canvas.setView ({ 2.0, { 500, 500 } });
    f.open (R"({ "audiohost": 1, "nodes": [ { "id": 1, "type": "tone", "x": -1.0, "y": 0.3 },
        { "id": 2, "type": "gain", "x": 3.0, "y": 4.0 } ], "connections": [] })");

    for (const auto id : { 1u, 2u })
        CHECK (f.canvas.getLocalBounds().contains (f.canvas.getCardBounds (id)));
}

TEST_CASE ("The view follows the window's size until somebody chooses one")
{
    CanvasFixture f (chain);
    f.canvas.setSize (400, 300);

    for (const auto id : { 1u, 2u, 3u })
        CHECK (f.canvas.getLocalBounds().contains (f.canvas.getCardBounds (id)));

    f.canvas.zoomIn();
    const auto chosen = f.canvas.getView();
    f.canvas.setSize (800, 600);
    CHECK (f.canvas.getView() == chosen);
}

TEST_CASE ("100 % never shows the void")
{
    CanvasFixture f (R"({ "audiohost": 1, "nodes": [ { "id": 1, "type": "tone", "x": 0.1, "y": 0.1 },
        { "id": 2, "type": "gain", "x": 9.0, "y": 9.0 } ], "connections": [] })");
    f.canvas.zoomToFit();
    f.canvas.zoomToNormal();
    CHECK (f.canvas.getView().zoom == 1.0);
    CHECK ((f.canvas.getLocalBounds().contains (f.canvas.getCardBounds (1))
            || f.canvas.getLocalBounds().contains (f.canvas.getCardBounds (2))));
}

TEST_CASE ("A card is read out with what it is, what it carries and where it goes")
{
    CanvasFixture f (chain);

    for (auto* child : f.canvas.getChildren())
    {
        const auto* card = dynamic_cast<gui::NodeCard*> (child);

        if (card == nullptr || card->getId() != 1)
            continue;

        const auto text = card->describe();
        CHECK (text.startsWith ("Tone, "));
        CHECK (text.contains ("0 percent load"));
        CHECK (text.contains ("connected to "));
        return;
    }

    FAIL ("there is no card");
}

//======================================================================================================================
namespace
{
double getCpuSeconds()
{
    std::timespec now{};
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return double (now.tv_sec) + 1.0e-9 * double (now.tv_nsec);
}

/** 300 gains in 20 columns, each fed by its left neighbour. */
std::string makeLargeSession()
{
    constexpr int rows = 15, columns = 20;
    host::Session session;
    auto nodes = host::Session::Json::array(), connections = host::Session::Json::array();

    for (int i = 0; i < rows * columns; ++i)
    {
        const auto column = i / rows, row = i % rows;
        nodes.push_back ({ { "id", i + 1 },
                           { "type", "gain" },
                           { "x", (100.0 + 180.0 * column) / 900.0 },
                           { "y", (60.0 + 110.0 * row) / 600.0 } });

        for (int channel = 0; column > 0 && channel < 2; ++channel)
            connections.push_back (
                { { "from", std::to_string (i + 1 - rows) + ":" + std::to_string (channel) },
                  { "to", std::to_string (1 + (column * rows) + (row + column) % rows) + ":" + std::to_string (channel) } });
    }

    session.document["nodes"] = nodes;
    session.document["connections"] = connections;
    return session.document.dump();
}

/** What JUCE does with a component's repaints, without a window: the areas in one list, painted at once. */
class Painter final : public juce::CachedComponentImage
{
public:
    explicit Painter (juce::Component& componentToPaint)
        : component (componentToPaint), image (juce::Image::RGB, component.getWidth(), component.getHeight(), true)
    {
    }

    void paint (juce::Graphics&) override {}

    bool invalidateAll() override { return invalidate (component.getLocalBounds()); }

    bool invalidate (const juce::Rectangle<int>& area) override
    {
        dirty.add (area.getIntersection (component.getLocalBounds()));
        return false;
    }

    void releaseResources() override {}

    int paintNow()
    {
        auto areas = dirty;
        dirty.clear();

        if (areas.isEmpty())
            return 0;

        auto context = component.getLookAndFeel().createGraphicsContext (image, {}, areas);
        juce::Graphics g (*context);
        component.paintEntireComponent (g, true);
        return areas.getNumRectangles();
    }

    juce::Component& component;
    juce::Image image;
    juce::RectangleList<int> dirty;
};

struct Times
{
    std::vector<double> milliseconds;

    void print (const char* what)
    {
        std::sort (milliseconds.begin(), milliseconds.end());
        std::cout << what << ": CPU ms a frame, p50 " << milliseconds[milliseconds.size() / 2] << "  p99 "
                  << milliseconds[milliseconds.size() * 99 / 100] << "  max " << milliseconds.back() << "\n";
    }
};
} // namespace

TEST_CASE ("Only what moved is painted, and the picture is the same as when all is painted")
{
    CanvasFixture f (chain);
    auto* painter = new Painter (f.window);
    f.window.setCachedComponentImage (painter);
    f.canvas.repaint();
    painter->paintNow();
    f.workspace.callFrame();
    painter->paintNow();

    f.workspace.callFrame();
    CHECK (painter->dirty.isEmpty()); // nothing moves, nothing is painted

    f.workspace.editor.find (1)->runtime->peaks[0].store (0.5f);
    f.workspace.editor.find (1)->runtime->peaks[1].store (0.25f);
    f.workspace.callFrame();
    REQUIRE_FALSE (painter->dirty.isEmpty());
    CHECK (f.canvas.getCardBounds (1).reduced (8).contains (painter->dirty.getBounds()));
    painter->paintNow();

    f.drag (f.middleOf (2), f.middleOf (2) + juce::Point<int> (60, -40));
    painter->paintNow();
    f.drag (f.portOf (2, true), f.portOf (3, false));
    painter->paintNow();

    const auto inParts = painter->image.createCopy();
    f.canvas.repaint();
    painter->paintNow();

    for (int y = 0; y < inParts.getHeight(); ++y)
        for (int x = 0; x < inParts.getWidth(); ++x)
            if (inParts.getPixelAt (x, y) != painter->image.getPixelAt (x, y))
                FAIL ("pixel " << x << ", " << y << " is another one");

    f.window.setCachedComponentImage (nullptr);
}

TEST_CASE ("CPU time of the canvas with 300 nodes", "[.bench]")
{
    CanvasFixture f (makeLargeSession());
    f.window.setSize (1440, 900);
    f.canvas.setSize (1440, 900);
    auto* painter = new Painter (f.window);
    f.window.setCachedComponentImage (painter);
    std::mt19937 random (1);

    const auto measure = [&] (const char* what, int frames, auto&& change)
    {
        Times times;
        auto rectangles = 0, pixels = 0;

        for (int i = 0; i < frames; ++i)
        {
            const auto start = getCpuSeconds();
            change (i);
            f.workspace.callFrame();
            pixels = 0;

            for (const auto& area : painter->dirty)
                pixels += area.getWidth() * area.getHeight();

            rectangles = painter->paintNow();
            times.milliseconds.push_back (1000.0 * (getCpuSeconds() - start));
        }

        times.print (what);
        std::cout << "    the last frame painted " << rectangles << " areas, " << pixels << " pixels\n";
    };

    const auto moveMeters = [&] (int)
    {
        for (const auto& node : f.workspace.editor.getNodes())
            for (auto& peak : node->runtime->peaks)
                peak.store (std::uniform_real_distribution (0.01f, 1.0f) (random));
    };

    for (const auto fits : { true, false })
    {
        if (fits)
            f.canvas.zoomToFit();
        else
            f.canvas.setView ({});

        std::cout << (fits ? "All in view, " : "At 100 %, ") << juce::roundToInt (100.0 * f.canvas.getView().zoom) << " %\n";
        f.canvas.repaint();
        painter->paintNow();
        measure ("  nothing moves", 200, [] (int) {});
        measure ("  all meters move", 400, moveMeters);
        measure ("  all is painted", 60, [&] (int) { f.canvas.repaint(); });
        measure ("  panning with meters", 60,
                 [&] (int i)
                 {
                     f.canvas.setView (
                         { f.canvas.getView().zoom, f.canvas.getView().offset + juce::Point<int> (i % 2 == 0 ? 7 : -7, 3) });
                     moveMeters (i);
                 });
        measure ("  zooming", 60,
                 [&] (int i)
                 {
                     f.canvas.setView (f.canvas.getView().zoomedAround (
                         { 700.0, 400.0 }, f.canvas.getView().zoom * (i % 2 == 0 ? 1.03 : 1.0 / 1.03)));
                 });

        if (fits)
            f.canvas.zoomToFit();
        else
            f.canvas.setView ({});

        const auto card = f.middleOf (1);
        f.press (card);
        measure ("  dragging a card while meters move", 200,
                 [&] (int i)
                 {
                     moveMeters (i);
                     f.canvas.mouseDrag (
                         f.makeEvent (card + juce::Point<int> (i % 50 * 8, i % 30 * 8), card, CanvasFixture::left));
                 });
        f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::escapeKey));

        f.canvas.selectAll();
        const auto all = f.middleOf (2);
        f.press (all);
        measure ("  dragging all cards", 60,
                 [&] (int i)
                 {
                     f.canvas.mouseDrag (
                         f.makeEvent (all + juce::Point<int> (i % 50 * 8, i % 30 * 8), all, CanvasFixture::left));
                 });
        f.canvas.keyPressed (juce::KeyPress (juce::KeyPress::escapeKey));
        f.workspace.select ({});
    }

    f.window.setCachedComponentImage (nullptr);
}
