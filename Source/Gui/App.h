#pragma once

#include <juce_graphics/juce_graphics.h>

#include <atomic>
#include <optional>

namespace gui
{

/** Runs the desktop app until it is quit. Needs a display and JUCE's message thread, which is this one.

    @param session  opened, with the transport running; a nonexistent file starts an empty session
    @param stop     when it becomes true the program ends soon, without a question
    @returns the exit code
    Throws host::Error when no audio device opens. */
int runApp (const juce::File& session, const std::atomic<bool>& stop);

/** The main window with a session in it, after some seconds of play, drawn without a display.

    Throws host::Error when the session cannot be read. */
juce::Image drawScreenshot (const juce::File& session, int width, int height);

} // namespace gui
