#pragma once

// X's names and JUCE's own header about it, for the few files that speak to the X server. Last among includes.

#include <X11/Xlib.h>
#include <X11/Xatom.h>
#include <X11/Xresource.h>
#include <X11/Xutil.h>
#include <X11/XKBlib.h>

#undef KeyPress

// JUCE shows these only to translation units that ask for them before any of its headers comes in.
#if __has_include(<juce_gui_basics/native/x11/juce_linux_XWindowSystem.h>)
#include <juce_gui_basics/native/x11/juce_linux_XWindowSystem.h>
#else
#include <juce_gui_basics/native/juce_XWindowSystem_linux.h>
#endif

namespace gui
{

/** JUCE's connection to the X server, or null without a display. */
inline Display* getOurDisplay()
{
    auto* system = juce::XWindowSystem::getInstance();
    return system != nullptr ? system->getDisplay() : nullptr;
}

} // namespace gui
