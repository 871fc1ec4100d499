#pragma once

#include "DiskTask.h"

#include <rt_queues/BlockCache.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace host
{

class FileStream;

/** What all nodes share that stream from or to disks: a cache of decoded blocks, whose memory is all that players use however many
    they are and however long their files, and the threads that read and write.

    Reading and writing have threads of their own, so that a disk that stalls under a recording leaves the players alone, and
    that neither waits for what else goes on in the background.
*/
class DiskStreams final
{
public:
    struct Limits
    {
        std::uint32_t blocks = 768; ///< of 64 KiB each: 48 MiB
        int readers = 2;
        int writers = 4;
    };

    DiskStreams();
    explicit DiskStreams (const Limits&);

    /** All streams have ended; what they had under way ends here. */
    ~DiskStreams();

    DiskStreams (const DiskStreams&) = delete;
    DiskStreams& operator= (const DiskStreams&) = delete;

    /** The program's, made for whoever asks first and gone with the last one who has it. Any thread, not a real-time one. */
    static std::shared_ptr<DiskStreams> getShared();

    /** The same, or null if nothing streams. */
    static std::shared_ptr<DiskStreams> findShared();

    struct BlockKey
    {
        std::uint32_t stream = 0;
        std::uint32_t block = 0;

        bool operator== (const BlockKey&) const = default;
    };

    struct HashBlockKey
    {
        std::uint64_t operator() (const BlockKey& key) const noexcept
        {
            return std::uint64_t (key.stream) << 32 | key.block;
        }
    };

    using Cache = rt::BlockCache<BlockKey, float*, rt::ReferenceBits, rt::StdPolicy, HashBlockKey>;

    Cache& getCache() noexcept { return cache; }

    BackgroundPool& getReaders() noexcept { return readers; }
    BackgroundPool& getWriters() noexcept { return writers; }
    SharedPosters& getReaderPosters() noexcept { return readerPosters; }
    SharedPosters& getWriterPosters() noexcept { return writerPosters; }

    /** Memory for a block of FileDecoder::mostValues: what is free, else that of the block that was used least recently. Null if all
        is pinned. Any thread, not a real-time one. */
    float* takeMemory (Cache::Token&);

    /** Memory that did not become a cached block. */
    void giveMemory (float*) noexcept;

    /** A new player: the number of its blocks. Those of the others get fewer to read ahead with. Throws host::Error when there are too
        many for all to play. Any thread, not a real-time one. */
    std::uint32_t add (FileStream&);
    void remove (FileStream&) noexcept;

    /** How many blocks each player may keep pinned, at least leastShare. Any thread. */
    std::uint32_t getShare() const noexcept { return share.load (std::memory_order_relaxed); }

    /** What plays, what comes next, and what is being read. */
    static constexpr std::uint32_t leastShare = 3;

    /** Since the start: what cached blocks were asked for and there, or not; and for how many blocks of the audio thread that meant
        silence. */
    struct Totals
    {
        std::uint64_t hits = 0, misses = 0, underruns = 0;
        bool hasStreamed = false; ///< there was a player
    };

    /** Any thread, not a real-time one. */
    Totals getTotals() const;

private:
    void updateShare();

    const Limits limits;
    const std::size_t numSlots;
    const std::unique_ptr<float[]> memory; ///< not written to before it is needed: what nobody plays costs nothing
    std::mutex memoryMutex;
    std::vector<float*> unused;
    Cache cache;

    mutable std::mutex streamsMutex;
    std::vector<FileStream*> streams;
    Totals totals; ///< of those that have ended
    std::uint32_t lastNumber = 0;
    std::atomic<std::uint32_t> share{ leastShare };

    // Last, so that their jobs end first.
    BackgroundPool readers, writers;
    SharedPosters readerPosters{ readers }, writerPosters{ writers };
};

} // namespace host
