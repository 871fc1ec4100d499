#pragma once

#include "Backoff.h"
#include "FreelistElement.h"
#include "FreelistFault.h"
#include "FreelistState.h"
#include "Policy.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rt
{

/** A bag of equal elements from which any thread takes one and to which any thread gives one back; usually the last one given.

    The elements are the caller's: an array, in which each has a FreelistElement at the same place, a fixed number of bytes from
    one to the next. Nothing is allocated, and nothing is ever freed: a thread may still read the link of an element that somebody
    else has taken by now, so the array must stay where it is while anybody uses the list.

        struct Job : rt::FreelistElement<> { ... };

        std::vector<Job> jobs (1000);
        rt::FreelistState<> state;                               // either may lie in memory shared between processes
        rt::Freelist<> list (state, jobs.data(), sizeof (Job), 1000);
        list.fill();                                             // before the others come

        rt::Freelist<>::Token token;                             // one for each thread
        if (auto* element = list.pop (token))
            use (static_cast<Job&> (*element));

    A Freelist is a view: cheap to copy, a process's own, while FreelistState and the elements hold numbers and no addresses. A
    process that dies keeps the elements that it had; the list itself is whole at every moment.

    How it works: the head is one word, an element's number (24 bits) and a generation (40 bits) that grows with every change. So
    a compare-and-exchange that succeeds proves that the list is as it was when the links were read: an element that was
    taken and given back in between (ABA) shows in the generation. That would fail only if a thread were stopped for exactly a
    multiple of 2^40 changes, 15 hours at 20 million a second. The generation is always made from the word that the exchange
    compares with, never from an older copy.

    The elimination array, if the state has one, takes part only after a failed exchange: a push leaves its element in one
    of the places there and is done, a pop takes what it finds. Its words have generations too. A pop that finds the list empty
    says so only if nothing is parked: it reads all places, then the head, then all places again. If the places were empty
    and have not changed, they were empty from the first reading to the second, so also when the head was read, and that
    moment is where the pop stands in the order of all operations. If anything has changed it tries again, which is
    lock-free because the change was somebody's success. Without an array, the load of the head decides alone.

    Progress: lock-free all of it, and no operation waits for another thread; a frozen one holds up nobody. Steps without
    contention: three atomic operations each, one of them a read-modify-write.

    Memory orders (numbers as in the code): a push's exchange (2), or its parking (6), is a release, and a pop's acquire load (3),
    failed exchange (5) or taking (7) sees it, directly or through the read-modify-writes of others in between, which
    continue the release sequence. So the taker finds the link and what the giver wrote. The link is read relaxed (4): it may be
    newer than the head that was read, then the exchange fails. A successful pop (5), (7) must be a release as well, for two
    reasons. A link read before it cannot be one that a later owner writes. And who sees the gap that it left must see what its
    thread gave before: else an empty place next to an old head would make a bag look empty that never was. The exchanges and
    the readings (8) (9) are seq_cst, so that there is one order of all changes in which "moment" above means something, on
    machines too where two threads may see changes of different words in different orders (POWER); acquire and release were
    enough for the model checker. On x86 and 64-bit ARM a read-modify-write costs the same either way.

    Checks (`checks`, on in debug builds): giving an element twice, or one that is none, is reported to FreelistFault's handler.

    Source: the freelist of liblfds 7.1.1 (a Treiber stack; the elimination array after Hendler, Shavit and Yerushalmi 2004),
    without its double-width exchange, its false "empty" and its shared statistics.
*/
template <typename Policy = StdPolicy, bool checks = checksFreelists>
class Freelist
{
public:
    using Element = FreelistElement<Policy>;
    using State = FreelistState<Policy>;

    static constexpr std::uint32_t mostElements = (1u << 24) - 1;

    /** A thread's own part: how long it steps aside after a failure, and random numbers. Costs nothing to make. */
    class Token
    {
    public:
        /** @param seed  of the random numbers that spread threads over the elimination array; 0: whatever the address gives */
        explicit Token (const typename Backoff<Policy>::Limits& limits = {}, std::uint64_t seed = 0) noexcept
            : backoff (limits),
              random ((seed != 0 ? seed : reinterpret_cast<std::uintptr_t> (this)) * 0x9e3779b97f4a7c15u | 1)
        {
        }

        const Backoff<Policy>& getBackoff() const noexcept { return backoff; }

    private:
        friend Freelist;

        unsigned choose (unsigned limit) noexcept
        {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            return static_cast<unsigned> ((random >> 32) * limit >> 32);
        }

        Backoff<Policy> backoff;
        std::uint64_t random;
    };

    /** Elements that belong together: `first`, what getNext() gives after it, up to `last`. */
    struct Chain
    {
        Element* first = nullptr;
        Element* last = nullptr;
        std::uint32_t count = 0;
    };

    /** A view of the list. All views of a state have the same elements, in the same order.
        @param firstElement    the Element inside the first record of the array
        @param bytesPerRecord  from one Element to the next
        @param numElements     at most mostElements
    */
    Freelist (State& listState, Element* firstElement, std::size_t bytesPerRecord, std::uint32_t numElements) noexcept
        : state (&listState), base (reinterpret_cast<std::byte*> (firstElement)), stride (bytesPerRecord),
          capacity (numElements), numSlots (listState.getNumEliminationSlots()),
          strideShift (static_cast<unsigned> (std::countr_zero (bytesPerRecord))),
          strideInverse (invert (bytesPerRecord >> strideShift))
    {
        assert (numElements <= mostElements);
        assert (bytesPerRecord >= sizeof (Element) && bytesPerRecord % alignof (Element) == 0);
    }

    /** Gives all elements to the list, which is empty: the first will be the first out. Before others use it. */
    void fill() noexcept
    {
        Chain all;

        for (std::uint32_t i = 0; i < capacity; ++i)
            append (all, getElement (i));

        Token token;
        pushChain (all, token);
    }

    /** Gives an element that was popped, or has never been in the list.
        Any thread. Lock-free.
    */
    void push (Element& element, Token& token) noexcept
    {
        if constexpr (checks)
            if (! markGiven (element))
                return;

        give (getLink (element), element, true, token);
    }

    /** As the other one, with a token of the moment, which has learned nothing. */
    void push (Element& element) noexcept
    {
        Token token;
        push (element, token);
    }

    /** Takes an element; null if there is none. What the last user left in it is still there.
        Any thread. Lock-free.
    */
    Element* pop (Token& token) noexcept
    {
        auto head = state->head.word.load (std::memory_order_acquire); // (3) with (2)

        for (std::uint32_t numFailures = 0;;)
        {
            if (linkOf (head) == 0)
            {
                auto isEmpty = numSlots == 0;
                auto* const element = isEmpty ? nullptr : popParked (isEmpty);

                if (isEmpty || element != nullptr)
                    return taken (element);

                head = state->head.word.load (std::memory_order_acquire); // (3) with (2)
                continue;
            }

            auto& first = getElement (linkOf (head) - 1);
            const auto next = first.next.load (std::memory_order_relaxed); // (4)

            if (state->head.word.compare_exchange_weak (head, change (head, next), std::memory_order_seq_cst,
                                                        std::memory_order_acquire)) // (5) with (2), (3), (9)
            {
                token.backoff.succeeded (numFailures);
                return taken (&first);
            }

            ++numFailures;

            if (numSlots != 0)
            {
                auto& slot = state->slots[token.choose (numSlots)].word;

                if (auto* const parked = takeParked (slot, slot.load (std::memory_order_relaxed)))
                {
                    token.backoff.succeeded (numFailures);
                    return taken (parked);
                }
            }

            token.backoff.wait (numFailures);
            head = state->head.word.load (std::memory_order_acquire); // (3) with (2)
        }
    }

    /** As the other one, with a token of the moment, which has learned nothing. */
    Element* pop() noexcept
    {
        Token token;
        return pop (token);
    }

    /** Puts the element, which must be the caller's, at the end of the caller's chain. */
    void append (Chain& chain, Element& element) const noexcept
    {
        if (chain.last != nullptr)
            chain.last->next.store (getLink (element), std::memory_order_relaxed);
        else
            chain.first = &element;

        element.next.store (0, std::memory_order_relaxed);
        chain.last = &element;
        ++chain.count;
    }

    /** What follows the element in a chain that is the caller's; null after its last. */
    Element* getNext (const Element& element) const noexcept
    {
        const auto link = element.next.load (std::memory_order_relaxed);
        return link == 0 ? nullptr : &getElement (link - 1);
    }

    /** Gives all elements of the chain at once.
        Any thread. Lock-free; as a single push, however long the chain is (with checks, a step more for each element).
    */
    void pushChain (const Chain& chain, Token& token) noexcept
    {
        if (chain.count == 0)
            return;

        if constexpr (checks)
        {
            for (auto* element = chain.first; element != nullptr; element = getNext (*element))
            {
                if (markGiven (*element))
                    continue;

                for (auto* marked = chain.first; marked != element; marked = getNext (*marked))
                    marked->markUsed();

                return;
            }
        }

        give (getLink (*chain.first), *chain.last, false, token);
    }

    /** Takes up to `most` elements at once, as many as there are in the list; an empty chain if there is none, not in the
        elimination array either. What is parked there counts only when the list is empty, and then it is one element.
        Any thread. Lock-free; a step more for each element and try.
    */
    Chain popChain (std::uint32_t most, Token& token) noexcept
    {
        if (most == 0)
            return {};

        auto head = state->head.word.load (std::memory_order_acquire); // (3) with (2)

        for (std::uint32_t numFailures = 0;;)
        {
            if (linkOf (head) == 0)
            {
                auto isEmpty = numSlots == 0;
                auto* const element = isEmpty ? nullptr : popParked (isEmpty);

                if (isEmpty)
                    return {};

                if (element != nullptr)
                    return taken (Chain{ element, element, 1 });

                head = state->head.word.load (std::memory_order_acquire); // (3) with (2)
                continue;
            }

            // While others change the list, this may wander anywhere among the elements; then the exchange fails.
            Chain chain{ &getElement (linkOf (head) - 1), nullptr, 1 };
            chain.last = chain.first;
            auto next = chain.last->next.load (std::memory_order_relaxed); // (4)

            for (; chain.count < most && next != 0; ++chain.count)
            {
                chain.last = &getElement (next - 1);
                next = chain.last->next.load (std::memory_order_relaxed); // (4)
            }

            if (state->head.word.compare_exchange_weak (head, change (head, next), std::memory_order_seq_cst,
                                                        std::memory_order_acquire)) // (5) with (2), (3), (9)
            {
                token.backoff.succeeded (numFailures);
                return taken (chain);
            }

            token.backoff.wait (++numFailures);
            head = state->head.word.load (std::memory_order_acquire); // (3) with (2)
        }
    }

    /** Takes everything: the list at one moment, and what is parked when it gets there; in a chain.
        Any thread. Lock-free; then as many steps as there are elements.
    */
    Chain popAll (Token& token) noexcept
    {
        auto chain = popChain (capacity, token);

        for (unsigned i = 0; i < numSlots; ++i)
        {
            auto& slot = state->slots[i].word;

            if (auto* const parked = taken (takeParked (slot, slot.load (std::memory_order_relaxed))))
                append (chain, *parked);
        }

        return chain;
    }

    /** Calls the function with each element that is in the list or the array. While nobody uses the list. */
    template <typename Function>
    void visitAll (Function&& function) const
    {
        auto link = linkOf (state->head.word.load (std::memory_order_acquire));

        for (std::uint32_t i = 0; i < capacity && link != 0; ++i)
        {
            auto& element = getElement (link - 1);
            link = element.next.load (std::memory_order_relaxed);
            function (element);
        }

        for (unsigned i = 0; i < numSlots; ++i)
            if (const auto parked = linkOf (state->slots[i].word.load (std::memory_order_acquire)); parked != 0)
                function (getElement (parked - 1));
    }

    /** How many elements there are: exact while nobody uses the list, else a rough number, at most the capacity.
        Any thread. Wait-free: as many steps as there are elements, at most.
    */
    std::uint32_t count() const noexcept
    {
        std::uint32_t numElements = 0;
        visitAll ([&numElements] (Element&) { ++numElements; });
        return std::min (numElements, capacity);
    }

    /** Looks for links that lead nowhere, cycles, and elements in two places. The function is called with each that
        was found to be right. While nobody uses the list; allocates.
    */
    template <typename Function>
    FreelistFault validate (Function&& function) const
    {
        using Kind = FreelistFault::Kind;
        std::vector<bool> seen (capacity);
        const Element* from = nullptr;

        const auto note = [&] (std::uint32_t link, Kind again) -> FreelistFault
        {
            if (link > capacity)
                return { Kind::badLink, from };

            if (seen[link - 1])
                return { again, &getElement (link - 1) };

            seen[link - 1] = true;
            from = &getElement (link - 1);
            function (getElement (link - 1));
            return {};
        };

        for (auto link = linkOf (state->head.word.load (std::memory_order_acquire)); link != 0;
             link = from->next.load (std::memory_order_relaxed))
            if (const auto fault = note (link, Kind::cycle))
                return fault;

        for (unsigned i = 0; i < numSlots; ++i)
        {
            from = nullptr;

            if (const auto link = linkOf (state->slots[i].word.load (std::memory_order_acquire)); link != 0)
                if (const auto fault = note (link, Kind::twice))
                    return fault;
        }

        return {};
    }

    FreelistFault validate() const
    {
        return validate ([] (const Element&) {});
    }

    std::uint32_t getCapacity() const noexcept { return capacity; }

    /** By its place in the array. */
    Element& getElement (std::uint32_t index) const noexcept { return *reinterpret_cast<Element*> (base + index * stride); }

    /** The element's place in the array; the capacity or more if it is none of the list's. */
    std::uint64_t getIndex (const Element& element) const noexcept
    {
        // An exact division: the distance is a multiple of the stride, an odd number times a power of two, and the odd number
        // has an inverse modulo 2^64. Anything else than a multiple gives a huge number.
        const auto distance = static_cast<std::uint64_t> (reinterpret_cast<std::uintptr_t> (&element)
                                                          - reinterpret_cast<std::uintptr_t> (base));
        return std::rotr (distance, static_cast<int> (strideShift)) * strideInverse;
    }

    /** For wrappers that make the checks themselves: marks an element that is given as free; if it is so already, or is none of the
        list's, reports that and returns false.
        Any thread. Wait-free*: one exchange.
    */
    bool markGiven (Element& element) const
    {
        const auto isForeign = getIndex (element) >= capacity;

        if (! isForeign && element.markFree())
            return true;

        FreelistFault::report ({ isForeign ? FreelistFault::Kind::foreign : FreelistFault::Kind::doubleFree, &element });
        return false;
    }

private:
    static constexpr unsigned linkBits = 24;
    static constexpr std::uint64_t linkMask = (std::uint64_t{ 1 } << linkBits) - 1;

    static constexpr std::uint32_t linkOf (std::uint64_t word) noexcept
    {
        return static_cast<std::uint32_t> (word & linkMask);
    }

    // The word that follows: the next generation, with another link.
    static constexpr std::uint64_t change (std::uint64_t word, std::uint32_t link) noexcept
    {
        return ((word >> linkBits) + 1) << linkBits | link;
    }

    // Newton's iteration doubles the bits that are right, from 3.
    static constexpr std::uint64_t invert (std::uint64_t odd) noexcept
    {
        auto inverse = odd;

        for (int i = 0; i < 5; ++i)
            inverse *= 2 - odd * inverse;

        return inverse;
    }

    std::uint32_t getLink (const Element& element) const noexcept
    {
        return static_cast<std::uint32_t> (getIndex (element)) + 1;
    }

    void give (std::uint32_t firstLink, Element& last, bool mayPark, Token& token) noexcept
    {
        auto head = state->head.word.load (std::memory_order_relaxed); // (1)

        for (std::uint32_t numFailures = 0;;)
        {
            last.next.store (linkOf (head), std::memory_order_relaxed);

            if (state->head.word.compare_exchange_weak (head, change (head, firstLink), std::memory_order_seq_cst,
                                                        std::memory_order_relaxed)) // (2) with (3), (5), (9)
            {
                token.backoff.succeeded (numFailures);
                return;
            }

            ++numFailures;

            if (mayPark && numSlots != 0)
            {
                auto& slot = state->slots[token.choose (numSlots)].word;
                auto word = slot.load (std::memory_order_relaxed);

                if (linkOf (word) == 0
                    && slot.compare_exchange_strong (word, change (word, firstLink), std::memory_order_seq_cst,
                                                     std::memory_order_relaxed)) // (6) with (7), (8)
                {
                    token.backoff.succeeded (numFailures);
                    return;
                }
            }

            token.backoff.wait (numFailures);
            head = state->head.word.load (std::memory_order_relaxed); // (1)
        }
    }

    // What the word says is parked, unless somebody else gets it.
    Element* takeParked (typename State::Word& slot, std::uint64_t word) noexcept
    {
        if (linkOf (word) != 0
            && slot.compare_exchange_strong (word, change (word, 0), std::memory_order_seq_cst,
                                             std::memory_order_relaxed)) // (7) with (6), (8)
            return &getElement (linkOf (word) - 1);

        return nullptr;
    }

    // After the list was found empty: something parked, or the truth about whether everything is empty, or neither (again).
    Element* popParked (bool& isEmpty) noexcept
    {
        std::array<std::uint64_t, State::mostEliminationSlots> before;

        for (unsigned i = 0; i < numSlots; ++i)
        {
            before[i] = state->slots[i].word.load (std::memory_order_seq_cst); // (8) with (6), (7)

            if (linkOf (before[i]) != 0)
                return takeParked (state->slots[i].word, before[i]);
        }

        if (linkOf (state->head.word.load (std::memory_order_seq_cst)) != 0) // (9) with (2), (5)
            return nullptr;

        for (unsigned i = 0; i < numSlots; ++i)
            if (state->slots[i].word.load (std::memory_order_seq_cst) != before[i]) // (8) with (6), (7)
                return nullptr;

        isEmpty = true;
        return nullptr;
    }

    Element* taken (Element* element) const noexcept
    {
        if constexpr (checks)
            if (element != nullptr)
                element->markUsed();

        return element;
    }

    Chain taken (const Chain& chain) const noexcept
    {
        chain.last->next.store (0, std::memory_order_relaxed);

        if constexpr (checks)
            for (auto* element = chain.first; element != nullptr; element = getNext (*element))
                element->markUsed();

        return chain;
    }

    State* state;
    std::byte* base;
    std::size_t stride;
    std::uint32_t capacity;
    unsigned numSlots;
    unsigned strideShift;
    std::uint64_t strideInverse;
};

} // namespace rt
