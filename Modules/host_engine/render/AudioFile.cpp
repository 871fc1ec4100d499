#include "AudioFile.h"

#include <host_graph/Error.h>
#include <samplerate.h>

#include <cmath>
#include <vector>

namespace host
{

namespace
{
[[noreturn]] void refuse (const juce::File& file, const std::string& why, const std::string& whatToDo)
{
    throw Error (file.getFullPathName().toStdString(), why, whatToDo);
}

/** What the reader passes over in silence: a WAV that promises more data than the file holds, that has no channels, or
    samples of a kind that it would read as silence. */
void checkWav (const juce::File& file)
{
    juce::FileInputStream stream (file);
    char id[4]{};
    const auto readId = [&] { return stream.read (id, 4) == 4; };
    const auto isId = [&] (const char* wanted) { return std::equal (id, id + 4, wanted); };

    if (! readId() || ! (isId ("RIFF") || isId ("RF64")))
        return;

    const auto isRf64 = isId ("RF64");
    stream.readInt();

    if (! readId() || ! isId ("WAVE"))
        return;

    while (readId())
    {
        const auto size = std::int64_t (std::uint32_t (stream.readInt()));
        const auto start = stream.getPosition();

        if (isId ("fmt ") && stream.getTotalLength() >= start + 16)
        {
            constexpr int pcm = 1, ieeeFloat = 3, extensible = 0xfffe;
            const auto kind = int (std::uint16_t (stream.readShort()));

            if (stream.readShort() == 0)
                refuse (file, "is a WAV file without channels", "give a file with at least one channel");

            if (stream.readInt() == 0)
                refuse (file, "is a WAV file without a sample rate", "export the file again");

            stream.skipNextBytes (6);
            const auto bits = int (std::uint16_t (stream.readShort()));
            const auto isReadable = kind == ieeeFloat ? bits == 32 : bits == 8 || bits == 16 || bits == 24 || bits == 32;

            if ((kind == pcm || kind == ieeeFloat || kind == extensible) && ! isReadable)
                refuse (file, "has samples of " + std::to_string (bits) + " bits, which this program cannot read",
                        "convert it to 16 or 24 bits, or to 32-bit float");
        }

        if (isId ("data"))
        {
            // Writers that cannot seek leave the largest size there.
            const auto isUnknown = isRf64 || size == 0xffffffff;

            if (! isUnknown && start + size > stream.getTotalLength())
                refuse (file,
                        "is cut short: it promises " + std::to_string (size) + " bytes of audio and holds "
                            + std::to_string (stream.getTotalLength() - start),
                        "copy the file again");

            return;
        }

        if (! stream.setPosition (start + size + (size & 1)))
            break;
    }

    refuse (file, "is a WAV file without audio data", "copy or export the file again");
}
} // namespace

std::unique_ptr<juce::AudioFormatReader> AudioFile::open (const juce::File& file)
{
    if (! file.existsAsFile())
        refuse (file, file.isDirectory() ? "is a folder" : "there is no such file", "check the path of the audio file");

    if (file.getSize() == 0)
        refuse (file, "is empty", "give an audio file with sound in it");

    checkWav (file);

    juce::AudioFormatManager formats;
    formats.registerBasicFormats();
    std::unique_ptr<juce::AudioFormatReader> reader (formats.createReaderFor (file));

    if (reader == nullptr)
        refuse (file, "is no audio file this program can read", "give a WAV, AIFF, FLAC or Ogg Vorbis file");

    if (reader->numChannels == 0)
        refuse (file, "has no channels", "give a file with at least one channel");

    if (reader->lengthInSamples <= 0)
        refuse (file, "is empty", "give an audio file with sound in it");

    if (! (reader->sampleRate >= 1.0))
        refuse (file, "has no sample rate", "export the file again");

    return reader;
}

AudioFile AudioFile::load (const juce::File& file)
{
    const auto reader = open (file);

    constexpr std::int64_t mostValues = std::int64_t (1) << 31; // 8 GiB as float32

    if (reader->lengthInSamples > std::numeric_limits<int>::max() / 2
        || reader->lengthInSamples * reader->numChannels > mostValues)
        refuse (file, "is too long to be read into memory", "split it into parts");

    AudioFile result;
    result.sampleRate = reader->sampleRate;
    const auto length = int (reader->lengthInSamples);
    result.samples.setSize (int (reader->numChannels), length);

    if (! reader->read (&result.samples, 0, length, 0, true, true))
        refuse (file, "cannot be read to its end", "copy or export the file again");

    for (int channel = 0; channel < result.samples.getNumChannels(); ++channel)
    {
        const auto* data = result.samples.getReadPointer (channel);

        for (int i = 0; i < length; ++i)
            if (! std::isfinite (data[i]))
                refuse (file,
                        "holds NaN or infinity (channel " + std::to_string (channel) + ", sample " + std::to_string (i)
                            + ")",
                        "export the file again from what made it");
    }

    return result;
}

AudioFile AudioFile::resampledTo (double newRate) const
{
    if (newRate == sampleRate)
        return *this;

    const auto channels = samples.getNumChannels(), length = samples.getNumSamples();
    const auto ratio = newRate / sampleRate;
    const auto newLength = int (std::llround (double (length) * ratio));

    AudioFile result;
    result.sampleRate = newRate;
    result.samples.setSize (channels, newLength);
    result.samples.clear();

    std::vector<float> output;
    output.resize (std::size_t (newLength));

    for (int channel = 0; channel < channels; ++channel)
    {
        SRC_DATA data{};
        data.data_in = samples.getReadPointer (channel);
        data.input_frames = length;
        data.data_out = output.data();
        data.output_frames = newLength;
        data.src_ratio = ratio;

        if (const auto error = src_simple (&data, SRC_SINC_BEST_QUALITY, 1); error != 0)
            throw Error ("resampling from " + std::to_string (sampleRate) + " to " + std::to_string (newRate) + " Hz",
                         src_strerror (error), "render at the file's own rate (--rate)");

        juce::FloatVectorOperations::copy (result.samples.getWritePointer (channel), output.data(),
                                           int (data.output_frames_gen));
    }

    return result;
}

} // namespace host
