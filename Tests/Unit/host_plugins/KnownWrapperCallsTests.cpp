#include "PluginFixture.h"

#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

using Catch::Matchers::Contains;

namespace
{

struct Known : PluginFixture
{
    Known()
    {
        rt::guard::warmUp();
        rt::guard::setMode (rt::guard::Mode::count);
    }

    ~Known()
    {
        rt::guard::setSuppressions ({});
        rt::guard::reset();
    }

    /** All that JUCE's VST3 wrapper does in a block: a note, controllers, a parameter, more events than ever before. */
    void playVst3()
    {
        const auto synth = make (pathOf ("TestSynth.vst3"));
        const auto gain = make (pathOf ("TestJuceGain.vst3")); // its parameters listen to MIDI controllers
        juce::AudioBuffer<float> buffer (2, 64);
        buffer.clear();
        run (*synth, buffer, 64);
        run (*gain, buffer, 64);
        rt::guard::reset();

        juce::MidiBuffer events;

        for (int i = 0; i < 300; ++i)
            events.addEvent (juce::MidiMessage::noteOn (1, i % 128, 0.5f), i % 64);

        juce::MidiBuffer controller;
        controller.addEvent (juce::MidiMessage::controllerEvent (1, 7, 100), 0);

        // As it is: on another thread than the plugins were made on.
        std::thread (
            [&]
            {
                const rt::guard::RealtimeScope scope (1);
                runBlock (*synth, buffer, events);
                runBlock (*gain, buffer, controller);
                gain->setParameter (0, 0.25f);
            })
            .join();
    }

    /** As run(), without its own allocations. */
    static void runBlock (host::NodeProcessor& node, juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi)
    {
        host::TransportPosition transport;
        host::ProcessContext context{ buffer.getArrayOfWritePointers(), buffer.getNumChannels(), buffer.getNumSamples(),
                                      midi, transport };
        node.process (context);
    }

    static rt::guard::Violation makeCall (std::string function, std::string by)
    {
        rt::guard::Violation result;
        result.function = std::move (function);
        result.by = std::move (by);
        result.stack = { "juce::MidiEventList::clear() at juce_VST3Common.h:1184 [it+0x1]" };
        return result;
    }

    static bool isKnown (const rt::guard::Violation& violation)
    {
        const auto known = host::getKnownWrapperCalls();
        return std::any_of (known.begin(), known.end(), [&] (const auto& k) { return k.matches (violation); });
    }
};

} // namespace

TEST_CASE_METHOD (Known, "what JUCE's VST3 wrapper calls in a block is known, and each known call is one that it makes")
{
    if (rt::guard::getInterposedSymbols().empty())
        return; // a sanitizer's build sees no locks

    rt::guard::setSuppressions ({});
    playVst3();
    const auto unknown = rt::guard::getSnapshot();
    CHECK (unknown.host > 0);
    CHECK (unknown.suppressed == 0);

    host::useSuppressions();
    const auto known = rt::guard::getSnapshot();

    for (const auto& violation : known.violations)
    {
        INFO (violation.function << " below " << Catch::Detail::stringify (violation.stack));
        CHECK (violation.by == "plugin");
    }

    CHECK (known.host == 0);
    CHECK (known.suppressed == unknown.host);
    CHECK (known.total == unknown.total - unknown.host);

    // By their callers alone some would stand for others that are inlined there: stacks tell all apart.
    std::vector<rt::guard::Suppression> byStack;
    std::set<std::string> used, all;

    for (const auto& call : host::getKnownWrapperCalls())
    {
        if (call.caller.empty())
            byStack.push_back (call);

        if (call.origin.find ("juce_LV2") == std::string::npos)
            all.insert (call.origin);
    }

    rt::guard::setSuppressions (byStack);
    const auto knownByStack = rt::guard::getSnapshot();
    CHECK (knownByStack.host == 0);
    CHECK (knownByStack.suppressed == known.suppressed);

    for (const auto& use : knownByStack.suppressions)
        used.insert (use.suppression.origin);

    CHECK (used == all);

    // What a render of music meets is told without stacks, which take long to name.
    for (const auto& use : known.suppressions)
        if (use.suppression.origin.find ("MidiEventList") != std::string::npos && use.suppression.function != "malloc"
            && use.suppression.function != "realloc" && use.suppression.function != "free")
            CHECK_FALSE (use.suppression.caller.empty());
}

TEST_CASE_METHOD (Known, "a known call of the wrapper is none of a plugin's, and no other function there")
{
    CHECK (isKnown (makeCall ("pthread_mutex_lock", "host")));
    CHECK_FALSE (isKnown (makeCall ("pthread_mutex_lock", "plugin")));
    CHECK_FALSE (isKnown (makeCall ("malloc", "host")));

    auto elsewhere = makeCall ("pthread_mutex_lock", "host");
    elsewhere.stack = { "host::Engine::process(host::BlockIO const&) at Engine.cpp:1 [it+0x1]" };
    CHECK_FALSE (isKnown (elsewhere));

    for (const auto& call : host::getKnownWrapperCalls())
    {
        CHECK (call.by == "host");
        CHECK_FALSE (call.function.empty());
        CHECK (call.stack.empty() != call.caller.empty());
        CHECK_THAT (call.origin, Contains ("juce_") && (Contains (".h:") || Contains (".cpp:")));
    }
}

TEST_CASE_METHOD (Known, "suppressions from a file come to those that are known, and a bad file changes nothing")
{
    folder.createDirectory();
    const auto file = folder.getChildFile ("some.supp");
    const auto path = file.getFullPathName().toStdString();
    std::ofstream (path) << "function: malloc\n";

    const auto count = []
    {
        {
            const rt::guard::RealtimeScope scope (1);
            auto* volatile block = std::malloc (16);
            const rt::guard::Permit permit;
            std::free (block);
        }

        const auto result = rt::guard::getSnapshot();
        rt::guard::reset();
        return result.total;
    };

    rt::guard::reset();
    host::useSuppressions();
    CHECK (count() == 1);
    host::useSuppressions (path);
    CHECK (count() == 0);

    std::ofstream (path) << "malloc\n";
    CHECK_THAT (errorOf ([&] { host::useSuppressions (path); }), Contains (path + ": line 1: \"malloc\" is no condition; "));
    CHECK_THAT (errorOf ([&] { host::useSuppressions (path + "x"); }), Contains (path + "x: cannot be read"));
    CHECK_THAT (errorOf ([&] { host::useSuppressions (folder.getFullPathName().toStdString()); }),
                Contains ("cannot be read"));
    CHECK (count() == 0);

    host::useSuppressions();
    CHECK (count() == 1);
}
