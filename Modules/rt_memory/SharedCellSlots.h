#pragma once

#include "detail/CellSlot.h"

#include <rt_queues/SlotRegistry.h>
#include <rt_queues/ThreadSlots.h>

#include <array>
#include <cassert>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace rt
{

template <typename T, typename Policy>
class SharedCell;

/** The places in which threads say what they are reading from SharedCells: 64 slots, one for each thread that uses any of
    the cells made with these slots at the same time. One such object serves any number of cells, of any types.

    Each slot is a cache line (pair) of its own, so that readers do not meet there; all together take 8 KiB. Writers look at
    the slots that are in use, so their cost follows the threads that there are.

    A thread gets its slot by attach() and hands it to the operations. It allocates nothing. The operations without a slot
    get one for the calling thread from ThreadSlots, which does allocate when a thread comes for the first time.

    Outlives its Slots, the cells made with it, and what is read from them.
*/
template <typename Policy = StdPolicy>
class BasicSharedCellSlots final : private ThreadSlots
{
public:
    static constexpr unsigned maxSlots = SlotRegistry<Policy>::maxSlots;

    /** A place, given back when this goes. Moves, does not copy. For one thread at a time; nothing that was read with it may
        be left when it goes.
    */
    class Slot
    {
    public:
        Slot() noexcept = default;
        Slot (Slot&& other) noexcept : slots (std::exchange (other.slots, nullptr)), number (other.number) {}

        ~Slot()
        {
            if (slots == nullptr)
                return;

            assert (get().debtsInUse.get() == detail::CellSlot<Policy>::noDebtsInUse);
            slots->registry.release (number);
        }

        Slot& operator= (Slot&& other) noexcept
        {
            Slot moved (std::move (other));
            std::swap (slots, moved.slots);
            std::swap (number, moved.number);
            return *this;
        }

        /** False if there was none left: not to be used then. */
        explicit operator bool() const noexcept { return slots != nullptr; }

    private:
        friend class BasicSharedCellSlots;

        template <typename U, typename P>
        friend class SharedCell;

        Slot (BasicSharedCellSlots& slotsToUse, unsigned numberToUse) noexcept : slots (&slotsToUse), number (numberToUse) {}

        detail::CellSlot<Policy>& get() const noexcept { return slots->all[number]; }

        BasicSharedCellSlots* slots = nullptr;
        unsigned number = 0;
    };

    BasicSharedCellSlots() = default;
    ~BasicSharedCellSlots() { end(); }

    /** A slot for the calling thread, or for another one; false if all are taken.
        Any thread. Lock-free: a failed try means that somebody else took a slot or gave one back.
    */
    Slot attach() noexcept
    {
        const auto number = registry.acquire();
        return number >= 0 ? Slot (*this, static_cast<unsigned> (number)) : Slot();
    }

private:
    template <typename U, typename P>
    friend class SharedCell;

    int attachThread() override { return registry.acquire(); }
    void detachThread (unsigned slot) noexcept override { registry.release (slot); }

    /** The calling thread's own. */
    detail::CellSlot<Policy>& getForThread()
    {
        const auto number = getThreadSlot();

        if (number < 0)
            throw std::runtime_error ("More threads at a SharedCell than there are slots");

        return all[static_cast<unsigned> (number)];
    }

    SlotRegistry<Policy> registry;
    std::array<detail::CellSlot<Policy>, maxSlots> all;
};

using SharedCellSlots = BasicSharedCellSlots<>;

} // namespace rt
