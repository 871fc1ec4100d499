#pragma once

#include <rt_queues/CacheLine.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

namespace host::detail
{

/** The ops of a block that wait for a thread, between any number of threads: an array in which each op has its place in the order in
    which they became ready. An op becomes ready once a block, so the array never wraps, and there is no ABA.

    | operation | who | progress |
    |---|---|---|
    | push() | a thread that renders the block | wait-free: one read-modify-write and one store |
    | pop() | any rendering thread | lock-free; never waits for a pusher: a place that is claimed and not filled yet is "empty" |
    | begin(), close() | the audio thread | wait-free |
    | constructor | | allocates |

    Neighbours lie on different cache lines, or whoever pushes would take the line away from whoever pops all the time: between
    cores that are far from each other that is a twentieth of a block of small ops (Docs/graph-engine.md).

    Every word carries the block's number, so that a thread which comes late from an earlier block takes nothing and spoils nothing.
    (40 bits of it: at 1,000 blocks a second they last for 34 years.)

    Memory orders: push()'s store (1) is a release and pop()'s load (2) an acquire: who takes an op sees all that was done before
    it became ready, and, through the pushers before, what the audio thread wrote before begin(). The head's exchange (3) is seq_cst, and so
    is close()'s (4): see ParallelRenderer, which relies on one order of both with its own words.
*/
class ReadyList
{
public:
    /** @param capacityToUse  ops in a block, at most 2^24 - 1 */
    explicit ReadyList (int capacityToUse)
        : capacity (std::uint32_t (capacityToUse)), places (std::bit_ceil (std::max (capacity, placesPerLine))),
          shift (unsigned (std::countr_zero (places.size() / placesPerLine)))
    {
    }

    int getCapacity() const noexcept { return int (capacity); }

    /** Opens the list for a block. Nobody pushes or pops meanwhile, but for threads that are late. */
    void begin() noexcept
    {
        const auto block = ++current;
        tail.store (makeWord (block, 0), std::memory_order_relaxed);
        head.store (makeWord (block, 0), std::memory_order_release);
    }

    /** What is in the list is nobody's from now on. */
    void close() noexcept { head.exchange (makeWord (++current, 0), std::memory_order_seq_cst); } // (4)

    void push (int op) noexcept
    {
        const auto word = tail.fetch_add (1, std::memory_order_relaxed);
        placeOf (word).store (makeWord (blockOf (word), std::uint32_t (op)), std::memory_order_release); // (1)
    }

    /** @returns an op, or -1 */
    int pop() noexcept
    {
        auto word = head.load (std::memory_order_acquire);

        while (indexOf (word) < capacity)
        {
            const auto place = placeOf (word).load (std::memory_order_acquire); // (2)

            if (blockOf (place) != blockOf (word))
                return -1;

            if (head.compare_exchange_weak (word, word + 1, std::memory_order_seq_cst)) // (3)
                return int (indexOf (place));
        }

        return -1;
    }

    /** How many ops wait now, about. */
    int getSize() const noexcept
    {
        const auto first = head.load (std::memory_order_acquire), last = tail.load (std::memory_order_relaxed);
        return blockOf (first) == blockOf (last) && last > first ? int (last - first) : 0;
    }

private:
    static constexpr unsigned indexBits = 24;

    static constexpr std::uint64_t makeWord (std::uint64_t block, std::uint32_t index) noexcept
    {
        return (block << indexBits) | index;
    }

    static constexpr std::uint64_t blockOf (std::uint64_t word) noexcept { return word >> indexBits; }
    static constexpr std::uint32_t indexOf (std::uint64_t word) noexcept { return word & ((1u << indexBits) - 1); }

    std::atomic<std::uint64_t>& placeOf (std::uint64_t word) noexcept
    {
        const auto index = std::size_t (indexOf (word));
        return places[((index * placesPerLine) & (places.size() - 1)) | (index >> shift)];
    }

    static constexpr auto placesPerLine = std::uint32_t (rt::cacheLineBytes / sizeof (std::atomic<std::uint64_t>));

    const std::uint32_t capacity;
    std::vector<std::atomic<std::uint64_t>> places; ///< block and op; a power of two of them
    const unsigned shift;                           ///< of an index, to where it begins again beside the first ones
    std::uint64_t current = 0;
    alignas (rt::cacheLineBytes) std::atomic<std::uint64_t> head{ 0 };
    alignas (rt::cacheLineBytes) std::atomic<std::uint64_t> tail{ 0 };
};

} // namespace host::detail
