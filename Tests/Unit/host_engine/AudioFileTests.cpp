#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>

#include <cmath>

using Catch::Matchers::Contains;

namespace
{
struct Files
{
    Files() : folder (juce::File::createTempFile ({})) { folder.createDirectory(); }
    ~Files() { folder.deleteRecursively(); }

    juce::File write (const std::string& bytes)
    {
        const auto file = folder.getChildFile ("in.wav");
        file.deleteFile();
        file.create(); // writing nothing would leave no file
        file.appendData (bytes.data(), bytes.size());
        return file;
    }

    juce::File folder;
};

void append (std::string& bytes, std::uint32_t value, int size)
{
    for (int i = 0; i < size; ++i)
        bytes.push_back (char (value >> (8 * i)));
}

std::string makeWav (int channels, const std::vector<float>& samples, std::uint32_t promisedBytes)
{
    std::string file = "RIFF";
    append (file, 36 + promisedBytes, 4);
    file += "WAVEfmt ";
    append (file, 16, 4);
    append (file, 3, 2);
    append (file, std::uint32_t (channels), 2);
    append (file, 48000, 4);
    append (file, std::uint32_t (48000 * 4 * channels), 4);
    append (file, std::uint32_t (4 * channels), 2);
    append (file, 32, 2);
    file += "data";
    append (file, promisedBytes, 4);

    for (const auto sample : samples)
        append (file, std::bit_cast<std::uint32_t> (sample), 4);

    return file;
}
} // namespace

TEST_CASE_METHOD (Files, "a float WAV is read sample by sample")
{
    const auto file = host::AudioFile::load (write (makeWav (2, { 0.1f, -0.2f, 3.0f, 0.0f }, 16)));
    REQUIRE (file.sampleRate == 48000.0);
    REQUIRE (file.samples.getNumChannels() == 2);
    REQUIRE (file.samples.getNumSamples() == 2);
    REQUIRE (file.samples.getSample (0, 1) == 3.0f);
    REQUIRE (file.samples.getSample (1, 0) == -0.2f);
}

TEST_CASE_METHOD (Files, "files that cannot be used say why")
{
    const auto nan = std::nanf ("");
    const auto infinity = std::numeric_limits<float>::infinity();

    for (const auto& [bytes, word] : std::vector<std::pair<std::string, std::string>>{
             { "", "is empty" },
             { "hello", "no audio file" },
             { makeWav (2, {}, 0), "is empty" },
             { makeWav (0, { 0.1f, 0.2f }, 8), "without channels" },
             { makeWav (2, { 0.1f, 0.2f }, 80000), "cut short" },
             { makeWav (1, { 0.1f, nan, 0.2f }, 12), "NaN or infinity (channel 0, sample 1)" },
             { makeWav (1, { 0.1f, 0.2f, infinity }, 12), "sample 2" },
             { makeWav (2, { 0.1f, 0.2f }, 8).substr (0, 30), "without audio data" } })
    {
        CAPTURE (word);
        REQUIRE_THROWS_WITH (host::AudioFile::load (write (bytes)), Contains (word) && Contains ("in.wav"));
    }

    REQUIRE_THROWS_WITH (host::AudioFile::load (folder.getChildFile ("none.wav")), Contains ("no such file"));
    REQUIRE_THROWS_WITH (host::AudioFile::load (folder), Contains ("folder"));
}

TEST_CASE_METHOD (Files, "random damage to a WAV file never does worse than an error")
{
    const auto good = makeWav (2, std::vector<float> (200, 0.5f), 800);
    juce::Random random (5);

    for (int i = 0; i < 2000; ++i)
    {
        auto bytes = good.substr (0, std::size_t (1 + random.nextInt (int (good.size()))));

        for (int n = random.nextInt (6); n > 0; --n)
            bytes[std::size_t (random.nextInt (std::min (60, int (bytes.size()))))] = char (random.nextInt (256));

        try
        {
            host::AudioFile::load (write (bytes));
        }
        catch (const host::Error&)
        {
        }
    }
}

TEST_CASE ("resampling keeps pitch, level and length")
{
    host::AudioFile file;
    file.sampleRate = 44100.0;
    file.samples.setSize (1, 44100);

    for (int i = 0; i < 44100; ++i)
        file.samples.setSample (0, i, float (0.5 * std::sin (2.0 * juce::MathConstants<double>::pi * 1000.0 * i / 44100.0)));

    const auto there = file.resampledTo (48000.0);
    REQUIRE (there.samples.getNumSamples() == 48000);

    for (int i = 2000; i < 46000; ++i)
        REQUIRE (there.samples.getSample (0, i)
                 == Approx (0.5 * std::sin (2.0 * juce::MathConstants<double>::pi * 1000.0 * i / 48000.0)).margin (1.0e-4));
}
