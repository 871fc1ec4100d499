#pragma once

#include <host_engine/host_engine.h>

#include <functional>
#include <stdexcept>
#include <string>

/** A folder of audio files that is gone when the test is over. */
struct StreamFiles
{
    using Function = std::function<float (int channel, std::int64_t sample)>;

    StreamFiles() : folder (juce::File::createTempFile ({})) { folder.createDirectory(); }
    ~StreamFiles() { folder.deleteRecursively(); }

    /** Each sample another one, the same every time. */
    static float noise (int channel, std::int64_t sample)
    {
        auto x = std::uint32_t (sample * 2 + channel + 1) * 2654435761u;
        x ^= x >> 15;
        x *= 2246822519u;
        x ^= x >> 13;
        return float (double (x) / 4294967296.0 - 0.5);
    }

    /** Of the kind that its name's ending says. */
    juce::File make (const std::string& name, int numChannels, std::int64_t length, double rate, const Function& function,
                     int bits) const
    {
        const auto file = folder.getChildFile (name);
        juce::AudioFormatManager formats;
        formats.registerBasicFormats();
        auto* format = formats.findFormatForFileExtension (file.getFileExtension());
        auto output = std::make_unique<juce::FileOutputStream> (file);
        const std::unique_ptr<juce::AudioFormatWriter> writer (
            format->createWriterFor (output.get(), rate, unsigned (numChannels), bits, {}, 8));

        if (writer == nullptr)
            throw std::runtime_error ("cannot make " + name);

        output.release();
        juce::AudioBuffer<float> buffer (numChannels, 4096);

        for (std::int64_t done = 0; done < length;)
        {
            const auto count = int (std::min (std::int64_t (4096), length - done));

            for (int channel = 0; channel < numChannels; ++channel)
                for (int i = 0; i < count; ++i)
                    buffer.setSample (channel, i, function (channel, done + i));

            writer->writeFromAudioSampleBuffer (buffer, 0, count);
            done += count;
        }

        return file;
    }

    juce::File folder;
};

/** A file whose disk does not answer. */
struct BrokenReader : juce::AudioFormatReader
{
    BrokenReader() : AudioFormatReader (nullptr, "broken")
    {
        sampleRate = 48000.0;
        lengthInSamples = 100000;
        numChannels = 2;
        bitsPerSample = 32;
        usesFloatingPointData = true;
    }

    bool readSamples (int* const*, int, int, juce::int64, int) override { return false; }
};
