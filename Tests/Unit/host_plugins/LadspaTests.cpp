#include "PluginFixture.h"

#include <host_plugins/LadspaPlugin.h>
#include <rt_guard/rt_guard.h>

namespace
{
struct LadspaFixture : PluginFixture
{
    std::unique_ptr<host::PluginInstance> makeOddity (const juce::String& label, double sampleRate = 48000.0)
    {
        return make (juce::String (ODD_LADSPA) + "#" + label, { sampleRate, 64, true });
    }
};
} // namespace

TEST_CASE_METHOD (LadspaFixture, "LADSPA plugins are made for the rate they run at, also when it changes")
{
    const auto plugin = makeOddity ("rate", 96000.0);
    juce::AudioBuffer<float> buffer (1, 64);
    run (*plugin, buffer, 64);
    CHECK (buffer.getSample (0, 63) == 96000.0f);
    plugin->prepare ({ 22050.0, 64, true });
    run (*plugin, buffer, 64);
    CHECK (buffer.getSample (0, 0) == 22050.0f);
}

TEST_CASE_METHOD (LadspaFixture, "LADSPA plugins that cannot work in place get a copy of their input")
{
    const auto plugin = makeOddity ("reverse");
    const auto input = noise (1, 64);
    auto output = input;
    run (*plugin, output, 64);

    for (int i = 0; i < 64; ++i)
        REQUIRE (output.getSample (0, i) == input.getSample (0, 63 - i));
}

TEST_CASE_METHOD (LadspaFixture, "LADSPA plugins that can only add give what they add")
{
    const auto plugin = makeOddity ("adding");
    const auto input = noise (1, 200);
    auto output = input;
    run (*plugin, output, 64);

    for (int i = 0; i < 200; ++i)
        REQUIRE (output.getSample (0, i) == 2.0f * input.getSample (0, i));
}

TEST_CASE_METHOD (LadspaFixture, "LADSPA controls start at the defaults that ladspa.h describes")
{
    const auto plugin = makeOddity ("controls");
    REQUIRE (plugin->getPorts().audioOutputs == 9);
    REQUIRE (plugin->getParameters().size() == 9);
    CHECK (plugin->getLatencySamples() == 12);

    juce::AudioBuffer<float> buffer (9, 64);
    const auto value = [&] (int control)
    {
        run (*plugin, buffer, 64);
        return buffer.getSample (control, 0);
    };

    CHECK (value (0) == 2.0f);
    CHECK (value (1) == Approx (10.0f));
    CHECK (value (2) == 0.0f);
    CHECK (value (3) == 1.0f);
    CHECK (value (4) == 6.0f);
    CHECK (value (5) == 24000.0f);
    CHECK (value (6) == 440.0f);
    CHECK (value (7) == 1.0f);
    CHECK (value (8) == 3.0f);

    // Setting the default that is reported changes nothing.
    for (int i = 0; i < 9; ++i)
    {
        const auto before = value (i);
        plugin->setParameter (i, plugin->getParameters()[static_cast<std::size_t> (i)].defaultValue);
        CAPTURE (i);
        CHECK (value (i) == Approx (before).margin (1.0e-4));
    }

    plugin->setParameter (0, 1.0f);
    CHECK (value (0) == 8.0f);
    plugin->setParameter (1, 0.0f);
    CHECK (value (1) == 1.0f);
    plugin->setParameter (3, 0.4f);
    CHECK (value (3) == 0.0f);
    plugin->setParameter (4, 0.45f);
    CHECK (value (4) == 4.0f);
    CHECK (plugin->getParameters()[3].steps == 2);
    CHECK (plugin->getParameters()[4].steps == 9);
    CHECK (plugin->getParameters()[0].steps == 0);

    SECTION ("a default that goes with the rate does so, a value that was set stays")
    {
        plugin->prepare ({ 96000.0, 64, true });
        CHECK (value (5) == 48000.0f);
        CHECK (value (0) == 8.0f);
    }
}

TEST_CASE_METHOD (LadspaFixture, "a LADSPA plugin that refuses to be made is named")
{
    CHECK_THAT (errorOf ([&] { makeOddity ("refuses"); }, host::Error::Kind::failed),
                Catch::Matchers::Contains ("refuses") && Catch::Matchers::Contains ("48000"));
}

TEST_CASE_METHOD (LadspaFixture, "hosting LADSPA allocates nothing on the audio thread")
{
    for (const auto* label : { "rate", "reverse", "adding" })
    {
        const auto plugin = makeOddity (label);
        juce::AudioBuffer<float> buffer (1, 64);
        buffer.clear();
        juce::MidiBuffer midi;
        const host::TransportPosition transport;
        host::ProcessContext context{ buffer.getArrayOfWritePointers(), 1, 64, midi, transport };
        rt::guard::warmUp();
        rt::guard::reset();

        {
            const rt::guard::RealtimeScope scope (1);
            plugin->process (context);
            plugin->setParameter (0, 0.5f);
        }

        CHECK (rt::guard::getViolationCount() == 0);
    }
}

TEST_CASE ("LADSPA ids are split at the end of the file's name")
{
    using Parts = std::pair<juce::String, juce::String>;
    CHECK (host::LadspaPlugin::splitId ("LADSPA:amp.so:amp_mono") == Parts ("amp.so", "amp_mono"));
    CHECK (host::LadspaPlugin::splitId ("LADSPA:/a:b/amp.so:x:y") == Parts ("/a:b/amp.so", "x:y"));
    CHECK (host::LadspaPlugin::splitId ("LADSPA:amp:amp_mono") == Parts ("amp", "amp_mono"));
    CHECK_FALSE (host::LadspaPlugin::splitId ("LADSPA:amp.so"));
    CHECK_FALSE (host::LadspaPlugin::splitId ("LADSPA:amp.so:"));
    CHECK_FALSE (host::LadspaPlugin::splitId ("LADSPA::x"));
    CHECK_FALSE (host::LadspaPlugin::splitId ("VST3:amp.so:x"));
}
