#pragma once

#include "CacheLine.h"
#include "Freelist.h"
#include "SlotRegistry.h"
#include "ThreadSlots.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rt
{

/** A Freelist with a small stock for each thread in front, so that taking and giving mostly cost no more than a few plain loads
    and stores: no read-modify-write, no line that another core writes.

    Each slot (thread) has two magazines' worth of elements, in one array that works like a stack. When it is empty, a magazine full
    comes from the shared list at once; when it is full, the elements that have lain there longest go back, a magazine full. After
    either there is room for that many operations in both directions, so a thread that goes to and fro at the limit does not
    visit the shared list each time.

    "Empty" therefore means: the shared list and this thread's magazines are. The other threads may have up to
    getMostElsewhere (number of threads) elements in theirs. Who must be able to take n elements at any time makes the array that
    much longer. A slot that ends gives back what it has; so does a thread that came without one, when it ends.

    The wrapper is one process's own. The shared list under it may be used by other processes at the same time, directly or
    through wrappers of their own, which then count as threads.

        rt::MagazineFreelist<> list (state, jobs.data(), sizeof (Job), numJobs);

        rt::MagazineFreelist<>::Slot slot (list);      // each thread its own
        if (auto* element = list.take (slot))
            ...
        list.put (slot, *element);

    Threads: each slot one at a time; everything else any. All slots end before the list does; threads without slots need not
    have ended.

    Memory orders: the magazines are plain memory of their slot's user; who takes over a slot's number finds what the last
    user left through SlotRegistry. Their fill levels are atomics, relaxed, only so that count() may look at them. Elements get from
    one thread to another through the Freelist alone, whose orders then hold.

    Memory: 25 KB for the magazines of 64 slots.

    Algorithm: the magazines of Bonwick and Adams (2001).
*/
template <typename Policy = StdPolicy, bool checks = checksFreelists, std::uint32_t magazineSize = 16>
class MagazineFreelist final : private ThreadSlots
{
    struct Magazines;

public:
    using List = Freelist<Policy, false>; // the checks are made in front of it
    using Element = typename List::Element;
    using State = typename List::State;

    /** Where one thread's elements are while it lives. */
    class Slot
    {
    public:
        /** Takes a place in the list. If all are taken, that is no error: the slot then has no magazines, and each operation goes
            to the shared list. Any thread, real-time ones too. Lock-free.
        */
        explicit Slot (MagazineFreelist& listToUse) noexcept
            : list (listToUse), number (list.registry.acquire()), magazines (list.getMagazines (number))
        {
        }

        /** Gives back the elements and the place. Its thread, or one that comes after it. Lock-free. */
        ~Slot()
        {
            if (magazines != nullptr)
                list.detachThread (static_cast<unsigned> (number));
        }

        Slot (const Slot&) = delete;
        Slot& operator= (const Slot&) = delete;

        bool hasMagazines() const noexcept { return magazines != nullptr; }

    private:
        friend MagazineFreelist;

        MagazineFreelist& list;
        const int number;
        Magazines* const magazines;
    };

    /** As Freelist's. */
    MagazineFreelist (State& listState, Element* firstElement, std::size_t bytesPerRecord,
                      std::uint32_t numElements) noexcept
        : shared (listState, firstElement, bytesPerRecord, numElements)
    {
    }

    /** Puts everything into the shared list. No slot is left, and no thread uses the list. */
    ~MagazineFreelist()
    {
        end();
        forEachBit (registry.getActive(), [this] (unsigned slot) { detachThread (slot); });
    }

    MagazineFreelist (const MagazineFreelist&) = delete;
    MagazineFreelist& operator= (const MagazineFreelist&) = delete;

    /** The most elements that other threads can have in their magazines when take() finds nothing. */
    static constexpr std::uint32_t getMostElsewhere (std::uint32_t numThreads) noexcept
    {
        return numThreads == 0 ? 0 : 2 * magazineSize * (numThreads - 1);
    }

    /** Gives all elements to the list. Before others use it. */
    void fill() noexcept
    {
        if constexpr (checks)
            for (std::uint32_t i = 0; i < shared.getCapacity(); ++i)
                shared.getElement (i).markFree();

        shared.fill();
    }

    /** Takes an element; null if there is none here, see the class.
        The slot's thread. Wait-free, two plain loads and a store, while the magazines have something; else lock-free.
    */
    Element* take (Slot& slot) noexcept { return takeFrom (slot.magazines); }

    /** Gives an element, wherever it was taken.
        The slot's thread. Wait-free, a load and two stores, while the magazines have room; else lock-free.
    */
    void put (Slot& slot, Element& element) noexcept { putInto (slot.magazines, element); }

    /** As the other one, with a slot that the thread gets at its first call, which ALLOCATES, and keeps until its end. */
    Element* take() { return takeFrom (getMagazines (getThreadSlot())); }

    /** As the other one, with a slot that the thread gets at its first call, which ALLOCATES, and keeps until its end. */
    void put (Element& element) { putInto (getMagazines (getThreadSlot()), element); }

    /** As take(), past all magazines: what the shared list has, for those who have no slot at hand.
        Any thread. Lock-free.
    */
    Element* takeShared() noexcept { return takeFrom (nullptr); }

    /** As put(), past all magazines: into the shared list, for those who have no slot at hand.
        Any thread. Lock-free.
    */
    void putShared (Element& element) noexcept { putInto (nullptr, element); }

    /** Calls the function with each element that is not in use. While nobody uses the list. */
    template <typename Function>
    void visitAll (Function&& function) const
    {
        shared.visitAll (function);
        visitMagazines (function);
    }

    /** How many elements are not in use: exact while nobody uses the list, else a rough number.
        Any thread. Wait-free: as many steps as there are elements, at most.
    */
    std::uint32_t count() const noexcept
    {
        auto numElements = shared.count();

        for (const auto& magazines : allMagazines)
            numElements += magazines.size.load (std::memory_order_relaxed);

        return std::min (numElements, shared.getCapacity());
    }

    /** As Freelist's, magazines included. While nobody uses the list; allocates. */
    FreelistFault validate() const
    {
        std::vector<bool> seen (shared.getCapacity());
        const auto note = [&] (const Element& element) { seen[shared.getIndex (element)] = true; };
        auto fault = shared.validate (note);

        if (! fault)
            visitMagazines (
                [&] (const Element& element)
                {
                    if (seen[shared.getIndex (element)])
                        fault = { FreelistFault::Kind::twice, &element };

                    note (element);
                });

        return fault;
    }

    /** The list behind the magazines. */
    const List& getShared() const noexcept { return shared; }

private:
    struct alignas (cacheLineBytes) Magazines
    {
        typename Policy::template Atomic<std::uint32_t> size{ 0 };
        typename List::Token token;
        std::array<typename Policy::template Cell<Element*>, 2 * std::size_t{ magazineSize }> elements;
    };

    int attachThread() override { return registry.acquire(); }

    void detachThread (unsigned slot) noexcept override
    {
        auto& magazines = allMagazines[slot];
        giveOldest (magazines, magazines.size.load (std::memory_order_relaxed));
        registry.release (slot);
    }

    Magazines* getMagazines (int slot) noexcept
    {
        return slot < 0 ? nullptr : &allMagazines[static_cast<std::size_t> (slot)];
    }

    Element* takeFrom (Magazines* magazines) noexcept
    {
        if (magazines == nullptr) [[unlikely]]
            return taken (shared.pop());

        auto size = magazines->size.load (std::memory_order_relaxed);

        if (size == 0) [[unlikely]]
            if (size = refill (*magazines); size == 0)
                return nullptr;

        auto* const element = magazines->elements[size - 1].get();
        magazines->size.store (size - 1, std::memory_order_relaxed);
        return taken (element);
    }

    void putInto (Magazines* magazines, Element& element) noexcept
    {
        if constexpr (checks)
            if (! shared.markGiven (element))
                return;

        if (magazines == nullptr) [[unlikely]]
            return shared.push (element);

        auto size = magazines->size.load (std::memory_order_relaxed);

        if (size == 2 * magazineSize) [[unlikely]]
            size = giveOldest (*magazines, magazineSize);

        magazines->elements[size].set (&element);
        magazines->size.store (size + 1, std::memory_order_relaxed);
    }

    // Returns the new fill level: a magazine full, or what there was.
    [[gnu::noinline]] std::uint32_t refill (Magazines& magazines) noexcept
    {
        const auto chain = shared.popChain (magazineSize, magazines.token);
        auto index = chain.count;

        // The first of the chain was used last, so it comes out first again.
        for (auto* element = chain.first; element != nullptr; element = shared.getNext (*element))
            magazines.elements[--index].set (element);

        magazines.size.store (chain.count, std::memory_order_relaxed);
        return chain.count;
    }

    // Moves the elements that came first to the shared list; returns the new fill level.
    [[gnu::noinline]] std::uint32_t giveOldest (Magazines& magazines, std::uint32_t number) noexcept
    {
        typename List::Chain chain;

        for (auto i = number; i > 0; --i)
            shared.append (chain, *magazines.elements[i - 1].get());

        shared.pushChain (chain, magazines.token);

        const auto size = magazines.size.load (std::memory_order_relaxed) - number;

        for (std::uint32_t i = 0; i < size; ++i)
            magazines.elements[i].set (magazines.elements[i + number].get());

        magazines.size.store (size, std::memory_order_relaxed);
        return size;
    }

    template <typename Function>
    void visitMagazines (Function&& function) const
    {
        for (const auto& magazines : allMagazines)
            for (std::uint32_t i = 0; i < magazines.size.load (std::memory_order_relaxed); ++i)
                function (*magazines.elements[i].get());
    }

    Element* taken (Element* element) const noexcept
    {
        if constexpr (checks)
            if (element != nullptr)
                element->markUsed();

        return element;
    }

    List shared;
    SlotRegistry<Policy> registry;
    std::array<Magazines, SlotRegistry<Policy>::maxSlots> allMagazines;
};

} // namespace rt
