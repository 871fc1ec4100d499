#include "FileStream.h"

#include <host_graph/Error.h>
#include <rt_guard/Permit.h>

#include <algorithm>
#include <cstring>

namespace host
{

namespace
{
/** Reading ahead further than that helps nobody. */
constexpr std::uint32_t mostAhead = 64;

void add (std::atomic<std::uint64_t>& counter) noexcept
{
    counter.store (counter.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed); // one thread writes
}
} // namespace

std::unique_ptr<FileStream, DiskTask::Ending> FileStream::make (DiskStreams& streams, std::unique_ptr<FileDecoder> decoder,
                                                                const Settings& settings)
{
    return std::unique_ptr<FileStream, Ending> (new FileStream (streams, std::move (decoder), settings));
}

FileStream::FileStream (DiskStreams& streamsToUse, std::unique_ptr<FileDecoder> decoderToUse, const Settings& settingsToUse)
    : DiskTask (streamsToUse.getReaders(), streamsToUse.getReaderPosters()), streams (streamsToUse),
      decoder (std::move (decoderToUse)), settings (settingsToUse), length (decoder->getLength()),
      blockLength (decoder->getBlockLength()), token (streams.getCache())
{
    window.reserve (mostAhead + 1);
    ahead.reserve (mostAhead + 1);
    number = streams.add (*this);
}

FileStream::~FileStream()
{
    current.reset();
    ahead.clear();
    Cache::Token own (streams.getCache());
    streams.getCache().removeIf ([this] (const auto& key) { return key.stream == number; }, own);
}

std::int64_t FileStream::toFile (std::int64_t position) const noexcept
{
    if (position < 0 || settings.start >= length)
        return length;

    if (settings.loop)
        return settings.start + position % (length - settings.start);

    return position < length - settings.start ? settings.start + position : length;
}

int FileStream::play (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept
{
    return render<false> (channels, numChannels, numSamples, position);
}

int FileStream::playOffline (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept
{
    return render<true> (channels, numChannels, numSamples, position);
}

template <bool isOffline>
int FileStream::render (float* const* channels, int numChannels, int numSamples, std::int64_t position) noexcept
{
    const auto numOwn = std::min (numChannels, decoder->getNumChannels());
    auto isLate = false;

    for (int done = 0; done < numSamples;)
    {
        const auto place = toFile (position + done);
        auto count = numSamples - done;
        const float* block = nullptr;

        if (place < length)
        {
            const auto index = place / blockLength;
            const auto offset = int (place - index * blockLength);
            count = int (std::min ({ std::int64_t (count), std::int64_t (blockLength - offset), length - place }));

            if (findBlock<isOffline> (index))
                block = *current + offset;
            else
                isLate = true;
        }

        for (int channel = 0; channel < numOwn; ++channel)
        {
            auto* destination = channels[channel] + done;

            if (block != nullptr)
                std::memcpy (destination, block + std::ptrdiff_t (channel) * blockLength,
                             std::size_t (count) * sizeof (float));
            else
                std::memset (destination, 0, std::size_t (count) * sizeof (float));
        }

        done += count;
    }

    if (isLate)
        add (underruns);

    want (position + numSamples, isLate);
    return numOwn;
}

/** Has the block that plays pinned. */
template <bool isOffline>
bool FileStream::findBlock (std::int64_t index) noexcept
{
    if (index == currentIndex)
        return true;

    // Let go first: in a full cache it may be the room that the next one needs.
    current.reset();
    currentIndex = -1;
    current = streams.getCache().find (keyOf (index), token);
    add (current ? hits : misses);

    if constexpr (isOffline)
        if (! current)
            waitForBlock (index);

    if (! current)
        return false;

    currentIndex = index;
    return true;
}

/** Rendering to a file, which has the time. */
void FileStream::waitForBlock (std::int64_t index) noexcept
{
    const rt::guard::Permit permit;
    wanted.store (std::max (std::int64_t (0), index * blockLength - settings.start), std::memory_order_release);

    while (! hasFailed() && ! current)
    {
        // By request() a job is under way that looks at what is wanted; what it does is told.
        requestFromAudio();
        waitFor (
            [&]
            {
                if (! current)
                    current = streams.getCache().peek (keyOf (index));

                return bool (current) || hasFailed();
            },
            std::chrono::milliseconds (5));
    }
}

void FileStream::cue (std::int64_t position) noexcept { want (position, false); }

/** Asks for what comes, once for each block that begins, and for as long as something is late. */
void FileStream::want (std::int64_t position, bool isLate) noexcept
{
    const auto place = toFile (position);
    const auto index = place < length ? place / blockLength : settings.start / blockLength;

    // A release, which the request is: the job that has not looked yet sees the position.
    wanted.store (position, std::memory_order_release);

    if (index != askedFor || isLate)
        askedFor = requestFromAudio() ? index : -1;
}

void FileStream::prime (std::chrono::milliseconds longest)
{
    const auto isReady = [this] { return primed.load (std::memory_order_acquire) || hasFailed(); };
    const auto end = std::chrono::steady_clock::now() + longest;

    // Again and again: others may have to make room first.
    do
        request();
    while (! waitFor (isReady, std::chrono::milliseconds (10)) && std::chrono::steady_clock::now() < end);
}

//======================================================================================================================
/** The blocks that come, from the one that is wanted on, in the order in which they are heard; then the first one. */
void FileStream::findWindow (std::uint32_t most)
{
    window.clear();
    const auto first = settings.start / blockLength;
    const auto last = (length - 1) / blockLength;
    const auto place = toFile (wanted.load (std::memory_order_acquire));

    if (settings.start >= length)
        return;

    // What plays needs room, and at a block's end what has played; the beginning, if there is room for more than the least.
    const auto hasRoom = most > DiskStreams::leastShare;
    const auto mostBlocks = std::min (most - (hasRoom ? 2 : 1), mostAhead);

    for (auto index = place / blockLength; place < length && window.size() < mostBlocks;)
    {
        window.push_back (index);

        if (index < last)
            ++index;
        else if (settings.loop)
            index = first;
        else
            break;

        if (index == window.front())
            break;
    }

    if (hasRoom && std::find (window.begin(), window.end(), first) == window.end())
        window.push_back (first);
}

bool FileStream::work()
{
    if (isAbandoned() || hasFailed())
    {
        ahead.clear();
        return false;
    }

    findWindow (streams.getShare());
    std::erase_if (ahead,
                   [this] (const Ahead& a) { return std::find (window.begin(), window.end(), a.index) == window.end(); });

    const auto isThere = [this] (std::int64_t index)
    { return std::any_of (ahead.begin(), ahead.end(), [index] (const Ahead& a) { return a.index == index; }); };
    const auto next = std::find_if_not (window.begin(), window.end(), isThere);

    if (next - window.begin() >= 2 || next == window.end())
        primed.store (true, std::memory_order_release);

    if (next == window.end())
        return false;

    Cache::Token own (streams.getCache());
    return load (*next, own);
}

/** False if there is no room: all that others have is pinned. The thread that renders asks again. */
bool FileStream::load (std::int64_t index, Cache::Token& own)
{
    auto& cache = streams.getCache();

    if (auto pin = cache.peek (keyOf (index)))
    {
        ahead.push_back ({ index, std::move (pin) });
        return true;
    }

    auto* block = streams.takeMemory (own);

    if (block == nullptr)
        return false;

    auto isRead = false;

    try
    {
        isRead = decoder->decode (index, block);
    }
    catch (const std::bad_alloc&)
    {
    }

    if (! isRead)
    {
        streams.giveMemory (block);
        failed.store (true, std::memory_order_relaxed);
        throw Error (settings.name,
                     "cannot be read from " + std::to_string (double (index * blockLength) / decoder->getRate()) + " s on",
                     "copy or export the file again; it stays silent");
    }

    auto inserted = cache.insert (keyOf (index), std::move (block), FileDecoder::mostValues * sizeof (float), own);

    if (inserted.status != Cache::Status::inserted)
        streams.giveMemory (block);

    if (! inserted.pin)
        return false;

    ahead.push_back ({ index, std::move (inserted.pin) });
    return true;
}

} // namespace host
