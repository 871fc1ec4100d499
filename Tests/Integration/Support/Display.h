#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/** An X server without a screen, with a window manager, and a person before it: a mouse and a keyboard.
    Needs the packages xvfb, openbox, xdotool and imagemagick; throws std::runtime_error that names what is missing. */
class TestDisplay
{
public:
    explicit TestDisplay (int width = 1440, int height = 900);
    ~TestDisplay();

    TestDisplay (const TestDisplay&) = delete;
    TestDisplay& operator= (const TestDisplay&) = delete;

    /** As in the environment variable DISPLAY. */
    const std::string& getName() const noexcept { return name; }

    struct Window
    {
        unsigned long id = 0;
        std::string title;
        int x = 0, y = 0, width = 0, height = 0; ///< on the screen, without the frame
    };

    /** The programs' windows that can be seen, without those that belong to no program. */
    std::vector<Window> getWindows() const;

    /** The one whose title holds this text. */
    std::optional<Window> findWindow (const std::string& partOfTitle) const;

    /** Waits for it; fails the test if it does not come. */
    Window awaitWindow (const std::string& partOfTitle, std::chrono::seconds timeout = std::chrono::seconds (30)) const;

    /** @name What a person does. Places are those of the screen. */
    /**@{*/
    void moveMouse (int x, int y);
    void click (int x, int y, int times = 1);
    void drag (int fromX, int fromY, int toX, int toY);

    /** As xdotool names them: "ctrl+s", "Escape", "a". */
    void press (const std::string& key);
    void holdKey (const std::string& key);
    void letGo (const std::string& key);
    void type (const std::string& text);

    /** Brings a window to the front, with the keyboard. */
    void activate (const Window&);
    void closeWindow (const Window&);

    /** By its frame's top left, without waiting. */
    void moveWindow (const Window&, int x, int y);
    /**@}*/

    /** What can be seen in a part of the screen, 0x00RRGGBB by rows. */
    std::vector<std::uint32_t> getPixels (int x, int y, int width, int height) const;

    /** Windows that are shown on the screen itself: frames, and what has none, such as menus. */
    int countShownWindows() const;

    /** How many windows there are inside a window, at any depth. */
    int countInnerWindows (const Window&) const;

    /** How many different colours there are. */
    int countColours (const Window&) const;

    /** Writes a PNG of the whole screen. */
    void takeScreenshot (const std::string& file) const;

private:
    void run (const std::vector<std::string>& command) const;

    /** As a pager would: source 2 is a person's tool. */
    void tellManager (const Window&, const char* message, long first, long second) const;

    std::string name;
    int serverProcess = -1, managerProcess = -1;
    void* connection = nullptr;
};

/** Waits until the condition holds, looking at it every few milliseconds.
    @returns whether it did in time */
bool waitUntil (const std::function<bool()>& condition, std::chrono::seconds timeout = std::chrono::seconds (30));
