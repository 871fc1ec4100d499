#include "Wav.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace
{

void append (std::string& bytes, std::uint64_t value, int size)
{
    for (int i = 0; i < size; ++i)
        bytes.push_back (static_cast<char> (value >> (8 * i)));
}

std::uint64_t extract (const std::string& bytes, std::size_t position, std::size_t size)
{
    if (position + size > bytes.size())
        throw std::runtime_error ("the WAV file ends too early");

    std::uint64_t value = 0;

    for (std::size_t i = 0; i < size; ++i)
        value |= std::uint64_t (static_cast<unsigned char> (bytes[position + i])) << (8 * i);

    return value;
}

} // namespace

std::string Wav::encode() const
{
    const auto sampleBytes = bits / 8, frameBytes = sampleBytes * int (channels.size());
    std::string data;

    for (std::size_t i = 0; i < length(); ++i)
    {
        for (const auto& channel : channels)
        {
            if (bits == 32)
                append (data, std::bit_cast<std::uint32_t> (channel[i]), 4);
            else
                append (data, std::uint64_t (std::llround (double (channel[i]) * std::exp2 (bits - 1))), sampleBytes);
        }
    }

    std::string file = "RIFF";
    append (file, 36 + data.size(), 4);
    file += "WAVEfmt ";
    append (file, 16, 4);
    append (file, bits == 32 ? 3 : 1, 2);
    append (file, channels.size(), 2);
    append (file, std::uint64_t (rate), 4);
    append (file, std::uint64_t (rate * frameBytes), 4);
    append (file, std::uint64_t (frameBytes), 2);
    append (file, std::uint64_t (bits), 2);
    file += "data";
    append (file, data.size(), 4);
    return file + data;
}

void Wav::write (const std::string& path) const { std::ofstream (path, std::ios::binary) << encode(); }

Wav Wav::read (const std::string& path)
{
    std::ostringstream contents;
    contents << std::ifstream (path, std::ios::binary).rdbuf();
    const auto bytes = contents.str();

    if (bytes.substr (0, 4) != "RIFF" || bytes.substr (8, 4) != "WAVE")
        throw std::runtime_error (path + " is no WAV file");

    Wav wav;
    std::size_t numChannels = 0;

    for (std::size_t position = 12; position + 8 <= bytes.size();)
    {
        const auto id = bytes.substr (position, 4);
        const auto size = std::size_t (extract (bytes, position + 4, 4));
        position += 8;

        if (id == "fmt ")
        {
            numChannels = std::size_t (extract (bytes, position + 2, 2));
            wav.rate = int (extract (bytes, position + 4, 4));
            wav.bits = int (extract (bytes, position + 14, 2));
        }
        else if (id == "data")
        {
            const auto sampleBytes = std::size_t (wav.bits / 8);
            wav.channels.resize (numChannels);

            for (std::size_t at = position; at + sampleBytes * numChannels <= position + size;
                 at += sampleBytes * numChannels)
            {
                for (std::size_t channel = 0; channel < numChannels; ++channel)
                {
                    const auto raw = extract (bytes, at + channel * sampleBytes, sampleBytes);

                    if (wav.bits == 32)
                        wav.channels[channel].push_back (std::bit_cast<float> (std::uint32_t (raw)));
                    else
                        wav.channels[channel].push_back (float (
                            double (std::int64_t (raw << (64 - wav.bits)) >> (64 - wav.bits)) / std::exp2 (wav.bits - 1)));
                }
            }
        }

        position += size + (size & 1);
    }

    return wav;
}

Wav Wav::make (int numChannels, std::size_t length, const std::function<float (int, std::size_t)>& function, int bits,
               int rate)
{
    Wav wav;
    wav.rate = rate;
    wav.bits = bits;
    wav.channels.resize (std::size_t (numChannels));

    for (int channel = 0; channel < numChannels; ++channel)
        for (std::size_t i = 0; i < length; ++i)
            wav.channels[std::size_t (channel)].push_back (function (channel, i));

    return wav;
}

Wav Wav::makeNoise (int numChannels, std::size_t length, int bits, int rate)
{
    std::mt19937 random (7);
    const auto scale = std::exp2 (15.0); // multiples of 2^-16 survive every format

    return make (
        numChannels, length, [&] (int, std::size_t) { return float (double (int (random() % 32768) - 16384) / scale); },
        bits, rate);
}

float Wav::peak() const
{
    float loudest = 0.0f;

    for (const auto& channel : channels)
        for (const auto sample : channel)
            loudest = std::max (loudest, std::abs (sample));

    return loudest;
}
