#pragma once

#include "DiskStreams.h"
#include "RecordingFile.h"

#include <rt_queues/MirroredRing.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace host
{

/** What is being recorded: the thread that renders puts samples into a ring, a thread of the pool writes them to a file.

    The ring holds ten seconds (of very many channels less), so that as long as the disk may stall nothing is lost. What does not fit
    then is counted, and silence takes its place in the file, so that what follows is where it belongs.
*/
class Recording final : public DiskTask
{
public:
    /** The streams outlive it. The file begins with the first samples, not before. Throws what making a ring throws. */
    static std::unique_ptr<Recording, Ending> make (DiskStreams&, const juce::File&, int numChannels, double rate,
                                                    int maxBlockSize);

    /** @name The thread that renders; one at a time */
    /**@{*/

    /** Wait-free, but for the pool's tryPost(), which is lock-free: no allocation, lock or system call but a futex wake. */
    void record (const float* const* channels, int numSamples) noexcept;

    /** The same, but it waits for the disk if it has to. */
    void recordOffline (const float* const* channels, int numSamples) noexcept;

    /** Has what was recorded written, for the transport has stopped. As record(). */
    void flush() noexcept;
    /**@}*/

    /** Has all of it written, and the file closed. Waits for the disk; for a pipe that nobody reads, seconds. Again: nothing. Throws
        host::Error (failed) if something could not be written. Not for real-time threads; nobody records any more. */
    void finish();

    bool isFinished() const noexcept { return hasEnded.load (std::memory_order_acquire); }

    /** Any thread: samples that found the ring full, or the disk failing. */
    std::uint64_t getLost() const noexcept { return lost.load (std::memory_order_relaxed); }

    /** Any thread: whether anything was recorded. */
    bool hasBegun() const noexcept { return begun.load (std::memory_order_relaxed); }

    double getRate() const noexcept { return rate; }
    int getMaxBlockSize() const noexcept { return maxBlockSize; }

private:
    /** In front of each message's samples. */
    struct Prefix
    {
        std::uint64_t numLost = 0; ///< samples of each channel, before these
    };

    Recording (DiskStreams&, const juce::File&, int numChannels, double rate, int maxBlockSize);
    ~Recording() override = default;

    bool put (const float* const* channels, int numSamples) noexcept;
    void lose (int numSamples) noexcept;
    bool work() override;
    void collect();
    void writeCollected();
    void appendSilence (std::uint64_t numSamples);

    const juce::File file;
    const int numChannels;
    const double rate;
    const int maxBlockSize;

    rt::MirroredRing ring;

    // Of the thread that renders
    rt::RingWriter<> writer;
    std::uint64_t gap = 0;       ///< samples lost since the last message
    std::uint64_t unasked = 0;   ///< samples since a job was asked for
    const std::uint64_t askEach; ///< so many

    // Between the two
    std::atomic<std::uint64_t> lost{ 0 }, lostAtEnd{ 0 };
    std::atomic<bool> begun{ false }, finishing{ false }, hasEnded{ false }, failed{ false };

    // Of the job; after the end, of finish()
    rt::RingReader<> reader;
    std::unique_ptr<RecordingFile> output;
    std::vector<char> collected;
    std::string failure;
};

} // namespace host
