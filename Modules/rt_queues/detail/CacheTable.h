#pragma once

#include "../Policy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rt::detail
{

/** The words of BlockCache: an entry's generation (40 bits) and number (20 bits), or its generation, state and pins. */
struct CacheWord
{
    static constexpr unsigned numberBits = 20, pinBits = 21;
    static constexpr std::uint64_t generationStep = std::uint64_t{ 1 } << 24;
    static constexpr std::uint64_t generationMask = ~(generationStep - 1);

    // A link: generation, number (from 1; 0: none), four bits that are zero but in a bucket's request.
    static constexpr std::uint64_t linkTo (std::uint32_t number, std::uint64_t generation) noexcept
    {
        return generation | std::uint64_t{ number } << 4;
    }

    static constexpr std::uint32_t numberOf (std::uint64_t link) noexcept
    {
        return static_cast<std::uint32_t> (link >> 4 & ((1u << numberBits) - 1));
    }

    static constexpr std::uint64_t generationOf (std::uint64_t word) noexcept { return word & generationMask; }

    // A request: a link, in which slot it goes, and whether it is done.
    static constexpr std::uint64_t done = 1;
    static constexpr std::uint64_t requestFor (std::uint64_t link, unsigned slot) noexcept { return link | slot << 1; }
    static constexpr std::uint64_t linkOf (std::uint64_t request) noexcept { return request & ~std::uint64_t{ 15 }; }
    static constexpr unsigned slotOf (std::uint64_t request) noexcept { return static_cast<unsigned> (request >> 1 & 7); }
    static constexpr bool isOpen (std::uint64_t request) noexcept { return request != 0 && (request & done) == 0; }

    // An entry's word.
    static constexpr std::uint64_t onePin = 1;
    static constexpr std::uint64_t pinMask = (std::uint64_t{ 1 } << pinBits) - 1;
    static constexpr std::uint64_t unused = std::uint64_t{ 0 } << pinBits;   ///< nobody's
    static constexpr std::uint64_t present = std::uint64_t{ 1 } << pinBits;  ///< can be found
    static constexpr std::uint64_t leaving = std::uint64_t{ 2 } << pinBits;  ///< whoever made it so ends it
    static constexpr std::uint64_t doomed = std::uint64_t{ 3 } << pinBits;   ///< removed, but somebody still has it
    static constexpr std::uint64_t arriving = std::uint64_t{ 4 } << pinBits; ///< not yet in the queue
    static constexpr std::uint64_t stateMask = std::uint64_t{ 7 } << pinBits;
};

/** BlockCache's table: from a hash to the links of at most seven entries. Each bucket is one line.

    No two entries with the same key get in, though several threads try at once: a bucket takes one after the other. Who wants
    in writes a request into the bucket, if that has not changed since it was seen that the key is not there; anybody who
    meets a request fulfils it before doing anything else. The slot is part of the request, so that all helpers write the same
    word to the same place. A slot is free if it is empty, or its link is that of an entry that cannot be found any more; only
    a request can fill it. A link stays in its slot for as long as its entry can be found. So a helper that comes too late
    finds another word there than it expects, or writes the link of an entry that cannot be found any more, which is as good
    as none.
*/
template <typename Policy>
class CacheTable
{
    using W = CacheWord;

public:
    static constexpr unsigned slotsPerBucket = 7;
    using Word = typename Policy::template Atomic<std::uint64_t>;

    struct alignas (64) Bucket
    {
        Word request{ 0 };
        std::array<Word, slotsPerBucket> slots;
    };

    explicit CacheTable (std::uint32_t numEntries)
        : shift (64 - std::max (1u, static_cast<unsigned> (std::bit_width (numEntries)))),
          buckets (std::make_unique<Bucket[]> (std::size_t{ 1 } << (64 - shift)))
    {
    }

    Bucket& getBucket (std::uint64_t hash) noexcept { return buckets[static_cast<std::size_t> (hash >> shift)]; }
    const Bucket& getBucket (std::uint64_t hash) const noexcept { return buckets[static_cast<std::size_t> (hash >> shift)]; }

    /** Spreads what a hash function gives over all bits. */
    static constexpr std::uint64_t spread (std::uint64_t hash) noexcept
    {
        hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
        hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
        return hash ^ hash >> 32;
    }

    enum class Answer
    {
        placed,
        changed, ///< somebody else has got in: look again
        full
    };

    /** A request that stood in the bucket, fulfilled now if it was not: what tryPlace() compares with. Lock-free. */
    template <typename IsFree>
    static std::uint64_t settle (Bucket& bucket, IsFree&& isFree) noexcept
    {
        for (;;)
        {
            auto request = bucket.request.load (std::memory_order_seq_cst); // (2) with (1), (4)

            if (! W::isOpen (request))
                return request;

            fulfil (bucket, request, isFree);
        }
    }

    /** Puts the link into a free slot, if nobody else has put one since `settled`. Lock-free. */
    template <typename IsFree>
    static Answer tryPlace (Bucket& bucket, std::uint64_t settled, std::uint64_t link, IsFree&& isFree) noexcept
    {
        for (unsigned slot = 0; slot < slotsPerBucket; ++slot)
        {
            if (! isFree (bucket.slots[slot].load (std::memory_order_acquire)))
                continue;

            const auto request = W::requestFor (link, slot);

            if (! bucket.request.compare_exchange_strong (settled, request, std::memory_order_seq_cst,
                                                          std::memory_order_relaxed)) // (1) with (2)
                return Answer::changed;

            fulfil (bucket, request, isFree);
            return Answer::placed;
        }

        return bucket.request.load (std::memory_order_seq_cst) == settled ? Answer::full : Answer::changed;
    }

    /** Takes the link out, of an entry that cannot be found any more. Others may have done so. Wait-free. */
    static void take (Bucket& bucket, std::uint64_t link) noexcept
    {
        for (auto& slot : bucket.slots)
            if (auto word = slot.load (std::memory_order_relaxed); word == link)
                slot.compare_exchange_strong (word, 0, std::memory_order_relaxed, std::memory_order_relaxed);
    }

private:
    template <typename IsFree>
    static void fulfil (Bucket& bucket, std::uint64_t request, IsFree&& isFree) noexcept
    {
        auto& slot = bucket.slots[W::slotOf (request)];
        auto word = slot.load (std::memory_order_acquire);

        // More than once only if a helper of long ago writes what is free, too.
        while (word != W::linkOf (request) && isFree (word))
            if (slot.compare_exchange_strong (word, W::linkOf (request), std::memory_order_seq_cst,
                                              std::memory_order_acquire)) // (3)
                break;

        bucket.request.compare_exchange_strong (request, request | W::done, std::memory_order_seq_cst,
                                                std::memory_order_relaxed); // (4) with (2)
    }

    const unsigned shift;
    const std::unique_ptr<Bucket[]> buckets;
};

} // namespace rt::detail
