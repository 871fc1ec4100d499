#include "FileDecoder.h"

#include <samplerate.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace host
{

namespace
{
/** How far libsamplerate's best interpolation looks, in samples of the slower of both rates, and some to spare. */
constexpr int reach = 160;

struct Fraction
{
    std::int64_t in = 1, out = 1;
};

/** The fraction next to out / in whose `out` is no larger than the highest rate: the last convergent of the continued fraction that
    fits. Exact for whole rates. */
Fraction findRatio (double out, double in)
{
    constexpr std::int64_t most = 384000;
    Fraction before{ 1, 0 }, best{ 0, 1 }; // 0 / 1 and 1 / 0
    auto rest = out / in;

    for (int i = 0; i < 32; ++i)
    {
        const auto whole = std::int64_t (std::floor (rest));
        const Fraction next{ whole * best.in + before.in, whole * best.out + before.out };

        if (next.out > most)
            break;

        before = best;
        best = next;

        if (std::abs (double (best.out) / double (best.in) * in / out - 1.0) < 1.0e-13)
            break;

        rest = 1.0 / (rest - double (whole));
    }

    return best;
}
} // namespace

FileDecoder::FileDecoder (std::unique_ptr<juce::AudioFormatReader> readerToUse, int numChannels, double rateToGive)
    : reader (std::move (readerToUse)), channels (std::min (int (reader->numChannels), numChannels)), rate (rateToGive),
      isResampling (reader->sampleRate != rate)
{
    const auto most = mostValues / channels;
    blockLength = most;
    length = reader->lengthInSamples;

    if (! isResampling)
        return;

    const auto ratio = findRatio (rate, reader->sampleRate);
    stepIn = ratio.in;
    stepOut = ratio.out;

    if (stepOut <= most)
        blockLength = int (most / stepOut * stepOut); // no more of the file before it than has to be
    length = std::llround (double (reader->lengthInSamples) * double (stepOut) / double (stepIn));
}

bool FileDecoder::decode (std::int64_t index, float* destination)
{
    const auto start = index * blockLength;

    if (isResampling)
    {
        if (! resample (start, destination))
            return false;
    }
    else
    {
        std::array<float*, 64> pointers{};

        for (int channel = 0; channel < channels; ++channel)
            pointers[std::size_t (channel)] = destination + std::ptrdiff_t (channel) * blockLength;

        if (! readFile (pointers.data(), start, blockLength))
            return false;
    }

    for (auto* value = destination; value < destination + std::ptrdiff_t (channels) * blockLength; ++value)
        if (! std::isfinite (*value))
            *value = 0.0f;

    return true;
}

/** Silence before the file's beginning and behind its end. */
bool FileDecoder::readFile (float* const* destination, std::int64_t start, int numSamples)
{
    const auto before = int (std::clamp (-start, std::int64_t (0), std::int64_t (numSamples)));
    const auto inside = int (std::clamp (std::int64_t (reader->lengthInSamples) - (start + before), std::int64_t (0),
                                         std::int64_t (numSamples - before)));
    std::array<float*, 64> pointers{};

    for (int channel = 0; channel < channels; ++channel)
    {
        auto* data = destination[channel];
        juce::FloatVectorOperations::clear (data, before);
        juce::FloatVectorOperations::clear (data + before + inside, numSamples - before - inside);
        pointers[std::size_t (channel)] = data + before;
    }

    return inside == 0 || reader->read (pointers.data(), channels, start + before, inside);
}

/** Has that part of the file in the window; what lies in it already is not read again, for some formats would have to seek. */
bool FileDecoder::fetch (std::int64_t start, int numSamples)
{
    window.setSize (channels, numSamples, true, false, true);
    auto kept = 0;

    if (start >= windowStart && start < windowStart + windowLength)
    {
        const auto offset = int (start - windowStart);
        kept = std::min (windowLength - offset, numSamples);

        for (int channel = 0; channel < channels; ++channel)
            std::memmove (window.getWritePointer (channel), window.getReadPointer (channel, offset),
                          std::size_t (kept) * sizeof (float));
    }

    std::array<float*, 64> pointers{};

    for (int channel = 0; channel < channels; ++channel)
        pointers[std::size_t (channel)] = window.getWritePointer (channel, kept);

    windowStart = start;
    windowLength = 0; // in case it fails

    if (kept < numSamples && ! readFile (pointers.data(), start + kept, numSamples - kept))
        return false;

    windowLength = numSamples;
    return true;
}

bool FileDecoder::resample (std::int64_t start, float* destination)
{
    const auto ratio = double (stepOut) / double (stepIn);
    const auto reachIn = std::int64_t (std::ceil (reach * std::max (1.0, 1.0 / ratio)));
    const auto reachOut = std::int64_t (std::ceil (double (reachIn) * ratio));

    // From where samples coincide, as far before the block as the interpolation looks.
    const auto step = std::max (std::int64_t (0), start - reachOut) / stepOut;
    const auto startIn = step * stepIn;
    const auto lead = start - step * stepOut;
    const auto numOut = lead + blockLength;
    const auto numIn = (numOut * stepIn + stepOut - 1) / stepOut + reachIn;

    if (! fetch (startIn, int (numIn)))
        return false;

    interleaved.resize (std::size_t (numIn * channels));
    resampled.assign (std::size_t (numOut * channels), 0.0f);

    for (int channel = 0; channel < channels; ++channel)
    {
        const auto* source = window.getReadPointer (channel);

        for (std::int64_t i = 0; i < numIn; ++i)
        {
            const auto value = source[i];
            interleaved[std::size_t (i * channels + channel)] = std::isfinite (value) ? value : 0.0f;
        }
    }

    SRC_DATA data{};
    data.data_in = interleaved.data();
    data.input_frames = long (numIn);
    data.data_out = resampled.data();
    data.output_frames = long (numOut);
    data.src_ratio = ratio;

    if (src_simple (&data, SRC_SINC_BEST_QUALITY, channels) != 0)
        return false;

    for (int channel = 0; channel < channels; ++channel)
        for (int i = 0; i < blockLength; ++i)
            destination[std::ptrdiff_t (channel) * blockLength + i] =
                start + i < length ? resampled[std::size_t ((lead + i) * channels + channel)] : 0.0f;

    return true;
}

} // namespace host
