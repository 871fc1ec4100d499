#include "detail/RescueArena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <new>

namespace rt::guard::detail
{

PresentMemory::PresentMemory (std::size_t numBytes, std::size_t boundary) : size (numBytes)
{
    // As the system gives no aligned memory, ask for more, and give back what is before and after.
    auto* const all = ::mmap (nullptr, numBytes + boundary, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (all == MAP_FAILED)
        throw std::bad_alloc();

    auto* const begin = static_cast<std::byte*> (all);
    const auto past = reinterpret_cast<std::uintptr_t> (begin) % boundary;
    memory = begin + (boundary - past) % boundary;

    if (memory != begin)
        ::munmap (begin, static_cast<std::size_t> (memory - begin));

    if (const auto after = static_cast<std::size_t> (begin + numBytes + boundary - (memory + numBytes)); after != 0)
        ::munmap (memory + numBytes, after);

    // Fewer and larger pages where there are some; no harm where there are none.
    ::madvise (memory, numBytes, MADV_HUGEPAGE);

    const auto pageSize = static_cast<std::size_t> (::sysconf (_SC_PAGESIZE));

    for (std::size_t i = 0; i < numBytes; i += pageSize)
        *const_cast<volatile std::byte*> (memory + i) = std::byte{ 0 };
}

PresentMemory::~PresentMemory() { ::munmap (memory, size); }

template <std::size_t... i>
std::array<RescueArena::List, sizeof...(i)>
RescueArena::makeLists (Element* elements, std::array<List::State, numClasses>& states, std::index_sequence<i...>) noexcept
{
    return { { List (states[i], elements + firstOf (i), sizeof (Element),
                     static_cast<std::uint32_t> (getNumBlocks (smallestBlock << i)))... } };
}

template <std::size_t... i>
std::array<RescueArena::Magazines, sizeof...(i)> RescueArena::makeMagazines (Element* elements,
                                                                             std::array<List::State, numClasses>& states,
                                                                             std::index_sequence<i...>) noexcept
{
    return { { Magazines (states[i], elements + firstOf (i), sizeof (Element),
                          static_cast<std::uint32_t> (getNumBlocks (smallestBlock << i)))... } };
}

RescueArena::RescueArena()
    : blocks (numBytes, bytesPerClass), beside (firstOf (numClasses) * (sizeof (Element) + sizeof (used[0])),
                                                static_cast<std::size_t> (::sysconf (_SC_PAGESIZE))),
      elements (reinterpret_cast<Element*> (beside.get())),
      used (reinterpret_cast<std::atomic<std::uint8_t>*> (elements + firstOf (numClasses))),
      lists (makeLists (elements, states, std::make_index_sequence<numClasses>())),
      magazines (makeMagazines (elements, states, std::make_index_sequence<numWithMagazines>()))
{
    static_assert (classFor (smallestBlock) == 0 && classFor (largestBlock) == numClasses - 1
                   && largestBlock <= bytesPerClass);

    std::uninitialized_default_construct_n (elements, firstOf (numClasses));
    std::uninitialized_value_construct_n (used, firstOf (numClasses));

    for (auto& list : lists)
        list.fill();

    forbid (begin(), numBytes);
}

RescueArena::~RescueArena() { allow (begin(), numBytes); }

RescueArena::Thread* RescueArena::attach() noexcept
{
    const auto acquired = registry.acquire();

    if (acquired < 0)
        return nullptr;

    const auto number = static_cast<unsigned> (acquired);
    return &threads[number].emplace (number, tallies[number], magazines, std::make_index_sequence<numWithMagazines>());
}

void RescueArena::detach (Thread& thread) noexcept
{
    const auto number = thread.number;
    threads[number].reset();
    registry.release (number);
}

void* RescueArena::takeShared (Thread* thread, unsigned sizeClass) noexcept
{
    const auto* const element = lists[sizeClass].pop();

    if (element == nullptr)
        return nullptr;

    if (thread != nullptr)
        count (thread->tally.taken);
    else
        tallyOfOthers.taken.fetch_add (1, std::memory_order_relaxed);

    return giveOut (sizeClass, *element);
}

void* RescueArena::borrow (Thread* thread, unsigned sizeClass) noexcept
{
    while (++sizeClass < numClasses)
        if (auto* const block = take (thread, sizeClass))
            return block;

    numExhausted.fetch_add (1, std::memory_order_relaxed);
    return nullptr;
}

void* RescueArena::refuseSize() noexcept
{
    numTooLarge.fetch_add (1, std::memory_order_relaxed);
    return nullptr;
}

void RescueArena::giveShared (Thread* thread, unsigned sizeClass, Element& element) noexcept
{
    if (thread != nullptr)
        count (thread->tally.released);
    else
        tallyOfOthers.released.fetch_add (1, std::memory_order_relaxed);

    lists[sizeClass].push (element);
}

void RescueArena::refuseBlock() noexcept { numInvalid.fetch_add (1, std::memory_order_relaxed); }

RescueArena::Counts RescueArena::getCounts() const noexcept
{
    Counts counts;
    counts.exhausted = numExhausted.load (std::memory_order_relaxed);
    counts.tooLarge = numTooLarge.load (std::memory_order_relaxed);
    counts.invalid = numInvalid.load (std::memory_order_relaxed);

    const auto add = [&counts] (const Tally& tally)
    {
        counts.taken += tally.taken.load (std::memory_order_relaxed);
        counts.released += tally.released.load (std::memory_order_relaxed);
    };

    add (tallyOfOthers);

    for (const auto& tally : tallies)
        add (tally);

    return counts;
}

std::size_t RescueArena::countFree (std::size_t blockSize) const noexcept
{
    const auto sizeClass = classFor (blockSize);
    return sizeClass < numWithMagazines ? magazines[sizeClass].count() : lists[sizeClass].count();
}

} // namespace rt::guard::detail
