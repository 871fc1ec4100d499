#include <rt_guard/detail/RescueArena.h>

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

using Arena = rt::guard::detail::RescueArena;

namespace
{

/** Large, so not on the stack. */
std::unique_ptr<Arena> makeArena() { return std::make_unique<Arena>(); }

std::uintptr_t addressOf (const void* block) { return reinterpret_cast<std::uintptr_t> (block); }

/** Every block of every class is free. */
void checkIsWhole (const Arena& arena)
{
    for (auto size = Arena::smallestBlock; size <= Arena::largestBlock; size *= 2)
    {
        INFO (size);
        CHECK (arena.countFree (size) == Arena::getNumBlocks (size));
    }

    const auto counts = arena.getCounts();
    CHECK (counts.taken == counts.released);
}

/** Takes blocks of this size until there is none left. */
std::vector<void*> takeAll (Arena& arena, Arena::Thread* thread, std::size_t size)
{
    std::vector<void*> taken;

    while (auto* block = arena.allocate (thread, size))
        taken.push_back (block);

    return taken;
}

} // namespace

TEST_CASE ("A block has the next power of two, lies in the arena and is aligned to its size")
{
    const auto made = makeArena();
    auto& arena = *made;
    auto* thread = GENERATE (false, true) ? arena.attach() : nullptr;

    for (std::size_t size = 0; size <= Arena::largestBlock; size = size < 70 ? size + 1 : size * 3 / 2)
        for (const auto exact : { size, std::bit_ceil (std::min (size, Arena::largestBlock)) })
        {
            INFO (exact);
            auto* block = arena.allocate (thread, exact);
            REQUIRE (block != nullptr);
            CHECK (arena.owns (block));
            CHECK (arena.isInUse (block));
            CHECK (arena.getUsableSize (block) == std::max (std::bit_ceil (exact), Arena::smallestBlock));
            CHECK (addressOf (block) % arena.getUsableSize (block) == 0);
            std::memset (block, 0x5a, arena.getUsableSize (block));
            arena.release (thread, block);
            CHECK (! arena.isInUse (block));
        }

    if (thread != nullptr)
        arena.detach (*thread);

    checkIsWhole (arena);
}

TEST_CASE ("A block of the arena is as aligned as was asked for")
{
    const auto arena = makeArena();

    for (std::size_t alignment = 1; alignment <= Arena::largestBlock; alignment *= 2)
    {
        auto* block = arena->allocate (nullptr, 24, alignment);
        REQUIRE (block != nullptr);
        CHECK (addressOf (block) % alignment == 0);
        arena->release (nullptr, block);
    }

    CHECK (arena->allocate (nullptr, 24, 2 * Arena::largestBlock) == nullptr);
    CHECK (arena->getCounts().tooLarge == 1);
}

TEST_CASE ("The arena gives out all of its memory, no byte of it twice, and has it again in the end")
{
    const auto made = makeArena();
    auto& arena = *made;
    auto* thread = GENERATE (false, true) ? arena.attach() : nullptr;

    // A class that is used up borrows from the larger ones, so this takes everything there is.
    auto blocks = takeAll (arena, thread, 1);
    CHECK (arena.getCounts().exhausted == 1);
    CHECK (arena.getCounts().taken == blocks.size());

    std::sort (blocks.begin(), blocks.end());
    const auto* end = arena.begin();
    std::size_t numBytes = 0;

    for (const auto* block : blocks)
    {
        REQUIRE (block >= end);
        end = static_cast<const std::byte*> (block) + arena.getUsableSize (block);
        numBytes += arena.getUsableSize (block);
    }

    CHECK (numBytes == Arena::numBytes);
    CHECK (end == arena.begin() + Arena::numBytes);

    for (auto* block : blocks)
        arena.release (thread, block);

    checkIsWhole (arena);
    CHECK (takeAll (arena, thread, 1).size() == blocks.size());
}

TEST_CASE ("What is larger than the largest block is refused and counted")
{
    const auto arena = makeArena();
    CHECK (arena->allocate (nullptr, Arena::largestBlock + 1) == nullptr);
    CHECK (arena->allocate (nullptr, SIZE_MAX) == nullptr);
    CHECK (arena->getCounts().tooLarge == 2);
    CHECK (arena->getCounts().exhausted == 0);
    CHECK (arena->getCounts().taken == 0);

    const auto largest = takeAll (*arena, nullptr, Arena::largestBlock);
    CHECK (largest.size() == Arena::getNumBlocks (Arena::largestBlock));
    CHECK (arena->getCounts().exhausted == 1);
}

TEST_CASE ("The arena owns its addresses and no others")
{
    const auto arena = makeArena();
    CHECK (arena->owns (arena->begin()));
    CHECK (arena->owns (arena->begin() + Arena::numBytes - 1));
    CHECK (! arena->owns (arena->begin() - 1));
    CHECK (! arena->owns (arena->begin() + Arena::numBytes));
    CHECK (! arena->owns (nullptr));
    CHECK (! arena->owns (&arena));
}

TEST_CASE ("What is released twice, or was never a block, is counted and changes nothing")
{
    const auto made = makeArena();
    auto& arena = *made;
    auto* thread = GENERATE (false, true) ? arena.attach() : nullptr;
    auto* block = static_cast<std::byte*> (arena.allocate (thread, 100));

    arena.release (thread, block + 16);
    arena.release (thread, block + 64);
    CHECK (arena.getCounts().invalid == 2);
    CHECK (arena.isInUse (block));

    arena.release (thread, block);
    arena.release (thread, block);
    arena.release (nullptr, block);
    CHECK (arena.getCounts().invalid == 4);
    CHECK (arena.getCounts().released == 1);

    // Never given out so far.
    arena.release (thread, const_cast<std::byte*> (arena.begin() + Arena::numBytes - Arena::largestBlock));
    CHECK (arena.getCounts().invalid == 5);

    // Had a block come back twice, two of these would be the same.
    auto blocks = takeAll (arena, thread, 100);
    std::sort (blocks.begin(), blocks.end());
    CHECK (std::adjacent_find (blocks.begin(), blocks.end()) == blocks.end());
}

TEST_CASE ("More threads than there are magazines share the lists")
{
    const auto made = makeArena();
    auto& arena = *made;
    std::vector<Arena::Thread*> threads;

    while (auto* thread = arena.attach())
        threads.push_back (thread);

    REQUIRE (threads.size() == rt::SlotRegistry<>::maxSlots);
    threads.push_back (nullptr);

    // Each takes and gives something, and all keep some in their magazines.
    for (auto* thread : threads)
    {
        std::vector<void*> blocks (40);

        for (auto& block : blocks)
            REQUIRE ((block = arena.allocate (thread, 30)) != nullptr);

        for (auto* block : blocks)
            arena.release (thread, block);
    }

    CHECK (arena.getCounts().taken == 40 * threads.size());
    CHECK (arena.countFree (32) == Arena::getNumBlocks (32));

    arena.detach (*threads.front());
    CHECK (arena.attach() == threads.front());
    CHECK (arena.attach() == nullptr);

    for (auto* thread : threads)
        if (thread != nullptr)
            arena.detach (*thread);

    checkIsWhole (arena);
    CHECK (arena.getCounts().taken == 40 * threads.size()); // what threads did is not forgotten when they go
}

TEST_CASE ("A thread that ends leaves no block behind in its magazines")
{
    const auto made = makeArena();
    auto& arena = *made;
    auto* thread = arena.attach();
    arena.release (thread, arena.allocate (thread, 1000));
    arena.detach (*thread);

    const auto blocks = takeAll (arena, nullptr, 1000);
    CHECK (std::count_if (blocks.begin(), blocks.end(), [&] (void* b) { return arena.getUsableSize (b) == 1024; })
           == static_cast<std::ptrdiff_t> (Arena::getNumBlocks (1024)));
}

TEST_CASE ("A block that one thread took is released by another")
{
    const auto made = makeArena();
    auto& arena = *made;
    std::vector<void*> blocks;
    std::thread (
        [&]
        {
            auto* thread = arena.attach();

            for (std::size_t size = 1; size < 400000; size *= 3)
                blocks.push_back (arena.allocate (thread, size));

            arena.detach (*thread);
        })
        .join();

    REQUIRE (std::count (blocks.begin(), blocks.end(), nullptr) == 0);

    for (auto* block : blocks)
        arena.release (nullptr, block);

    checkIsWhole (arena);
}

TEST_CASE ("All pages of the arena are there before anybody uses them")
{
    const auto arena = makeArena();
    const auto pageSize = static_cast<std::size_t> (::sysconf (_SC_PAGESIZE));
    std::vector<unsigned char> present (Arena::numBytes / pageSize);
    REQUIRE (::mincore (const_cast<std::byte*> (arena->begin()), Arena::numBytes, present.data()) == 0);
    CHECK (std::all_of (present.begin(), present.end(), [] (auto page) { return (page & 1) != 0; }));
}
