// The desktop app as a person uses it: the real program on a screen, driven by mouse and keyboard. What is on the screen is
// found by looking at it; the screenshots stay in the build folder.

#include "Support/Display.h"
#include "Support/Expect.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <future>
#include <set>
#include <utility>

namespace
{

constexpr std::uint32_t focusColour = 0x7fb4ff, audioColour = 0x58c7ae;

struct Area
{
    int x = 0, y = 0, width = 0, height = 0;

    bool operator== (const Area&) const = default;

    int right() const { return x + width; }
    int bottom() const { return y + height; }
    int middleX() const { return x + width / 2; }
    int middleY() const { return y + height / 2; }

    Area grown (int by) const { return { x - by, y - by, width + 2 * by, height + 2 * by }; }

    bool touches (const Area& other) const
    {
        return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
    }
};

/** AudioHost on a screen of its own, until the test ends. */
class App
{
public:
    explicit App (const std::string& testName) : name (testName)
    {
        program.environment.push_back ("DISPLAY=" + display.getName());
        program.environment.push_back ("HOME=" + program.folder.path.string());
        std::filesystem::create_directories (SCREENSHOTS);
    }

    ~App()
    {
        if (result.valid())
        {
            takeScreenshot ("failed");
            stopping = true;
            result.wait();
        }
    }

    void start (const std::vector<std::string>& arguments, const std::string& title)
    {
        result = std::async (std::launch::async, [this, arguments]
                             { return program.runAndSignalWhen (arguments, SIGTERM, [this] { return stopping.load(); }); });
        main = display.awaitWindow (title);
        display.activate (main);
        main = display.awaitWindow (title); // where the window manager has put it
    }

    /** What the program told as it ended. */
    ProgramResult awaitEnd() { return result.get(); }

    bool isTitled (const std::string& title) const { return display.findWindow (title).has_value(); }

    void takeScreenshot (const std::string& what)
    {
        display.takeScreenshot (std::string (SCREENSHOTS) + "/" + name + "-" + std::to_string (++numScreenshots) + "-" + what
                                + ".png");
    }

    /** The graph, without the lines of text at its top and bottom. */
    Area getCanvas() const
    {
        constexpr int browser = 252, inspector = 304, above = 108, below = 285;
        return { main.x + browser, main.y + above, main.width - browser - inspector, main.height - above - below };
    }

    /** Where there is this colour in an area: pixels that are near each other are one place. From left to right. */
    std::vector<Area> findColour (const Area& area, std::uint32_t colour, int near = 12) const
    {
        const auto pixels = display.getPixels (area.x, area.y, area.width, area.height);
        std::vector<Area> found;

        for (std::size_t i = 0; i < pixels.size(); ++i)
        {
            if (pixels[i] != colour)
                continue;

            Area place{ area.x + static_cast<int> (i) % area.width, area.y + static_cast<int> (i) / area.width, 1, 1 };

            for (auto other = found.begin(); other != found.end();)
            {
                if (! place.grown (near).touches (*other))
                {
                    ++other;
                    continue;
                }

                const auto right = std::max (place.right(), other->right()),
                           bottom = std::max (place.bottom(), other->bottom());
                place.x = std::min (place.x, other->x);
                place.y = std::min (place.y, other->y);
                place.width = right - place.x;
                place.height = bottom - place.y;
                other = found.erase (other);
            }

            found.push_back (place);
        }

        std::sort (found.begin(), found.end(), [] (const Area& a, const Area& b) { return a.x < b.x; });
        return found;
    }

    /** The card with the border of what is selected; fails the test if there is not exactly one. */
    Area findSelectedCard() const
    {
        constexpr int portGap = 16; ///< in the border
        std::vector<Area> found;
        REQUIRE (waitUntil (
            [&]
            {
                found = findColour (getCanvas(), focusColour, portGap);
                return found.size() == 1 && found[0].width > 40;
            }));
        return found[0];
    }

    /** The same once it has come to rest where it was dragged to: near the place, and on the canvas' grid. */
    Area awaitSelectedCardAt (const Area& place) const
    {
        constexpr int tolerance = 20;
        Area card;
        REQUIRE (waitUntil (
            [&]
            {
                const auto before = std::exchange (card, findSelectedCard());
                return card == before && std::abs (card.middleX() - place.x) < tolerance
                       && std::abs (card.middleY() - place.y) < tolerance;
            }));
        return card;
    }

    /** The port of this colour at a side of a card. */
    Area findPort (const Area& card, bool ofOutputs, std::uint32_t colour) const
    {
        const auto edge = ofOutputs ? card.right() : card.x;
        std::vector<Area> found;
        INFO ("a port of the card at " << card.x << ", " << card.y);
        REQUIRE (waitUntil (
            [&]
            {
                found = findColour ({ edge - 9, card.y, 18, card.height }, colour);
                return found.size() == 1;
            }));
        return found[0];
    }

    /** Adds what the browser finds for a text, as it does for Enter. */
    void addPlugin (const std::string& search)
    {
        display.press ("ctrl+f");
        display.press ("ctrl+a");
        display.type (search);
        display.press ("Return");
    }

    void drag (const Area& from, const Area& to)
    {
        display.drag (from.middleX(), from.middleY(), to.middleX(), to.middleY());
    }

    /** Saves as a file that does not exist yet, by the file chooser. */
    void saveAs (const std::string& file)
    {
        display.press ("ctrl+s");
        const auto chooser = awaitDialog();

        // The field for the name is above the buttons.
        display.click (chooser.x + chooser.width / 2, chooser.y + chooser.height - 63);
        display.press ("ctrl+a");
        display.type (file);

        // Enter goes to the folder first, and then saves.
        for (int i = 0; i < 5 && ! std::filesystem::exists (file); ++i)
        {
            display.press ("Return");
            waitUntil ([&] { return std::filesystem::exists (file); }, std::chrono::seconds (3));
        }

        REQUIRE (std::filesystem::exists (file));
        awaitNoDialog();
    }

    /** Any window beside the main one. */
    TestDisplay::Window awaitDialog() const
    {
        std::vector<TestDisplay::Window> windows;
        REQUIRE (waitUntil (
            [&]
            {
                windows = display.getWindows();
                std::erase_if (windows, [this] (const auto& w) { return w.id == main.id; });
                return windows.size() == 1;
            }));
        return windows[0];
    }

    /** All that is shown on the screen, menus as well. */
    int countWindows() const { return display.countShownWindows(); }

    void awaitNoDialog() const
    {
        REQUIRE (waitUntil ([&] { return display.getWindows().size() == 1; }));
    }

    TestDisplay display{ 1600, 1000 };
    Program program;
    TestDisplay::Window main;

private:
    const std::string name;
    int numScreenshots = 0;
    std::atomic<bool> stopping{ false };
    std::future<ProgramResult> result;
};

using Json = nlohmann::ordered_json;

Json readSession (const std::string& file) { return Json::parse (readText (file)); }

const Json* findNode (const Json& session, const std::string& key, const std::string& value)
{
    for (const auto& node : session["nodes"])
        if (node.value (key, "") == value)
            return &node;

    return nullptr;
}

/** The wires as "from name:port to name:port", in order. */
std::set<std::string> describeWires (const Json& session)
{
    const auto describe = [&] (const std::string& port)
    {
        const auto colon = port.find (':');

        for (const auto& node : session["nodes"])
            if (node["id"] == std::stoi (port.substr (0, colon)))
                return node.value ("name", node["type"].get<std::string>()) + port.substr (colon);

        return port;
    };

    std::set<std::string> wires;

    for (const auto& wire : session["connections"])
        wires.insert (describe (wire["from"]) + " to " + describe (wire["to"]));

    return wires;
}

} // namespace

TEST_CASE ("a person builds a session in the window, plays it, saves it, comes back to it and takes a step back")
{
    App app ("session");
    auto& display = app.display;
    const auto file = app.program.folder.file ("evening.audiohost");
    app.start ({}, "Untitled - AudioHost");

    // The first start looks for plugins by itself: the demo's come with the program.
    const auto catalogue = app.program.folder.path / "home/catalogue.json";
    REQUIRE (waitUntil ([&] { return readText (catalogue).find ("AudioHost Echo") != std::string::npos; }));
    app.takeScreenshot ("started");
    CHECK (display.countColours (app.main) > 100);

    // A view in which cards are large enough to be looked at.
    const auto canvas = app.getCanvas();
    display.click (canvas.middleX(), canvas.middleY());
    display.press ("ctrl+0");

    // The synth and the delay, each moved to where there is room.
    const auto moveTo = [&] (double x, double y)
    {
        const Area place{ canvas.x + static_cast<int> (x * canvas.width), canvas.y + static_cast<int> (y * canvas.height), 0,
                          0 };
        app.drag (app.findSelectedCard(), place);
        return app.awaitSelectedCardAt (place);
    };

    app.addPlugin ("poly");
    REQUIRE (waitUntil ([&] { return app.isTitled ("*Untitled - AudioHost"); }));
    const auto synth = moveTo (0.30, 0.85);
    app.addPlugin ("echo");
    REQUIRE (waitUntil ([&] { return ! app.findSelectedCard().touches (synth); }));
    const auto delay = moveTo (0.60, 0.85);
    app.takeScreenshot ("added");

    // A wire with the mouse.
    app.drag (app.findPort (synth, true, audioColour), app.findPort (delay, false, audioColour));
    const Area between{ synth.right() + 12, std::min (synth.y, delay.y), delay.x - synth.right() - 24, synth.height };
    REQUIRE (waitUntil ([&] { return ! app.findColour (between, audioColour).empty(); }));
    app.takeScreenshot ("wired");

    // Two with the keyboard: from the delay to the first that it can go to, the output; and from the MIDI input, which is
    // the first that the synth can take MIDI from.
    const auto connect = [&] (const Area& card, int row)
    {
        display.click (card.middleX(), card.middleY());
        REQUIRE (waitUntil ([&] { return app.findSelectedCard().touches (card); }));
        const auto before = display.getWindows().size();
        const auto numBefore = app.countWindows();
        display.press ("c");
        REQUIRE (waitUntil ([&] { return app.countWindows() > numBefore; }));

        for (int i = 0; i < row; ++i)
            display.press ("Down");

        display.press ("Right");
        REQUIRE (waitUntil ([&] { return app.countWindows() > numBefore + 1; }));
        display.press ("Return");
        REQUIRE (waitUntil ([&] { return app.countWindows() == numBefore; }));
        CHECK (display.getWindows().size() == before);
    };

    connect (delay, 1);
    connect (synth, 2);
    app.takeScreenshot ("connected");

    // Notes from the computer's keys: they are heard as far as the delay.
    const Area meters{ delay.x + 8, delay.middleY(), delay.width - 16, delay.height / 2 - 4 };
    CHECK (app.findColour (meters, audioColour).empty());
    display.press ("ctrl+k");
    display.holdKey ("a");
    REQUIRE (waitUntil ([&] { return ! app.findColour (meters, audioColour).empty(); }));
    app.takeScreenshot ("playing");
    display.letGo ("a");

    app.saveAs (file);
    REQUIRE (waitUntil ([&] { return app.isTitled ("evening - AudioHost") && ! app.isTitled ("*evening"); }));

    const auto saved = readSession (file);
    CHECK (describeWires (saved)
           == std::set<std::string>{ "midiInput:midi to AudioHost Poly:midi", "AudioHost Poly:0 to AudioHost Echo:0",
                                     "AudioHost Poly:1 to AudioHost Echo:1", "AudioHost Echo:0 to audioOutput:0",
                                     "AudioHost Echo:1 to audioOutput:1" });

    // The synth's own editor: the third knob of its first row is the cutoff.
    display.click (synth.middleX(), synth.middleY());
    REQUIRE (waitUntil ([&] { return app.findSelectedCard().touches (synth); }));
    display.press ("ctrl+e");
    const auto editor = display.awaitWindow ("AudioHost Poly - evening");
    REQUIRE (waitUntil ([&] { return display.countColours (editor) > 50; }));
    display.drag (editor.x + 266, editor.y + 76, editor.x + 266, editor.y + 36);
    REQUIRE (waitUntil ([&] { return app.isTitled ("*evening - AudioHost"); }));
    app.takeScreenshot ("editor");
    display.activate (editor);
    display.press ("Escape");
    app.awaitNoDialog();

    display.activate (app.main);
    display.press ("ctrl+s");
    REQUIRE (waitUntil ([&] { return ! app.isTitled ("*evening"); }));
    const auto savedAgain = readSession (file);
    REQUIRE (findNode (savedAgain, "name", "AudioHost Poly") != nullptr);
    CHECK (findNode (savedAgain, "name", "AudioHost Poly")->at ("state")
           != findNode (saved, "name", "AudioHost Poly")->at ("state"));
    CHECK (findNode (savedAgain, "name", "AudioHost Echo")->at ("state")
           == findNode (saved, "name", "AudioHost Echo")->at ("state"));
    CHECK (describeWires (savedAgain) == describeWires (saved));

    display.press ("ctrl+q");
    expectQuietSuccess (app.awaitEnd());

    // Another day.
    app.start ({ file }, "evening - AudioHost");
    REQUIRE (waitUntil ([&] { return app.findColour (app.getCanvas(), audioColour).size() > 2; }));
    app.takeScreenshot ("opened");

    // What is lost by mistake comes back, and nothing goes without a question.
    display.activate (app.main);
    display.press ("ctrl+a");
    display.press ("Delete");
    REQUIRE (waitUntil (
        [&] { return app.isTitled ("*evening - AudioHost") && app.findColour (app.getCanvas(), audioColour).empty(); }));
    app.takeScreenshot ("deleted");

    const auto numBefore = app.countWindows();
    display.press ("ctrl+q");
    REQUIRE (waitUntil ([&] { return app.countWindows() > numBefore; }));
    app.takeScreenshot ("asked");
    display.press ("Escape");
    REQUIRE (waitUntil ([&] { return app.countWindows() == numBefore; }));

    display.press ("ctrl+z");
    REQUIRE (
        waitUntil ([&] { return ! app.isTitled ("*evening") && app.findColour (app.getCanvas(), audioColour).size() > 2; }));
    app.takeScreenshot ("undone");
    display.press ("ctrl+s");
    display.press ("ctrl+q");
    expectQuietSuccess (app.awaitEnd());
    CHECK (readSession (file) == savedAgain);
}
