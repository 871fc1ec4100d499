#pragma once

#include "Violation.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rt::guard
{

/** A rule for violations that are known and shall not be told. All its conditions must hold; an empty one always does. */
struct Suppression
{
    std::string function; ///< the whole name
    std::string module;   ///< the whole file name
    std::string node;     ///< the whole name, or the number
    std::string stack;    ///< part of one of the stack's frames
    std::string by;       ///< "host" or "plugin"
    std::string origin;   ///< for people: "FILE:LINE", or why it is built in

    bool matches (const Violation&) const;
};

/** How often a suppression was needed. */
struct SuppressionUse
{
    Suppression suppression;
    std::uint64_t calls = 0; ///< that it kept quiet
};

/** Reads suppressions, one a line: conditions `function:`, `module:`, `node:`, `stack:` and `by:`, several separated by semicolons.

        # a comment
        function: malloc; module: Reverb.so
        stack: juce::MidiEventList::clear

    Throws std::invalid_argument, "line 3: ..." saying what is wrong and what would be right.
    @param origin  goes before ":LINE" in each suppression's origin
*/
std::vector<Suppression> parseSuppressions (std::string_view text, std::string_view origin);

/** Replaces all suppressions; sites that are recorded already are judged anew. Not real-time; any thread. */
void setSuppressions (std::vector<Suppression>);

} // namespace rt::guard
