#include "Words.h"

#include <array>
#include <utility>

namespace gui
{

juce::String withThousands (std::uint64_t number)
{
    const auto digits = std::to_string (number);
    std::string text;

    for (std::size_t i = 0; i < digits.size(); ++i)
    {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            text += ',';

        text += digits[i];
    }

    return text;
}

juce::String countOf (std::uint64_t number, const juce::String& what)
{
    return withThousands (number) + " " + what + (number == 1 ? "" : "s");
}

juce::String toDuration (double microseconds)
{
    if (microseconds < 1000.0)
        return juce::String (juce::roundToInt (microseconds)) + toJuce (" µs");

    return juce::String (microseconds / 1000.0, microseconds < 100000.0 ? 1 : 0, false) + " ms";
}

juce::String toRate (double hertz)
{
    const auto kilo = hertz / 1000.0;
    const auto isWhole = kilo == double (int (kilo));
    return (isWhole ? juce::String (int (kilo)) : juce::String (kilo, 1, false)) + " kHz";
}

juce::String getNodeTypeName (const juce::String& type)
{
    static constexpr std::array<std::pair<const char*, const char*>, 11> names{ { { "gain", "Gain" },
                                                                                  { "mixer", "Mixer" },
                                                                                  { "tone", "Tone" },
                                                                                  { "feedback", "Feedback" },
                                                                                  { "midiPlayer", "MIDI Player" },
                                                                                  { "filePlayer", "File Player" },
                                                                                  { "recorder", "Recorder" },
                                                                                  { "audioInput", "Audio Input" },
                                                                                  { "audioOutput", "Audio Output" },
                                                                                  { "midiInput", "MIDI Input" },
                                                                                  { "midiOutput", "MIDI Output" } } };

    for (const auto& [key, name] : names)
        if (type == key)
            return name;

    return type;
}

} // namespace gui
