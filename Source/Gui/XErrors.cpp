#include "XErrors.h"

#include <array>
#include <atomic>
#include <dlfcn.h>
#include <iostream>

#include "XDisplay.h"

namespace gui
{

namespace
{

/** libX11 as JUCE has loaded it: the program itself does not need it, and runs without a display where there is none. */
struct X11
{
    decltype (&XSetErrorHandler) setErrorHandler = nullptr;
    decltype (&XSetIOErrorHandler) setIOErrorHandler = nullptr;
    decltype (&XSetIOErrorExitHandler) setIOErrorExitHandler = nullptr; ///< null before libX11 1.7
    decltype (&XGetErrorText) getErrorText = nullptr;
    decltype (&XGetErrorDatabaseText) getErrorDatabaseText = nullptr;
    decltype (&XQueryTree) queryTree = nullptr;
    decltype (&XFree) free = nullptr;
    bool isComplete = false;

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

        find ("XSetIOErrorExitHandler", x.setIOErrorExitHandler);
        x.isComplete = find ("XSetErrorHandler", x.setErrorHandler) && find ("XSetIOErrorHandler", x.setIOErrorHandler)
                       && find ("XGetErrorText", x.getErrorText) && find ("XGetErrorDatabaseText", x.getErrorDatabaseText)
                       && find ("XQueryTree", x.queryTree) && find ("XFree", x.free);
        return x;
    }
};

// What Xlib's handlers can reach: they take nothing of ours along.
std::atomic<Display*> ours{ nullptr };
std::atomic<int> count{ 0 };
std::array<std::atomic<bool>, 256> isKnown{};       ///< by the error's code
std::function<void (const juce::String&)> listener; ///< message thread
XErrorHandler previousHandler = nullptr;
XIOErrorHandler previousIOHandler = nullptr;

void say (const std::string& what)
{
    std::cerr << "AudioHost: " + what + "\n" << std::flush;

    juce::MessageManager::callAsync (
        [text = juce::String::fromUTF8 (what.c_str())]
        {
            if (listener)
                listener (text);
        });
}

// No request may be made in here.
int onError (Display* display, XErrorEvent* event)
{
    if (display == ours)
        return 0; // as JUCE has it

    ++count;

    if (isKnown[event->error_code].exchange (true))
        return 0;

    std::array<char, 256> error{}, request{};
    const auto& x = X11::get();
    x.getErrorText (display, event->error_code, error.data(), static_cast<int> (error.size()));
    x.getErrorDatabaseText (display, "XRequest", std::to_string (event->request_code).c_str(), "an extension",
                            request.data(), static_cast<int> (request.size()));

    say (std::string ("a plugin's editor made the X server complain: ") + error.data() + " in " + request.data()
         + "; its window may look wrong, all else goes on");
    return 0;
}

int onIOError (Display* display)
{
    std::cerr << (display == ours ? "AudioHost: the display: its connection was lost; the program ends\n"
                                  : "AudioHost: a plugin's editor: its connection to the X server was lost, which ends the "
                                    "program; take the plugin out\n")
              << std::flush;
    return 0;
}

void leaveInOrder (Display*, void*) { juce::MessageManager::getInstance()->stopDispatchLoop(); }

} // namespace

XErrors::XErrors (std::function<void (const juce::String&)> tell)
{
    listener = std::move (tell);
    ours = getOurDisplay();
    install();

    if (const auto& x = X11::get(); ours != nullptr && x.setIOErrorExitHandler != nullptr)
        x.setIOErrorExitHandler (ours, leaveInOrder, nullptr);
}

XErrors::~XErrors()
{
    listener = {};

    if (const auto& x = X11::get(); ours != nullptr && x.isComplete)
    {
        x.setErrorHandler (previousHandler);
        x.setIOErrorHandler (previousIOHandler);
    }
}

void XErrors::install()
{
    const auto& x = X11::get();

    if (ours == nullptr || ! x.isComplete)
        return;

    if (const auto handler = x.setErrorHandler (onError); handler != onError)
        previousHandler = handler;

    if (const auto handler = x.setIOErrorHandler (onIOError); handler != onIOError)
        previousIOHandler = handler;
}

int XErrors::getCount() noexcept { return count; }

std::optional<int> countChildWindows (unsigned long window)
{
    const auto& x = X11::get();
    auto* display = getOurDisplay();

    if (display == nullptr || ! x.isComplete)
        return {};

    Window root = 0, parent = 0;
    Window* children = nullptr;
    unsigned numChildren = 0;

    const juce::XWindowSystemUtilities::ScopedXLock lock;

    if (x.queryTree (display, window, &root, &parent, &children, &numChildren) == 0)
        return {};

    if (children != nullptr)
        x.free (children);

    return static_cast<int> (numChildren);
}

} // namespace gui
