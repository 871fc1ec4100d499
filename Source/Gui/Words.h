#pragma once

#include <juce_core/juce_core.h>

#include <cstdint>
#include <string>

/** Texts as views write them. Any thread. */
namespace gui
{

/** From UTF-8. */
inline juce::String toJuce (const std::string& text) { return juce::String::fromUTF8 (text.data(), int (text.size())); }
inline juce::String toJuce (const char* text) { return juce::String::fromUTF8 (text); }

/** "18,400". */
juce::String withThousands (std::uint64_t number);

/** "1 node", "3 nodes". */
juce::String countOf (std::uint64_t number, const juce::String& what);

/** Microseconds: "38 µs", "1.2 ms". */
juce::String toDuration (double microseconds);

/** "48 kHz", "44.1 kHz". */
juce::String toRate (double hertz);

/** A middle dot between words. */
inline juce::String dot() { return toJuce (" · "); }

/** The name of a node type for a person: "audioInput" is "Audio Input". The type itself if it is none of ours. */
juce::String getNodeTypeName (const juce::String& type);

} // namespace gui
