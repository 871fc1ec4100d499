#pragma once

#include "CacheLine.h"
#include "Policy.h"
#include "SlotRegistry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rt
{

/** What an object derives from to be retired to a HazardPointers domain. The link is the domain's from retire() until the object
    is handed over as reclaimable; before and after that it is the user's, for a list of one thread.
*/
template <typename Policy>
struct BasicRetirable
{
    typename Policy::template Cell<BasicRetirable*> next;
};

using Retirable = BasicRetirable<StdPolicy>;

/** Tells when an object that was taken out of a lock-free structure is no longer looked at by anybody.

    A reader announces the object that it is about to use in one of its hazard pointers and looks again whether the object is
    still where it was found; from then on nobody reclaims it until the hazard pointer says something else. Who has taken an
    object out of the structure retires it. Every so often the retired ones that no hazard pointer names are handed to the
    domain's `reclaim` function, which may use them again, free them, or send them somewhere.

    Each thread works through a Slot of its own: attach() finds one that is free, destroying the Slot gives it back, and what
    it had retired waits there for the next one that attaches. The cost of a scan follows the slots that are attached.

    How much waits: a slot scans whenever it has gathered getScanThreshold() objects more than what its last scan had to keep,
    which is one for each attached hazard pointer at most. With the usual patience of 2 the threshold is twice their number, at
    least 16, so that a scan frees most of what it goes through, and costs a few steps for each object.

    Threads: as told per operation; a Slot belongs to one thread at a time. Destroying the domain: no Slot may be left, and
    what is still retired is handed to `reclaim`, slot by slot.

    Memory orders (numbers as in the code). Announcing (1) and looking again (2), against taking out and then scanning (3),
    (SlotRegistry (1)), is a store-load pair, so all four are seq_cst, and so must be the caller's operation that takes the
    object out: either the scan sees the hazard pointer, or the second look sees that the object is gone. Letting go (4) is a
    release, so that all that was done with the object happens before its reuse, by (3).

    Source: Maged Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects" (2004). Scans are batched as there;
    nothing here uses asymmetric fences (membarrier), which would be a system call on the reclaiming thread.
*/
template <unsigned hazardsPerSlot, typename Policy = StdPolicy>
class HazardPointers
{
public:
    static constexpr unsigned maxSlots = SlotRegistry<Policy>::maxSlots;

    using Object = BasicRetirable<Policy>;

    /** Gets a chain of objects that nobody looks at any more: `first`, then its `next`, until null. Returns those that it does not
        want now, as a chain too: they are offered again after the next scan. Called on the thread that works with the slot,
        from retire() and scan(), or from the destructor, which offers everything once. What it does, retire() does.
    */
    using Reclaim = Object* (*) (void* context, unsigned slot, Object* first) noexcept;

    /** A thread's access to the domain. Moves, does not copy. Empty when attach() found no free slot. */
    class Slot
    {
    public:
        Slot() noexcept = default;
        Slot (Slot&& other) noexcept : domain (std::exchange (other.domain, nullptr)), number (other.number) {}
        ~Slot() { detach(); }

        Slot& operator= (Slot&& other) noexcept
        {
            detach();
            domain = std::exchange (other.domain, nullptr);
            number = other.number;
            return *this;
        }

        explicit operator bool() const noexcept { return domain != nullptr; }

        /** 0 to maxSlots - 1. */
        unsigned getNumber() const noexcept { return number; }

        /** Gives the slot back; its hazard pointers let go. Wait-free*. */
        void detach() noexcept
        {
            if (auto* left = std::exchange (domain, nullptr))
                left->detach (number);
        }

        /** The number of a slot that stays attached beyond this object, until HazardPointers::detach(). */
        unsigned release() noexcept
        {
            domain = nullptr;
            return number;
        }

    private:
        friend class HazardPointers;
        Slot (HazardPointers& domainToUse, unsigned numberToUse) noexcept : domain (&domainToUse), number (numberToUse) {}

        HazardPointers* domain = nullptr;
        unsigned number = 0;
    };

    /** @param patienceToHave how many objects a slot gathers for each hazard pointer that is attached before it scans; with 0 it
                              scans for each object
    */
    HazardPointers (Reclaim reclaimToUse, void* contextToUse, unsigned patienceToHave = 2) noexcept
        : reclaim (reclaimToUse), context (contextToUse), patience (patienceToHave)
    {
    }

    HazardPointers (const HazardPointers&) = delete;
    HazardPointers& operator= (const HazardPointers&) = delete;

    ~HazardPointers()
    {
        for (unsigned slot = 0; slot < maxSlots; ++slot)
            for (auto* first : { records[slot].reclaimable, records[slot].retired })
                if (first != nullptr)
                    static_cast<void> (reclaim (context, slot, first));
    }

    /** A slot for the calling thread, or an empty one when all 64 are taken.
        Any thread. Lock-free; allocates nothing.
    */
    Slot attach() noexcept
    {
        const auto number = registry.acquire();
        return number >= 0 ? Slot (*this, static_cast<unsigned> (number)) : Slot();
    }

    /** One try at protecting what `source` points to: the object, which stays valid until the hazard pointer is used for
        something else, or null together with `hasChanged` when the source changed meanwhile. A null source is protected at once.
        The slot's thread. Wait-free: one store and two loads.
    */
    template <typename Pointer>
    bool tryProtect (unsigned slot, unsigned index, Pointer candidate,
                     const typename Policy::template Atomic<Pointer>& source) noexcept
    {
        records[slot].hazards[index].store (candidate, std::memory_order_seq_cst); // (1) with (3)
        return source.load (std::memory_order_seq_cst) == candidate;               // (2)
    }

    /** Protects what `source` points to, and returns it. It must not point to something that is retired already.
        The slot's thread. Lock-free: tries again whenever the source has changed.
    */
    template <typename Pointer>
    Pointer protect (unsigned slot, unsigned index, const typename Policy::template Atomic<Pointer>& source) noexcept
    {
        auto candidate = source.load (std::memory_order_seq_cst);

        while (! tryProtect (slot, index, candidate, source))
            candidate = source.load (std::memory_order_seq_cst);

        return candidate;
    }

    /** Lets go of what the hazard pointer protected. The slot's thread. Wait-free: one store. */
    void clear (unsigned slot, unsigned index) noexcept
    {
        records[slot].hazards[index].store (nullptr, std::memory_order_release); // (4) with (3)
    }

    /** Takes an object that nobody can find any more, to be reclaimed when nobody looks at it.
        The slot's thread. Wait-free: every so often half of a scan(), first the one half, next time the other, so that no call
        pays for both; otherwise two stores.
    */
    void retire (unsigned slot, Object& object) noexcept
    {
        auto& record = records[slot];
        keep (record, object);

        if (record.reclaimable != nullptr)
            handOver (slot);
        else if (record.numRetired >= record.scanAt)
            sort (slot);
    }

    /** Scans if anything was retired since the last scan: for a thread that has nothing better to do, so that what it holds back
        does not wait for its next retirements. The slot's thread. Wait-free: mostly one comparison.
    */
    void scanIfAnyNew (unsigned slot) noexcept
    {
        if (records[slot].numRetired > records[slot].numSurvived || records[slot].reclaimable != nullptr)
            scan (slot);
    }

    /** Hands what can be reclaimed to the reclaim function now.
        The slot's thread. Wait-free: reads all hazard pointers that are attached, and looks each retired object up in them.
    */
    void scan (unsigned slot) noexcept
    {
        handOver (slot);
        sort (slot);
        handOver (slot);
    }

    /** How many objects a slot gathers between scans, as things are attached now. */
    unsigned getScanThreshold() const noexcept
    {
        return getScanThreshold (static_cast<unsigned> (std::popcount (registry.getActive())));
    }

    /** Gives back a slot that was released from its Slot. Its thread. Wait-free*. */
    void detach (unsigned slot) noexcept
    {
        for (unsigned i = 0; i < hazardsPerSlot; ++i)
            clear (slot, i);

        registry.release (slot);
    }

    /** The slots that are attached, a bit each. Any thread. Wait-free. */
    std::uint64_t getAttached() const noexcept { return registry.getActive(); }

    /** Takes this very slot if nobody has it, for handing over what is left in it. Any thread. Wait-free*. */
    Slot attachExactly (unsigned number) noexcept
    {
        return registry.acquireExactly (number) ? Slot (*this, number) : Slot();
    }

private:
    /** Tells the retired objects that a hazard pointer names from those that are reclaimable. */
    void sort (unsigned slot) noexcept
    {
        std::array<const Object*, maxSlots * hazardsPerSlot> named;
        std::size_t numNamed = 0;
        std::uint64_t filter = 0;
        unsigned numSlots = 0;

        forEachBit (registry.getActive(),
                    [&] (unsigned other)
                    {
                        ++numSlots;

                        for (const auto& hazard : records[other].hazards)
                        {
                            if (const auto* object = hazard.load (std::memory_order_seq_cst)) // (3) with (1), (4)
                            {
                                named[numNamed++] = object;
                                filter |= filterBit (object);
                            }
                        }
                    });

        auto& record = records[slot];
        auto* object = std::exchange (record.retired, nullptr);
        record.numRetired = 0;

        while (object != nullptr)
        {
            auto* following = object->next.get();
            const auto end = named.begin() + static_cast<std::ptrdiff_t> (numNamed);

            if ((filter & filterBit (object)) != 0 && std::find (named.begin(), end, object) != end)
            {
                keep (record, *object);
            }
            else
            {
                object->next.set (record.reclaimable);
                record.reclaimable = object;
            }

            object = following;
        }

        record.numSurvived = record.numRetired;
        record.scanAt = record.numRetired + getScanThreshold (numSlots);
    }

    /** Gives what is reclaimable to the reclaim function; what it does not want is retired again. */
    void handOver (unsigned slot) noexcept
    {
        auto& record = records[slot];

        if (auto* first = std::exchange (record.reclaimable, nullptr))
        {
            for (auto* left = reclaim (context, slot, first); left != nullptr;)
            {
                auto* following = left->next.get();
                keep (record, *left);
                left = following;
            }
        }
    }

    unsigned getScanThreshold (unsigned numSlots) const noexcept
    {
        return std::max (1u, patience * std::max (8u, numSlots * hazardsPerSlot));
    }

    struct alignas (cacheLineBytes) Record
    {
        std::array<typename Policy::template Atomic<const Object*>, hazardsPerSlot> hazards{};

        // The slot's thread's own; from one to the next through the registry.
        Object* retired = nullptr;
        Object* reclaimable = nullptr;
        unsigned numRetired = 0;
        unsigned numSurvived = 0; // of these, the last scan
        unsigned scanAt = 1;
    };

    static void keep (Record& record, Object& object) noexcept
    {
        object.next.set (record.retired);
        record.retired = &object;
        ++record.numRetired;
    }

    static std::uint64_t filterBit (const Object* object) noexcept
    {
        const auto address = reinterpret_cast<std::uintptr_t> (object);
        return std::uint64_t{ 1 } << ((address >> 6 ^ address >> 12) & 63);
    }

    const Reclaim reclaim;
    void* const context;
    const unsigned patience;
    SlotRegistry<Policy> registry;
    std::array<Record, maxSlots> records;
};

} // namespace rt
