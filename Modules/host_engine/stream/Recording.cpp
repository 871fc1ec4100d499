#include "Recording.h"

#include <host_graph/Error.h>
#include <rt_guard/Permit.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace host
{

namespace
{
constexpr double ringSeconds = 10.0;
constexpr double mostRingBytes = 32.0 * 1024 * 1024;
constexpr double askSeconds = 0.05; ///< that a kill may cost
constexpr std::size_t pieceBytes = 256 * 1024;

/** At least four of the largest messages. */
std::size_t findCapacity (int numChannels, double rate, int maxBlockSize)
{
    const auto frameBytes = double (numChannels) * sizeof (float);
    const auto block = 4.0 * (frameBytes * maxBlockSize + 64.0);
    return std::size_t (std::max (block, std::min (mostRingBytes, ringSeconds * rate * frameBytes)));
}
} // namespace

std::unique_ptr<Recording, DiskTask::Ending> Recording::make (DiskStreams& streams, const juce::File& file, int numChannels,
                                                              double rate, int maxBlockSize)
{
    return std::unique_ptr<Recording, Ending> (new Recording (streams, file, numChannels, rate, maxBlockSize));
}

Recording::Recording (DiskStreams& streams, const juce::File& fileToWrite, int channels, double sampleRate, int mostSamples)
    : DiskTask (streams.getWriters(), streams.getWriterPosters()), file (fileToWrite), numChannels (channels),
      rate (sampleRate), maxBlockSize (mostSamples),
      ring (rt::MirroredRing::createAnonymous (
          { .capacity = findCapacity (channels, sampleRate, mostSamples), .mapping = { .populate = true } })),
      writer (ring.attachWriter()), askEach (std::uint64_t (askSeconds * sampleRate)), reader (ring.attachReader())
{
    collected.reserve (pieceBytes);
}

void Recording::record (const float* const* channels, int numSamples) noexcept
{
    if (! put (channels, numSamples))
        lose (numSamples);
}

void Recording::recordOffline (const float* const* channels, int numSamples) noexcept
{
    while (! put (channels, numSamples))
    {
        if (failed.load (std::memory_order_acquire))
            return lose (numSamples);

        const rt::guard::Permit permit;
        const auto bytes = sizeof (Prefix) + std::size_t (numSamples) * std::size_t (numChannels) * sizeof (float);
        requestFromAudio();
        waitFor ([&] { return failed.load (std::memory_order_acquire) || writer.canWrite (bytes) == rt::RingStatus::ok; },
                 std::chrono::milliseconds (5));
    }
}

bool Recording::put (const float* const* channels, int numSamples) noexcept
{
    auto message = writer.reserve (sizeof (Prefix) + std::size_t (numSamples) * std::size_t (numChannels) * sizeof (float));

    if (! message)
        return false;

    const Prefix prefix{ gap };
    auto* place = message.getBytes().data();
    std::memcpy (place, &prefix, sizeof (prefix));
    place += sizeof (prefix);

    for (int i = 0; i < numSamples; ++i)
    {
        for (int channel = 0; channel < numChannels; ++channel)
        {
            std::memcpy (place, channels[channel] + i, sizeof (float));
            place += sizeof (float);
        }
    }

    message.commit();
    gap = 0;
    begun.store (true, std::memory_order_relaxed);
    lostAtEnd.store (0, std::memory_order_relaxed);
    unasked += std::uint64_t (numSamples);

    if (unasked >= askEach && requestFromAudio())
        unasked = 0;

    return true;
}

void Recording::lose (int numSamples) noexcept
{
    gap += std::uint64_t (numSamples);
    lost.store (lost.load (std::memory_order_relaxed) + std::uint64_t (numSamples), std::memory_order_relaxed);
    lostAtEnd.store (gap, std::memory_order_relaxed);
    requestFromAudio();
}

void Recording::flush() noexcept
{
    if (unasked > 0 && requestFromAudio())
        unasked = 0;
}

void Recording::finish()
{
    finishing.store (true, std::memory_order_release);

    while (! isFinished())
    {
        request();
        waitFor ([this] { return isFinished(); }, std::chrono::milliseconds (50));
    }

    if (! failure.empty())
        throw Error (failure);
}

//======================================================================================================================
bool Recording::work()
{
    if (isFinished())
        return false;

    const auto isLast = finishing.load (std::memory_order_acquire);

    try
    {
        if (! failed.load (std::memory_order_relaxed))
        {
            collect();
            writeCollected();

            if (reader.canRead() == rt::RingStatus::ok)
                return true;

            if (isLast && output != nullptr)
            {
                appendSilence (lostAtEnd.load (std::memory_order_relaxed));
                writeCollected();
                output->sync();
            }
        }
    }
    catch (const std::exception& error)
    {
        failure = error.what();
        failed.store (true, std::memory_order_release);
        output = nullptr;

        if (! isLast)
            throw; // the pool tells it at once; at the end finish() does
    }

    if (failed.load (std::memory_order_relaxed))
    {
        // What comes now is lost; the other side sees it by the ring's being full.
        output = nullptr;
    }

    if (isLast)
    {
        output = nullptr;
        hasEnded.store (true, std::memory_order_release);
    }

    return false;
}

/** As much as is to be written at once. */
void Recording::collect()
{
    while (collected.size() < pieceBytes)
    {
        auto message = reader.read();

        if (! message)
            return;

        const auto bytes = message.getBytes();
        Prefix prefix;
        std::memcpy (&prefix, bytes.data(), sizeof (prefix));
        appendSilence (prefix.numLost);
        const auto* samples = reinterpret_cast<const char*> (bytes.data()) + sizeof (prefix);
        collected.insert (collected.end(), samples, samples + bytes.size() - sizeof (prefix));
    }
}

void Recording::appendSilence (std::uint64_t numSamples)
{
    collected.resize (collected.size() + std::size_t (numSamples) * std::size_t (numChannels) * sizeof (float));
}

void Recording::writeCollected()
{
    if (collected.empty())
        return;

    if (output == nullptr)
        output = std::make_unique<RecordingFile> (file, numChannels, rate, finishing);

    output->write (collected);
    collected.clear();
}

} // namespace host
