#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace rt::detail
{

/** Where nodes lie in memory, and the way from a node back to what it was allocated with.

    Memory for nodes comes in places: first who owns the place, then as many nodes as the rest of a cache line holds, or one
    that is larger. A node that is made alone has a place of its own and no block, so that no other thread works on its line;
    the nodes of a block lie side by side, several to a line.
*/
template <typename Node, typename Policy>
class NodeMemory
{
public:
    /** Counts the nodes of one allocation that are alive; the last one frees it. */
    class Block
    {
    public:
        /** Allocates. The block begins with one use, its maker's. Throws std::bad_alloc. */
        static Block* make (std::size_t numNodes)
        {
            const auto numPlaces = (numNodes + perPlace - 1) / perPlace;

            if (numPlaces >= ~std::size_t{ 0 } / stride - 2)
                throw std::bad_alloc();

            // The block itself lies before the first place, on a line of its own.
            const auto [place, memory] = allocate ((numPlaces + 1) * stride);
            return ::new (place) Block (memory);
        }

        /** Makes an empty node in the `index`-th part; each once. */
        Node* makeNode (std::size_t index)
        {
            auto* place = reinterpret_cast<std::byte*> (this) + (index / perPlace + 1) * stride;
            ::new (place) Owner{ this, nullptr };
            uses.fetch_add (std::size_t{ 1 }, std::memory_order_relaxed);
            return ::new (place + offset + index % perPlace * sizeof (Node)) Node;
        }

        /** Any thread. Orders (1) with (1): who frees the block comes after all that was done to its other nodes. */
        void release() noexcept
        {
            if (uses.fetch_sub (std::size_t{ 1 }, std::memory_order_acq_rel) == 1) // (1)
            {
                auto* const everything = memory;
                this->~Block();
                ::operator delete (everything);
            }
        }

    private:
        explicit Block (void* memoryToFree) noexcept : memory (memoryToFree) {}

        void* const memory;
        typename Policy::template Atomic<std::size_t> uses{ 1 };
    };

    /** Makes an empty node on lines of its own. Throws std::bad_alloc. */
    static Node* makeAlone()
    {
        const auto [place, memory] = allocate (stride);
        ::new (place) Owner{ nullptr, memory };
        return ::new (place + offset) Node;
    }

    /** Frees a node that holds no value any more, or its share in its block. */
    static void destroy (Node* node) noexcept
    {
        const auto owner = getOwner (node);
        node->~Node();

        if (owner.block != nullptr)
            owner.block->release();
        else
            ::operator delete (owner.memory);
    }

    /** For a node of a block, asks for what lies a little further: the next nodes will be needed soon. Never faults.
        Not so for one that was made alone: what lies behind it is somebody else's, whom it would slow down.
    */
    static void prefetchBehind (Node* node) noexcept
    {
        if (getOwner (node).block != nullptr)
            __builtin_prefetch (reinterpret_cast<const void*> (reinterpret_cast<std::uintptr_t> (node) + 2 * stride));
    }

private:
    struct Owner
    {
        Block* block;
        void* memory; // of a node that was made alone
    };

    struct Place
    {
        std::byte* place;
        void* memory;
    };

    static constexpr std::size_t roundUp (std::size_t size, std::size_t step) { return (size + step - 1) / step * step; }

    static constexpr std::size_t lineBytes = 64;
    static constexpr auto alignment = std::max (lineBytes, alignof (Node));
    static constexpr auto offset = roundUp (sizeof (Owner), alignof (Node)); // of the first node in its place
    static constexpr auto perPlace =
        offset + sizeof (Node) <= alignment ? (alignment - offset) / sizeof (Node) : std::size_t{ 1 };
    static constexpr auto stride = roundUp (offset + perPlace * sizeof (Node), alignment);

    static_assert (sizeof (Block) <= stride);

    static const Owner& getOwner (Node* node) noexcept
    {
        // Also right for a node that begins where its place would end, because it is aligned as widely.
        const auto inside = reinterpret_cast<std::uintptr_t> (node) - 1;
        return *reinterpret_cast<const Owner*> (inside - inside % alignment);
    }

    // Aligned by hand: the C library takes four times as long over aligned memory.
    static Place allocate (std::size_t size)
    {
        auto* memory = ::operator new (size + alignment - 1);
        const auto misplaced = reinterpret_cast<std::uintptr_t> (memory) % alignment;
        return { static_cast<std::byte*> (memory) + (alignment - misplaced) % alignment, memory };
    }
};

} // namespace rt::detail
