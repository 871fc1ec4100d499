#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

#include <functional>
#include <optional>

namespace gui
{

/** Keeps the program alive when a plugin's editor makes the X server complain, where Xlib would end it, and says so in one
    line for each kind of complaint: on standard error, and to whoever asked.

    What concerns JUCE's own connection to the server stays JUCE's business, but for its loss: then the program ends in
    good order, where Xlib would leave in the middle of whatever is done. An editor whose connection is lost ends the
    program all the same: Xlib leaves no other way.

    One at a time. Message thread; complaints may come on any.
*/
class XErrors
{
public:
    /** @param tell  called later on the message thread; may be empty */
    explicit XErrors (std::function<void (const juce::String&)> tell = {});
    ~XErrors();

    XErrors (const XErrors&) = delete;
    XErrors& operator= (const XErrors&) = delete;

    /** Takes charge again: an editor may have put handlers of its own in place, which go when it goes. */
    void install();

    /** How many complaints of editors there were since the program began. Any thread. */
    static int getCount() noexcept;
};

/** How many windows there are in a window of the X server; nullopt where that cannot be found out. Asks the server. */
std::optional<int> countChildWindows (unsigned long window);

} // namespace gui
