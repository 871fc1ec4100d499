#pragma once

#include "CacheLine.h"
#include "Freelist.h"
#include "Policy.h"
#include "detail/LruNode.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt
{

/** LruQueue's order of use: a touch moves an entry to the newest end. */
struct ExactOrder
{
    static constexpr bool usesReferenceBits = false;
};

/** LruQueue's order of use: a touch sets a bit. Who looks for an entry to take goes round the queue from old to new, clears the
    bits that it meets, and takes the first entry without one; the entries stay where they are (SIEVE, Zhang and others 2024).
    Each token goes round by itself, from where it was last, so that threads do not fight for one place. An entry that is
    never touched leaves as from a plain queue if one thread takes.
*/
struct ReferenceBits
{
    static constexpr bool usesReferenceBits = true;
};

/** A queue from the oldest to the newest that also lets go of entries in its middle: what a cache throws out by.

    Values are small (8 bytes at most, trivially copyable: a number, a pointer). Every entry has a handle, with which it
    is touched or removed wherever it stands; a handle that has outlived its entry is recognised.

        rt::LruQueue<Block*> queue (1000);                        // allocates; nothing after that does
        rt::LruQueue<Block*>::Token token (queue);                // one for each thread

        block.handle = queue.enqueue (&block, token);             // the newest
        block.handle = queue.touch (block.handle, token);         // the newest again; empty if somebody has taken it
        queue.remove (block.handle, token);                       // false: somebody has been quicker
        while (auto oldest = queue.dequeue (token)) ...

    How it works: nodes of an array, linked from a head that stays to the last one. All links carry the generation of the node
    that they lead to (40 bits; it grows when the node is given back), so that a compare-and-exchange fails if the node has
    gone meanwhile, and a walker notices that it has been left behind. An entry ends with one exchange of its node's state,
    live to dead, whether it was the oldest or stood in the middle; that decides who has it. The dead node is unlinked later,
    by whoever comes along: its own link is frozen (a mark, after which it cannot change), then the link that leads to it is
    moved on to where it leads. So a frozen link leads to a node that is still in the queue, of two neighbours that go at once
    none comes back, and the one whose exchange moved the link gives the node back. The last node is not unlinked, dead or
    not, so the end of the queue is always there to link to; who links behind a dead one unlinks that.

    No thread cleans up in the background. Most dead nodes are unlinked by whoever ended them, with the help of a hint where the
    link to them is. Where that is wrong they stay, until a dequeue comes by, or until all nodes are in use: who needs one
    then walks the queue once and unlinks all that are dead. As at least half of the nodes are not live then, this is two
    nodes looked at for each one that was left, at most. A thread that has time may do it before: clean().

    touch() of ExactOrder is a remove and an enqueue: for a moment the entry is not in the queue, and it has another handle
    then. It takes the node for the new place first; if there is none, the entry stays where it is.

    Capacity: as many entries as the constructor says fit in any case, with up to `mostThreads` threads at work; more may.

    Progress: all lock-free; no operation ever waits for a thread, and one that is stopped anywhere keeps three nodes from the
    others at most. Wait-free: touch() of ReferenceBits, remove() without a token, contains() and get().

    Memory orders (numbers as in the code). A node's life begins when its link is written into the one before (1), a release:
    who follows it (2), an acquire, finds state, value and stamp. It ends with recycle(): state first, then the link (3), a
    release; value and stamp of the next life are releases too (4). So who reads any of them with an acquire and the state
    after that, and finds its generation still there (5), has read what belongs to that life. The exchanges of states (6) and
    of links (1), (7), (8), and the loads on which an answer rests (2), (6) are seq_cst, and the store that makes a node live
    (6) is a release, so that who touches or removes by handle finds what the enqueuer wrote, too: "empty" is said after the
    death of all nodes up to the last has been seen and then the end; two threads that watch two different nodes must see
    their changes in the same order. The tail (9) is a hint that may lie one node back: an enqueue begins where it says, and
    links only where the generation is right; it is moved on before the node that it names is given back, which its unlinker
    knows of because it has seen the link that was written by somebody who had read the tail (1), (2), (9). That is also why
    it never leads to a node that has been given back.

    Source: asked for at https://stackoverflow.com/questions/12369159; the links after Michael and Scott (1996), the frozen link
    after Harris (2001).
*/
template <typename T, typename Order = ExactOrder, typename Policy = StdPolicy>
class LruQueue
{
    using W = detail::LruWord;
    using Node = detail::LruNode<Policy>;
    using Nodes = Freelist<Policy>;

    static_assert (std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>
                       && sizeof (T) <= sizeof (std::uint64_t),
                   "The value may be copied while it is written, and thrown away then");

public:
    static constexpr bool usesReferenceBits = Order::usesReferenceBits;
    static constexpr std::uint32_t mostNodes = 1u << W::indexBits;

    /** Names an entry for ever: no other one gets the same. Made by enqueue() and touch(); an empty one names none. */
    class Handle
    {
    public:
        constexpr Handle() noexcept = default;

        /** What a handle is to be stored as, in an atomic for example; 0 is the empty one. */
        constexpr std::uint64_t toWord() const noexcept { return link; }
        static constexpr Handle fromWord (std::uint64_t word) noexcept { return Handle (word); }

        constexpr explicit operator bool() const noexcept { return link != 0; }
        friend constexpr auto operator<=> (const Handle&, const Handle&) noexcept = default;

    private:
        friend LruQueue;
        constexpr explicit Handle (std::uint64_t l) noexcept : link (l) {}

        std::uint64_t link = 0;
    };

    /** A thread's own part: a spare node, and how long it steps aside. Ends before its queue does. */
    class Token
    {
    public:
        explicit Token (LruQueue& queueToUse, std::uint64_t seed = 0) noexcept : queue (queueToUse), freelistToken ({}, seed)
        {
        }

        ~Token()
        {
            if (spare != 0)
                queue.unused.push (queue.nodes[spare], freelistToken);
        }

        Token (const Token&) = delete;
        Token& operator= (const Token&) = delete;

    private:
        friend LruQueue;

        LruQueue& queue;
        typename Nodes::Token freelistToken;
        std::uint32_t spare = 0;
        std::uint32_t numUnlinked = 0;
        std::uint64_t hand = W::head; // ReferenceBits: behind which node to look next
    };

    /** Allocates 2 * capacity nodes of 64 bytes and some for each thread.
        @param capacityNeeded  entries that must fit
        @param mostThreads     how many threads may have tokens at once
    */
    explicit LruQueue (std::uint32_t capacityNeeded, std::uint32_t mostThreads = 16)
        : capacity (std::max (capacityNeeded, 1u)), numNodes (2 * capacity + 3 * mostThreads + 2),
          nodes (std::make_unique<Node[]> (numNodes)),
          unused (freeState, static_cast<FreelistElement<Policy>*> (&nodes[1]), sizeof (Node), numNodes - 1)
    {
        assert (numNodes <= mostNodes);
        nodes[W::headIndex].state.store (W::isHead, std::memory_order_relaxed);
        unused.fill();
    }

    LruQueue (const LruQueue&) = delete;
    LruQueue& operator= (const LruQueue&) = delete;

    std::uint32_t getCapacity() const noexcept { return capacity; }
    std::uint32_t getNumNodes() const noexcept { return numNodes; }

    /** Puts a value at the newest end. An empty handle if there are `capacity` entries, or more. With ReferenceBits,
        `isReferenced` says whether it begins as if it had been touched.
        Any thread, with its token. Lock-free. 12 atomic steps when nobody is in the way, two of them compare-and-exchanges,
        and four more if the token has no spare node; when no node is free, a walk through all.
    */
    Handle enqueue (T value, Token& token, bool isReferenced = false) noexcept
    {
        const auto index = takeNode (token);

        if (index == 0)
            return {};

        nodes[index].reference.store (usesReferenceBits && isReferenced ? 1 : 0, std::memory_order_relaxed);
        return Handle (append (index, encode (value), token));
    }

    /** Takes the oldest entry; with ReferenceBits, the next one that has not been touched since the last look. Nothing if there
        is no entry.
        Any thread, with its token. Lock-free; a step or more for each dead node on the way, which is then unlinked.
    */
    std::optional<T> dequeue (Token& token) noexcept
    {
        std::uint64_t value = 0;

        const auto take = [&] (std::uint64_t before, std::uint64_t node)
        {
            value = at (node).value.load (std::memory_order_acquire); // (5) with (4)

            if (! end (node)) // validates the value, too
                return false;

            unlink (before, node, token);
            return true;
        };

        return find (take, token) ? std::optional (decode (value)) : std::nullopt;
    }

    /** Calls `accepts (value, handle)` with one entry after the other, in the order in which dequeue() would take them, until
        it says true. Nothing is taken: who accepts then removes. Returns whether one was accepted. An entry may be offered
        more than once. With ReferenceBits, bits are cleared on the way, and if nothing without one is accepted the others are
        offered, too.
        Any thread, with its token. Lock-free, but for what `accepts` does.
    */
    template <typename Function>
    bool offer (Function&& accepts, Token& token)
    {
        return find (
            [&] (std::uint64_t, std::uint64_t node)
            {
                const auto value = at (node).value.load (std::memory_order_acquire); // (5) with (4)
                return isLive (node) && accepts (decode (value), Handle (node));
            },
            token);
    }

    /** Ends the entry, wherever it is; false if that has happened before. Then unlinks its node, if that can be done at once.
        Any thread, with its token. Lock-free; one compare-and-exchange decides.
    */
    bool remove (Handle handle, Token& token) noexcept
    {
        if (! end (handle.link))
            return false;

        if constexpr (usesHints)
            unlinkByHint (handle.link, token);
        else
            static_cast<void> (token);

        return true;
    }

    /** The same, but leaves the node for others to unlink.
        Any thread. Wait-free: one compare-and-exchange.
    */
    bool remove (Handle handle) noexcept { return end (handle.link); }

    /** ExactOrder: makes the entry the newest. Returns its new handle; an empty one if the entry has been taken or removed;
        the old handle if the entry is the newest, or if there is no node for its new place: then it is still where it was.
        Any thread, with its token. Lock-free.

        ReferenceBits: notes that the entry is in use; returns the same handle, or an empty one. Wait-free: two loads, and one
        store if the bit is not set. A touch at the same time as a dequeue may come too late to keep the entry.
    */
    Handle touch (Handle handle, Token& token) noexcept
    {
        if constexpr (usesReferenceBits)
        {
            static_cast<void> (token);
            return touch (handle);
        }
        else
        {
            auto& node = at (handle.link);

            // Nothing behind it. Read before the state: while the entry lives the link is its own.
            if (node.link.load (std::memory_order_seq_cst) == W::endOf (W::generationOf (handle.link)))
                return isLive (handle.link) ? handle : Handle();

            if (! isLive (handle.link))
                return {};

            prefetchNeighbours (node);
            const auto index = takeNode (token);

            if (index == 0)
                return isLive (handle.link) ? handle : Handle();

            const auto value = node.value.load (std::memory_order_acquire); // (5) with (4)

            if (! end (handle.link))
            {
                keep (index, token);
                return {};
            }

            const Handle fresh (append (index, value, token));
            unlinkByHint (handle.link, token);
            return fresh;
        }
    }

    /** ReferenceBits: touch() without a token.
        Any thread. Wait-free.
    */
    Handle touch (Handle handle) noexcept
        requires (Order::usesReferenceBits)
    {
        if (! isLive (handle.link))
            return {};

        // Not written if it is set: many readers of the same entry then share the line.
        if (auto& bit = at (handle.link).reference; bit.load (std::memory_order_relaxed) == 0)
            bit.store (1, std::memory_order_relaxed);

        return handle;
    }

    /** Whether the entry is in the queue.
        Any thread. Wait-free: one load.
    */
    bool contains (Handle handle) const noexcept { return isLive (handle.link); }

    /** The entry's value if it is in the queue.
        Any thread. Wait-free: two loads.
    */
    std::optional<T> get (Handle handle) const noexcept
    {
        const auto value = at (handle.link).value.load (std::memory_order_acquire); // (5) with (4)
        return isLive (handle.link) ? std::optional (decode (value)) : std::nullopt;
    }

    /** Calls the function with value and handle of each entry, oldest to newest: once with each that is there from the
        beginning to the end of the walk; and of the others with those that it meets. Each was in the queue when it was
        called.
        Any thread. Lock-free, but for what the function does.
    */
    template <typename Function>
    void forEach (Function&& function) const
    {
        std::uint64_t seen = 0;
        const auto newest = getNewestStamp();

        const auto visit = [&] (std::uint64_t, std::uint64_t link)
        {
            const auto& node = at (link);
            const auto stamp = node.stamp.load (std::memory_order_acquire);          // (5) with (4)
            const auto value = decode (node.value.load (std::memory_order_acquire)); // (5) with (4)

            if (! isLive (link))
                return false;

            if (stamp > newest)
                return true;

            if (std::exchange (seen, std::max (seen, stamp)) < stamp)
                function (value, Handle (link));

            return false;
        };

        // Who is left behind begins again, and passes over what it has visited.
        while (walk (W::head, visit, nullptr) == Walk::lost)
            continue;
    }

    /** The oldest entry's value and handle; nothing if there is no entry. Whatever its bit says, with ReferenceBits.
        Any thread. Lock-free.
    */
    std::optional<std::pair<T, Handle>> peekOldest() const noexcept
    {
        for (;;)
        {
            std::optional<std::pair<T, Handle>> oldest;

            const auto visit = [&] (std::uint64_t, std::uint64_t node)
            {
                const auto value = at (node).value.load (std::memory_order_acquire); // (5) with (4)

                if (isLive (node))
                    oldest.emplace (decode (value), Handle (node));

                return oldest.has_value();
            };

            if (walk (W::head, visit, nullptr) != Walk::lost)
                return oldest;
        }
    }

    /** Unlinks dead nodes from the oldest to the newest; returns how many. Need not be called: see above.
        Any thread, with its token. Lock-free: at most as many nodes as there are.
    */
    std::uint32_t clean (Token& token) noexcept
    {
        const auto before = token.numUnlinked;
        sweep (token);
        return token.numUnlinked - before;
    }

    /** What the nodes are. */
    struct Census
    {
        std::uint32_t live = 0;
        std::uint32_t dead = 0; ///< but not unlinked
        std::uint32_t unused = 0;
        bool isWhole = true; ///< links, stamps and hints are as they must be

        friend bool operator== (const Census&, const Census&) noexcept = default;
    };

    /** Counts and checks all. While nobody uses the queue and there are no tokens; for tests. */
    Census takeCensus() const
    {
        Census census;
        std::uint64_t stamp = 0;
        auto link = std::uint64_t{ W::head };

        for (std::uint32_t i = 0; i < numNodes; ++i)
        {
            const auto next = at (link).link.load (std::memory_order_acquire);

            if (W::isEnd (next))
                break;

            const auto& node = at (next);
            const auto state = node.state.load (std::memory_order_relaxed);
            census.live += state == W::liveState (next) ? 1u : 0u;
            census.dead += state == W::deadState (next) ? 1u : 0u;
            census.isWhole = census.isWhole && node.stamp.load (std::memory_order_relaxed) > stamp
                             && (state == W::liveState (next) || state == W::deadState (next));
            stamp = node.stamp.load (std::memory_order_relaxed);
            link = W::unmarked (next);
        }

        const auto isLast = tail.load (std::memory_order_relaxed) == link && ! W::isMarked (link);
        census.unused = unused.count();
        census.isWhole =
            census.isWhole && isLast && ! unused.validate() && census.live + census.dead + census.unused + 1 == numNodes;
        return census;
    }

private:
    using Word = typename Policy::template Atomic<std::uint64_t>;

    // With reference bits dequeues come by everywhere, and keeping the hints would cost each of them a line of another core.
    static constexpr bool usesHints = ! usesReferenceBits;

    enum class Walk
    {
        stopped, ///< by what was called
        ended,   ///< at the last node
        lost     ///< at a node that was given back meanwhile
    };

    static std::uint64_t encode (const T& value) noexcept
    {
        std::uint64_t word = 0;
        std::memcpy (&word, &value, sizeof (T));
        return word;
    }

    static T decode (std::uint64_t word) noexcept
    {
        T value;
        std::memcpy (&value, &word, sizeof (T));
        return value;
    }

    Node& at (std::uint64_t link) const noexcept { return nodes[W::indexOf (link)]; }

    bool isLive (std::uint64_t link) const noexcept
    {
        return at (link).state.load (std::memory_order_seq_cst) == W::liveState (link); // (6)
    }

    /** Ends the entry; only one can. */
    bool end (std::uint64_t link) noexcept
    {
        auto state = W::liveState (link);
        return at (link).state.compare_exchange_strong (state, W::deadState (link), std::memory_order_seq_cst,
                                                        std::memory_order_relaxed); // (6)
    }

    /** A node for the caller alone; 0 if there is none. */
    std::uint32_t takeNode (Token& token) noexcept
    {
        for (;;)
        {
            if (token.spare != 0)
                return std::exchange (token.spare, 0);

            const auto before = tail.load (std::memory_order_seq_cst);

            if (auto* const node = unused.pop (token.freelistToken))
                return static_cast<std::uint32_t> (unused.getIndex (*node)) + 1;

            sweep (token);

            if (token.spare != 0)
                continue;

            if (auto* const node = unused.pop (token.freelistToken))
                return static_cast<std::uint32_t> (unused.getIndex (*node)) + 1;

            // Nobody has linked a node since the first look: what the walk did not find dead was live then. Else somebody
            // got what we were looking for.
            if (tail.load (std::memory_order_seq_cst) == before)
                return 0;
        }
    }

    void keep (std::uint32_t index, Token& token) noexcept
    {
        if (token.spare == 0)
            token.spare = index;
        else
            unused.push (nodes[index], token.freelistToken);
    }

    /** Asks for the lines that a touch will write, so that it waits for one way between cores rather than for four. */
    void prefetchNeighbours (const Node& node) const noexcept
    {
        Policy::prefetchToWrite (&tail);
        Policy::prefetchToWrite (&at (node.previous.load (std::memory_order_relaxed)));
        Policy::prefetchToWrite (&at (node.link.load (std::memory_order_relaxed)));
    }

    /** Gives back a node that has been unlinked. */
    void recycle (std::uint64_t link, Token& token) noexcept
    {
        const auto next = W::generationOf (link) + W::generationStep;
        at (link).state.store (next | W::unused, std::memory_order_relaxed);
        at (link).link.store (W::endOf (next), std::memory_order_release); // (3) with (2), (5)
        keep (W::indexOf (link), token);
    }

    /** Links the node, which is the caller's, behind the last one. */
    std::uint64_t append (std::uint32_t index, std::uint64_t value, Token& token) noexcept
    {
        auto& node = nodes[index];
        const auto link = W::linkTo (index, W::generationOf (node.state.load (std::memory_order_relaxed)));
        node.value.store (value, std::memory_order_release);               // (4) with (5)
        node.state.store (W::liveState (link), std::memory_order_release); // (6): a handle may get about in any way

        for (;;)
        {
            auto last = tail.load (std::memory_order_acquire); // (9)
            auto& lastNode = at (last);
            auto next = lastNode.link.load (std::memory_order_acquire); // (2) with (1), (3)

            if (! W::isEnd (next))
            {
                // Fails if the last node is another one by now, so also if this was the link of a later life.
                tail.compare_exchange_strong (last, W::unmarked (next), std::memory_order_acq_rel,
                                              std::memory_order_relaxed); // (9)
                continue;
            }

            if (next != W::endOf (W::generationOf (last)))
                continue; // given back; the tail has moved on

            if constexpr (usesHints)
                node.previous.store (last, std::memory_order_relaxed);

            // Right if (1) succeeds, for then the last node still lives the life in which the stamp was read.
            node.stamp.store (lastNode.stamp.load (std::memory_order_relaxed) + 1,
                              std::memory_order_release); // (4) with (5)

            if (! lastNode.link.compare_exchange_strong (next, link, std::memory_order_seq_cst,
                                                         std::memory_order_relaxed)) // (1) with (2)
                continue;

            auto expected = last;
            tail.compare_exchange_strong (expected, link, std::memory_order_acq_rel, std::memory_order_relaxed); // (9)

            if constexpr (usesHints)
                if (lastNode.state.load (std::memory_order_acquire) == W::deadState (last))
                    unlinkByHint (last, token);

            return link;
        }
    }

    /** Unlinks a dead node, given where the link to it may be; says whether this call did it, and then what follows. */
    bool unlink (std::uint64_t before, std::uint64_t link, Token& token, std::uint64_t* following = nullptr) noexcept
    {
        // Where the one before is frozen itself, or has another neighbour, nothing can be done yet, and freezing this one as well
        // would only make it worse.
        if (at (before).link.load (std::memory_order_acquire) != link)
            return false;

        auto& node = at (link);
        auto next = node.link.load (std::memory_order_acquire); // (2) with (1), (3)

        for (;;)
        {
            if (node.state.load (std::memory_order_acquire) != W::deadState (link)) // (5) with (3)
                return false;

            if (W::isEnd (next))
                return false; // the last one stays

            if (W::isMarked (next))
                break;

            if (node.link.compare_exchange_strong (next, next | W::mark, std::memory_order_seq_cst,
                                                   std::memory_order_acquire)) // (7)
                break;
        }

        next = W::unmarked (next);

        // Fails if that has changed meanwhile; so also if the one before is in another life.
        if (auto expected = link; ! at (before).link.compare_exchange_strong (expected, next, std::memory_order_seq_cst,
                                                                              std::memory_order_relaxed)) // (8) with (2)
            return false;

        if constexpr (usesHints)
            at (next).previous.store (before, std::memory_order_relaxed);

        // Its successor was linked by somebody who had seen it at the tail, so that this is no older.
        if (auto last = tail.load (std::memory_order_acquire); last == link)
            tail.compare_exchange_strong (last, next, std::memory_order_acq_rel, std::memory_order_relaxed); // (9)

        if (token.hand == link)
            token.hand = before;

        if (following != nullptr)
            *following = next;

        ++token.numUnlinked;
        recycle (link, token);
        return true;
    }

    /** Unlinks a dead node if the link to it is where it was last seen, or becomes so by unlinking the one before. */
    void unlinkByHint (std::uint64_t link, Token& token) noexcept
    {
        for (int tries = 0; tries < 3; ++tries)
        {
            const auto before = at (link).previous.load (std::memory_order_relaxed);

            if (unlink (before, link, token))
                return;

            if (at (before).link.load (std::memory_order_acquire) == (link | W::mark))
                unlink (at (before).previous.load (std::memory_order_relaxed), before, token);
            else if (at (link).previous.load (std::memory_order_relaxed) == before)
                return;
        }
    }

    /** Calls `visit (before, node)` with each live node behind `before`, until it says true. With a token, unlinks the dead ones,
        and is lost, if it insists, where that cannot be done because somebody else has changed something.
    */
    template <typename Visit>
    Walk walk (std::uint64_t before, Visit&& visit, Token* token, bool insists = false) const
    {
        auto link = at (before).link.load (std::memory_order_seq_cst); // (2) with (1), (3)

        if (! isSameLife (before))
            return Walk::lost;

        while (! W::isEnd (link))
        {
            const auto node = W::unmarked (link);

            if (token != nullptr)
                Policy::prefetchToWrite (&at (node)); // whatever it is, it will be written

            const auto state = at (node).state.load (std::memory_order_seq_cst); // (6)

            if (state == W::liveState (node))
            {
                if (visit (before, node))
                    return Walk::stopped;
            }
            else if (state != W::deadState (node))
            {
                return Walk::lost;
            }
            else if (token != nullptr && token->queue.unlink (before, node, *token, &link))
            {
                continue;
            }

            // After the state: if this is the end, all before it were dead, or had been visited, when it was.
            link = at (node).link.load (std::memory_order_seq_cst); // (2) with (1), (3)

            if (! isSameLife (node) || (insists && state == W::deadState (node) && ! W::isEnd (link)))
                return Walk::lost;

            before = node;
        }

        return Walk::ended;
    }

    bool isSameLife (std::uint64_t link) const noexcept
    {
        return W::generationOf (at (link).state.load (std::memory_order_acquire)) == W::generationOf (link); // (5) with (3)
    }

    /** Calls `take (before, node)` with live nodes, in the order in which they are to go, until it says true. */
    template <typename Take>
    bool find (Take&& take, Token& token)
    {
        if constexpr (! usesReferenceBits)
        {
            for (;;)
                if (const auto ending = walk (W::head, take, &token); ending != Walk::lost)
                    return ending == Walk::stopped;
        }
        else
        {
            // From the hand to the end, then the whole queue with the bits, then without: for those whose bits are always set.
            auto from = token.hand;

            for (int round = 0; round < 3;)
            {
                auto isEmpty = from == W::head;

                const auto visit = [&] (std::uint64_t before, std::uint64_t node)
                {
                    isEmpty = false;

                    if (auto& bit = at (node).reference;
                        round < 2 && bit.load (std::memory_order_relaxed) != 0 && isLive (node))
                    {
                        bit.store (0, std::memory_order_relaxed);
                        return false;
                    }

                    if (! take (before, node))
                        return false;

                    token.hand = before;
                    return true;
                };

                const auto ending = walk (from, visit, &token);

                if (ending == Walk::stopped)
                    return true;

                if (ending == Walk::ended && isEmpty)
                    return false;

                round += ending == Walk::ended ? 1 : 0;
                from = W::head;
            }

            return false;
        }
    }

    /** Unlinks what is dead, but for the last node. Begins again where others have changed something under way. */
    void sweep (Token& token) noexcept
    {
        auto numLeft = numNodes;
        const auto visit = [&numLeft] (std::uint64_t, std::uint64_t) { return --numLeft == 0; };

        while (walk (W::head, visit, &token, true) == Walk::lost)
            numLeft = numNodes;
    }

    std::uint64_t getNewestStamp() const noexcept
    {
        for (;;)
        {
            const auto last = tail.load (std::memory_order_acquire);             // (9)
            const auto stamp = at (last).stamp.load (std::memory_order_acquire); // (5) with (4)

            if (isSameLife (last))
                return stamp;
        }
    }

    const std::uint32_t capacity;
    const std::uint32_t numNodes;
    const std::unique_ptr<Node[]> nodes;
    FreelistState<Policy> freeState;
    Nodes unused;

    alignas (cacheLineBytes) Word tail{ W::head };
};

} // namespace rt
