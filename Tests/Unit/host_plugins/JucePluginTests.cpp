#include "PluginFixture.h"

#include <host_plugins/JucePluginInstance.h>
#include <rt_guard/rt_guard.h>

#include <array>
#include <atomic>
#include <cmath>
#include <thread>

namespace
{
void requireEqual (const juce::AudioBuffer<float>& output, const juce::AudioBuffer<float>& input, int numChannels,
                   float gain)
{
    for (int c = 0; c < numChannels; ++c)
        for (int i = 0; i < input.getNumSamples(); ++i)
            if (output.getSample (c, i) != input.getSample (c, i) * gain)
                FAIL ("channel " << c << " differs at sample " << i);
}

int indexOf (host::NodeProcessor& node, const juce::String& name)
{
    const auto& parameters = node.getParameters();

    for (std::size_t i = 0; i < parameters.size(); ++i)
        if (parameters[i].name == name)
            return static_cast<int> (i);

    FAIL ("no parameter " << name.toStdString());
    return -1;
}

/** A parameter of a hosted plugin, with all that decides whether it is shown. */
struct FakeParameter : public juce::AudioPluginInstance::HostedParameter
{
    FakeParameter (juce::String idToUse, juce::String nameToUse, juce::String labelToUse, bool automatable)
        : id (std::move (idToUse)), name (std::move (nameToUse)), label (std::move (labelToUse)), canAutomate (automatable)
    {
    }

    float getValue() const override { return value; }
    void setValue (float newValue) override { value = newValue; }
    float getDefaultValue() const override { return 0.0f; }
    juce::String getName (int) const override { return name; }
    juce::String getLabel() const override { return label; }
    float getValueForText (const juce::String&) const override { return 0.0f; }
    juce::String getText (float, int) const override { return {}; }
    bool isAutomatable() const override { return canAutomate; }
    juce::String getParameterID() const override { return id; }

    const juce::String id, name, label;
    const bool canAutomate;
    float value = 0.0f;
};

/** A plugin whose JUCE side is the test's own. */
class FakePlugin : public juce::AudioPluginInstance
{
public:
    explicit FakePlugin (int numChannels)
        : AudioPluginInstance (BusesProperties()
                                   .withInput ("In", juce::AudioChannelSet::discreteChannels (numChannels), true)
                                   .withOutput ("Out", juce::AudioChannelSet::discreteChannels (numChannels), true)
                                   .withInput ("Side", juce::AudioChannelSet::stereo(), false))
    {
    }

    void fillInPluginDescription (juce::PluginDescription& d) const override { d.name = "Fake"; }
    const juce::String getName() const override { return "Fake"; }

    void prepareToPlay (double rate, int size) override
    {
        preparedRate = rate;
        preparedSize = size;
        ++numPrepared;
    }

    void releaseResources() override { ++numReleased; }

    void processBlock (juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi) override
    {
        const Inside inside (*this);
        numEvents += midi.getNumEvents();
        lastChannels = buffer.getNumChannels();
        lastSamples = buffer.getNumSamples();
        buffer.applyGain (0.5f);
        midi.clear();

        if (auto* head = getPlayHead())
            position = head->getPosition();
    }

    double getTailLengthSeconds() const override { return tail; }
    bool acceptsMidi() const override { return true; }
    bool producesMidi() const override { return false; }
    juce::AudioProcessorEditor* createEditor() override { return nullptr; }
    bool hasEditor() const override { return false; }
    int getNumPrograms() override { return 2; }
    int getCurrentProgram() override { return program; }

    void setCurrentProgram (int index) override
    {
        const Inside inside (*this);
        program = index;
    }

    const juce::String getProgramName (int index) override { return index == 0 ? "First" : "Second"; }
    void changeProgramName (int, const juce::String&) override {}
    void getStateInformation (juce::MemoryBlock& state) override
    {
        const Inside inside (*this);
        const auto head = juce::XmlElement ("VST3PluginState");
        copyXmlToBinary (head, state);
    }

    void setStateInformation (const void*, int) override { const Inside inside (*this); }
    bool isBusesLayoutSupported (const BusesLayout&) const override { return true; }

    /** Counts how often two threads are in the plugin at once. */
    struct Inside
    {
        explicit Inside (FakePlugin& p) : plugin (p)
        {
            if (plugin.numInside.fetch_add (1) > 0)
                ++plugin.numMeetings;
        }

        ~Inside() { --plugin.numInside; }

        FakePlugin& plugin;
    };

    std::atomic<int> numInside{ 0 }, numMeetings{ 0 };
    int program = 0, numEvents = 0;

    void add (std::unique_ptr<FakeParameter> parameter) { addHostedParameter (std::move (parameter)); }

    int lastChannels = 0, lastSamples = 0, numPrepared = 0, numReleased = 0, preparedSize = 0;
    double preparedRate = 0.0, tail = 0.0;
    juce::Optional<juce::AudioPlayHead::PositionInfo> position;
};

host::PluginInfo fakeInfo()
{
    host::PluginInfo info;
    info.name = "Fake";
    info.format = "VST3";
    return info;
}
} // namespace

TEST_CASE_METHOD (PluginFixture, "gains of every format and framework multiply to the last bit")
{
    const auto path = GENERATE ("TestGain.vst3", "TestJuceGain.vst3", "TestDpfGain.vst3", "TestDpfMidiGain.vst3",
                                "ladspa/TestLadspaGain.so", "TestLv2Gain.lv2");
    CAPTURE (path);

    if (! testPlugin (path).exists())
    {
        WARN ("not built here");
        return;
    }

    const auto plugin = make (pathOf (path), { 48000.0, 64, true });
    REQUIRE (plugin->getPorts().audioInputs == 2);
    REQUIRE (plugin->getPorts().audioOutputs == 2);

    const auto gain = indexOf (*plugin, "Gain");
    const auto& parameter = plugin->getParameters()[static_cast<std::size_t> (gain)];
    CHECK (parameter.defaultValue == 1.0f);
    CHECK (parameter.minimum == 0.0f);
    CHECK (parameter.maximum == 1.0f);
    CHECK (parameter.steps == 0);

    const auto input = noise (2, 1000);
    auto output = input;
    run (*plugin, output, 64);
    requireEqual (output, input, 2, 1.0f);

    plugin->setParameter (gain, 0.5f);
    CHECK (plugin->getParameter (gain) == 0.5f);
    output = input;
    run (*plugin, output, 17);
    requireEqual (output, input, 2, 0.5f);
}

TEST_CASE_METHOD (PluginFixture, "duplicate parameter names are told apart, and each does its own work")
{
    const auto plugin = make (pathOf ("TestManyParams.vst3"));
    REQUIRE (plugin->getParameters().size() == 3);
    plugin->setParameter (indexOf (*plugin, "Gain"), 0.5f);
    plugin->setParameter (indexOf (*plugin, "Gain#2"), 0.5f);
    plugin->setParameter (indexOf (*plugin, "Level"), 0.5f);
    const auto input = noise (2, 100);
    auto output = input;
    run (*plugin, output, 100);
    requireEqual (output, input, 2, 0.125f);
}

TEST_CASE_METHOD (PluginFixture, "a side-chain's channels come after the main bus and are enabled")
{
    const auto plugin = make (pathOf ("TestSideChain.vst3"));
    REQUIRE (plugin->getPorts().audioInputs == 4);
    REQUIRE (plugin->getPorts().audioOutputs == 2);
    REQUIRE (plugin->getBuses().size() == 3);
    CHECK (plugin->getBuses()[1].name == "Side-chain");
    CHECK (plugin->getBuses()[1].isInput);
    CHECK (plugin->getInfo().inputs == 4);

    const auto input = noise (4, 100);
    auto output = input;
    run (*plugin, output, 33);

    for (int i = 0; i < 100; ++i)
    {
        REQUIRE (output.getSample (0, i) == input.getSample (0, i) - input.getSample (2, i));
        REQUIRE (output.getSample (1, i) == input.getSample (1, i) - input.getSample (3, i));
    }
}

TEST_CASE_METHOD (PluginFixture, "notes sound at their sample, in a plugin without inputs")
{
    const auto plugin = make (pathOf ("TestSynth.vst3"));
    REQUIRE (plugin->getPorts() == host::NodePorts{ 0, 2, true, false });

    juce::MidiBuffer events;
    events.addEvent (juce::MidiMessage::noteOn (1, 60, static_cast<juce::uint8> (127)), 37);
    events.addEvent (juce::MidiMessage::noteOn (1, 62, static_cast<juce::uint8> (127)), 200);
    juce::AudioBuffer<float> output (2, 300);
    output.clear();
    run (*plugin, output, 64, events);

    for (int i = 0; i < 300; ++i)
        REQUIRE (output.getSample (1, i) == (i == 37 || i == 200 ? 1.0f : 0.0f));
}

TEST_CASE_METHOD (PluginFixture, "latency is told once prepared, and the sound is late by it")
{
    const auto plugin = make (pathOf ("TestLatency512.vst3"));
    REQUIRE (plugin->getLatencySamples() == 512);

    juce::AudioBuffer<float> output (2, 1024);
    output.clear();
    output.setSample (0, 0, 1.0f);
    run (*plugin, output, 100);
    CHECK (output.getSample (0, 512) == 1.0f);
    CHECK (output.getMagnitude (0, 0, 512) == 0.0f);
}

TEST_CASE_METHOD (PluginFixture, "a VST3's tail is in seconds, LV2's and LADSPA's unknown")
{
    CHECK (make (pathOf ("TestDelay.vst3"))->getTailSeconds().value_or (-1.0) == Approx (100.0 / 48000.0));
    CHECK (make (pathOf ("TestGain.vst3"))->getTailSeconds().value_or (-1.0) == 0.0);
    CHECK_FALSE (make (pathOf ("TestLv2Gain.lv2"))->getTailSeconds());
    CHECK_FALSE (make (pathOf ("ladspa/TestLadspaGain.so"))->getTailSeconds());
}

TEST_CASE_METHOD (PluginFixture, "reset forgets what a delay line holds")
{
    const auto plugin = make (pathOf ("TestDelay.vst3"));
    juce::AudioBuffer<float> buffer (2, 50);
    buffer.clear();
    buffer.setSample (0, 0, 1.0f);
    run (*plugin, buffer, 50);
    plugin->reset();
    juce::AudioBuffer<float> after (2, 200);
    after.clear();
    run (*plugin, after, 50);
    CHECK (after.getMagnitude (0, 200) == 0.0f);
}

TEST_CASE_METHOD (PluginFixture, "a parameter says whether it is for automation, and whether it bypasses the plugin")
{
    const auto bundle = folder.getChildFile ("Changed.lv2");
    REQUIRE (testPlugin ("TestLv2Gain.lv2").copyDirectoryTo (bundle));
    const auto description = bundle.getChildFile ("TestLv2Gain.ttl");
    const auto original = description.loadFileAsString();

    const auto makeWith = [&] (const juce::String& whatThePortSays)
    {
        REQUIRE (original.contains ("lv2:default 1.0"));
        description.replaceWithText (original.replace ("lv2:default 1.0", whatThePortSays + " ; lv2:default 1.0"));
        host::PluginFormats own;
        auto parameters = own.create (own.resolve (bundle.getFullPathName()), 48000.0, 512)->getParameters();
        REQUIRE (parameters.size() == 1);
        return parameters[0];
    };

    CHECK (makeWith ("lv2:portProperty lv2:toggled").isAutomatable);

    for (const auto* property : { "notAutomatic", "expensive", "notOnGUI" })
        CHECK_FALSE (makeWith ("lv2:portProperty <http://lv2plug.in/ns/ext/port-props#" + juce::String (property) + ">")
                         .isAutomatable);

    CHECK_FALSE (makeWith ("lv2:portProperty lv2:toggled").isBypass);
    CHECK (makeWith ("lv2:designation lv2:enabled").isBypass);

    // JUCE gives its VST3 plugins a bypass of its own.
    const auto juceGain = make (pathOf ("TestJuceGain.vst3"));
    CHECK (std::count_if (juceGain->getParameters().begin(), juceGain->getParameters().end(),
                          [] (auto& p) { return p.isBypass && p.isAutomatable; })
           == 1);
    CHECK_FALSE (make (pathOf ("TestGain.vst3"))->getParameters()[0].isBypass);
}

TEST_CASE_METHOD (PluginFixture, "a state goes from one instance into another")
{
    const auto path = GENERATE ("TestGain.vst3", "TestJuceGain.vst3", "ladspa/TestLadspaGain.so", "TestLv2Gain.lv2");
    CAPTURE (path);
    const auto first = make (pathOf (path));
    const auto gain = indexOf (*first, "Gain");
    first->setParameter (gain, 0.25f);
    auto buffer = noise (2, 64);
    run (*first, buffer, 64); // a plugin takes a change over with the next block
    const auto state = first->getState();
    REQUIRE (! state.isEmpty());

    const auto second = make (pathOf (path));
    second->setState (state);
    CHECK (second->getParameter (gain) == 0.25f);

    const auto input = noise (2, 64);
    auto output = input;
    run (*second, output, 64);
    requireEqual (output, input, 2, 0.25f);
}

TEST_CASE_METHOD (PluginFixture, "a state that is none is refused and changes nothing")
{
    const auto path = GENERATE ("TestGain.vst3", "ladspa/TestLadspaGain.so");
    const auto plugin = make (pathOf (path));
    const auto gain = indexOf (*plugin, "Gain");
    plugin->setParameter (gain, 0.25f);

    for (const auto* nonsense : { "nonsense", "4 x", "\xff\xfe\x00" })
        CHECK_THAT (errorOf ([&] { plugin->setState ({ nonsense, std::strlen (nonsense) }); }),
                    Catch::Matchers::Contains ("state"));

    CHECK (plugin->getParameter (gain) == 0.25f);
}

TEST_CASE_METHOD (PluginFixture, "a plugin can be prepared again for another rate and size")
{
    const auto plugin = make (pathOf ("TestGain.vst3"), { 48000.0, 64, true });
    plugin->prepare ({ 96000.0, 4096, false });
    const auto input = noise (2, 4096);
    auto output = input;
    run (*plugin, output, 4096);
    requireEqual (output, input, 2, 1.0f);
    plugin->release();
    plugin->release();
    plugin->prepare ({ 44100.0, 1, false });
    output = input;
    run (*plugin, output, 1);
    requireEqual (output, input, 2, 1.0f);
}

TEST_CASE_METHOD (PluginFixture, "values beyond the range are clamped, and a NaN is 0")
{
    const auto path = GENERATE ("TestGain.vst3", "ladspa/TestLadspaGain.so", "TestLv2Gain.lv2");
    const auto plugin = make (pathOf (path));
    const auto gain = indexOf (*plugin, "Gain");
    plugin->setParameter (gain, 7.0f);
    CHECK (plugin->getParameter (gain) == 1.0f);
    plugin->setParameter (gain, -7.0f);
    CHECK (plugin->getParameter (gain) == 0.0f);
    plugin->setParameter (gain, 1.0f);
    plugin->setParameter (gain, std::nanf (""));
    CHECK (plugin->getParameter (gain) == 0.0f);
    plugin->setParameter (-1, 1.0f);
    plugin->setParameter (1000, 1.0f);
    CHECK (plugin->getParameter (1000) == 0.0f);
}

TEST_CASE_METHOD (PluginFixture, "plugins with MIDI input show their own parameters only")
{
    CHECK (make (pathOf ("TestJuceGain.vst3"))->getParameters().size() == 2); // its gain, and the bypass JUCE adds

    if (testPlugin ("TestDpfMidiGain.vst3").exists())
        CHECK (make (pathOf ("TestDpfMidiGain.vst3"))->getParameters().size() == 1);
}

TEST_CASE_METHOD (PluginFixture, "a change made between two preparations is not lost")
{
    const auto path = GENERATE ("TestGain.vst3", "TestLv2Gain.lv2", "ladspa/TestLadspaGain.so");
    CAPTURE (path);
    const auto plugin = make (pathOf (path), { 48000.0, 64, true });
    const auto gain = indexOf (*plugin, "Gain");
    plugin->setParameter (gain, 0.5f);
    plugin->prepare ({ 48000.0, 128, true });
    plugin->reset();
    CHECK (plugin->getParameter (gain) == 0.5f);
    const auto input = noise (2, 128);
    auto output = input;
    run (*plugin, output, 128);
    requireEqual (output, input, 2, 0.5f);
}

TEST_CASE ("a whole set of MIDI controllers is recognised, and nothing else")
{
    const auto makeSet = [] (const juce::String& prefix, const juce::String& separator, int firstChannel)
    {
        juce::StringArray names;

        for (int channel = 0; channel < 16; ++channel)
            for (int controller = 0; controller < 130; ++controller)
                names.add (prefix + juce::String (channel + firstChannel) + separator + juce::String (controller));

        return names;
    };

    const auto countMarked = [] (const juce::StringArray& names)
    {
        const auto marked = host::findMidiControllerParameters (names);
        REQUIRE (static_cast<int> (marked.size()) == names.size());
        return std::count (marked.begin(), marked.end(), true);
    };

    const auto juceSet = makeSet ("MIDI CC ", "|", 0);
    const auto dpfSet = makeSet ("MIDI Ch. ", " CC ", 1);
    CHECK (countMarked (juceSet) == 2080);
    CHECK (countMarked (dpfSet) == 2080);
    CHECK (countMarked ({ "Gain", "MIDI CC 1|2", "MIDI Ch. 1 CC 7", "MIDI CC" }) == 0);
    CHECK (countMarked ({}) == 0);

    SECTION ("one missing: then these are the plugin's own")
    {
        auto names = juceSet;
        names.remove (1234);
        CHECK (countMarked (names) == 0);
    }

    SECTION ("the plugin's own among them survive, even one of the very same name")
    {
        auto names = juceSet;
        names.insert (0, "MIDI CC 3|7");
        names.insert (0, "Gain");
        names.add ("MIDI CC 16|0");
        names.add ("MIDI CC 1|2|3");
        names.add ("MIDI CC x|1");
        names.add ("MIDI CC 0|130");
        const auto marked = host::findMidiControllerParameters (names);
        CHECK (std::count (marked.begin(), marked.end(), true) == 2080);
        CHECK_FALSE (marked[0]);
        CHECK_FALSE (marked[1]);
        CHECK_FALSE (marked[marked.size() - 1]);
        CHECK_FALSE (marked[marked.size() - 2]);
        CHECK_FALSE (marked[marked.size() - 3]);
        CHECK_FALSE (marked[marked.size() - 4]);
    }
}

TEST_CASE ("wide plugins get all their channels, and nothing is allocated for either kind")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    const auto numChannels = GENERATE (2, 28, 29, 30, 31, 32, 33, 64);
    auto fake = std::make_unique<FakePlugin> (numChannels);
    auto& raw = *fake;
    host::JucePluginInstance plugin (fakeInfo(), std::move (fake));

    // The side-chain was off, and is on now.
    REQUIRE (plugin.getPorts().audioInputs == numChannels + 2);
    plugin.prepare ({ 48000.0, 128, true });
    CHECK (raw.isNonRealtime());

    juce::AudioBuffer<float> buffer (numChannels + 2, 128);

    for (int c = 0; c < buffer.getNumChannels(); ++c)
        juce::FloatVectorOperations::fill (buffer.getWritePointer (c), static_cast<float> (c), 128);

    juce::MidiBuffer midi;
    host::TransportPosition transport;
    host::ProcessContext context{ buffer.getArrayOfWritePointers(), buffer.getNumChannels(), 100, midi, transport };

    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    {
        const rt::guard::RealtimeScope scope (1);
        plugin.process (context);
    }

    CHECK (rt::guard::getViolationCount() == 0);
    CHECK (raw.lastChannels == numChannels + 2);
    CHECK (raw.lastSamples == 100);

    for (int c = 0; c < buffer.getNumChannels(); ++c)
    {
        REQUIRE (buffer.getSample (c, 99) == 0.5f * static_cast<float> (c));
        REQUIRE (buffer.getSample (c, 100) == static_cast<float> (c));
    }
}

TEST_CASE ("what DPF's halves tell each other is not shown, and what only looks like it is")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    auto fake = std::make_unique<FakePlugin> (2);
    auto& raw = *fake;
    fake->add (std::make_unique<FakeParameter> ("0", "Buffer Size", "frames", false));
    fake->add (std::make_unique<FakeParameter> ("1", "Sample Rate", "frames", false));
    fake->add (std::make_unique<FakeParameter> ("2", "Latency", "frames", false));
    fake->add (std::make_unique<FakeParameter> ("3", "Latency", "frames", false));    // another number
    fake->add (std::make_unique<FakeParameter> ("1", "Sample Rate", "Hz", false));    // another unit
    fake->add (std::make_unique<FakeParameter> ("0", "Buffer Size", "frames", true)); // can be set
    fake->add (std::make_unique<FakeParameter> ("7", "", "", true));
    host::JucePluginInstance plugin (fakeInfo(), std::move (fake));

    REQUIRE (plugin.getParameters().size() == 4);
    CHECK (plugin.getParameters()[0].id == "3");
    CHECK (plugin.getParameters()[1].label == "Hz");
    CHECK (plugin.getParameters()[2].name == "Buffer Size");
    CHECK (plugin.getParameters()[3].name == "Parameter 7");

    plugin.setParameter (2, 0.5f);
    CHECK (raw.getParameters()[5]->getValue() == 0.5f);
    CHECK (raw.getParameters()[0]->getValue() == 0.0f);
}

TEST_CASE ("a plugin hears of the transport, and says what it must of itself")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    auto fake = std::make_unique<FakePlugin> (2);
    auto& raw = *fake;
    host::JucePluginInstance plugin (fakeInfo(), std::move (fake));
    plugin.prepare ({ 48000.0, 64, false });
    CHECK (raw.preparedRate == 48000.0);
    CHECK (raw.preparedSize == 64);
    CHECK (plugin.getPrograms() == juce::StringArray{ "First", "Second" });

    raw.tail = std::numeric_limits<double>::infinity();
    CHECK_FALSE (plugin.getTailSeconds());
    raw.tail = 1.5;
    CHECK (plugin.getTailSeconds() == 1.5);

    raw.setLatencySamples (77);
    CHECK (plugin.getLatencySamples() == 77);

    juce::AudioBuffer<float> buffer (4, 64);
    buffer.clear();
    juce::MidiBuffer midi;
    midi.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 0);
    host::TransportPosition transport{ 96000, 9.5, 140.0, true };
    host::ProcessContext context{ buffer.getArrayOfWritePointers(), 4, 64, midi, transport };
    plugin.process (context);

    REQUIRE (raw.position.hasValue());
    CHECK (*raw.position->getTimeInSamples() == 96000);
    CHECK (*raw.position->getTimeInSeconds() == 2.0);
    CHECK (*raw.position->getPpqPosition() == 9.5);
    CHECK (*raw.position->getPpqPositionOfLastBarStart() == 8.0);
    CHECK (*raw.position->getBarCount() == 2);
    CHECK (*raw.position->getBpm() == 140.0);
    CHECK (raw.position->getIsPlaying());
    CHECK (midi.isEmpty()); // it has no MIDI output

    plugin.release();
    CHECK (raw.numReleased == raw.numPrepared);
}

TEST_CASE_METHOD (PluginFixture, "a program brings its settings, and a snapshot brings back all that was there")
{
    const auto path = GENERATE ("TestJucePrograms.vst3", "TestLv2Gain.lv2");
    CAPTURE (path);
    const auto isLv2 = juce::String (path).endsWith (".lv2");
    const auto plugin = make (pathOf (path));
    const auto gain = indexOf (*plugin, "Gain");
    const auto input = noise (2, 512);
    const auto requireGain = [&] (float expected)
    {
        auto output = input;
        run (*plugin, output, 512);
        requireEqual (output, input, 2, expected);
        CHECK (plugin->getParameter (gain) == expected);
    };

    REQUIRE (plugin->getPrograms() == juce::StringArray{ "Program 1", "Program 2", "Program 3" });
    CHECK (plugin->getProgram() == (isLv2 ? -1 : 0));
    plugin->setParameter (gain, 0.75f);
    requireGain (0.75f);
    const auto before = plugin->takeSnapshot();
    CHECK (before.program == plugin->getProgram());

    plugin->setProgram (2);
    CHECK (plugin->getProgram() == 2);
    CHECK (plugin->getParameter (gain) == 0.25f);
    requireGain (0.25f);
    CHECK_FALSE (plugin->takeEdited());

    // Changed since: a snapshot is more than its program.
    plugin->setParameter (gain, 0.5f);
    requireGain (0.5f);
    const auto after = plugin->takeSnapshot();

    plugin->restore (before);
    CHECK (plugin->getProgram() == before.program);
    CHECK (plugin->getParameter (gain) == 0.75f);
    requireGain (0.75f);

    plugin->restore (after);
    CHECK (plugin->getProgram() == 2);
    requireGain (0.5f);

    plugin->setProgram (7);
    plugin->setProgram (-1);
    CHECK (plugin->getProgram() == 2);
    requireGain (0.5f);
}

TEST_CASE_METHOD (PluginFixture, "programs and snapshots keep the rendering thread out, which loses no event by it")
{
    auto owned = std::make_unique<FakePlugin> (2);
    auto& fake = *owned;
    host::JucePluginInstance plugin (fakeInfo(), std::move (owned));
    plugin.prepare ({ 48000.0, 16, false });
    std::atomic<bool> done{ false };
    int numSent = 0, numSilent = 0, numWrong = 0;

    std::thread audio (
        [&]
        {
            std::array<float, 16> left{}, right{};
            std::array<float*, 2> channels{ left.data(), right.data() };
            juce::MidiBuffer midi;
            midi.ensureSize (32768);
            const host::TransportPosition transport;
            bool isLast = false;

            while (! isLast)
            {
                isLast = done;
                left.fill (1.0f);
                right.fill (1.0f);
                midi.clear();

                // What waits for the next block is limited, as every buffer of events is.
                if (! isLast && numSilent < 1000)
                {
                    midi.addEvent (juce::MidiMessage::noteOn (1, 60, 0.5f), 3);
                    ++numSent;
                }

                host::ProcessContext context{ channels.data(), 2, 16, midi, transport };
                plugin.process (context);
                numSilent = left[0] == 0.0f ? numSilent + 1 : 0;

                numWrong += (left[0] == 0.0f || left[0] == 0.5f) && right == left ? 0 : 1;
                std::this_thread::yield();
            }
        });

    for (int i = 0; i < 300; ++i)
    {
        plugin.setProgram (i % 2);
        const auto snapshot = plugin.takeSnapshot();
        plugin.restore ({ 1 - snapshot.program, snapshot.state });
    }

    done = true;
    audio.join();
    CHECK (numWrong == 0); // neither silence nor the plugin's output
    CHECK (fake.numMeetings == 0);
    CHECK (fake.numEvents == numSent);
}
