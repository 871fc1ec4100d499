#include "KnownWrapperCalls.h"

namespace host
{

namespace
{

/** A place in JUCE's source code, and what it calls there. */
struct KnownCall
{
    const char* frame;  ///< part of a frame that all stacks through there hold, and no other
    const char* origin; ///< in JUCE 7.0.5
    std::vector<const char*> functions;

    /** Part of the names of the functions that make the call when they are compiled as usual, the one in question inlined or not: they
        are known much sooner than a stack. None: others may call from there, too. */
    std::vector<const char*> callers = {};
};

const std::vector<const char*> locking{ "pthread_mutex_lock", "pthread_mutex_unlock" },
    growing{ "malloc", "realloc", "free" };

/** Functions that call nothing of a plugin's or of ours are told by their names. */
const std::vector<KnownCall> knownCalls{
    // The events of every block, in and out, are in an array with a lock that each of its functions takes, and that grows.
    { "juce::MidiEventList::clear()",
      "juce_VST3Common.h:1184, MidiEventList::clear locks (as 1206 and 3469 do, where processAudio has inlined them)",
      locking,
      { "juce::VST3PluginInstance::processAudio<" } },
    { "juce::MidiEventList::getEventCount()",
      "juce_VST3Common.h:1189, MidiEventList::getEventCount locks (as 1195 does, where toMidiBuffer has inlined both)",
      locking,
      { "juce::MidiEventList::getEventCount(", "juce::MidiEventList::toMidiBuffer(" } },
    { "juce::MidiEventList::getEvent(int, Steinberg::Vst::Event&)",
      "juce_VST3Common.h:1195, MidiEventList::getEvent locks",
      locking,
      { "juce::MidiEventList::getEvent(" } },
    { "juce::MidiEventList::addEvent(Steinberg::Vst::Event&)",
      "juce_VST3Common.h:1206, MidiEventList::addEvent locks",
      locking,
      { "juce::MidiEventList::addEvent(" } },
    { "juce::MidiEventList::addEvent(Steinberg::Vst::Event&)", "juce_VST3Common.h:1206, MidiEventList::addEvent allocates",
      growing },

    // Whoever sets a parameter is asked whether it is the message thread.
    { "juce::EditControllerParameterDispatcher::push(int, float) at",
      "juce_VST3PluginFormat.cpp:133, EditControllerParameterDispatcher::push asks for the message thread, with a lock",
      locking },

    // A MIDI controller that a plugin maps to a parameter sets it as a person does, listeners and all. What listeners do is
    // not meant: the line is the lock's own. Its release is told by the function alone, since the line is lost to inlining.
    { "processors/juce_AudioProcessor.cpp:1574 ",
      "juce_VST3PluginFormat.cpp:3469, a mapped MIDI controller calls setValueNotifyingHost, which locks",
      { "pthread_mutex_lock" } },
    { "juce::AudioProcessorParameter::setValueNotifyingHost(float) at",
      "juce_VST3PluginFormat.cpp:3469, a mapped MIDI controller calls setValueNotifyingHost, which unlocks",
      { "pthread_mutex_unlock" } },

    // An LV2 plugin tells its latency after every block, and listeners are told when that is another one.
    { "juce::AudioProcessor::getListenerLocked(int) const at",
      "juce_LV2PluginFormat.cpp:4929, a latency that changes goes to listeners, each looked up with a lock", locking },

    // What an LV2 plugin sends to its editor waits for the message thread in a list that begins with 8 KiB and grows.
    { "juce::lv2_host::Messages<juce::lv2_host::UiMessageHeader, juce::lv2_host::RealtimeWriteTrait>::pushMessage(",
      "juce_LV2PluginFormat.cpp:1405, Messages::pushMessage grows its list",
      { "operator new", "operator delete" } },
};

} // namespace

std::vector<rt::guard::Suppression> getKnownWrapperCalls()
{
    std::vector<rt::guard::Suppression> result;

    for (const auto& call : knownCalls)
    {
        for (const auto* function : call.functions)
        {
            rt::guard::Suppression suppression;
            suppression.function = function;
            suppression.by = "host";
            suppression.origin = std::string ("JUCE 7.0.5: ") + call.origin;

            for (const auto* caller : call.callers)
            {
                suppression.caller = caller;
                result.push_back (suppression);
                suppression.caller.clear();
            }

            suppression.stack = call.frame;
            result.push_back (std::move (suppression));
        }
    }

    return result;
}

} // namespace host
