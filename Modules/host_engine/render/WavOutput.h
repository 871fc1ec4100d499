#pragma once

#include <juce_audio_formats/juce_audio_formats.h>
#include <juce_core/juce_core.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace host
{

/** Writes a WAV file aside and renames it into place when it is whole; until then an older file of that name stays.

    A device such as /dev/null is written in place. One thread; it blocks on the disk, so it is never the live audio thread.
*/
class WavOutput
{
public:
    enum class Bits
    {
        pcm16 = 16,
        pcm24 = 24,
        float32 = 32
    };

    /** Throws host::Error (failed) when the file cannot be made. */
    WavOutput (const juce::File&, double sampleRate, int numChannels, Bits);

    /** Removes what was written aside, unless finish() has succeeded. */
    ~WavOutput();

    /** Appends samples. PCM is rounded to the nearest value and clipped. Throws host::Error (failed) on a full disk and the
        like. */
    void write (const float* const* channels, int numSamples);

    /** Completes the header, syncs and renames. Throws host::Error (failed). */
    void finish();

    /** Samples beyond full scale that PCM had to clip; 0 for float. */
    std::uint64_t getClippedSamples() const noexcept { return clipped; }

    /** After finish(): lowercase hex SHA-256 of the interleaved little-endian float32 samples before conversion. */
    std::string getHash() const { return hash; }

    /** What is written aside and has to go when the process ends without unwinding; empty for a device. */
    juce::File getTemporaryFile() const { return isDevice ? juce::File() : temporary; }

private:
    [[noreturn]] void fail (const std::string& why) const;

    juce::File target, temporary;
    bool isDevice = false, isFinished = false;
    int channelCount;
    Bits format;
    std::uint64_t clipped = 0;
    std::string hash;

    juce::FileOutputStream* stream = nullptr; ///< the writer's
    std::unique_ptr<juce::AudioFormatWriter> writer;
    std::vector<std::vector<int>> converted;
    std::vector<float> interleaved;

    struct Hasher;
    std::unique_ptr<Hasher> hasher;
};

} // namespace host
