#pragma once

#include "DiskStreams.h"
#include "FileDecoder.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace host
{

/** A file that plays: the thread that renders looks its blocks up in the cache, and threads of the pool read ahead of it.

    What is to be played next is pinned in the cache by the reading side, as much as the player's share of it allows, so that no other
    player throws it out; the file's first block too, so that going back to the start is heard at once. What has been played
    stays for as long as nobody needs the room.
*/
class FileStream final : public DiskTask
{
public:
    struct Settings
    {
        std::int64_t start = 0; ///< samples of the decoder's rate: where in the file it begins, and a loop begins again
        bool loop = false;
        std::string name; ///< of the file, for what goes wrong
    };

    /** The streams outlive it. Throws host::Error when too many play. */
    static std::unique_ptr<FileStream, Ending> make (DiskStreams&, std::unique_ptr<FileDecoder>, const Settings&);

    /** @name The thread that renders; one at a time */
    /**@{*/

    /** Writes what is heard from that sample of the transport on: of each of the file's channels, up to numChannels. Where a block is
        not there it writes silence, and counts that.
        Wait-free but for the pool's tryPost(), which is lock-free; no allocation, lock or system call but a futex wake.
        @returns how many channels it wrote */
    int play (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept;

    /** The same, but it waits for the disk. Silence only where the file cannot be read. */
    int playOffline (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept;

    /** Where the transport stands: what comes then is read. As play(). */
    void cue (std::int64_t position) noexcept;
    /**@}*/

    /** Waits until what is played first is there, not longer than that. Not for real-time threads; before anybody plays. */
    void prime (std::chrono::milliseconds longest);

    const FileDecoder& getDecoder() const noexcept { return *decoder; }
    bool hasFailed() const noexcept { return failed.load (std::memory_order_relaxed); }

    /** Any thread. Blocks of the cache; of the thread that renders. */
    std::uint64_t getHits() const noexcept { return hits.load (std::memory_order_relaxed); }
    std::uint64_t getMisses() const noexcept { return misses.load (std::memory_order_relaxed); }
    std::uint64_t getUnderruns() const noexcept { return underruns.load (std::memory_order_relaxed); }

private:
    using Cache = DiskStreams::Cache;

    FileStream (DiskStreams&, std::unique_ptr<FileDecoder>, const Settings&);
    ~FileStream() override;

    template <bool isOffline>
    int render (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept;
    template <bool isOffline>
    bool findBlock (std::int64_t index) noexcept;
    void waitForBlock (std::int64_t index) noexcept;
    void want (std::int64_t position, bool isLate) noexcept;

    bool work() override;
    void ownerHasGone() noexcept override { streams.remove (*this); } // now, so that there is room for others
    void findWindow (std::uint32_t most);
    bool load (std::int64_t index, Cache::Token&);

    /** Where in the file that is; the file's length if it is over. */
    std::int64_t toFile (std::int64_t position) const noexcept;
    DiskStreams::BlockKey keyOf (std::int64_t index) const noexcept { return { number, std::uint32_t (index) }; }

    DiskStreams& streams;
    const std::unique_ptr<FileDecoder> decoder;
    const Settings settings;
    const std::int64_t length;
    const int blockLength;
    std::uint32_t number = 0;

    // Of the thread that renders
    Cache::Token token;
    Cache::Pin current; ///< the block that plays
    std::int64_t currentIndex = -1;
    std::int64_t askedFor = -1; ///< the block for which reading ahead was last asked for

    // Between the two
    std::atomic<std::int64_t> wanted{ 0 }; ///< position
    std::atomic<bool> failed{ false }, primed{ false };
    std::atomic<std::uint64_t> hits{ 0 }, misses{ 0 }, underruns{ 0 };

    // Of the job
    struct Ahead
    {
        std::int64_t index = -1;
        Cache::Pin pin;
    };

    std::vector<std::int64_t> window; ///< what is to be there, the most urgent first
    std::vector<Ahead> ahead;         ///< what is
};

} // namespace host
