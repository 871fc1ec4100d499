#include "SuppressionFile.h"

#include "KnownWrapperCalls.h"

#include <host_graph/Error.h>
#include <juce_core/juce_core.h>

#include <stdexcept>

namespace host
{

std::vector<rt::guard::Suppression> readSuppressionFile (const std::string& path)
{
    const auto file = juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (path.c_str()));
    juce::MemoryBlock contents;

    // A folder opens and reads as nothing.
    if (! file.existsAsFile() || ! file.loadFileAsData (contents))
        throw Error (path, "cannot be read", "give a file with a suppression a line, such as \"function: malloc\"");

    try
    {
        return rt::guard::parseSuppressions ({ static_cast<const char*> (contents.getData()), contents.getSize() }, path);
    }
    catch (const std::invalid_argument& error)
    {
        const std::string message (error.what());
        const auto advice = message.find ("; ");
        throw Error (path, message.substr (0, advice), message.substr (advice + 2));
    }
}

void useSuppressions (const std::string& path)
{
    auto all = getKnownWrapperCalls();

    if (! path.empty())
        for (auto& suppression : readSuppressionFile (path))
            all.push_back (std::move (suppression));

    rt::guard::setSuppressions (std::move (all));
}

} // namespace host
