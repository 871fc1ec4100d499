#include "NodePortGroup.h"

namespace gui
{

std::string NodePortGroup::describe() const
{
    std::string text = kind == Kind::midi ? "MIDI " : kind == Kind::sideChain ? "side-chain " : "";
    text += isOutput ? "out" : "in";

    if (kind != Kind::midi)
        text += ' ' + std::to_string (first + 1);

    if (count > 1)
        text += '-' + std::to_string (first + count);

    return text;
}

} // namespace gui
