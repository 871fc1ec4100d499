#pragma once

#include "../FreelistElement.h"

#include <cstdint>

namespace rt::detail
{

/** The words of LruQueue, and what they are made of: a node's number (23 bits), a generation (40 bits) and one bit. */
struct LruWord
{
    static constexpr unsigned indexBits = 23;
    static constexpr std::uint64_t mark = 1;
    static constexpr std::uint64_t indexMask = ((std::uint64_t{ 1 } << indexBits) - 1) << 1;
    static constexpr std::uint64_t generationStep = std::uint64_t{ 1 } << (indexBits + 1);
    static constexpr std::uint64_t generationMask = ~(generationStep - 1);

    // A link: node, its generation, and the mark of a `next` that is frozen.
    static constexpr std::uint64_t generationOf (std::uint64_t word) noexcept { return word & generationMask; }
    static constexpr std::uint32_t indexOf (std::uint64_t link) noexcept
    {
        return static_cast<std::uint32_t> ((link & indexMask) >> 1);
    }
    static constexpr std::uint64_t unmarked (std::uint64_t link) noexcept { return link & ~mark; }
    static constexpr bool isMarked (std::uint64_t link) noexcept { return (link & mark) != 0; }
    static constexpr std::uint64_t linkTo (std::uint32_t index, std::uint64_t generation) noexcept
    {
        return generation | std::uint64_t{ index } << 1;
    }

    // Nothing comes before the head, so that its number in a link means "no next"; the generation is then that of the node
    // whose link this is.
    static constexpr std::uint32_t headIndex = 0;
    static constexpr std::uint64_t head = 0;
    static constexpr bool isEnd (std::uint64_t link) noexcept { return (link & indexMask) == 0; }
    static constexpr std::uint64_t endOf (std::uint64_t generation) noexcept { return generation; }

    // A state: the generation, and what the node is in that life.
    static constexpr std::uint64_t unused = 0, live = 1, dead = 2, isHead = 3;
    static constexpr std::uint64_t liveState (std::uint64_t link) noexcept { return generationOf (link) | live; }
    static constexpr std::uint64_t deadState (std::uint64_t link) noexcept { return generationOf (link) | dead; }
};

/** A node of LruQueue: one line. */
template <typename Policy>
struct alignas (64) LruNode : FreelistElement<Policy>
{
    using Word = typename Policy::template Atomic<std::uint64_t>;

    Word state{ LruWord::unused };
    Word link{ LruWord::endOf (0) }; // to the next node
    Word previous{ LruWord::head };  // where the link to this one was last seen, a hint; not with reference bits
    Word value{ 0 };
    Word stamp{ 0 }; // grows along the queue
    typename Policy::template Atomic<std::uint8_t> reference{ 0 };
};

} // namespace rt::detail
