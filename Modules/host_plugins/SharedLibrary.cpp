#include "SharedLibrary.h"

#include "BinaryFile.h"

#include <dlfcn.h>

namespace host
{

std::shared_ptr<SharedLibrary> SharedLibrary::load (const juce::File& file, juce::String& whyNot)
{
    whyNot = whyBinaryCannotLoad (file);

    if (whyNot.isNotEmpty())
        return {};

    if (auto* handle = dlopen (file.getFullPathName().toRawUTF8(), RTLD_NOW | RTLD_LOCAL))
        return std::shared_ptr<SharedLibrary> (new SharedLibrary (handle));

    const auto* error = dlerror();
    whyNot = "cannot be loaded (" + juce::String::fromUTF8 (error != nullptr ? error : "unknown error") + ")";
    return {};
}

SharedLibrary::~SharedLibrary() { dlclose (handle); }

void* SharedLibrary::getSymbol (const char* name) const { return dlsym (handle, name); }

} // namespace host
