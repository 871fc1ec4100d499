#include "CheckWords.h"

#include <juce_core/juce_core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace host
{

StackFrame parseStackFrame (const std::string& text)
{
    StackFrame frame;
    std::string_view rest (text);

    // From the end, since names of functions may hold anything.
    const auto bracket = rest.starts_with ('[') ? 0 : rest.rfind (" [");

    if (bracket != std::string_view::npos && rest.ends_with (']'))
    {
        auto place = rest.substr (bracket, rest.size() - bracket - 1);
        place.remove_prefix (place.find ('[') + 1);
        frame.module = place.substr (0, place.rfind ('+'));
        rest = rest.substr (0, bracket);
    }

    const auto colon = rest.rfind (':'), at = rest.rfind (" at ");

    if (at != std::string_view::npos && colon != std::string_view::npos && colon > at)
    {
        const auto digits = rest.substr (colon + 1);
        int line = 0;

        if (std::from_chars (digits.data(), digits.data() + digits.size(), line).ptr == digits.data() + digits.size()
            && line > 0)
        {
            frame.line = line;
            frame.file = rest.substr (at + 4, colon - at - 4);
            rest = rest.substr (0, at);
        }
    }

    frame.function = rest;
    return frame;
}

std::string countOf (std::uint64_t number, const std::string& thing)
{
    return std::to_string (number) + " " + thing + (number == 1 ? "" : "s");
}

std::string describeViolation (const rt::guard::Violation& violation)
{
    auto text = violation.function + " on the audio thread, " + countOf (violation.count, "time") + ", first in block "
                + std::to_string (violation.firstBlock) + " (" + toString (violation.phase) + "), by " + violation.module;

    if (violation.contended > 0)
        text += "; " + std::to_string (violation.contended) + " of them waited for another thread, up to "
                + std::to_string (std::lround (violation.worstMicros)) + " us";

    return text;
}

std::vector<std::string> getTellingFrames (const rt::guard::Violation& violation)
{
    const auto& stack = violation.stack;
    const auto host =
        " [" + juce::File::getSpecialLocation (juce::File::currentExecutableFile).getFileName().toStdString() + "+";
    const auto isPlugins = [&host] (const std::string& frame) { return frame.find (host) == std::string::npos; };
    const auto lastOfPlugin = std::find_if (stack.rbegin(), stack.rend(), isPlugins).base();
    return { stack.begin(), lastOfPlugin == stack.end() ? lastOfPlugin : lastOfPlugin + 1 };
}

std::optional<StackFrame> findCulprit (const rt::guard::Violation& violation, const std::string& folder)
{
    std::optional<StackFrame> innermost;

    for (const auto& text : violation.stack)
    {
        const auto frame = parseStackFrame (text);

        if (frame.file.empty() || frame.module != violation.module)
            continue;

        if (frame.file.starts_with (folder + "/"))
            return frame;

        if (! innermost)
            innermost = frame;
    }

    return innermost;
}

} // namespace host
