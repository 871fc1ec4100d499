#pragma once

#include <juce_core/juce_core.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace host
{

/** A WAV file of 32-bit float that grows, and can be read at any time: its header says what has been written, also after the
    program was killed. Above 4 GB it is an RF64 (EBU Tech 3306), for which the room is kept from the start.

    Into a pipe or a device it goes with sizes that say "until the end". One thread, which blocks on the disk.
*/
class RecordingFile final
{
public:
    static constexpr std::size_t headerBytes = 80;

    /** @param numDataBytes  -1: not known, it goes on until the end */
    static std::array<char, headerBytes> makeHeader (int numChannels, double sampleRate, std::int64_t numDataBytes);

    /** Throws host::Error if a file could certainly not be made there. Leaves what is there as it is. */
    static void check (const juce::File&);

    /** Begins a file: what was there is gone. A pipe is waited for until somebody reads it.
        @param giveUp  set it to end the waiting for a pipe
        Throws host::Error (failed): also when another recorder is writing that file. */
    RecordingFile (const juce::File&, int numChannels, double sampleRate, const std::atomic<bool>& giveUp);
    ~RecordingFile();

    RecordingFile (const RecordingFile&) = delete;
    RecordingFile& operator= (const RecordingFile&) = delete;

    /** Appends, and has the header say so. A pipe that takes nothing is waited for; if giveUp is set, for five seconds. Throws
        host::Error (failed). */
    void write (std::span<const char>);

    /** Has the disk keep what was written. Throws host::Error (failed). */
    void sync();

private:
    [[noreturn]] void fail (int error) const;
    void openPipe (const std::atomic<bool>& giveUp);
    void writeAt (std::span<const char>, std::int64_t offset);
    void writeToPipe (std::span<const char>);

    const std::string name;
    const int numChannels;
    const double sampleRate;
    const std::atomic<bool>& isGivingUp;
    int descriptor = -1;
    bool isPipe = false;
    std::int64_t numWritten = 0; ///< without the header
};

} // namespace host
