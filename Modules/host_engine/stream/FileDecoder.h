#pragma once

#include <juce_audio_formats/juce_audio_formats.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace host
{

/** An audio file at a rate of the listener's choice, cut into blocks that are the same samples in whatever order they are read.

    At another rate than the file's own, each block is resampled for itself by libsamplerate's best interpolation: from a place
    where a sample of the file and one of the result coincide, and with as much of the file before and behind as the
    interpolation looks at. For the usual rates such places lie close together; for odd ones, 47999 Hz at 48000 for instance, up to
    a second of the file has to be resampled for a block, which costs time and no precision.

    One thread at a time, which may block on the disk.
*/
class FileDecoder
{
public:
    /** A block of all channels together has no more values than this. */
    static constexpr int mostValues = 16384;

    /** The furthest that rates may be apart, either way. */
    static constexpr double mostRatio = 128.0;

    /** @param numChannels  the most that are wanted, 64 at most; the file's further ones are left out */
    FileDecoder (std::unique_ptr<juce::AudioFormatReader>, int numChannels, double rate);

    int getNumChannels() const noexcept { return channels; }
    int getBlockLength() const noexcept { return blockLength; } ///< samples of each channel
    double getRate() const noexcept { return rate; }

    /** Of the whole file, at the listener's rate. */
    std::int64_t getLength() const noexcept { return length; }
    std::int64_t getNumBlocks() const noexcept { return (length + blockLength - 1) / blockLength; }

    /** Writes a block: channel after channel, getBlockLength() samples each, silence behind the file's end and in place of NaN and
        infinity. False if the file cannot be read there. Throws std::bad_alloc. */
    bool decode (std::int64_t index, float* destination);

private:
    bool readFile (float* const* destination, std::int64_t start, int numSamples);
    bool fetch (std::int64_t start, int numSamples);
    bool resample (std::int64_t start, float* destination);

    const std::unique_ptr<juce::AudioFormatReader> reader;
    const int channels;
    const double rate;
    const bool isResampling;
    std::int64_t stepIn = 1, stepOut = 1; ///< so many samples of the file are as long as so many of the result
    int blockLength = 0;
    std::int64_t length = 0;

    juce::AudioBuffer<float> window; ///< of the file: what the last block was made from; the next one begins in it
    std::int64_t windowStart = 0;
    int windowLength = 0;
    std::vector<float> interleaved, resampled;
};

} // namespace host
