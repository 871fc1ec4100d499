#include "detail/RescueArena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define RT_GUARD_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_GUARD_POISONS 1
#endif
#endif

#if RT_GUARD_POISONS
#include <sanitizer/asan_interface.h>
#endif

namespace rt::guard::detail
{

namespace
{

/** Tells AddressSanitizer, where it is there, that nobody may touch this. */
void forbid ([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t numBytes) noexcept
{
#if RT_GUARD_POISONS
    __asan_poison_memory_region (memory, numBytes);
#endif
}

void allow ([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t numBytes) noexcept
{
#if RT_GUARD_POISONS
    __asan_unpoison_memory_region (memory, numBytes);
#endif
}

} // namespace

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

void* RescueArena::take (Thread* thread, unsigned sizeClass) noexcept
{
    const auto* element = thread != nullptr && sizeClass < numWithMagazines
                              ? magazines[sizeClass].take (thread->slots[sizeClass])
                              : lists[sizeClass].pop();

    if (element == nullptr) [[unlikely]]
        return nullptr;

    if (thread != nullptr)
        count (thread->tally.taken);
    else
        tallyOfOthers.taken.fetch_add (1, std::memory_order_relaxed);

    const auto number = static_cast<std::size_t> (element - elements);
    used[number].store (1, std::memory_order_relaxed);

    auto* const block = blocks.get() + (std::size_t{ sizeClass } << classShift)
                        + ((number - firstOf (sizeClass)) << (smallestShift + sizeClass));
    allow (block, smallestBlock << sizeClass);
    return block;
}

void* RescueArena::borrow (Thread* thread, unsigned sizeClass) noexcept
{
    while (++sizeClass < numClasses)
        if (auto* const block = take (thread, sizeClass))
            return block;

    numExhausted.fetch_add (1, std::memory_order_relaxed);
    return nullptr;
}

void* RescueArena::allocate (Thread* thread, std::size_t size, std::size_t alignment) noexcept
{
    const auto needed = std::max (std::max (size, alignment), smallestBlock);

    if (needed > largestBlock) [[unlikely]]
    {
        numTooLarge.fetch_add (1, std::memory_order_relaxed);
        return nullptr;
    }

    const auto sizeClass = classFor (needed);

    if (auto* const block = take (thread, sizeClass)) [[likely]]
        return block;

    return borrow (thread, sizeClass);
}

void RescueArena::release (Thread* thread, void* block) noexcept
{
    if (! isInUse (block)) [[unlikely]]
    {
        numInvalid.fetch_add (1, std::memory_order_relaxed);
        return;
    }

    const auto sizeClass = classOf (block);
    const auto number = numberOf (block);
    forbid (block, smallestBlock << sizeClass);
    used[number].store (0, std::memory_order_relaxed);

    if (thread != nullptr)
        count (thread->tally.released);
    else
        tallyOfOthers.released.fetch_add (1, std::memory_order_relaxed);

    if (thread != nullptr && sizeClass < numWithMagazines)
        magazines[sizeClass].put (thread->slots[sizeClass], elements[number]);
    else
        lists[sizeClass].push (elements[number]);
}

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
