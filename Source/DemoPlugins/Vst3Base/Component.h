#pragma once

#include "Plugin.h"

namespace vst3
{

/** Makes the VST3 object (component, processor and controller in one) for a plugin, with one reference held by the caller. */
Steinberg::FUnknown* createComponent (const PluginClass&);

/** Writes ASCII text as the UTF-16 that VST3 wants, cut to fit and terminated. */
template <std::size_t capacity>
void copyText (const std::string& text, Steinberg::Vst::TChar (&destination)[capacity])
{
    std::size_t n = 0;

    for (; n + 1 < capacity && n < text.size(); ++n)
        destination[n] = static_cast<Steinberg::Vst::TChar> (text[n]);

    destination[n] = 0;
}

} // namespace vst3
