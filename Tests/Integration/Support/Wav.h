#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/** A WAV file as the tests write and read it, independent of the program's own code. */
struct Wav
{
    int rate = 48000;
    int bits = 32; ///< 16 and 24: PCM; 32: float
    std::vector<std::vector<float>> channels;

    std::size_t length() const { return channels.empty() ? 0 : channels.front().size(); }

    /** The bytes of the file. */
    std::string encode() const;
    void write (const std::string& path) const;

    /** Throws std::runtime_error for what is no WAV file. */
    static Wav read (const std::string& path);

    /** Each sample from the function of (channel, index). */
    static Wav make (int numChannels, std::size_t length, const std::function<float (int, std::size_t)>&, int bits = 32,
                     int rate = 48000);

    /** The same noise every time, within +-0.5. */
    static Wav makeNoise (int numChannels, std::size_t length, int bits = 32, int rate = 48000);

    float peak() const;
};
