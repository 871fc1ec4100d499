#include "Parameter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace vst3
{

Parameter Parameter::choice (std::string name, std::vector<std::string> choices, int defaultChoice)
{
    const auto steps = static_cast<int> (choices.size()) - 1;

    Parameter p{ .name = std::move (name) };
    p.maximum = steps;
    p.defaultValue = defaultChoice;
    p.steps = steps;
    p.choices = std::move (choices);
    return p;
}

double Parameter::toPlain (double normalised) const noexcept
{
    auto n = std::clamp (normalised, 0.0, 1.0);

    if (steps > 0)
        n = std::round (n * steps) / steps;

    if (curve == Curve::exponential)
        return minimum * std::pow (maximum / minimum, n);

    // Written so that 0 to 1 is the identity and whole steps are exact.
    return minimum + n * (maximum - minimum);
}

double Parameter::toNormalised (double plain) const noexcept
{
    const auto p = std::clamp (plain, minimum, maximum);

    if (curve == Curve::exponential)
        return std::log (p / minimum) / std::log (maximum / minimum);

    return (p - minimum) / (maximum - minimum);
}

std::string Parameter::toText (double normalised) const
{
    const auto plain = toPlain (normalised);

    if (! choices.empty())
        return choices[static_cast<std::size_t> (std::lround (plain))];

    char text[64];
    std::snprintf (text, sizeof (text), "%.*f", decimals, plain);
    return text;
}

bool Parameter::fromText (const std::string& text, double& normalised) const
{
    for (std::size_t i = 0; i < choices.size(); ++i)
    {
        if (choices[i] == text)
        {
            normalised = toNormalised (static_cast<double> (i));
            return true;
        }
    }

    char* end = nullptr;
    const auto plain = std::strtod (text.c_str(), &end);

    if (end == text.c_str() || ! std::isfinite (plain))
        return false;

    normalised = toNormalised (plain);
    return true;
}

} // namespace vst3
