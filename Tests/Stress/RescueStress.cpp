// Rescue's two worlds of memory under several threads, some of them real-time: what one allocates another one reallocates or
// releases, and in the end everything is home.
//
// What is in the blocks is plain memory on purpose: ThreadSanitizer then reports every missing order.
//
// PROGRAM [SECONDS [SCENARIO]], or PROGRAM --operations NUMBER for so many operations of the scenario `worlds`.

#include "Stress.h"

#include <rt_guard/detail/RescueHeap.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <thread>
#include <vector>

namespace
{

using rt::guard::detail::OrdinaryHeap;
using rt::guard::detail::RescueArena;
using rt::guard::detail::RescueHeap;
using stress::Random;
using stress::require;
using stress::runTogether;

std::atomic<std::int64_t> numOrdinary{ 0 }; // blocks of the ordinary heap

void* counted (void* block) noexcept
{
    numOrdinary.fetch_add (1, std::memory_order_relaxed);
    return block;
}

const OrdinaryHeap ordinary{ .allocate = [] (std::size_t size) { return counted (std::malloc (size)); },
                             .allocateZeroed = [] (std::size_t size) { return counted (std::calloc (1, size)); },
                             .allocateAligned = [] (std::size_t alignment, std::size_t size)
                             { return counted (::memalign (alignment, size)); },
                             .reallocate = std::realloc,
                             .release =
                                 [] (void* block)
                             {
                                 numOrdinary.fetch_sub (1, std::memory_order_relaxed);
                                 std::free (block);
                             },
                             .getUsableSize = [] (void* block) { return ::malloc_usable_size (block); } };

/** One for all rounds; the process's is never unmade, either. */
RescueHeap& getHeap()
{
    static auto* const heap = new RescueHeap (ordinary);
    return *heap;
}

/** How a thread allocates: a real-time one from the arena, others as the process's malloc() and so on do. */
class Allocator
{
public:
    Allocator (bool isRealtimeThread, RescueHeap::Thread* attachedThread) noexcept
        : isRealtime (isRealtimeThread), thread (attachedThread)
    {
    }

    void* allocate (std::size_t size) const { return isRealtime ? heap.allocate (thread, size) : ordinary.allocate (size); }

    void* allocateZeroed (std::size_t size) const
    {
        return isRealtime ? heap.allocateZeroed (thread, size) : ordinary.allocateZeroed (size);
    }

    void* allocateAligned (std::size_t alignment, std::size_t size) const
    {
        return isRealtime ? heap.allocateAligned (thread, alignment, size) : ordinary.allocateAligned (alignment, size);
    }

    void* reallocate (void* block, std::size_t size) const
    {
        if (isRealtime)
            return heap.reallocate (thread, block, size);

        return heap.getArena().owns (block) ? heap.reallocateOutside (block, size) : ordinary.reallocate (block, size);
    }

    void release (void* block) const
    {
        if (isRealtime)
            heap.release (thread, block);
        else if (heap.getArena().owns (block))
            heap.getArena().release (nullptr, block);
        else
            ordinary.release (block);
    }

private:
    RescueHeap& heap = getHeap();
    const bool isRealtime;
    RescueHeap::Thread* const thread;
};

/** What blocks are filled with: a header, and bytes that depend on it and their place; of long ones not all. */
struct Contents
{
    std::size_t size;
    std::uint64_t seed;

    static std::size_t after (std::size_t place) { return place < 256 ? place + 1 : place + 61; }

    static unsigned char at (std::uint64_t seed, std::size_t place)
    {
        return static_cast<unsigned char> ((seed + place) * 0x9e3779b97f4a7c15u >> 56);
    }

    static void write (void* block, std::size_t size, std::uint64_t seed)
    {
        const Contents header{ size, seed };
        std::memcpy (block, &header, sizeof (header));

        for (auto place = sizeof (header); place < size; place = after (place))
            static_cast<unsigned char*> (block)[place] = at (seed, place);

        if (size > sizeof (header))
            static_cast<unsigned char*> (block)[size - 1] = at (seed, size - 1);
    }

    /** @returns the header */
    static Contents check (const void* block)
    {
        Contents header{};
        std::memcpy (&header, block, sizeof (header));
        header.checkBeginning (block, header.size);
        return header;
    }

    /** Whether the beginning is as it was. */
    void checkBeginning (const void* block, std::size_t end) const
    {
        require (std::memcmp (block, this, sizeof (*this)) == 0, "a block keeps its header");

        for (auto place = sizeof (*this); place < end; place = after (place))
            require (static_cast<const unsigned char*> (block)[place] == at (seed, place), "a block keeps its contents");

        if (end == size && end > sizeof (*this))
            require (static_cast<const unsigned char*> (block)[end - 1] == at (seed, end - 1),
                     "a block keeps its contents up to the end");
    }
};

/** Where threads leave blocks for each other. */
using Shelf = std::array<std::atomic<void*>, 96>;

/** What a thread does, with its own random numbers. */
class Worker
{
public:
    /** @param heaviness  how often a block is so large that the arena has few of them, or none: of 1000 */
    Worker (const Allocator& allocatorToUse, std::uint64_t seed, unsigned heaviness)
        : allocator (allocatorToUse), random (seed), numHeavy (heaviness)
    {
    }

    /** A block is made, moved, or ended, or only looked at. */
    void operate (Shelf& shelf)
    {
        auto* block = take (shelf);

        if (block == nullptr)
        {
            block = allocateSomehow();
        }
        else
        {
            const auto contents = Contents::check (block);
            const auto dice = random.below (8);

            if (dice < 3)
                return allocator.release (block);

            if (dice < 6)
            {
                const auto newSize = chooseSize();
                block = allocator.reallocate (block, newSize);
                require (block != nullptr, "there is always memory");
                contents.checkBeginning (block, std::min (contents.size, newSize));
                Contents::write (block, newSize, random.below (UINT32_MAX));
            }
        }

        put (shelf, block);
    }

    /** Leaves a new block on one shelf, and ends one that lies on the other. */
    void passOn (Shelf& mine, Shelf& others)
    {
        put (mine, allocateSomehow());
        end (take (others));
    }

private:
    std::size_t chooseSize()
    {
        const auto dice = random.below (1000);
        return sizeof (Contents) + random.below (dice < numHeavy ? 700000 : dice < 700 ? 200 : dice < 950 ? 4000 : 60000);
    }

    void* allocateSomehow()
    {
        const auto size = chooseSize();
        void* block = nullptr;

        switch (random.below (4))
        {
            case 0:
            {
                block = allocator.allocateZeroed (size);
                const auto* bytes = static_cast<const unsigned char*> (block);

                for (std::size_t place = 0; place < size; place = Contents::after (place))
                    require (bytes[place] == 0, "calloc gives zeros");

                break;
            }

            case 1:
            {
                const auto alignment = std::size_t{ 1 } << random.below (13);
                block = allocator.allocateAligned (alignment, size);
                require (reinterpret_cast<std::uintptr_t> (block) % alignment == 0, "memalign aligns");
                break;
            }

            default: block = allocator.allocate (size); break;
        }

        require (block != nullptr, "there is always memory");
        require (reinterpret_cast<std::uintptr_t> (block) % 16 == 0, "a block is aligned for everything");
        Contents::write (block, size, random.below (UINT32_MAX));
        return block;
    }

    void* exchange (Shelf& shelf, void* block)
    {
        return shelf[random.below (shelf.size())].exchange (block, std::memory_order_acq_rel);
    }

    void* take (Shelf& shelf) { return exchange (shelf, nullptr); }
    void put (Shelf& shelf, void* block) { end (exchange (shelf, block)); }

    void end (void* block)
    {
        if (block != nullptr)
        {
            Contents::check (block);
            allocator.release (block);
        }
    }

    const Allocator allocator;
    Random random;
    const unsigned numHeavy;
};

unsigned chooseHeaviness (std::uint64_t seed) { return seed % 8 == 1 ? 300 : 3; }

/** Nobody is using the heap any more. */
void requireAllIsHome (std::initializer_list<Shelf*> shelves, bool countsBlocks)
{
    auto& heap = getHeap();
    const Allocator allocator (false, nullptr);

    for (auto* shelf : shelves)
        for (auto& place : *shelf)
            if (auto* const block = place.exchange (nullptr))
            {
                Contents::check (block);
                allocator.release (block);
            }

    heap.freeDeferred();
    const auto statistics = heap.getStatistics();
    require (statistics.pending == 0, "what was put off is done");
    require (statistics.inUse == 0, "every block of the arena came back");
    require (statistics.invalid == 0, "no release was mistaken");
    require (numOrdinary.load() == 0, "every block of the ordinary heap came back");

    if (countsBlocks)
        for (auto size = RescueArena::smallestBlock; size <= RescueArena::largestBlock; size *= 2)
            require (heap.getArena().countFree (size) == RescueArena::getNumBlocks (size),
                     "the arena has all its blocks again");
}

/** Two real-time threads, one without magazines, and two that are not real-time and do what was put off. */
void playWorlds (std::uint64_t seed, int operationsEach)
{
    static Shelf shelf;
    std::vector<std::function<void()>> threads;

    for (unsigned thread = 0; thread < 4; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                auto* const attached = thread == 0 ? getHeap().getArena().attach() : nullptr;
                Worker worker (Allocator (thread < 2, attached), seed * 8 + thread, chooseHeaviness (seed));

                for (int i = 0; i < operationsEach; ++i)
                {
                    worker.operate (shelf);

                    if (thread >= 2 && i % 16 == 0)
                        getHeap().freeDeferred();
                }

                if (attached != nullptr)
                    getHeap().getArena().detach (*attached);
            });

    runTogether (std::move (threads));
    requireAllIsHome ({ &shelf }, seed % 10 == 0);
}

void playWorldsBriefly (std::uint64_t seed) { playWorlds (seed, 1500); }

/** More threads at once than there are magazines, each for a short while; they leave their blocks to others. */
void playManyThreads (std::uint64_t seed)
{
    constexpr auto numThreads = rt::SlotRegistry<>::maxSlots + 4;
    static Shelf shelf;
    std::vector<std::function<void()>> threads;
    std::atomic<unsigned> numThere{ 0 }, numAttached{ 0 };

    for (unsigned thread = 0; thread < numThreads; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                auto* const attached = getHeap().getArena().attach();
                numAttached.fetch_add (attached != nullptr ? 1 : 0);
                numThere.fetch_add (1);

                while (numThere.load() < numThreads)
                    std::this_thread::yield();

                Worker worker (Allocator (true, attached), seed * 128 + thread, chooseHeaviness (seed));

                for (int i = 0; i < 30; ++i)
                    worker.operate (shelf);

                if (attached != nullptr)
                    getHeap().getArena().detach (*attached);
            });

    runTogether (std::move (threads));
    require (numAttached.load() == rt::SlotRegistry<>::maxSlots, "as many threads have magazines as there are");
    requireAllIsHome ({ &shelf }, seed % 10 == 0);
}

/** Real-time threads allocate what another thread releases, and release what it allocates. */
void playOneWay (std::uint64_t seed)
{
    static Shelf toRealtime, fromRealtime;
    std::vector<std::function<void()>> threads;

    for (unsigned thread = 0; thread < 3; ++thread)
        threads.emplace_back (
            [seed, thread]
            {
                const auto isRealtime = thread < 2;
                auto* const attached = isRealtime ? getHeap().getArena().attach() : nullptr;
                Worker worker (Allocator (isRealtime, attached), seed * 8 + thread, chooseHeaviness (seed));

                for (int i = 0; i < 1500; ++i)
                {
                    worker.passOn (isRealtime ? fromRealtime : toRealtime, isRealtime ? toRealtime : fromRealtime);

                    if (! isRealtime)
                        getHeap().freeDeferred();
                }

                if (attached != nullptr)
                    getHeap().getArena().detach (*attached);
            });

    runTogether (std::move (threads));
    requireAllIsHome ({ &toRealtime, &fromRealtime }, seed % 10 == 0);
}

void playOperations (std::uint64_t numOperations)
{
    constexpr std::uint64_t operationsEach = 250'000, perRound = 4 * operationsEach;
    std::uint64_t numDone = 0;

    for (std::uint64_t round = 1; numDone < numOperations; ++round, numDone += perRound)
        playWorlds (round, static_cast<int> (operationsEach));

    std::printf ("worlds: %llu operations\n", static_cast<unsigned long long> (numDone));
}

} // namespace

int main (int numArguments, char** arguments)
{
    if (numArguments == 3 && std::string_view (arguments[1]) == "--operations")
    {
        playOperations (std::strtoull (arguments[2], nullptr, 10));
    }
    else
    {
        stress::playAll ({ { "worlds", playWorldsBriefly }, { "many-threads", playManyThreads }, { "one-way", playOneWay } },
                         numArguments, arguments);
    }

    // A run that never left the beaten track would have shown little.
    const auto statistics = getHeap().getStatistics();
    std::printf ("%llu served, %llu put off, %llu exhausted, %llu too large\n",
                 static_cast<unsigned long long> (statistics.served), static_cast<unsigned long long> (statistics.deferred),
                 static_cast<unsigned long long> (statistics.exhausted),
                 static_cast<unsigned long long> (statistics.tooLarge));
    require (statistics.served != 0 && statistics.deferred != 0 && statistics.exhausted != 0 && statistics.tooLarge != 0,
             "every way was gone");
}
