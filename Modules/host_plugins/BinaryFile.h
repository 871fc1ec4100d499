#pragma once

#include <juce_core/juce_core.h>

namespace host
{

/** Reads the ELF headers of a shared library without loading it.

    The dynamic loader maps a library first and looks at its contents later, so a truncated file ends in SIGBUS rather than
    in an error. This finds such files, and those for other machines, beforehand. Any thread.

    @returns why the file cannot be loaded here, such as "is for aarch64, and this machine is x86-64"; empty if the headers
             are sound (the loader may still refuse it, for a missing library for example)
*/
juce::String whyBinaryCannotLoad (const juce::File&);

} // namespace host
