#pragma once

#include "Shared.h"
#include "SharedCellSlots.h"

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace rt
{

/** A Shared that any number of threads read and write at once.

    Reading takes a fixed number of steps whatever the others do, and does not write to any line that all readers write:
    get() gives a Shared (whose count is such a line, so prefer read() for what is read often), read() looks at the object
    without counting. Neither waits for a writer, and no writer waits for a reader: one that is stopped in the middle keeps a
    few objects alive, no more.

    Every operation takes a slot of the SharedCellSlots that the cell was made with. The overloads without are a convenience
    that gets the calling thread's own: at a thread's first use that allocates and locks, and it throws if all slots are
    taken.

    How it works. The cell's one word is the block of the current object, of which the cell has a share. A reader writes down
    in a debt of its slot what it is going to use, and looks whether it is still current: then the object cannot go, for a
    writer that replaces it looks for debts before it lets go of the cell's share, and pays those to this object: adds a
    share and clears the debt. A reader that finds its debt cleared has a share to drop; else it clears the debt itself. If
    what the reader wrote down has been replaced already, it does not try again, which could go on for ever, but asks: puts a
    request into its slot, then reads and writes down once more. Whoever replaces anything in the meantime answers the
    request with a counted object that is current at that moment; if nobody did, what was read is right.

    An aliased pointer, one that does not point to where the object begins that its collector made, does not fit in one word:
    writing such a one allocates a small collected object that holds it, so do that elsewhere than on a real-time thread. (A
    base at the beginning of its derived object is not aliased in this sense.)

    Memory orders (numbers as in the code). Everything rests on two pairs in which each side writes and then looks at what
    the other one has written, so these are seq_cst: debt (1) then word (2) against word (7) then debts (10); request (3)
    then word (4) against word (7) then requests (8). So either the reader sees the new object, or the writer sees the debt
    or the request. A writer that finds no request though the reader had one finds it closed (6), which releases the debt (5)
    written before; the same if its answer (9) comes too late. Slots are only looked at if they are taken, which is seq_cst
    as well (SlotRegistry): a reader that takes its slot later than that looks at the word later still. Replacing (7)
    releases the new object to the acquires (2), (4). A debt is given back by a release (12), and looked at by an acquire
    (10, and 11 where it fails): what the reader did with the object happens before its end. Where the debt has been paid
    (11), the reader's share does that, and (12) acquires the payment. The answer (9) releases the share in it to (6). The
    cell's address (13) is released to (14): a writer that sees the next request's sees the end of the last one.

    Sources: debts are those of Michal Vaner's arc-swap (Rust), with hazard pointers (Michael, 2004) for a root; answers to
    requests as in its helping strategy. What basedrop's SharedCell does in their place, counting the readers in one word,
    makes writers wait for readers.
*/
template <typename T, typename Policy = StdPolicy>
class SharedCell
{
    using Block = detail::Block<Policy>;
    using CellSlot = detail::CellSlot<Policy>;

public:
    using Pointer = Shared<T, Policy>;
    using Slots = BasicSharedCellSlots<Policy>;
    using Slot = typename Slots::Slot;
    using Element = typename Pointer::Element;

    /** How many objects one slot can be reading by read() without counting; further ones are counted. */
    static constexpr std::size_t maxUncountedReads = CellSlot::numDebts - 1;

    /** A look at what was in the cell when read() was called. The object stays alive as long as this does, which may be
        longer than the cell does, but not longer than the slot. Stays on its thread.
    */
    class Read
    {
    public:
        Read (const Read&) = delete;
        Read& operator= (const Read&) = delete;

        /** Wait-free: one step; where the object has been replaced meanwhile, that and dropping a Shared. */
        ~Read()
        {
            if (debt != none)
            {
                giveBack (slot, debt, block);
                slot.debtsInUse.set (slot.debtsInUse.get() & ~(std::uint64_t{ 1 } << debt));
            }
            else if (block != nullptr)
            {
                dropShare (*block);
            }
        }

        Element* get() const noexcept { return getObject (block); }
        Element& operator*() const noexcept { return *get(); }
        Element* operator->() const noexcept { return get(); }
        explicit operator bool() const noexcept { return get() != nullptr; }

        /** A pointer that may be kept. Wait-free: one step. */
        Pointer share() const noexcept
        {
            if (block != nullptr)
                block->uses.add();

            return toPointer (block);
        }

    private:
        friend class SharedCell;

        Read (const SharedCell& cell, CellSlot& slotToUse) noexcept : slot (slotToUse)
        {
            const auto free = static_cast<unsigned> (std::countr_one (slot.debtsInUse.get()));
            const auto index = free < CellSlot::numDebts ? free : static_cast<unsigned> (CellSlot::ownDebt);
            const auto seen = cell.protect (slot, index);
            block = seen.block;

            if (block == nullptr || seen.isCounted)
                return;

            if (index == CellSlot::ownDebt)
            {
                block->uses.add();
                giveBack (slot, index, block);
                return;
            }

            slot.debtsInUse.set (slot.debtsInUse.get() | std::uint64_t{ 1 } << index);
            debt = index;
        }

        static constexpr unsigned none = CellSlot::numDebts;

        CellSlot& slot;
        Block* block = nullptr;
        unsigned debt = none; // else the share is counted
    };

    /** Empty, or with something in it. Allocates if that is an aliased pointer. The slots must outlive the cell. */
    explicit SharedCell (Slots& slotsToUse, Pointer initial = {})
        : slots (slotsToUse), current (toBlock (std::move (initial)))
    {
    }

    /** Drops what is inside. Nobody may be using the cell; what was read from it stays valid. */
    ~SharedCell() { static_cast<void> (replacedWith (nullptr, nullptr)); }

    SharedCell (const SharedCell&) = delete;
    SharedCell& operator= (const SharedCell&) = delete;

    /** What is inside.
        Any thread with a slot. Wait-free: 5 steps if no writer comes in between; else at most 11, and twice dropping a
        Shared.
    */
    Pointer get (Slot& slot) const noexcept { return toPointer (getCounted (own (slot))); }

    /** A look at what is inside, without counting as long as the slot has free debts (see maxUncountedReads).
        Any thread with a slot. Wait-free: 3 steps if no writer comes in between, and one when the Read goes; else at most
        as get(), and dropping a Shared when the Read goes.
    */
    [[nodiscard]] Read read (Slot& slot) const noexcept { return Read (*this, own (slot)); }

    /** Puts another object, or null, in place of the one that is inside, which is dropped. Never waits for a reader. Allocates
        only if the pointer is aliased (see the class), and throws only then.
        Any thread with a slot. Wait-free: 2 steps and dropping a Shared; for each slot in use, 6 looks at its debts, 3 more
        steps for each debt to the replaced object, and one look at its request; if it is one about this cell, 2 steps, a
        get() and perhaps dropping a Shared.
    */
    void set (Slot& slot, Pointer desired) { static_cast<void> (exchange (slot, std::move (desired))); }

    /** set(), and what was inside before. */
    Pointer exchange (Slot& slot, Pointer desired) { return replacedWith (&own (slot), toBlock (std::move (desired))); }

    /** If what is inside points to the same object as `expected` (as operator== says), puts `desired` in its place; all as
        one step. Says whether it did.
        Any thread with a slot. Lock-free: it tries again only when another writer has put in another pointer. Otherwise as
        set(). What may be allocated for `desired` is allocated in any case.
    */
    bool compareExchange (Slot& slot, const Pointer& expected, Pointer desired)
    {
        return compareExchange (own (slot), expected, std::move (desired));
    }

    // The same for the calling thread's own slot. These may allocate, lock and throw.
    Pointer get() const { return toPointer (getCounted (slots.getForThread())); }
    [[nodiscard]] Read read() const { return Read (*this, slots.getForThread()); }
    void set (Pointer desired) { static_cast<void> (exchange (std::move (desired))); }

    Pointer exchange (Pointer desired)
    {
        auto& slot = slots.getForThread();
        return replacedWith (&slot, toBlock (std::move (desired)));
    }

    bool compareExchange (const Pointer& expected, Pointer desired)
    {
        return compareExchange (slots.getForThread(), expected, std::move (desired));
    }

private:
    /** An object that will not go as long as we have not given the debt back, or dropped the share that came with it. */
    struct Protected
    {
        Block* block;
        bool isCounted;
    };

    CellSlot& own (Slot& slot) const noexcept
    {
        assert (slot.slots == &slots);
        return slot.get();
    }

    Protected protect (CellSlot& slot, std::size_t debtIndex) const noexcept
    {
        // Tests may ask for the long way.
        if constexpr (! requires { Policy::sharedCellsAlwaysAskForHelp; })
        {
            auto* seen = current.load (std::memory_order_acquire);

            if (seen == nullptr)
                return { nullptr, false };

            auto& debt = slot.debts[debtIndex];
            debt.store (seen, std::memory_order_seq_cst); // (1) with (10)

            if (current.load (std::memory_order_seq_cst) == seen) // (2) with (7)
                return { seen, false };

            // If this has been paid, then perhaps by a writer of another cell, to an object that came to lie where ours had
            // been. So it is not for us to use.
            giveBack (slot, debtIndex, seen);
        }

        return protectWithHelp (slot, debtIndex);
    }

    Protected protectWithHelp (CellSlot& slot, std::size_t debtIndex) const noexcept
    {
        // With 62 bits, numbers do not come again while a writer looks at one.
        slot.lastRequest.set (slot.lastRequest.get() + 1);
        const auto request = slot.lastRequest.get() << 2 | CellSlot::requestBit;

        slot.cell.store (this, std::memory_order_release);       // (13) with (14)
        slot.control.store (request, std::memory_order_seq_cst); // (3) with (8)

        auto* seen = current.load (std::memory_order_seq_cst);         // (4) with (7)
        slot.debts[debtIndex].store (seen, std::memory_order_relaxed); // (5) released by (6)

        const auto answer = slot.control.exchange (CellSlot::idle, std::memory_order_acq_rel); // (6) with (8), (9)

        if (answer == request)
            return { seen, false };

        // What we saw may have been gone before anybody could see our debt. If somebody paid, then to an object that has
        // come there since.
        if (seen != nullptr)
            giveBack (slot, debtIndex, seen);

        return { CellSlot::fromAnswer (answer), true };
    }

    /** Clears the debt, or drops the share that it has been paid with. */
    static void giveBack (CellSlot& slot, std::size_t debtIndex, Block* block) noexcept
    {
        if (slot.debts[debtIndex].exchange (nullptr, std::memory_order_acq_rel) != block) // (12) with (10), (11)
            dropShare (*block);
    }

    Block* getCounted (CellSlot& slot) const noexcept
    {
        const auto seen = protect (slot, CellSlot::ownDebt);

        if (seen.block != nullptr && ! seen.isCounted)
        {
            seen.block->uses.add();
            giveBack (slot, CellSlot::ownDebt, seen.block);
        }

        return seen.block;
    }

    /** @param slot the writer's; null where nobody else uses the cell, so that nobody asks for help */
    Pointer replacedWith (CellSlot* slot, Block* desired) noexcept
    {
        auto* old = current.exchange (desired, std::memory_order_seq_cst); // (7) with (2), (4)
        payDebts (slot, old);
        return toPointer (old);
    }

    bool compareExchange (CellSlot& slot, const Pointer& expected, Pointer desired)
    {
        auto* const block = toBlock (std::move (desired));

        for (;;)
        {
            // Protected, it can be looked into, and the same address stays the same object.
            const auto seen = protect (slot, CellSlot::ownDebt);
            auto* old = seen.block;
            const auto isExpected = getObject (old) == expected.get();
            const auto isReplaced = isExpected
                                    && current.compare_exchange_strong (old, block, std::memory_order_seq_cst,
                                                                        std::memory_order_relaxed); // (7)

            if (seen.isCounted && seen.block != nullptr)
                dropShare (*seen.block);
            else if (seen.block != nullptr)
                giveBack (slot, CellSlot::ownDebt, seen.block);

            if (isReplaced)
            {
                payDebts (&slot, seen.block);

                if (seen.block != nullptr)
                    dropShare (*seen.block);

                return true;
            }

            if (! isExpected)
            {
                if (block != nullptr)
                    dropShare (*block);

                return false;
            }
        }
    }

    /** For who has replaced `old` and has the cell's share of it: makes it safe to drop that. */
    void payDebts (CellSlot* writers, Block* old) noexcept
    {
        if (old == nullptr)
            return;

        forEachBit (
            slots.registry.getActive(),
            [&] (unsigned number)
            {
                auto& slot = slots.all[number];

                // First this: a reader that we come too late for has its debt written down by then.
                if (writers != nullptr)
                    answerRequest (*writers, slot);

                for (auto& debt : slot.debts)
                {
                    if (debt.load (std::memory_order_seq_cst) != old) // (10) with (1), (12)
                        continue;

                    old->uses.add();
                    auto* owed = old;

                    // (11) with (12)
                    if (! debt.compare_exchange_strong (owed, nullptr, std::memory_order_acq_rel, std::memory_order_acquire))
                        dropShare (*old); // not the last one: we have the cell's
                }
            });
    }

    void answerRequest (CellSlot& writers, CellSlot& slot) noexcept
    {
        auto request = slot.control.load (std::memory_order_seq_cst); // (8) with (3), (6)

        if ((request & CellSlot::kindBits) != CellSlot::requestBit
            || slot.cell.load (std::memory_order_acquire) != this) // (14) with (13)
            return;

        // Read after the request, so that it is current during the reader's call, whatever other writers do.
        auto* block = getCounted (writers);

        if (! slot.control.compare_exchange_strong (request, CellSlot::toAnswer (block), std::memory_order_acq_rel,
                                                    std::memory_order_acquire)) // (9) with (6)
            if (block != nullptr)
                dropShare (*block);
    }

    static void dropShare (Block& block) noexcept
    {
        if (block.uses.remove())
            block.core.drop (block);
    }

    static Element* getObject (Block* block) noexcept
    {
        return block != nullptr && block->object != nullptr ? std::launder (static_cast<Element*> (block->object)) : nullptr;
    }

    /** Takes over a share. */
    static Pointer toPointer (Block* block) noexcept { return { block, getObject (block) }; }

    /** Holds a pointer whose object is not where its block says. */
    struct AliasBlock final : Block
    {
        explicit AliasBlock (Pointer&& pointer) noexcept
            : Block (pointer.block->core, const_cast<std::remove_cv_t<Element>*> (pointer.object)),
              aliased (std::move (pointer))
        {
        }

        std::size_t destroyObject() noexcept override
        {
            aliased.reset();
            return 0;
        }

        void deallocate() noexcept override { delete this; }

        Pointer aliased;
    };

    /** The share becomes the caller's. */
    static Block* toBlock (Pointer pointer)
    {
        if (pointer.block == nullptr || static_cast<const volatile void*> (pointer.object) == pointer.block->object)
        {
            pointer.object = nullptr;
            return std::exchange (pointer.block, nullptr);
        }

        auto& core = pointer.block->core;
        auto* block = new AliasBlock (std::move (pointer));
        core.countObject();
        return block;
    }

    Slots& slots;
    typename Policy::template Atomic<Block*> current;
};

} // namespace rt
