#include <rt_guard/detail/RescueHeap.h>

#include <catch2/catch.hpp>

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using rt::guard::detail::OrdinaryHeap;
using rt::guard::detail::RescueArena;
using rt::guard::detail::RescueHeap;

namespace
{

/** The C library's heap, and how often it was called. */
struct Calls
{
    int allocations = 0, reallocations = 0, releases = 0;

    bool operator== (const Calls&) const = default;
};

Calls calls;

const OrdinaryHeap countingHeap{ .allocate =
                                     [] (std::size_t size)
                                 {
                                     ++calls.allocations;
                                     return std::malloc (size);
                                 },
                                 .allocateZeroed =
                                     [] (std::size_t size)
                                 {
                                     ++calls.allocations;
                                     return std::calloc (1, size);
                                 },
                                 .allocateAligned =
                                     [] (std::size_t alignment, std::size_t size)
                                 {
                                     ++calls.allocations;
                                     return ::memalign (alignment, size);
                                 },
                                 .reallocate =
                                     [] (void* block, std::size_t size)
                                 {
                                     ++calls.reallocations;
                                     return std::realloc (block, size);
                                 },
                                 .release =
                                     [] (void* block)
                                 {
                                     ++calls.releases;
                                     std::free (block);
                                 },
                                 .getUsableSize = [] (void* block) { return ::malloc_usable_size (block); } };

/** A heap, and a thread that is real-time. */
struct Rescue
{
    explicit Rescue (const OrdinaryHeap& ordinary = countingHeap) : owned (std::make_unique<RescueHeap> (ordinary))
    {
        calls = {};
    }

    ~Rescue()
    {
        for (auto* block : kept)
            arena.release (nullptr, block);

        arena.detach (*thread);
    }

    /** Takes all blocks of this size and larger ones. */
    void exhaust (std::size_t size)
    {
        while (auto* block = arena.allocate (nullptr, size))
            kept.push_back (block);

        exhaustions = arena.getCounts().exhausted;
    }

    std::unique_ptr<RescueHeap> owned;
    RescueHeap& heap = *owned;
    RescueArena& arena = heap.getArena();
    RescueHeap::Thread* const thread = arena.attach();
    std::vector<void*> kept;
    std::uint64_t exhaustions = 0;
};

void fill (void* block, std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        static_cast<unsigned char*> (block)[i] = static_cast<unsigned char> (i * 7 + 3);
}

bool isFilled (const void* block, std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        if (static_cast<const unsigned char*> (block)[i] != static_cast<unsigned char> (i * 7 + 3))
            return false;

    return true;
}

} // namespace

TEST_CASE ("A real-time thread's blocks come from the arena, and the ordinary heap is not called")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    std::vector<void*> blocks;

    for (std::size_t size : { 0u, 1u, 16u, 17u, 1000u, 5000u, 100000u, 512u * 1024u })
    {
        blocks.push_back (heap.allocate (thread, size));
        blocks.push_back (heap.allocateZeroed (thread, size / 4));
        blocks.push_back (heap.allocateAligned (thread, 4096, size / 4));
    }

    for (auto*& block : blocks)
    {
        REQUIRE (arena.owns (block));
        block = heap.reallocate (thread, block, arena.getUsableSize (block) / 2);
        REQUIRE (arena.owns (block));
    }

    auto statistics = heap.getStatistics();
    CHECK (statistics.served == blocks.size());
    CHECK (statistics.inUse == blocks.size());

    for (auto* block : blocks)
        heap.release (thread, block);

    CHECK (calls == Calls{});
    statistics = heap.getStatistics();
    CHECK (statistics.served == blocks.size());
    CHECK (statistics.inUse == 0);
    CHECK (statistics.deferred == 0);
    CHECK (statistics.exhausted == 0);
    CHECK (statistics.tooLarge == 0);
    CHECK (statistics.invalid == 0);
}

TEST_CASE ("When the arena has nothing the ordinary heap serves, and that is counted")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    void* block = nullptr;
    std::size_t size = 200000;

    SECTION ("used up")
    {
        rescue.exhaust (size);
        REQUIRE (! kept.empty());

        SECTION ("malloc") { block = heap.allocate (thread, size); }
        SECTION ("calloc")
        {
            block = heap.allocateZeroed (thread, size);
            CHECK (
                std::all_of (static_cast<char*> (block), static_cast<char*> (block) + size, [] (char c) { return c == 0; }));
        }
        SECTION ("memalign")
        {
            block = heap.allocateAligned (thread, 256, size);
            CHECK (reinterpret_cast<std::uintptr_t> (block) % 256 == 0);
        }
        SECTION ("realloc of nothing") { block = heap.reallocate (thread, nullptr, size); }

        CHECK (heap.getStatistics().exhausted == exhaustions + 1);
        CHECK (heap.getStatistics().tooLarge == 0);
    }

    SECTION ("too large")
    {
        size = 600000;
        block = heap.allocate (thread, size);
        CHECK (heap.getStatistics().exhausted == 0);
        CHECK (heap.getStatistics().tooLarge == 1);
    }

    REQUIRE (block != nullptr);
    CHECK (! arena.owns (block));
    CHECK (calls == Calls{ 1, 0, 0 });
    fill (block, size);

    heap.release (thread, block);
    CHECK (calls.releases == 0);
    CHECK (heap.freeDeferred() == 1);
    CHECK (calls.releases == 1);
}

TEST_CASE ("calloc gives zeros where somebody else has been")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    auto* used = heap.allocate (thread, 700);
    std::memset (used, 0xff, 1024);
    heap.release (thread, used);

    auto* block = static_cast<unsigned char*> (heap.allocateZeroed (thread, 700));
    CHECK (block == used); // as was meant
    CHECK (std::count (block, block + 700, 0) == 700);
    heap.release (thread, block);
}

TEST_CASE ("memalign takes alignments as glibc does")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;

    for (std::size_t alignment : { 0u, 1u, 3u, 16u, 24u, 100u, 3000u })
    {
        auto* block = heap.allocateAligned (thread, alignment, 10);
        REQUIRE (arena.owns (block));
        CHECK (reinterpret_cast<std::uintptr_t> (block) % std::bit_ceil (alignment) == 0);
        heap.release (thread, block);
    }

    CHECK (calls == Calls{});
}

TEST_CASE ("realloc on a real-time thread keeps the contents, whatever world the block is of")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;

    SECTION ("within a block of the arena")
    {
        auto* block = heap.allocate (thread, 100);
        fill (block, 100);

        for (std::size_t size : { 128u, 1u, 101u })
            CHECK (heap.reallocate (thread, block, size) == block);

        CHECK (isFilled (block, 100));
        heap.release (thread, block);
        CHECK (calls == Calls{});
    }

    SECTION ("from one block of the arena to a larger one")
    {
        auto* block = heap.allocate (thread, 20);

        for (std::size_t size = 20; size < 150000; size *= 3)
        {
            fill (block, size);
            auto* moved = heap.reallocate (thread, block, size * 3);
            REQUIRE (moved != block);
            REQUIRE (arena.owns (moved));
            REQUIRE (! arena.isInUse (block));
            REQUIRE (isFilled (moved, size));
            block = moved;
        }

        heap.release (thread, block);
        CHECK (calls == Calls{});
        CHECK (heap.getStatistics().inUse == 0);
    }

    SECTION ("from the ordinary heap into the arena")
    {
        auto* block = std::malloc (1000);
        fill (block, 1000);
        auto* moved = heap.reallocate (thread, block, 5000);
        CHECK (arena.owns (moved));
        CHECK (isFilled (moved, 1000));
        CHECK (calls == Calls{});
        CHECK (heap.getStatistics().pending == 1);
        CHECK (heap.freeDeferred() == 1);
        CHECK (calls == Calls{ 0, 0, 1 });
        heap.release (thread, moved);
    }

    SECTION ("within a block of the ordinary heap")
    {
        auto* block = std::malloc (1000);
        fill (block, 1000);
        CHECK (heap.reallocate (thread, block, 10) == block);
        CHECK (isFilled (block, 1000));
        CHECK (calls == Calls{});
        CHECK (heap.getStatistics().pending == 0);
        std::free (block);
    }

    SECTION ("from the arena into the ordinary heap, when nothing is left")
    {
        auto* block = heap.allocate (thread, 100000);
        fill (block, 100000);
        rescue.exhaust (150000);
        auto* moved = heap.reallocate (thread, block, 150000);
        CHECK (! arena.owns (moved));
        CHECK (isFilled (moved, 100000));
        CHECK (! arena.isInUse (block));
        CHECK (calls == Calls{ 1, 0, 0 });
        CHECK (heap.getStatistics().exhausted == exhaustions + 1);
        std::free (moved);
    }

    SECTION ("from the ordinary heap to itself, when it is too large")
    {
        auto* block = std::malloc (1000);
        fill (block, 1000);
        block = heap.reallocate (thread, block, 1000000);
        CHECK (! arena.owns (block));
        CHECK (isFilled (block, 1000));
        CHECK (calls == Calls{ 0, 1, 0 });
        CHECK (heap.getStatistics().tooLarge == 1);
        std::free (block);
    }

    SECTION ("to nothing, which releases")
    {
        auto* block = heap.allocate (thread, 10);
        CHECK (heap.reallocate (thread, block, 0) == nullptr);
        CHECK (! arena.isInUse (block));
        CHECK (heap.reallocate (thread, std::malloc (100), 0) == nullptr);
        CHECK (calls == Calls{});
        CHECK (heap.freeDeferred() == 1);
        CHECK (calls == Calls{ 0, 0, 1 });
    }
}

TEST_CASE ("realloc elsewhere takes a block out of the arena")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    auto* block = heap.allocate (thread, 1000);
    fill (block, 1000);

    CHECK (heap.reallocateOutside (block, 1024) == block);
    CHECK (calls == Calls{});

    auto* moved = heap.reallocateOutside (block, 1025);
    REQUIRE (moved != nullptr);
    CHECK (! arena.owns (moved));
    CHECK (isFilled (moved, 1000));
    CHECK (! arena.isInUse (block));
    CHECK (calls == Calls{ 1, 0, 0 });
    std::free (moved);

    block = heap.allocate (thread, 1000);
    CHECK (heap.reallocateOutside (block, 0) == nullptr);
    CHECK (! arena.isInUse (block));
}

TEST_CASE ("Blocks of the ordinary heap are released later, in turn, and all of them")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;

    heap.release (thread, nullptr);
    CHECK (heap.getStatistics().deferred == 0);

    for (std::size_t size = 16; size < 200000; size = size * 5 / 4)
        heap.release (thread, std::malloc (size));

    const auto deferred = heap.getStatistics().deferred;
    CHECK (deferred > 40);
    CHECK (heap.getStatistics().pending == deferred);
    CHECK (calls.releases == 0);

    CHECK (heap.freeDeferred() == deferred);
    CHECK (calls.releases == static_cast<int> (deferred));
    CHECK (heap.getStatistics().pending == 0);
    CHECK (heap.freeDeferred() == 0);

    // What nobody fetches is released at the end: the leak checker sees to that.
    heap.release (thread, std::malloc (100));
}

TEST_CASE ("A block too small for a link is released at once")
{
    Rescue rescue ({ .allocate = countingHeap.allocate,
                     .allocateZeroed = countingHeap.allocateZeroed,
                     .allocateAligned = countingHeap.allocateAligned,
                     .reallocate = countingHeap.reallocate,
                     .release = countingHeap.release,
                     .getUsableSize = [] (void*) { return std::size_t{ 15 }; } });

    rescue.heap.release (rescue.thread, std::malloc (15));
    CHECK (calls.releases == 1);
    CHECK (rescue.heap.getStatistics().deferred == 0);
    CHECK (rescue.heap.freeDeferred() == 0);
}

TEST_CASE ("An ordinary block that is released twice while it waits is released once")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    auto* block = std::malloc (100);
    auto* other = std::malloc (100);
    heap.release (thread, block);
    heap.release (thread, other);
    heap.release (thread, block);
    heap.release (nullptr, other);

    CHECK (heap.getStatistics().invalid == 2);
    CHECK (heap.getStatistics().deferred == 2);
    CHECK (heap.freeDeferred() == 2);
    CHECK (calls.releases == 2);
}

TEST_CASE ("The next owner of a block that waited may release it as well")
{
    // A heap that has one block, and always the same.
    alignas (16) static std::byte theBlock[64];
    static int numReleased;
    numReleased = 0;

    Rescue rescue ({ .allocate = [] (std::size_t) { return static_cast<void*> (theBlock); },
                     .allocateZeroed = [] (std::size_t) { return static_cast<void*> (theBlock); },
                     .allocateAligned = [] (std::size_t, std::size_t) { return static_cast<void*> (theBlock); },
                     .reallocate = [] (void* block, std::size_t) { return block; },
                     .release = [] (void*) { ++numReleased; },
                     .getUsableSize = [] (void*) { return sizeof (theBlock); } });

    for (int i = 1; i <= 3; ++i)
    {
        rescue.heap.release (rescue.thread, theBlock);
        CHECK (rescue.heap.freeDeferred() == 1);
        CHECK (numReleased == i);
    }

    CHECK (rescue.heap.getStatistics().invalid == 0);
}

TEST_CASE ("realloc of what is no block fails and is counted")
{
    Rescue rescue;
    auto& [owned, heap, arena, thread, kept, exhaustions] = rescue;
    auto* block = static_cast<std::byte*> (heap.allocate (thread, 100));
    errno = 0;
    CHECK (heap.reallocate (thread, block + 16, 1000) == nullptr);
    CHECK (errno == ENOMEM);
    CHECK (heap.reallocateOutside (block + 16, 1000) == nullptr);
    CHECK (heap.getStatistics().invalid == 2);
    CHECK (arena.isInUse (block));

    heap.release (thread, block);
    CHECK (heap.reallocate (thread, block, 10) == nullptr);
    CHECK (heap.getStatistics().invalid == 3);
}

TEST_CASE ("While one thread releases what was put off, another does not wait for it")
{
    static RescueHeap* heap;
    static std::size_t numReleasedWithin;
    numReleasedWithin = 1000;

    Rescue rescue ({ .allocate = countingHeap.allocate,
                     .allocateZeroed = countingHeap.allocateZeroed,
                     .allocateAligned = countingHeap.allocateAligned,
                     .reallocate = countingHeap.reallocate,
                     .release =
                         [] (void* block)
                     {
                         numReleasedWithin = heap->freeDeferred();
                         std::free (block);
                     },
                     .getUsableSize = countingHeap.getUsableSize });

    heap = &rescue.heap;
    heap->release (nullptr, std::malloc (100));
    heap->release (nullptr, std::malloc (100));
    CHECK (heap->freeDeferred() == 2);
    CHECK (numReleasedWithin == 0);
}
