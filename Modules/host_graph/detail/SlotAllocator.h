#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace host::detail
{

/** Hands out the buffers of a plan so that any order of execution is valid in which an op comes after its predecessors.

    A buffer may be written again by an op that comes after all of its readers, whatever the schedule. So every reader puts a token
    of the buffer into a bag, and hands its bag on to one of its successors; where all tokens of a buffer meet, the op that
    holds them comes after every reader, and the buffer is its own to write. Each bag goes one way only, so no two ops that may run
    at the same time ever hold the same buffer.

    Linear in ops and wires: a bag keeps the tokens of a limited number of buffers, and those beyond are used only once.
*/
class SlotAllocator
{
public:
    explicit SlotAllocator (std::size_t numOps) : bags (numOps) {}

    /** The ops come one by one, in an order of execution. */
    void begin (std::size_t op)
    {
        free = std::move (bags[op].free);
        held.clear();

        for (const auto& token : bags[op].tokens)
            addTokens (token.buffer, token.count);

        bags[op].tokens = {};
    }

    int takeSlot()
    {
        if (free.empty())
            return numSlots++;

        const auto slot = free.back();
        free.pop_back();
        return slot;
    }

    void freeSlot (int slot) { free.push_back (slot); }

    /** The op leaves in the slot what so many wires will read, at least one. @returns the buffer's number */
    int produce (int slot, int numReaders)
    {
        buffers.push_back ({ slot, numReaders, 0 });
        return int (buffers.size()) - 1;
    }

    int getSlot (int buffer) const { return buffers[std::size_t (buffer)].slot; }

    /** The op reads the buffer by one wire. @returns whether nobody else can be reading it now or later */
    bool read (int buffer)
    {
        addTokens (buffer, 1);
        const auto& state = buffers[std::size_t (buffer)];
        return state.numTokens == state.numReaders;
    }

    /** @param successor  an op that comes after this one in any schedule, or -1
        @param heirs      ops that do, too, and share what is free among them; none: the successor gets it */
    void end (int successor, std::span<const std::size_t> heirs)
    {
        for (const auto buffer : held)
        {
            auto& state = buffers[std::size_t (buffer)];

            if (successor >= 0 && state.numTokens < state.numReaders
                && bags[std::size_t (successor)].tokens.size() < mostTokens)
                bags[std::size_t (successor)].tokens.push_back ({ buffer, state.numTokens });

            state.numTokens = 0;
        }

        if (heirs.empty())
        {
            if (successor >= 0)
                bequeath (free, bags[std::size_t (successor)].free);

            return;
        }

        for (std::size_t i = 0; i < free.size(); ++i)
            bags[heirs[i * heirs.size() / free.size()]].free.push_back (free[i]);
    }

    int getNumSlots() const noexcept { return numSlots; }

private:
    static constexpr std::size_t mostTokens = 1024;

    struct Token
    {
        int buffer, count;
    };

    struct Bag
    {
        std::vector<int> free;
        std::vector<Token> tokens;
    };

    struct Buffer
    {
        int slot, numReaders;
        int numTokens; ///< in the present op's bag
    };

    static void bequeath (std::vector<int>& slots, std::vector<int>& heir)
    {
        if (heir.size() < slots.size())
            heir.swap (slots);

        heir.insert (heir.end(), slots.begin(), slots.end());
    }

    void addTokens (int buffer, int count)
    {
        auto& state = buffers[std::size_t (buffer)];

        if (state.numTokens == 0)
            held.push_back (buffer);

        state.numTokens += count;
    }

    std::vector<Bag> bags;
    std::vector<Buffer> buffers;
    std::vector<int> free, held;
    int numSlots = 0;
};

} // namespace host::detail
