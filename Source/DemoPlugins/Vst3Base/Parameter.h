#pragma once

#include <string>
#include <vector>

namespace vst3
{

/** What a plugin says of one of its parameters. Hosts see it as 0 to 1 ("normalised"), the plugin in its own unit ("plain"). */
struct Parameter
{
    enum class Curve
    {
        linear,
        exponential ///< equal steps are equal ratios; for frequencies and times, with a minimum above 0
    };

    std::string name;
    std::string unit{};
    double minimum = 0.0;
    double maximum = 1.0;
    double defaultValue = 0.0; ///< plain
    int steps = 0;             ///< 0 is continuous, else one less than the number of values
    Curve curve = Curve::linear;
    int decimals = 2;                   ///< shown after the point
    std::vector<std::string> choices{}; ///< names of the values; gives steps, minimum 0 and maximum
    int midiController = -1;            ///< a MIDI controller (see ControllerNumbers) that moves it, on any channel

    /** A parameter whose plain value is an index into a list of names. */
    static Parameter choice (std::string name, std::vector<std::string> choices, int defaultChoice);

    double toPlain (double normalised) const noexcept;
    double toNormalised (double plain) const noexcept;

    /** As shown to a person, without the unit. */
    std::string toText (double normalised) const;

    /** The reverse of toText(): true, and the normalised value, if the text names one. */
    bool fromText (const std::string& text, double& normalised) const;
};

} // namespace vst3
