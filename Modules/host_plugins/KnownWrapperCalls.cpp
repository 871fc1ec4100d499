#include "KnownWrapperCalls.h"

namespace host
{

namespace
{

/** A place in JUCE's source code, and what it calls there. */
struct KnownCall
{
    const char* frame; ///< the function of JUCE's that all its stacks hold; its signature's end keeps overloads apart
    const char* place; ///< in JUCE 7.0.5
    const char* what;  ///< for people
    std::vector<const char*> functions;
};

const std::vector<const char*> lock{ "pthread_mutex_lock", "pthread_mutex_unlock" };

// MidiEventList holds its events in an array with a lock, which each of its functions takes; events come from the host's side of
// every block and from the plugin's.
const std::vector<KnownCall> knownCalls{
    { "juce::MidiEventList::clear()", "juce_VST3Common.h:1184", "MidiEventList::clear locks", lock },
    { "juce::MidiEventList::getEventCount()", "juce_VST3Common.h:1189", "MidiEventList::getEventCount locks", lock },
    { "juce::MidiEventList::getEvent(int, Steinberg::Vst::Event&)", "juce_VST3Common.h:1195",
      "MidiEventList::getEvent locks", lock },
    { "juce::MidiEventList::addEvent(Steinberg::Vst::Event&)", "juce_VST3Common.h:1206", "MidiEventList::addEvent locks",
      lock },
};

} // namespace

std::vector<rt::guard::Suppression> getKnownWrapperCalls()
{
    std::vector<rt::guard::Suppression> result;

    for (const auto& call : knownCalls)
        for (const auto* function : call.functions)
        {
            rt::guard::Suppression suppression;
            suppression.function = function;
            suppression.stack = call.frame;
            suppression.by = "host";
            suppression.origin = std::string ("JUCE 7.0.5, ") + call.place + ": " + call.what;
            result.push_back (std::move (suppression));
        }

    return result;
}

} // namespace host
