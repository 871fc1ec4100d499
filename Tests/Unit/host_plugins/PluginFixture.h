#pragma once

#include <catch2/catch.hpp>
#include <host_graph/Error.h>
#include <host_plugins/host_plugins.h>
#include <juce_events/juce_events.h>

#include <cstdlib>
#include <random>
#include <string>

/** JUCE, a folder that goes away with the test, and the program's home in it. */
struct PluginFixture
{
    PluginFixture()
    {
        folder.createDirectory();
        setenv ("AUDIOHOST_HOME", folder.getChildFile ("home").getFullPathName().toRawUTF8(), 1);
    }

    ~PluginFixture() { folder.deleteRecursively (false); }

    /** A plugin that the tests have built, such as "TestGain.vst3" or "ladspa/TestLadspaGain.so". */
    static juce::File testPlugin (const juce::String& path) { return juce::File (TEST_PLUGINS).getChildFile (path); }

    static juce::String pathOf (const juce::String& testPluginPath) { return testPlugin (testPluginPath).getFullPathName(); }

    /** A program of this test's own. */
    static std::string helper (const char* name)
    {
        return juce::File::getSpecialLocation (juce::File::currentExecutableFile)
            .getSiblingFile (name)
            .getFullPathName()
            .toStdString();
    }

    /** The message of the host::Error that a call throws, which must be of this kind; fails the test if it throws none. */
    template <typename Call>
    static std::string errorOf (Call&& call, host::Error::Kind kind = host::Error::Kind::unusable)
    {
        try
        {
            call();
        }
        catch (const host::Error& error)
        {
            CHECK (error.getKind() == kind);
            return error.what();
        }

        FAIL ("nothing was thrown");
        return {};
    }

    std::unique_ptr<host::PluginInstance> make (const juce::String& ref,
                                                const host::PrepareInfo& prepareInfo = { 48000.0, 512, false })
    {
        auto plugin = formats.create (formats.resolve (ref), prepareInfo.sampleRate, prepareInfo.maxBlockSize);
        plugin->prepare (prepareInfo);
        return plugin;
    }

    /** Runs a plugin over a buffer in blocks of a size; the buffer needs as many channels as the plugin's widest side. */
    static void run (host::NodeProcessor& node, juce::AudioBuffer<float>& buffer, int blockSize,
                     juce::MidiBuffer events = {})
    {
        host::TransportPosition transport;
        std::vector<float*> channels (static_cast<std::size_t> (buffer.getNumChannels()));

        for (int start = 0; start < buffer.getNumSamples(); start += blockSize)
        {
            const auto numSamples = std::min (blockSize, buffer.getNumSamples() - start);

            for (int c = 0; c < buffer.getNumChannels(); ++c)
                channels[static_cast<std::size_t> (c)] = buffer.getWritePointer (c, start);

            juce::MidiBuffer midi;
            midi.addEvents (events, start, numSamples, -start);
            transport.samples = start;
            host::ProcessContext context{ channels.data(), buffer.getNumChannels(), numSamples, midi, transport };
            node.process (context);
        }
    }

    static juce::AudioBuffer<float> noise (int numChannels, int numSamples)
    {
        std::minstd_rand random (17);
        std::uniform_real_distribution<float> range (-1.0f, 1.0f);
        juce::AudioBuffer<float> buffer (numChannels, numSamples);

        for (int c = 0; c < numChannels; ++c)
            for (int i = 0; i < numSamples; ++i)
                buffer.setSample (c, i, range (random));

        return buffer;
    }

    const juce::ScopedJuceInitialiser_GUI juce;
    const juce::File folder = juce::File::createTempFile ("host_plugins");
    host::PluginFormats formats;
};
