#pragma once

#include <juce_events/juce_events.h>

namespace gui
{

/** Hands on the events of the X server that nobody would look for.

    JUCE 7.0.5 looks for events when something has come on its connection to the server. Whoever asks the server anything
    (where the mouse is, which window has the keyboard) takes what has come until the answer off the connection, into Xlib's
    memory, and there events stay until more comes: a window that has been moved does not know where it is, one that has the
    keyboard believes that it has not, one that is asked to close stays. This looks into that memory as well, some times
    a second.

    Does nothing without a display. Message thread.
*/
class XEvents : private juce::Timer
{
public:
    XEvents();

private:
    void timerCallback() override;
};

} // namespace gui
