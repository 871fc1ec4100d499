#pragma once

#include "../HazardPointers.h"
#include "../ThreadSlots.h"

#include <cassert>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace rt::detail
{

/** How many threads may be at one end of a queue at once. */
enum class End
{
    one,
    many
};

/** What CrTurnQueue, TurnMpscQueue and TurnSpmcQueue are made of; CrTurnQueue.h explains it.

    The list. `head` is a node whose value has been taken, `tail` the last node or one that is about to be passed; head never
    passes tail, and the queue is empty when they are the same. Nodes are never freed before the queue, so a pointer that is out
    of date still leads to a node; what it must not lead to is a node that has been used again, and that is what hazard pointers
    and the generation in `claim` are for.

    Enqueueing. Fast: link the node behind the tail by CAS, as Michael and Scott do. Slow (CRTurn): ask, by putting the node in
    one's Request; whoever enqueues then links, behind the tail, the request whose turn it is: the first one after the slot that
    enqueued the tail node. A request is taken back by whoever finds its node to be the tail, before anything is linked behind
    it, so that no node is linked twice. As long as anybody asks, nobody takes the fast way, but for those that were under
    way already.

    Dequeueing. The node behind the head is claimed by CAS on its `claim`, then the head moves on to it. Fast: claim it for
    oneself. Slow: ask, by making deqSelf and deqHelp of one's Request equal; whoever dequeues then claims the node for the request
    whose turn it is and hands it over in deqHelp, before the head moves on. Who finds the queue empty takes back the request, and
    then sees to it that the node behind the head, should there be one by now, is claimed: so nobody can claim it later for a
    request that is no more.

    Retiring. A node is retired by the slot that dequeued it, once the head has passed it: if it was the fast way, at that slot's next
    dequeue; if it was the slow way, two slow dequeues later, as it stays in the Request, where helpers may compare with it.
    (Ramalhete and Correia retire by the same rule; Michael and Scott's queue leaves it to whoever moves the head.)

    Hazard pointers of a slot: one for the tail, one for the head and one for the node behind it, and one for the node in another's
    deqHelp. A thread that is alone at an end need not announce it: the tail is then the node that it enqueued last, which only
    itself can use again, as a node comes home to its owner's pool; the head is the node that it dequeued last, which only itself
    retires.

    Memory orders (numbers as in the code). Requests and their bits against the scans for them, (6) and (7), are store-load pairs,
    and so is taking a dequeue request back (8) against (7) and the look at the ends that follows: seq_cst. The links: a value
    is written before the CAS (1) on the link or before the request (6), and read after the acquire of the link (2) or of
    deqHelp (5). The ends are seq_cst, for the hazard pointers' sake: who retires a node has seen the head past it. A claim (3) is
    read (4) for the slot and the generation in it. Chains that come home (9) are released and acquired.
*/
template <typename T, End producers, End consumers, typename Policy>
class TurnQueue : private ThreadSlots
{
    static_assert (std::is_nothrow_move_constructible_v<T>, "A value moves where nothing may throw");
    static_assert (std::is_nothrow_destructible_v<T>, "A value is destroyed where nothing may throw");

    struct Node;
    static constexpr unsigned hazardsPerSlot = 4;
    using Hazards = HazardPointers<hazardsPerSlot, Policy>;

public:
    static constexpr unsigned maxSlots = Hazards::maxSlots;
    static constexpr unsigned defaultNodesPerSlot = 64;

    /** How often an operation tries the fast way before it asks the others for help. */
    static constexpr unsigned defaultFastTries = 10;

    /** A thread's access to the queue. Moves, does not copy; empty when there was no slot left. It must end before the queue. */
    class Slot
    {
    public:
        Slot() noexcept = default;
        Slot (Slot&&) noexcept = default;
        ~Slot() { detach(); }

        Slot& operator= (Slot&& other) noexcept
        {
            detach();
            slot = std::move (other.slot);
            queue = other.queue;
            return *this;
        }

        explicit operator bool() const noexcept { return static_cast<bool> (slot); }

        /** Gives the slot back, with all that waits in it, to whoever attaches next. Wait-free*; frees nothing. */
        void detach() noexcept
        {
            if (slot)
            {
                queue->forget (slot.getNumber());
                slot.detach();
            }
        }

    private:
        friend class TurnQueue;
        Slot (typename Hazards::Slot slotToUse, TurnQueue& queueToUse) noexcept
            : slot (std::move (slotToUse)), queue (&queueToUse)
        {
        }

        typename Hazards::Slot slot;
        TurnQueue* queue = nullptr;
    };

    explicit TurnQueue (unsigned fastTriesToMake = defaultFastTries, unsigned patience = 2)
        : fastTries (fastTriesToMake), slots (std::make_unique<SlotData[]> (maxSlots)), hazards (bringHome, this, patience)
    {
        // A node that has been passed already. It looks as if slot 0 had enqueued and dequeued it the fast way.
        addBlock (0, 1);
        auto* passed = std::exchange (slots[0].free, nullptr);
        passed->claim.store (claimedFast (passed->claim.load (std::memory_order_relaxed), 0), std::memory_order_relaxed);
        slots[0].ownHead = passed;
        head.store (passed, std::memory_order_relaxed);
        tail.store (passed, std::memory_order_relaxed);
    }

    TurnQueue (const TurnQueue&) = delete;
    TurnQueue& operator= (const TurnQueue&) = delete;

    ~TurnQueue()
    {
        this->end();

        for (auto* node = linkOf (*head.load (std::memory_order_relaxed)); node != nullptr; node = linkOf (*node))
            node->destroyValue();
    }

    Slot attach (unsigned numNodes = defaultNodesPerSlot)
    {
        Slot slot (hazards.attach(), *this);

        if (slot)
            prepare (slot.slot.getNumber(), numNodes);

        return slot;
    }

    bool tryEnqueue (Slot& slot, T& value) noexcept
    {
        const auto me = slot.slot.getNumber();
        auto* node = takeNode (me);

        if (node == nullptr)
            return false;

        node->setValue (std::move (value));
        enqueueNode (me, *node);
        return true;
    }

    void enqueue (Slot& slot, T&& value) { enqueueAs (slot.slot.getNumber(), std::move (value)); }
    void enqueue (T&& value) { enqueueAs (getOwnSlot(), std::move (value)); }

    std::optional<T> tryDequeue (Slot& slot) noexcept { return dequeueAs (slot.slot.getNumber()); }
    std::optional<T> tryDequeue() { return dequeueAs (getOwnSlot()); }

    bool looksEmpty() const noexcept
    {
        return head.load (std::memory_order_seq_cst) == tail.load (std::memory_order_seq_cst);
    }

    std::size_t getNumNodes() const noexcept { return numNodesMade.load (std::memory_order_relaxed); }

private:
    // claim: the generation of the node's use, and who has dequeued it, how.
    static constexpr std::uint64_t slotMask = 63, fastFlag = 64, freeFlag = 128, generationStep = 256;

    static bool isFree (std::uint64_t claim) noexcept { return (claim & freeFlag) != 0; }
    static bool isFast (std::uint64_t claim) noexcept { return (claim & fastFlag) != 0; }
    static unsigned slotOf (std::uint64_t claim) noexcept { return static_cast<unsigned> (claim & slotMask); }
    static std::uint64_t generationOf (std::uint64_t claim) noexcept { return claim & ~(generationStep - 1); }
    static std::uint64_t claimedSlow (std::uint64_t claim, unsigned slot) noexcept { return generationOf (claim) | slot; }
    static std::uint64_t claimedFast (std::uint64_t claim, unsigned slot) noexcept
    {
        return claimedSlow (claim, slot) | fastFlag;
    }

    template <typename U>
    using Atomic = typename Policy::template Atomic<U>;

    template <typename U>
    using Cell = typename Policy::template Cell<U>;

    // A line of its own: neighbours are in the hands of different threads.
    struct alignas (64) Node : BasicRetirable<Policy>
    {
        Node() noexcept {}
        ~Node() {}

        void setValue (T&& newValue) noexcept
        {
            watch.write();
            std::construct_at (std::addressof (value), std::move (newValue));
        }

        void destroyValue() noexcept { std::destroy_at (std::addressof (value)); }

        T takeValue() noexcept
        {
            watch.write();
            T taken (std::move (value));
            destroyValue();
            return taken;
        }

        Atomic<Node*> link{ nullptr };
        Atomic<std::uint64_t> claim{ freeFlag };
        Cell<unsigned> slot;    // whose pool it belongs to, and who enqueues it
        Cell<bool> isRequested; // this time it goes through a Request
        [[no_unique_address]] typename Policy::Watch watch;

        union
        {
            T value;
        };
    };

    /** What a slot asks of the others. Each lies alone: others read it while they help. */
    struct alignas (cacheLineBytes) Request
    {
        Atomic<Node*> enqueued{ nullptr };
        Atomic<Node*> deqSelf{ nullptr };
        Atomic<Node*> deqHelp{ nullptr };
    };

    /** What belongs to a slot alone, but for the nodes that come home. */
    struct alignas (cacheLineBytes) SlotData
    {
        Node* free = nullptr;
        Node* ownTail = nullptr; // enqueued last, the fast way; or null
        Node* ownHead = nullptr; // dequeued last, the fast way, and not retired yet; or null
        bool wasUsed = false;
        std::vector<std::unique_ptr<Node[]>> blocks;
        Request request;
        alignas (cacheLineBytes) Atomic<Node*> cameHome{ nullptr }; // a stack: others push chains, the owner takes it whole
    };

    static constexpr unsigned tailHazard = 0, headHazard = 1, nextHazard = 2, helpHazard = 3;

    static constexpr std::uint64_t bitOf (unsigned slot) noexcept { return SlotRegistry<Policy>::bitOf (slot); }

    static Node* linkOf (const Node& node) noexcept { return node.link.load (std::memory_order_acquire); } // (2) with (1)

    //----------------------------------------------------------------------------------------------------------------------
    // Nodes

    /** Off the real-time threads: room for so many more. */
    void addBlock (unsigned me, unsigned numNodes)
    {
        auto& mine = slots[me];
        mine.blocks.reserve (mine.blocks.size() + 1);
        auto block = std::make_unique<Node[]> (numNodes);

        for (unsigned i = numNodes; i > 0; --i)
        {
            block[i - 1].slot.set (me);
            makeFree (mine, block[i - 1]);
        }

        mine.blocks.push_back (std::move (block));
        numNodesMade.fetch_add (numNodes, std::memory_order_relaxed);
    }

    static void makeFree (SlotData& data, Node& node) noexcept
    {
        node.next.set (data.free);
        data.free = &node;
    }

    /** After attaching: the slot has at least so many nodes to take. */
    void prepare (unsigned me, unsigned numNodes)
    {
        auto& mine = slots[me];

        if (! mine.wasUsed)
        {
            // Two nodes stay with the slot, as what it "dequeued" last.
            addBlock (me, numNodes + 2);
            mine.request.deqSelf.store (takeFree (mine), std::memory_order_relaxed);
            mine.request.deqHelp.store (takeFree (mine), std::memory_order_relaxed);
            mine.wasUsed = true;
            everUsed.fetch_or (bitOf (me), std::memory_order_relaxed);
            return;
        }

        for (auto* node = mine.cameHome.exchange (nullptr, std::memory_order_acquire); node != nullptr;) // (9) with (9)
        {
            auto* following = nextOf (*node);
            makeFree (mine, *node);
            node = following;
        }

        unsigned numFree = 0;

        for (auto* node = mine.free; node != nullptr && numFree < numNodes; ++numFree)
            node = nextOf (*node);

        if (numFree < numNodes)
            addBlock (me, numNodes - numFree);
    }

    static Node* takeFree (SlotData& data) noexcept
    {
        auto* node = data.free;

        if (node != nullptr)
            data.free = nextOf (*node);

        return node;
    }

    /** What came home joins what is free. Its owner only. Wait-free: one exchange, when the free ones have run out. */
    void fetchHome (SlotData& data) noexcept
    {
        if (data.free == nullptr && data.cameHome.load (std::memory_order_relaxed) != nullptr)
            data.free = data.cameHome.exchange (nullptr, std::memory_order_acquire); // (9) with (9)
    }

    static Node* nextOf (const Node& node) noexcept { return static_cast<Node*> (node.next.get()); }

    /** A node to enqueue; null when all are under way. A fixed number of steps, and at worst a scan of the retired ones. */
    Node* takeNode (unsigned me) noexcept
    {
        auto& mine = slots[me];
        fetchHome (mine);
        auto* node = takeFree (mine);

        if (node == nullptr)
        {
            hazards.scan (me);
            node = takeFree (mine);
        }

        if (node != nullptr)
        {
            node->link.store (nullptr, std::memory_order_relaxed);
            node->isRequested.set (false);

            // Who still looks at its last use sees another generation.
            node->claim.store (generationOf (node->claim.load (std::memory_order_relaxed)) + generationStep + freeFlag,
                               std::memory_order_relaxed);
        }

        return node;
    }

    /** Off the real-time threads: a node in any case. What lies idle in slots that nobody has comes first. */
    Node& takeOrMakeNode (unsigned me)
    {
        if (auto* node = takeNode (me))
            return *node;

        adoptLeftovers (me);

        if (slots[me].free == nullptr)
            addBlock (me, defaultNodesPerSlot);

        return *takeNode (me);
    }

    void adoptLeftovers (unsigned me) noexcept
    {
        const auto idleSlots = everUsed.load (std::memory_order_relaxed) & ~hazards.getAttached();

        for (unsigned other = 0; other < maxSlots && slots[me].free == nullptr; ++other)
        {
            if ((idleSlots & bitOf (other)) == 0)
                continue;

            if (auto idle = hazards.attachExactly (other))
            {
                hazards.scan (other);

                // First what is free there, then what came home since.
                for (int i = 0; i < 2; ++i)
                {
                    while (auto* node = takeFree (slots[other]))
                    {
                        node->slot.set (me);
                        makeFree (slots[me], *node);
                    }

                    fetchHome (slots[other]);
                }
            }
        }
    }

    /** The hazard pointers' reclaim function: nodes go back to the slots that they belong to, in one chain for each. A chain that
        meets others at its home's door a few times over stays retired until the next scan.
    */
    static typename Hazards::Object* bringHome (void* context, unsigned me, typename Hazards::Object* first) noexcept
    {
        auto& self = *static_cast<TurnQueue*> (context);

        struct Chain
        {
            Node* first;
            Node* last;
        };

        std::array<Chain, maxSlots> chains;
        std::uint64_t used = 0;

        for (auto* node = static_cast<Node*> (first); node != nullptr;)
        {
            auto* following = nextOf (*node);
            const auto home = node->slot.get();

            if (home == me)
            {
                makeFree (self.slots[me], *node);
            }
            else
            {
                auto& chain = chains[home];
                const auto isFirst = (used & bitOf (home)) == 0;
                node->next.set (isFirst ? nullptr : chain.first);
                chain = { node, isFirst ? node : chain.last };
                used |= bitOf (home);
            }

            node = following;
        }

        Node* left = nullptr;

        forEachBit (used,
                    [&] (unsigned home)
                    {
                        const auto& chain = chains[home];

                        if (! pushHome (self.slots[home], *chain.first, *chain.last))
                        {
                            chain.last->next.set (left);
                            left = chain.first;
                        }
                    });

        return left;
    }

    static bool pushHome (SlotData& home, Node& first, Node& last) noexcept
    {
        auto* top = home.cameHome.load (std::memory_order_relaxed);

        for (int i = 0; i < 4; ++i)
        {
            last.next.set (top);

            if (home.cameHome.compare_exchange_strong (top, &first, std::memory_order_release,
                                                       std::memory_order_relaxed)) // (9) with (9)
                return true;
        }

        return false;
    }

    //----------------------------------------------------------------------------------------------------------------------
    // Enqueueing

    void enqueueAs (unsigned me, T&& value)
    {
        auto& node = takeOrMakeNode (me);
        node.setValue (std::move (value));
        enqueueNode (me, node);
    }

    void enqueueNode (unsigned me, Node& node) noexcept
    {
        if constexpr (producers == End::one)
        {
            tail.load (std::memory_order_relaxed)->link.store (&node, std::memory_order_release); // (1) with (2)
            tail.store (&node, std::memory_order_seq_cst);
        }
        else if (! enqueueFast (me, node))
        {
            enqueueSlow (me, node);
        }
    }

    bool enqueueFast (unsigned me, Node& node) noexcept
    {
        auto& mine = slots[me];

        for (unsigned i = 0; i < fastTries; ++i)
        {
            if (openEnqueues.load (std::memory_order_seq_cst) != 0) // (7) with (6)
                return false;

            auto* last = tail.load (std::memory_order_seq_cst);
            Policy::prefetchToWrite (last);

            if (last != mine.ownTail)
            {
                mine.ownTail = nullptr;

                if (! hazards.tryProtect (me, tailHazard, last, tail))
                    continue;
            }

            if (last->isRequested.get())
                takeBackRequest (*last);

            if (auto* following = linkOf (*last))
            {
                advance (tail, last, following);
                backOff (i);
                continue;
            }

            if (Node* none = nullptr; last->link.compare_exchange_strong (none, &node, std::memory_order_seq_cst,
                                                                          std::memory_order_relaxed)) // (1) with (2)
            {
                advance (tail, last, &node);
                mine.ownTail = &node;
                return true;
            }

            backOff (i);
        }

        return false;
    }

    void enqueueSlow (unsigned me, Node& node) noexcept
    {
        auto& mine = slots[me];
        mine.ownTail = nullptr;

        node.isRequested.set (true);
        mine.request.enqueued.store (&node, std::memory_order_seq_cst); // (6) with (7)

        while (mine.request.enqueued.load (std::memory_order_seq_cst) != nullptr)
        {
            showRequest (openEnqueues, me);
            auto* last = tail.load (std::memory_order_seq_cst);

            if (! hazards.tryProtect (me, tailHazard, last, tail))
                continue;

            if (last->isRequested.get())
                takeBackRequest (*last);

            if (auto* turn = findEnqueueTurn (last->slot.get()))
            {
                Node* none = nullptr;
                last->link.compare_exchange_strong (none, turn, std::memory_order_seq_cst,
                                                    std::memory_order_relaxed); // (1) with (2)
            }

            if (auto* following = linkOf (*last))
                advance (tail, last, following);
        }

        hideRequest (openEnqueues, me);
    }

    /** The tail node is in the list: its request, if it still stands, has been fulfilled. */
    void takeBackRequest (Node& last) noexcept
    {
        auto& request = slots[last.slot.get()].request.enqueued;

        if (auto* expected = request.load (std::memory_order_seq_cst);
            expected == &last
            && request.compare_exchange_strong (expected, nullptr, std::memory_order_seq_cst, std::memory_order_relaxed))
            hideRequest (openEnqueues, last.slot.get());
    }

    // A request's bit is taken away by whoever fulfils it: if its owner is stopped, the others go back to the fast way all the same.
    // Should somebody who is late take away the bit of the owner's next request, the owner shows it again in its next round.
    static void showRequest (Atomic<std::uint64_t>& open, unsigned slot) noexcept
    {
        if ((open.load (std::memory_order_seq_cst) & bitOf (slot)) == 0)
            open.fetch_or (bitOf (slot), std::memory_order_seq_cst); // (6) with (7)
    }

    static void hideRequest (Atomic<std::uint64_t>& open, unsigned slot) noexcept
    {
        if ((open.load (std::memory_order_seq_cst) & bitOf (slot)) != 0)
            open.fetch_and (~bitOf (slot), std::memory_order_seq_cst);
    }

    /** The request whose turn it is after that slot's; null when nobody asks. */
    Node* findEnqueueTurn (unsigned after) noexcept
    {
        return findTurn (openEnqueues.load (std::memory_order_seq_cst), after, // (7) with (6)
                         [this] (unsigned slot) { return slots[slot].request.enqueued.load (std::memory_order_seq_cst); });
    }

    /** Calls the function with the slots whose bits are set, round from the one after `after`, until it returns something. */
    template <typename Function>
    static auto findTurn (std::uint64_t bits, unsigned after, Function&& function) noexcept -> decltype (function (0u))
    {
        for (auto rotated = std::rotr (bits, static_cast<int> (after + 1)); rotated != 0; rotated &= rotated - 1)
            if (auto found = function ((static_cast<unsigned> (std::countr_zero (rotated)) + after + 1) % maxSlots))
                return found;

        return {};
    }

    //----------------------------------------------------------------------------------------------------------------------
    // Dequeueing

    enum class Fast
    {
        done,
        empty,
        failed
    };

    std::optional<T> dequeueAs (unsigned me) noexcept
    {
        if constexpr (consumers == End::one)
        {
            auto* first = head.load (std::memory_order_relaxed);

            if (first == tail.load (std::memory_order_seq_cst))
            {
                hazards.scanIfAnyNew (me);
                return {};
            }

            auto* following = linkOf (*first);
            auto value = std::optional<T> (following->takeValue());
            head.store (following, std::memory_order_relaxed);
            hazards.retire (me, *first);
            return value;
        }
        else
        {
            std::optional<T> value;

            switch (dequeueFast (me, value))
            {
                case Fast::done:
                case Fast::empty: return value;
                case Fast::failed: break;
            }

            if (auto* node = dequeueSlow (me))
                value.emplace (node->takeValue());

            return value;
        }
    }

    Fast dequeueFast (unsigned me, std::optional<T>& value) noexcept
    {
        auto& mine = slots[me];

        for (unsigned i = 0; i < fastTries; ++i)
        {
            if (openDequeues.load (std::memory_order_seq_cst) != 0) // (7) with (6)
                return Fast::failed;

            auto* first = head.load (std::memory_order_seq_cst);

            if (first != mine.ownHead)
            {
                retireOwnHead (me);

                if (! hazards.tryProtect (me, headHazard, first, head))
                    continue;
            }

            if (first == tail.load (std::memory_order_seq_cst))
            {
                hazards.scanIfAnyNew (me);
                return Fast::empty;
            }

            // Not protected: it may have been used again before we read its claim. But not if the head is still where it was
            // afterwards, and if that comes later the generation tells.
            auto* following = linkOf (*first);
            Policy::prefetchToWrite (following);
            auto claim = following->claim.load (std::memory_order_acquire); // (4) with (3)

            if (head.load (std::memory_order_seq_cst) != first)
                continue;

            if (! isFree (claim))
            {
                if (! isFast (claim))
                    return Fast::failed;

                advance (head, first, following);
                backOff (i);
                continue;
            }

            // From then on nobody but us retires it.
            if (following->claim.compare_exchange_strong (claim, claimedFast (claim, me), std::memory_order_seq_cst,
                                                          std::memory_order_relaxed)) // (3) with (4)
            {
                value.emplace (following->takeValue());
                advance (head, first, following);
                retireOwnHead (me);
                mine.ownHead = following;
                return Fast::done;
            }

            backOff (i);
        }

        return Fast::failed;
    }

    /** The node that was dequeued, whose value the caller takes; null when the queue was empty. */
    Node* dequeueSlow (unsigned me) noexcept
    {
        auto& mine = slots[me];
        auto& request = mine.request;

        auto* before = request.deqSelf.load (std::memory_order_relaxed);
        auto* last = request.deqHelp.load (std::memory_order_relaxed);
        request.deqSelf.store (last, std::memory_order_seq_cst); // (6) with (7)
        auto isEmpty = false;

        while (request.deqHelp.load (std::memory_order_seq_cst) == last)
        {
            showRequest (openDequeues, me);
            auto* first = head.load (std::memory_order_seq_cst);

            if (first != mine.ownHead)
                retireOwnHead (me);

            if (! hazards.tryProtect (me, headHazard, first, head))
                continue;

            if (first == tail.load (std::memory_order_seq_cst))
            {
                request.deqSelf.store (before, std::memory_order_seq_cst); // (8) with (7)
                giveUp (me, last);

                isEmpty = request.deqHelp.load (std::memory_order_seq_cst) == last;

                if (! isEmpty)
                    request.deqSelf.store (last, std::memory_order_relaxed);

                break;
            }

            auto* following = linkOf (*first);

            if (hazards.tryProtect (me, nextHazard, following, first->link)
                && head.load (std::memory_order_seq_cst) == first)
            {
                claimInTurn (first, following);
                deliver (me, first, following);
            }
        }

        Node* dequeued = nullptr;

        if (! isEmpty)
        {
            dequeued = request.deqHelp.load (std::memory_order_acquire); // (5) with (5)

            // The head must be past `before`'s successor before that is retired.
            auto* first = head.load (std::memory_order_seq_cst);

            if (hazards.tryProtect (me, headHazard, first, head) && linkOf (*first) == dequeued)
                advance (head, first, dequeued);

            hazards.retire (me, *before);
            retireOwnHead (me);
        }
        else
        {
            hazards.scanIfAnyNew (me);
        }

        hideRequest (openDequeues, me);
        return dequeued;
    }

    /** Having taken back the request: sees to it that what follows the head is claimed by somebody. */
    void giveUp (unsigned me, Node* last) noexcept
    {
        auto& mine = slots[me];
        auto* first = head.load (std::memory_order_seq_cst);

        if (mine.request.deqHelp.load (std::memory_order_seq_cst) != last || first == tail.load (std::memory_order_seq_cst))
            return;

        if (! hazards.tryProtect (me, headHazard, first, head))
            return;

        auto* following = linkOf (*first);

        if (! hazards.tryProtect (me, nextHazard, following, first->link) || head.load (std::memory_order_seq_cst) != first)
            return;

        claimInTurn (first, following);

        if (auto claim = following->claim.load (std::memory_order_acquire); isFree (claim)) // (4) with (3)
            following->claim.compare_exchange_strong (claim, claimedSlow (claim, me), std::memory_order_seq_cst,
                                                      std::memory_order_relaxed); // (3) with (4)

        deliver (me, first, following);
    }

    /** Claims the node for the request whose turn it is after the head's, if there is one. Both are protected. */
    void claimInTurn (Node* first, Node* following) noexcept
    {
        auto claim = following->claim.load (std::memory_order_acquire); // (4) with (3)

        if (! isFree (claim))
            return;

        const auto after = slotOf (first->claim.load (std::memory_order_acquire));
        const auto bits = openDequeues.load (std::memory_order_seq_cst); // (7) with (6)

        findTurn (bits, after,
                  [&] (unsigned slot)
                  {
                      const auto& request = slots[slot].request;
                      const auto* self = request.deqSelf.load (std::memory_order_seq_cst); // (7) with (6), (8)

                      if (self != request.deqHelp.load (std::memory_order_seq_cst))
                          return false;

                      following->claim.compare_exchange_strong (claim, claimedSlow (claim, slot), std::memory_order_seq_cst,
                                                                std::memory_order_relaxed); // (3) with (4)
                      return true;
                  });
    }

    /** Hands the node to the request that it was claimed for, and moves the head on. Does nothing while it is not claimed. */
    void deliver (unsigned me, Node* first, Node* following) noexcept
    {
        const auto claim = following->claim.load (std::memory_order_acquire); // (4) with (3)

        if (isFree (claim))
            return;

        if (! isFast (claim))
        {
            const auto owner = slotOf (claim);
            auto& help = slots[owner].request.deqHelp;

            if (owner == me)
            {
                help.store (following, std::memory_order_seq_cst); // (5) with (5)
            }
            else
            {
                // Protected so that it cannot come to be in deqHelp again while we look away. If the head has not moved, it
                // was not retired before either.
                auto* expected = help.load (std::memory_order_seq_cst);
                hazards.tryProtect (me, helpHazard, expected, help);

                if (expected != following && head.load (std::memory_order_seq_cst) == first
                    && help.compare_exchange_strong (expected, following, std::memory_order_seq_cst,
                                                     std::memory_order_relaxed)) // (5) with (5)
                    hideRequest (openDequeues, owner);
            }
        }

        advance (head, first, following);
    }

    /** The head is past what the slot dequeued last the fast way, if that is not retired yet. */
    void retireOwnHead (unsigned me) noexcept
    {
        if (auto* passed = std::exchange (slots[me].ownHead, nullptr))
            hazards.retire (me, *passed);
    }

    /** From a protected node to the one behind it; in the head's case that one is claimed, and delivered if it is a slow one. */
    static void advance (Atomic<Node*>& end, Node* from, Node* to) noexcept
    {
        end.compare_exchange_strong (from, to, std::memory_order_seq_cst, std::memory_order_relaxed);
    }

    //----------------------------------------------------------------------------------------------------------------------

    /** A bounded wait, from the second try on and twice as long each time: others get on with it instead of failing too. */
    static void backOff (unsigned tryNumber) noexcept
    {
        const auto numPauses = tryNumber < 1 ? 0u : 1u << std::min (tryNumber - 1, 6u);

        for (unsigned i = 0; i < numPauses; ++i)
            Policy::pause();
    }

    void forget (unsigned me) noexcept { slots[me].ownTail = nullptr; }

    int attachThread() override
    {
        auto slot = hazards.attach();

        if (! slot)
            return -1;

        prepare (slot.getNumber(), defaultNodesPerSlot);
        return static_cast<int> (slot.release());
    }

    void detachThread (unsigned slot) noexcept override
    {
        forget (slot);
        hazards.detach (slot);
    }

    unsigned getOwnSlot()
    {
        const auto slot = this->getThreadSlot();

        if (slot < 0)
            throw std::runtime_error ("All slots of the queue are taken, or the thread is at its end");

        return static_cast<unsigned> (slot);
    }

    const unsigned fastTries;
    std::unique_ptr<SlotData[]> slots; // before the hazard pointers, whose end brings nodes home
    Hazards hazards;
    Atomic<std::size_t> numNodesMade{ 0 };
    Atomic<std::uint64_t> everUsed{ 0 };

    // Nearly always zero, and nearly always only read.
    alignas (cacheLineBytes) Atomic<std::uint64_t> openEnqueues{ 0 };
    Atomic<std::uint64_t> openDequeues{ 0 };

    alignas (cacheLineBytes) Atomic<Node*> head;
    alignas (cacheLineBytes) Atomic<Node*> tail;
};

} // namespace rt::detail
