#include "Display.h"

#include <catch2/catch.hpp>

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace
{

::Display* toX (void* connection) { return static_cast<::Display*> (connection); }

/** Starts a program that ends with this one; `display` is empty for none. */
pid_t start (const std::vector<std::string>& command, const std::string& display, int keptDescriptor = -1)
{
    const auto child = ::fork();

    if (child != 0)
        return child;

    ::prctl (PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid (0, 0);
    const auto nothing = ::open ("/dev/null", O_RDWR);

    for (const auto descriptor : { 0, 1, 2 })
        ::dup2 (nothing, descriptor);

    if (keptDescriptor >= 0)
        ::fcntl (keptDescriptor, F_SETFD, 0);

    if (display.empty())
        ::unsetenv ("DISPLAY");
    else
        ::setenv ("DISPLAY", display.c_str(), 1);

    // No settings but the machine's.
    ::setenv ("XDG_CONFIG_HOME", "/nonexistent", 1);

    std::vector<char*> arguments;

    for (const auto& argument : command)
        arguments.push_back (::strdup (argument.c_str()));

    arguments.push_back (nullptr);
    ::execvp (arguments[0], arguments.data());
    ::_exit (127);
}

void stop (int& process)
{
    if (process > 0)
    {
        ::kill (process, SIGTERM);
        ::waitpid (process, nullptr, 0);
        process = -1;
    }
}

std::string readProperty (::Display* display, ::Window window, const char* property)
{
    Atom type = 0;
    int format = 0;
    unsigned long count = 0, left = 0;
    unsigned char* data = nullptr;
    std::string text;

    if (XGetWindowProperty (display, window, XInternAtom (display, property, False), 0, 256, False, AnyPropertyType, &type,
                            &format, &count, &left, &data)
            == Success
        && data != nullptr)
    {
        text.assign (reinterpret_cast<const char*> (data), count * (format == 32 ? sizeof (long) : 1));
        XFree (data);
    }

    return text;
}

} // namespace

bool waitUntil (const std::function<bool()>& condition, std::chrono::seconds timeout)
{
    for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;)
    {
        if (condition())
            return true;

        std::this_thread::sleep_for (std::chrono::milliseconds (10));
    }

    return condition();
}

TestDisplay::TestDisplay (int width, int height)
{
    int pipe[2];

    if (::pipe2 (pipe, O_CLOEXEC) != 0)
        throw std::runtime_error ("no pipe");

    serverProcess =
        start ({ "Xvfb", "-displayfd", std::to_string (pipe[1]), "-screen", "0",
                 std::to_string (width) + "x" + std::to_string (height) + "x24", "-nolisten", "tcp", "-noreset" },
               {}, pipe[1]);
    ::close (pipe[1]);

    // The server writes its number once it can be used; the pipe ends if there is no such program.
    std::string number;
    char byte = 0;

    for (pollfd ready{ pipe[0], POLLIN, 0 };
         ::poll (&ready, 1, 60000) == 1 && ::read (pipe[0], &byte, 1) == 1 && byte != '\n';)
        number += byte;

    ::close (pipe[0]);

    if (number.empty())
    {
        stop (serverProcess);
        throw std::runtime_error ("Xvfb does not start: is the package xvfb installed?");
    }

    name = ":" + number;

    // Windows come and go between two requests.
    XSetErrorHandler ([] (::Display*, XErrorEvent*) { return 0; });
    connection = XOpenDisplay (name.c_str());
    managerProcess = start ({ "openbox", "--sm-disable" }, name);

    const auto isManaged = [this]
    {
        return connection != nullptr
               && ! readProperty (toX (connection), DefaultRootWindow (toX (connection)), "_NET_SUPPORTING_WM_CHECK")
                        .empty();
    };

    if (! waitUntil (isManaged))
    {
        stop (managerProcess);
        stop (serverProcess);
        throw std::runtime_error ("openbox does not start: is the package openbox installed?");
    }
}

TestDisplay::~TestDisplay()
{
    XCloseDisplay (toX (connection));
    stop (managerProcess);
    stop (serverProcess);
}

std::vector<TestDisplay::Window> TestDisplay::getWindows() const
{
    auto* display = toX (connection);
    const auto list = readProperty (display, DefaultRootWindow (display), "_NET_CLIENT_LIST_STACKING");
    std::vector<Window> windows;

    for (std::size_t offset = 0; offset + sizeof (long) <= list.size(); offset += sizeof (long))
    {
        Window window;
        std::memcpy (&window.id, list.data() + offset, sizeof (long));

        XWindowAttributes attributes;
        ::Window ignored = 0;

        if (XGetWindowAttributes (display, window.id, &attributes) == 0 || attributes.map_state != IsViewable
            || XTranslateCoordinates (display, window.id, attributes.root, 0, 0, &window.x, &window.y, &ignored) == 0)
            continue;

        window.title = readProperty (display, window.id, "_NET_WM_NAME");

        if (window.title.empty())
            window.title = readProperty (display, window.id, "WM_NAME");

        window.width = attributes.width;
        window.height = attributes.height;
        windows.push_back (window);
    }

    return windows;
}

std::optional<TestDisplay::Window> TestDisplay::findWindow (const std::string& partOfTitle) const
{
    for (const auto& window : getWindows())
        if (window.title.find (partOfTitle) != std::string::npos)
            return window;

    return {};
}

TestDisplay::Window TestDisplay::awaitWindow (const std::string& partOfTitle, std::chrono::seconds timeout) const
{
    INFO ("waiting for the window \"" << partOfTitle << "\"");
    std::optional<Window> found;
    REQUIRE (waitUntil ([&] { return (found = findWindow (partOfTitle)).has_value(); }, timeout));
    return *found;
}

void TestDisplay::run (const std::vector<std::string>& command) const
{
    const auto child = start (command, name);
    int status = 0;
    ::waitpid (child, &status, 0);

    if (! WIFEXITED (status) || WEXITSTATUS (status) != 0)
        throw std::runtime_error (command[0] + " failed: is its package installed (xdotool, imagemagick)?");
}

void TestDisplay::moveMouse (int x, int y) { run ({ "xdotool", "mousemove", std::to_string (x), std::to_string (y) }); }

void TestDisplay::click (int x, int y, int times)
{
    moveMouse (x, y);
    run ({ "xdotool", "click", "--repeat", std::to_string (times), "--delay", "60", "1" });
}

void TestDisplay::drag (int fromX, int fromY, int toX, int toY)
{
    // In steps, as a hand would: programs begin to drag only some pixels away.
    moveMouse (fromX, fromY);
    run ({ "xdotool", "mousedown", "1" });

    for (int step = 1; step <= 8; ++step)
        moveMouse (fromX + (toX - fromX) * step / 8, fromY + (toY - fromY) * step / 8);

    run ({ "xdotool", "mouseup", "1" });
}

void TestDisplay::press (const std::string& key) { run ({ "xdotool", "key", key }); }
void TestDisplay::holdKey (const std::string& key) { run ({ "xdotool", "keydown", key }); }
void TestDisplay::letGo (const std::string& key) { run ({ "xdotool", "keyup", key }); }
void TestDisplay::type (const std::string& text) { run ({ "xdotool", "type", "--delay", "20", text }); }

void TestDisplay::activate (const Window& window)
{
    INFO ("activating \"" << window.title << "\"");
    REQUIRE (waitUntil (
        [&]
        {
            const auto active = readProperty (toX (connection), DefaultRootWindow (toX (connection)), "_NET_ACTIVE_WINDOW");
            auto id = 0ul;

            if (active.size() >= sizeof (id))
                std::memcpy (&id, active.data(), sizeof (id));

            // Asked again and again: a window that is only just shown may be passed over.
            if (id != window.id)
                tellManager (window, "_NET_ACTIVE_WINDOW", 2, 0);

            return id == window.id;
        }));
}

void TestDisplay::closeWindow (const Window& window) { tellManager (window, "_NET_CLOSE_WINDOW", 0, 2); }

void TestDisplay::moveWindow (const Window& window, int x, int y)
{
    XMoveWindow (toX (connection), window.id, x, y);
    XFlush (toX (connection));
}

void TestDisplay::tellManager (const Window& window, const char* message, long first, long second) const
{
    auto* display = toX (connection);
    XEvent event{};
    event.xclient.type = ClientMessage;
    event.xclient.window = window.id;
    event.xclient.message_type = XInternAtom (display, message, False);
    event.xclient.format = 32;
    event.xclient.data.l[0] = first;
    event.xclient.data.l[1] = second;
    XSendEvent (display, DefaultRootWindow (display), False, SubstructureNotifyMask | SubstructureRedirectMask, &event);
    XFlush (display);
}

std::vector<std::uint32_t> TestDisplay::getPixels (int x, int y, int width, int height) const
{
    auto* display = toX (connection);
    std::vector<std::uint32_t> pixels;

    // Of the screen, so that what lies above a window counts.
    const auto right = std::min (x + width, DisplayWidth (display, 0)),
               bottom = std::min (y + height, DisplayHeight (display, 0));
    x = std::max (0, x);
    y = std::max (0, y);

    if (right <= x || bottom <= y)
        return pixels;

    auto* image = XGetImage (display, DefaultRootWindow (display), x, y, static_cast<unsigned> (right - x),
                             static_cast<unsigned> (bottom - y), AllPlanes, ZPixmap);

    if (image == nullptr)
        return pixels;

    for (int row = 0; row < image->height; ++row)
        for (int column = 0; column < image->width; ++column)
            pixels.push_back (static_cast<std::uint32_t> (XGetPixel (image, column, row)) & 0xffffff);

    XDestroyImage (image);
    return pixels;
}

int TestDisplay::countShownWindows() const
{
    auto* display = toX (connection);
    ::Window root = 0, parent = 0, *children = nullptr;
    unsigned numChildren = 0;
    auto count = 0;

    if (XQueryTree (display, DefaultRootWindow (display), &root, &parent, &children, &numChildren) != 0
        && children != nullptr)
    {
        for (unsigned i = 0; i < numChildren; ++i)
        {
            XWindowAttributes attributes;

            if (XGetWindowAttributes (display, children[i], &attributes) != 0 && attributes.map_state == IsViewable
                && attributes.c_class == InputOutput && attributes.width > 20 && attributes.height > 20)
                ++count;
        }

        XFree (children);
    }

    return count;
}

int TestDisplay::countInnerWindows (const Window& window) const
{
    auto* display = toX (connection);
    std::vector<::Window> all{ window.id };

    for (std::size_t i = 0; i < all.size(); ++i)
    {
        ::Window root = 0, parent = 0, *children = nullptr;
        unsigned numChildren = 0;

        if (XQueryTree (display, all[i], &root, &parent, &children, &numChildren) != 0 && children != nullptr)
        {
            all.insert (all.end(), children, children + numChildren);
            XFree (children);
        }
    }

    return static_cast<int> (all.size()) - 1;
}

int TestDisplay::countColours (const Window& window) const
{
    const auto pixels = getPixels (window.x, window.y, window.width, window.height);
    return static_cast<int> (std::set<std::uint32_t> (pixels.begin(), pixels.end()).size());
}

void TestDisplay::takeScreenshot (const std::string& file) const { run ({ "import", "-silent", "-window", "root", file }); }
