#include "GuardText.h"

namespace host
{

std::string describeCaller (const rt::guard::Violation& violation)
{
    if (violation.node == 0)
        return "the host itself";

    return "node " + std::to_string (violation.node) + (violation.nodeName.empty() ? "" : " (" + violation.nodeName + ")");
}

std::string describeSite (const rt::guard::Violation& violation)
{
    auto text = describeCaller (violation) + ": called " + violation.function + " on the audio thread";

    for (const auto& frame : violation.stack)
        text += "\n    " + frame;

    return text;
}

} // namespace host
