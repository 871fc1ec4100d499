#pragma once

#include "Canvas.h"

#include <memory>

namespace vst3
{

/** An X11 window inside one of a host's, on a connection of its own. libX11 is loaded when the first one opens, so that a
    module loads on machines that have no X at all. Main thread. */
class Window
{
public:
    /** Told from within handleEvents(). */
    class Listener
    {
    public:
        virtual ~Listener() = default;

        virtual void mousePressed (int x, int y, unsigned long milliseconds) = 0;
        virtual void mouseDragged (int x, int y, bool isFine) = 0;
        virtual void mouseReleased() = 0;

        /** @param steps  upwards */
        virtual void wheelTurned (int x, int y, int steps, bool isFine) = 0;
    };

    /** Shows a window in the parent, at its top left. Null without X, or where the display has no 24-bit colours. */
    static std::unique_ptr<Window> open (unsigned long parent, int width, int height, Listener&);

    ~Window();

    Window (const Window&) = delete;
    Window& operator= (const Window&) = delete;

    /** Readable when there is something to handle. */
    int getFileDescriptor() const;

    void handleEvents();
    void setSize (int width, int height);

    /** Shows the picture, and again whenever the window was covered. */
    void show (Canvas&);

private:
    struct X11;
    struct Connection;

    Window (std::unique_ptr<Connection>, Listener&);

    const std::unique_ptr<Connection> connection;
    Listener& listener;
};

} // namespace vst3
