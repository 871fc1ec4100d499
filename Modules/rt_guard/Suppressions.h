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
    std::string caller;   ///< part of the name of the module's function that made the call, whatever is inlined into it
    std::string stack;    ///< part of one of the stack's frames
    std::string by;       ///< "host" or "plugin"
    std::string origin;   ///< for people: "FILE:LINE", or why it is built in

    bool matches (const Violation&) const;

    /** Whether it does as far as is known before the caller and the stack are named, which takes time. */
    bool mayMatch (const Violation&) const;
};

/** How often a suppression was needed. */
struct SuppressionUse
{
    Suppression suppression;
    std::uint64_t calls = 0; ///< that it kept quiet
};

/** Reads suppressions, one a line: conditions `function:`, `module:`, `node:`, `caller:`, `stack:` and `by:`, several separated by semicolons.

        # a comment
        function: malloc; module: Reverb.so
        stack: juce::MidiEventList::clear

    Throws std::invalid_argument, "line 3: ..." saying what is wrong and what would be right.
    @param origin  goes before ":LINE" in each suppression's origin
*/
std::vector<Suppression> parseSuppressions (std::string_view text, std::string_view origin);

/** Replaces all suppressions; sites that are recorded already are judged anew. A site counts for the first that covers it, of those
    that say nothing of the stack, else of the others: stacks take long to name. Not real-time; any thread. */
void setSuppressions (std::vector<Suppression>);

} // namespace rt::guard
