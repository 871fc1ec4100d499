#include "Window.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include <algorithm>
#include <cmath>
#include <dlfcn.h>

namespace vst3
{

/** The few functions of libX11 that a window of one picture needs. */
struct Window::X11
{
    decltype (&XOpenDisplay) openDisplay = nullptr;
    decltype (&XCloseDisplay) closeDisplay = nullptr;
    decltype (&XConnectionNumber) connectionNumber = nullptr;
    decltype (&XCreateWindow) createWindow = nullptr;
    decltype (&XDestroyWindow) destroyWindow = nullptr;
    decltype (&XGetWindowAttributes) getWindowAttributes = nullptr;
    decltype (&XInternAtom) internAtom = nullptr;
    decltype (&XChangeProperty) changeProperty = nullptr;
    decltype (&XMapWindow) mapWindow = nullptr;
    decltype (&XResizeWindow) resizeWindow = nullptr;
    decltype (&XCreatePixmap) createPixmap = nullptr;
    decltype (&XFreePixmap) freePixmap = nullptr;
    decltype (&XCreateGC) createGC = nullptr;
    decltype (&XFreeGC) freeGC = nullptr;
    decltype (&XCreateImage) createImage = nullptr;
    decltype (&XPutImage) putImage = nullptr;
    decltype (&XFree) free = nullptr;
    decltype (&XCopyArea) copyArea = nullptr;
    decltype (&XSetForeground) setForeground = nullptr;
    decltype (&XLoadQueryFont) loadQueryFont = nullptr;
    decltype (&XFreeFont) freeFont = nullptr;
    decltype (&XSetFont) setFont = nullptr;
    decltype (&XTextWidth) textWidth = nullptr;
    decltype (&XDrawString) drawString = nullptr;
    decltype (&XPending) pending = nullptr;
    decltype (&XNextEvent) nextEvent = nullptr;
    decltype (&XFlush) flush = nullptr;
    bool isComplete = false;

    /** It is never closed again: libX11 keeps memory of its own. */
    static const X11& get()
    {
        static const auto x = load();
        return x;
    }

private:
    static X11 load()
    {
        X11 x;
        auto* handle = ::dlopen ("libX11.so.6", RTLD_NOW | RTLD_LOCAL);

        if (handle == nullptr)
            return x;

        const auto find = [handle] (const char* name, auto& function)
        { return (function = reinterpret_cast<std::decay_t<decltype (function)>> (::dlsym (handle, name))) != nullptr; };

        x.isComplete =
            find ("XOpenDisplay", x.openDisplay) && find ("XCloseDisplay", x.closeDisplay)
            && find ("XConnectionNumber", x.connectionNumber) && find ("XCreateWindow", x.createWindow)
            && find ("XDestroyWindow", x.destroyWindow) && find ("XGetWindowAttributes", x.getWindowAttributes)
            && find ("XInternAtom", x.internAtom) && find ("XChangeProperty", x.changeProperty)
            && find ("XMapWindow", x.mapWindow) && find ("XResizeWindow", x.resizeWindow)
            && find ("XCreatePixmap", x.createPixmap) && find ("XFreePixmap", x.freePixmap) && find ("XCreateGC", x.createGC)
            && find ("XFreeGC", x.freeGC) && find ("XCreateImage", x.createImage) && find ("XPutImage", x.putImage)
            && find ("XFree", x.free) && find ("XCopyArea", x.copyArea) && find ("XSetForeground", x.setForeground)
            && find ("XLoadQueryFont", x.loadQueryFont) && find ("XFreeFont", x.freeFont) && find ("XSetFont", x.setFont)
            && find ("XTextWidth", x.textWidth) && find ("XDrawString", x.drawString) && find ("XPending", x.pending)
            && find ("XNextEvent", x.nextEvent) && find ("XFlush", x.flush);
        return x;
    }
};

struct Window::Connection
{
    explicit Connection (Display* d) : display (d) {}

    ~Connection()
    {
        if (font != nullptr)
            x.freeFont (display, font);

        if (pixmap != 0)
            x.freePixmap (display, pixmap);

        if (gc != nullptr)
            x.freeGC (display, gc);

        if (window != 0)
            x.destroyWindow (display, window);

        x.closeDisplay (display);
    }

    Connection (const Connection&) = delete;
    Connection& operator= (const Connection&) = delete;

    /** The picture as it is shown: the window's own contents are lost whenever it is covered. */
    void makePixmap (int newWidth, int newHeight)
    {
        if (pixmap != 0 && newWidth == width && newHeight == height)
            return;

        if (pixmap != 0)
            x.freePixmap (display, pixmap);

        width = newWidth;
        height = newHeight;
        pixmap = x.createPixmap (display, window, static_cast<unsigned> (width), static_cast<unsigned> (height),
                                 static_cast<unsigned> (depth));
    }

    void copyToWindow()
    {
        if (pixmap != 0)
            x.copyArea (display, pixmap, window, gc, 0, 0, static_cast<unsigned> (width), static_cast<unsigned> (height), 0,
                        0);
    }

    const X11& x = X11::get();
    Display* const display;
    ::Window window = 0;
    Visual* visual = nullptr;
    int depth = 0;
    GC gc = nullptr;
    Pixmap pixmap = 0;
    XFontStruct* font = nullptr;
    int width = 0, height = 0;
};

std::unique_ptr<Window> Window::open (unsigned long parent, int width, int height, Listener& listener)
{
    const auto& x = X11::get();

    if (! x.isComplete)
        return {};

    auto* display = x.openDisplay (nullptr);

    if (display == nullptr)
        return {};

    auto c = std::make_unique<Connection> (display);

    // No background: the server would show it for a moment at every change of size.
    XSetWindowAttributes attributes{};
    attributes.event_mask = ExposureMask | ButtonPressMask | ButtonReleaseMask | Button1MotionMask;
    c->window = x.createWindow (display, parent, 0, 0, static_cast<unsigned> (std::max (1, width)),
                                static_cast<unsigned> (std::max (1, height)), 0, CopyFromParent, InputOutput, nullptr,
                                CWEventMask, &attributes);

    // The first answer from the server: a parent that does not exist shows here.
    XWindowAttributes actual{};

    if (x.getWindowAttributes (display, c->window, &actual) == 0)
    {
        c->window = 0;
        return {};
    }

    if (actual.visual->red_mask != 0xff0000 || actual.visual->green_mask != 0xff00 || actual.visual->blue_mask != 0xff)
        return {};

    c->visual = actual.visual;
    c->depth = actual.depth;
    c->gc = x.createGC (display, c->window, 0, nullptr);

    // XEmbed: version 0, wants to be mapped.
    const auto embedInfo = x.internAtom (display, "_XEMBED_INFO", False);
    const long info[] = { 0, 1 };
    x.changeProperty (display, c->window, embedInfo, embedInfo, 32, PropModeReplace,
                      reinterpret_cast<const unsigned char*> (info), 2);

    x.mapWindow (display, c->window);
    x.flush (display);
    return std::unique_ptr<Window> (new Window (std::move (c), listener));
}

Window::Window (std::unique_ptr<Connection> c, Listener& l) : connection (std::move (c)), listener (l) {}

Window::~Window() = default;

int Window::getFileDescriptor() const { return connection->x.connectionNumber (connection->display); }

void Window::handleEvents()
{
    auto& c = *connection;

    while (c.x.pending (c.display) > 0)
    {
        XEvent event;
        c.x.nextEvent (c.display, &event);

        if (event.type == Expose && event.xexpose.count == 0)
        {
            c.copyToWindow();
        }
        else if (event.type == ButtonPress)
        {
            const auto& button = event.xbutton;

            if (button.button == Button1)
                listener.mousePressed (button.x, button.y, button.time);
            else if (button.button == Button4 || button.button == Button5)
                listener.wheelTurned (button.x, button.y, button.button == Button4 ? 1 : -1,
                                      (button.state & ShiftMask) != 0);
        }
        else if (event.type == ButtonRelease && event.xbutton.button == Button1)
        {
            listener.mouseReleased();
        }
        else if (event.type == MotionNotify)
        {
            listener.mouseDragged (event.xmotion.x, event.xmotion.y, (event.xmotion.state & ShiftMask) != 0);
        }
    }

    c.x.flush (c.display);
}

void Window::setSize (int width, int height)
{
    connection->x.resizeWindow (connection->display, connection->window, static_cast<unsigned> (std::max (1, width)),
                                static_cast<unsigned> (std::max (1, height)));
    connection->x.flush (connection->display);
}

void Window::show (Canvas& canvas)
{
    auto& c = *connection;
    c.makePixmap (canvas.getWidth(), canvas.getHeight());

    auto* image = c.x.createImage (c.display, c.visual, static_cast<unsigned> (c.depth), ZPixmap, 0,
                                   reinterpret_cast<char*> (canvas.getPixels()), static_cast<unsigned> (c.width),
                                   static_cast<unsigned> (c.height), 32, 0);

    if (image == nullptr)
        return;

    constexpr std::uint16_t one = 1;
    image->byte_order = reinterpret_cast<const char&> (one) == 1 ? LSBFirst : MSBFirst;
    c.x.putImage (c.display, c.pixmap, c.gc, image, 0, 0, 0, 0, static_cast<unsigned> (c.width),
                  static_cast<unsigned> (c.height));
    c.x.free (image); // not its pixels: they are the canvas's

    if (! canvas.getUndrawnTexts().empty() && c.font == nullptr)
    {
        // Every X server has this one built in.
        c.font = c.x.loadQueryFont (c.display, "fixed");

        if (c.font != nullptr)
            c.x.setFont (c.display, c.gc, c.font->fid);
    }

    if (c.font != nullptr)
    {
        for (const auto& t : canvas.getUndrawnTexts())
        {
            const auto length = static_cast<int> (t.text.size());
            const auto textWidth = c.x.textWidth (c.font, t.text.c_str(), length);
            const auto shift = t.align == Canvas::Align::left    ? 0
                               : t.align == Canvas::Align::right ? textWidth
                                                                 : textWidth / 2;
            c.x.setForeground (c.display, c.gc, t.colour);
            c.x.drawString (c.display, c.pixmap, c.gc, static_cast<int> (std::lround (t.x)) - shift,
                            static_cast<int> (std::lround (t.baseline)), t.text.c_str(), length);
        }
    }

    c.copyToWindow();
    c.x.flush (c.display);
}

} // namespace vst3
