#include "XEvents.h"

#include <juce_gui_basics/juce_gui_basics.h>

#include "XDisplay.h"

#if __has_include(<juce_events/native/juce_linux_EventLoopInternal.h>)
#include <juce_events/native/juce_linux_EventLoopInternal.h>
#else
#include <juce_events/native/juce_EventLoopInternal_linux.h>
#endif

namespace gui
{

/** Late by less than a person notices. */
constexpr int period = 30; // ms

XEvents::XEvents()
{
    if (getOurDisplay() != nullptr)
        startTimer (period);
}

void XEvents::timerCallback()
{
    if (auto* display = getOurDisplay())
        juce::LinuxEventLoopInternal::invokeEventLoopCallbackForFd (ConnectionNumber (display));
}

} // namespace gui
