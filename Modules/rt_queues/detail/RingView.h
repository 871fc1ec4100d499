#pragma once

#include "../CacheLine.h"
#include "../Policy.h"

#include <cstddef>
#include <cstdint>

namespace rt::detail
{

/** What a MirroredRing's file tells about itself, at its very beginning. Written once, by whoever makes the ring; everybody else
    reads it once, checks it, and from then on believes only the copy.
*/
struct RingGeometry
{
    static constexpr std::uint64_t theMagic = 0x3130676e69524841; // "AHRing01"
    static constexpr std::uint32_t theVersion = 1;
    static constexpr std::uint64_t mostDataBytes = std::uint64_t{ 1 } << 40;
    static constexpr std::uint64_t mostAlignment = 4096;

    std::uint64_t magic = 0; // written last
    std::uint32_t version = 0;
    std::uint32_t spacing = 0; // between what different threads write
    std::uint64_t headerBytes = 0;
    std::uint64_t dataBytes = 0;
    std::uint64_t alignment = 0;
};

/** The first page of a ring's file. What two sides write lies at a fixed distance: part of the format, whatever a compiler
    thinks of cache lines.
*/
template <typename Policy>
struct RingHeader
{
    RingGeometry geometry;

    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint64_t> committed; // the writer's
    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint64_t> released;  // the reader's
    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint32_t> readerAsleep;
    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint32_t> writerAsleep;

    // How often somebody came or went: odd while somebody is there.
    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint32_t> writerVisits;
    typename Policy::template Atomic<std::uint32_t> readerVisits;
};

static_assert (sizeof (RingGeometry) == 40 && sizeof (RingHeader<StdPolicy>) == 6 * 128, "This is a file format");
static_assert (std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free,
               "A lock would not be shared between processes");

/** What both ends of a ring know about its memory. Nothing in here is read from the shared memory again.

    The ring is cut into granules of the alignment's size. A message begins with a word (see RingWord) at the end of a granule
    and goes on in the next one; the granule after it has the next message's word. Offsets count bytes from the ring's first day
    and never wrap; positions are offsets modulo the ring's size. Because the memory is mapped twice, a message that begins
    at the ring's end goes on behind it.
*/
template <typename Policy>
struct RingView
{
    RingHeader<Policy>* header = nullptr;
    typename Policy::template Atomic<std::uint64_t>* words = nullptr; // that of position 0
    std::byte* messages = nullptr;                                    // just behind that word
    std::uint64_t dataBytes = 0;
    std::uint64_t alignment = 8;

    typename Policy::template Atomic<std::uint64_t>& wordAt (std::uint64_t position) const noexcept
    {
        return words[position / sizeof (std::uint64_t)];
    }

    /** From one message's offset to the next one's. */
    std::uint64_t strideOf (std::uint64_t numBytes) const noexcept
    {
        return (sizeof (std::uint64_t) + numBytes + alignment - 1) & ~(alignment - 1);
    }

    /** The word behind a message must be free for the writer to clear, so a granule is always left over. */
    std::uint64_t mostInside() const noexcept { return dataBytes - alignment; }

    std::uint64_t largestMessage() const noexcept { return mostInside() - sizeof (std::uint64_t); }

    std::uint64_t advance (std::uint64_t position, std::uint64_t stride) const noexcept
    {
        position += stride;
        return position >= dataBytes ? position - dataBytes : position;
    }

    bool isAligned (std::uint64_t offset) const noexcept { return (offset & (alignment - 1)) == 0; }
};

/** The word in front of a message: 0, or the message's size and a tag that depends on where it is.

    The tag is there so that a reader that meets something else says so; that it does not, for a writer that keeps to the
    rules, rests on the words that the writer clears. Nor does it keep out a writer who means harm: a size is believed
    only as far as the memory goes.
*/
struct RingWord
{
    static constexpr int sizeBits = 40;
    static constexpr std::uint64_t sizeMask = (std::uint64_t{ 1 } << sizeBits) - 1;
    static constexpr std::uint64_t none = 0;

    static std::uint64_t tagOf (std::uint64_t offset) noexcept
    {
        return (static_cast<std::uint32_t> (offset >> 3) + 1) * 0x9e3779b1u >> (32 - (64 - sizeBits));
    }

    static std::uint64_t make (std::uint64_t offset, std::uint64_t numBytes) noexcept
    {
        return tagOf (offset) << sizeBits | (numBytes + 1);
    }

    /** Whether a message of at most `largest` bytes can be behind this word, which is not 0, at that offset. */
    static bool isPlausible (std::uint64_t word, std::uint64_t offset, std::uint64_t largest) noexcept
    {
        return getSize (word) <= largest && word >> sizeBits == tagOf (offset);
    }

    /** More than any message has if there is nothing behind this word. */
    static std::uint64_t getSize (std::uint64_t word) noexcept { return (word & sizeMask) - 1; }
};

} // namespace rt::detail
