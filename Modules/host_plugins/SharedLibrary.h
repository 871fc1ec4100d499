#pragma once

#include <juce_core/juce_core.h>

#include <memory>

namespace host
{

/** A shared library that stays loaded for as long as somebody holds it. Message thread. */
class SharedLibrary
{
public:
    /** Loads a library, or finds it loaded. A file that is truncated or for another machine is never handed to the loader.

        @param whyNot  receives the reason when this returns null
    */
    static std::shared_ptr<SharedLibrary> load (const juce::File&, juce::String& whyNot);

    ~SharedLibrary();

    /** Null if the library has no such symbol. */
    template <typename Function>
    Function getFunction (const char* name) const
    {
        return reinterpret_cast<Function> (getSymbol (name));
    }

    SharedLibrary (const SharedLibrary&) = delete;
    SharedLibrary& operator= (const SharedLibrary&) = delete;

private:
    explicit SharedLibrary (void* handleToOwn) : handle (handleToOwn) {}
    void* getSymbol (const char* name) const;

    void* handle;
};

} // namespace host
