#include "DiskStreams.h"

#include "FileDecoder.h"
#include "FileStream.h"

#include <host_graph/Error.h>

#include <algorithm>

namespace host
{

namespace
{
std::mutex sharedMutex;
std::weak_ptr<DiskStreams> sharedStreams;

constexpr std::size_t blockBytes = FileDecoder::mostValues * sizeof (float);

/** The cache has a line of seven places for each entry that it could have. Here nearly all blocks are pinned: were there a line for
    each, one that is full of pinned ones would keep the next out once in 100,000 blocks, and that one would be silent. */
constexpr std::uint32_t linesPerBlock = 8;

/** Threads that look blocks up or read them at once. */
constexpr std::uint32_t mostThreads = 64;
} // namespace

std::shared_ptr<DiskStreams> DiskStreams::getShared()
{
    const std::scoped_lock lock (sharedMutex);
    auto streams = sharedStreams.lock();

    if (streams == nullptr)
        sharedStreams = streams = std::make_shared<DiskStreams>();

    return streams;
}

std::shared_ptr<DiskStreams> DiskStreams::findShared()
{
    const std::scoped_lock lock (sharedMutex);
    return sharedStreams.lock();
}

DiskStreams::DiskStreams() : DiskStreams (Limits()) {}

DiskStreams::DiskStreams (const Limits& limitsToKeep)
    : limits (limitsToKeep), numSlots (limits.blocks), memory (new float[numSlots * FileDecoder::mostValues]),
      cache ({ numSlots * blockBytes, limits.blocks * linesPerBlock, mostThreads },
             [this] (const BlockKey&, float*&& block, auto) { giveMemory (block); }),
      readers (limits.readers), writers (limits.writers)
{
    // The first ones on top.
    for (auto i = numSlots; i > 0; --i)
        unused.push_back (memory.get() + (i - 1) * FileDecoder::mostValues);
}

DiskStreams::~DiskStreams() = default;

float* DiskStreams::takeMemory (Cache::Token& token)
{
    for (;;)
    {
        {
            const std::scoped_lock lock (memoryMutex);

            if (! unused.empty())
            {
                auto* const block = unused.back();
                unused.pop_back();
                return block;
            }
        }

        if (! cache.evict (token))
            return nullptr;
    }
}

void DiskStreams::giveMemory (float* block) noexcept
{
    const std::scoped_lock lock (memoryMutex);
    unused.push_back (block); // there was room for it
}

std::uint32_t DiskStreams::add (FileStream& stream)
{
    std::vector<DiskTask::Reference> others; // ended without the lock, for a stream that ends takes it
    std::uint32_t number = 0;

    {
        const std::scoped_lock lock (streamsMutex);

        if ((streams.size() + 1) * leastShare > limits.blocks)
            throw Error ("the file players",
                         "more than " + std::to_string (limits.blocks / leastShare) + " cannot play at once",
                         "join some of their files", Error::Kind::failed);

        for (auto* other : streams)
            others.push_back (other->refer());

        streams.push_back (&stream);
        number = ++lastNumber;
        totals.hasStreamed = true;
        updateShare();
    }

    // They let go of what is above their share now.
    for (const auto& other : others)
        if (other != nullptr)
            other->request();

    return number;
}

void DiskStreams::remove (FileStream& stream) noexcept
{
    const std::scoped_lock lock (streamsMutex);
    streams.erase (std::remove (streams.begin(), streams.end(), &stream), streams.end());
    totals.hits += stream.getHits();
    totals.misses += stream.getMisses();
    totals.underruns += stream.getUnderruns();
    updateShare();
}

void DiskStreams::updateShare()
{
    const auto number = std::max (std::size_t (1), streams.size());
    share.store (std::uint32_t (limits.blocks / number), std::memory_order_relaxed);
}

DiskStreams::Totals DiskStreams::getTotals() const
{
    const std::scoped_lock lock (streamsMutex);
    auto result = totals;

    for (const auto* stream : streams)
    {
        result.hits += stream->getHits();
        result.misses += stream->getMisses();
        result.underruns += stream->getUnderruns();
    }

    return result;
}

} // namespace host
