#pragma once

#include "NodeProcessor.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace host
{

/** What happened in the last 256 blocks: which node ran when on which thread. So "which plugin caused the xrun" has an answer.

    Each rendering thread writes a lane of its own; the newest entries win. To be read while the music plays the recorder is frozen: it
    stops at the end of a block, is copied, and goes on.

    | operation | who | progress |
    |---|---|---|
    | Lane::add() | its thread, within a block | wait-free, no system call |
    | addBlock(), freeze() | the audio thread, between blocks | wait-free |
    | isRecording() | the audio thread | wait-free |
    | isFrozen(), copy(), thaw() | one thread at a time, not a real-time one | copies some megabytes |

    Memory orders: freeze() is a release and isFrozen() an acquire, so that the reader sees all entries; thaw() is a release and
    isRecording() an acquire, so that no entry is written before it was read.
*/
class FlightRecorder
{
public:
    static constexpr int numBlocks = 256;

    /** Entries a thread keeps: in a graph of 1,000 nodes the last 16 blocks of one thread. */
    static constexpr int numRunsPerThread = 16384;

    struct Run
    {
        std::uint64_t block = 0;
        NodeId node = 0;
        std::int32_t thread = 0;      ///< 0 is the audio thread
        std::int64_t startNanos = 0;  ///< std::chrono::steady_clock
        std::int64_t lengthNanos = 0;
    };

    enum class Outcome : std::uint8_t
    {
        complete,
        late, ///< the wait for the workers was given up
        busy  ///< silence, for an earlier block is still under way
    };

    struct Block
    {
        std::uint64_t number = 0;
        std::int64_t startNanos = 0;
        std::int64_t lengthNanos = 0;
        std::int64_t periodNanos = 0;
        Outcome outcome = Outcome::complete;
        bool isParallel = false;
        int mostReady = 0;                ///< ops that waited for a thread at once
        std::uint64_t pageFaults = 0;     ///< since the recorder began, at the end of the block
        std::uint64_t violations = 0;     ///< the same of the guard's
        NodeId culprit = 0;               ///< the node that ran when the wait was given up

        bool isMissed() const noexcept { return outcome != Outcome::complete || lengthNanos > periodNanos; }
    };

    class Lane
    {
    public:
        void add (const Run& run) noexcept
        {
            runs[std::size_t (next % numRunsPerThread)] = run;
            ++next;
        }

    private:
        friend FlightRecorder;
        std::vector<Run> runs = std::vector<Run> (numRunsPerThread);
        std::uint64_t next = 0;
    };

    /** Copied entries, oldest first. */
    struct Recording
    {
        std::vector<Block> blocks;
        std::vector<Run> runs; ///< by their start
    };

    explicit FlightRecorder (int numThreads) : lanes (std::size_t (numThreads)) {}

    /** Null where there is no such thread. */
    Lane* getLane (int thread) noexcept { return thread < int (lanes.size()) ? &lanes[std::size_t (thread)] : nullptr; }

    void addBlock (const Block& block) noexcept
    {
        blocks[std::size_t (nextBlock % numBlocks)] = block;
        ++nextBlock;
    }

    bool isRecording() const noexcept { return ! frozen.load (std::memory_order_acquire); }
    void freeze() noexcept { frozen.store (true, std::memory_order_release); }
    bool isFrozen() const noexcept { return frozen.load (std::memory_order_acquire); }
    void thaw() noexcept { frozen.store (false, std::memory_order_release); }

    /** While it is frozen, or when nobody renders any more. */
    Recording copy() const;

private:
    std::vector<Lane> lanes;
    std::array<Block, numBlocks> blocks;
    std::uint64_t nextBlock = 0;
    std::atomic<bool> frozen{ false };
};

} // namespace host
