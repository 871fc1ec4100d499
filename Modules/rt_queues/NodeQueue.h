#pragma once

#include "CacheLine.h"
#include "Node.h"
#include "NodeChain.h"

#include <limits>

namespace rt
{

template <typename T, typename Policy, typename Keeper>
class NodeProducer;

template <typename T, typename Policy, typename Keeper>
class NodeConsumer;

/** An unbounded first-in-first-out queue from one thread to one other thread, made of nodes that the caller brings along.

    push() and pop() neither allocate nor free, and contain no read-modify-write: a push is one release store, a pop one
    acquire load. Nodes come from makeNode() or a NodeStore and may go through any number of queues; spent ones usually
    travel back through a second queue (see NodeStore).

    The node that pop() returns is not the one that was pushed: push() moves the VALUE into the node that has been the
    queue's last, and the pushed one becomes the last, without a value. So the value lies beside the link that announces it,
    and one cache line's way brings both; but its address changes, and T must be nothrow-movable. What T's move constructor
    and the destructor of a moved-from T do, push() does.

    Threads: at any time one producer (push, emplace, pushAll) and one consumer (pop, popAll, peek, isEmpty). Handing either
    role to another thread needs a happens-before between the two, as does destroying the queue. NodeQueueHalves.h has a
    class for each role.

    Memory orders (numbers as in the code): the release store (1) of a link pairs with the acquire loads (2) in pop() and
    popAll(), (3) in isEmpty() and peek(). Through it the consumer sees the value, and everything else the producer wrote
    before. A node's link is cleared (4) before the node is published by (1), so relaxed is enough; and the producer writes
    to the last node only what the consumer does not look at before it has seen the link.
    The flags of the halves: release (5) with acquire (6), see there.

    Algorithm: the unbounded SPSC queue of 1024cores, in the form of the Rust crate llq (nodes owned by the user, and
    recycled), with the value moved by the other side.
*/
template <typename T, typename Policy>
class NodeQueue
{
public:
    /** Allocates the node that is in the queue when it is empty. Not for real-time threads. Throws std::bad_alloc. */
    NodeQueue() : NodeQueue (Memory::makeAlone()) {}

    NodeQueue (const NodeQueue&) = delete;
    NodeQueue& operator= (const NodeQueue&) = delete;

    /** Destroys the values still inside and frees all nodes, on the calling thread: not for real-time threads. Both other
        threads must be done with the queue.
    */
    ~NodeQueue()
    {
        while (pop())
        {
        }

        Memory::destroy (head.get());
    }

    /** Appends the node, which leaves the pointer null. A null pointer is ignored.
        Producer only. Wait-free: two atomic steps and one move of a T, whatever the consumer does.
    */
    void push (NodePtr<T, Policy>&& nodeToPush) noexcept
    {
        if (auto* node = nodeToPush.release())
        {
            endWith (node);
            tail.get()->makeValue (std::move (node->value));
            node->destroyValue();
            link (node, node);
        }
    }

    /** Appends a new T made from the arguments, and takes the node for it, whose own value is destroyed: spares the
        move that push() makes. A null pointer is ignored.
        Producer only. Wait-free: two atomic steps and what T's constructor does.
    */
    template <typename... Args>
    void emplace (NodePtr<T, Policy>&& nodeToPush, Args&&... args) noexcept
    {
        static_assert (std::is_nothrow_constructible_v<T, Args...>,
                       "Nothing may throw here; make the value before and push it");

        if (auto* node = nodeToPush.release())
        {
            endWith (node);
            tail.get()->makeValue (std::forward<Args> (args)...);
            node->destroyValue();
            link (node, node);
        }
    }

    /** Appends all of the chain, which is empty then; the consumer sees all of it or nothing.
        Producer only. Wait-free: a fixed number of steps and one move of a T, however long the chain is.
    */
    void pushAll (NodeChain<T, Policy>&& chain) noexcept
    {
        if (chain.isEmpty())
            return;

        // The first value moves, so that its node is free to be the last one.
        auto* node = chain.first;
        auto* second = node;

        if (node != chain.last)
        {
            second = node->next.load (std::memory_order_relaxed);
            chain.last->next.store (node, std::memory_order_relaxed); // published by (1)
        }

        chain.forget();
        endWith (node);
        tail.get()->makeValue (std::move (node->value));
        node->destroyValue();
        link (second, node);
    }

    /** Takes the oldest value, in a node that is now the caller's; null when the queue is empty.
        Consumer only. Wait-free: one atomic step, whatever the producer does.
    */
    NodePtr<T, Policy> pop() noexcept
    {
        auto* oldest = head.get();
        auto* following = oldest->next.load (std::memory_order_acquire); // (2) with (1)

        if (following == nullptr)
            return {};

        head.set (following);
        Memory::prefetchBehind (oldest);
        oldest->watch.write(); // the caller's, from now on
        return NodePtr<T, Policy> (oldest);
    }

    /** Takes all values that are there, oldest first, but not more than `most`; moves none of them.
        Consumer only. As many atomic steps as values, and one: wait-free with a limit. Without one it goes on for as long as
        the producer is faster.
    */
    NodeChain<T, Policy> popAll (std::size_t most = std::numeric_limits<std::size_t>::max()) noexcept
    {
        auto* first = head.get();
        auto* last = first;
        auto* end = first;
        std::size_t size = 0;

        for (; size < most; ++size)
        {
            auto* following = end->next.load (std::memory_order_acquire); // (2) with (1)

            if (following == nullptr)
                break;

            end->watch.write();
            last = end;
            end = following;
        }

        if (size == 0)
            return {};

        head.set (end);
        return { first, last, size };
    }

    /** The oldest value, which stays where it is until the consumer pops it; null when the queue is empty.
        Consumer only. Wait-free: one atomic step.
    */
    T* peek() noexcept
    {
        if (isEmpty())
            return nullptr;

        head.get()->watch.write(); // may be changed
        return std::addressof (head.get()->value);
    }

    /** Whether pop() would have nothing to return just now. False stays false until the consumer pops.
        Consumer only. Wait-free: one atomic step.
    */
    bool isEmpty() const noexcept
    {
        return head.get()->next.load (std::memory_order_acquire) == nullptr; // (3) with (1)
    }

private:
    using Memory = typename Node<T, Policy>::Memory;

    template <typename U, typename P, typename Keeper>
    friend class NodeProducer;

    template <typename U, typename P, typename Keeper>
    friend class NodeConsumer;

    explicit NodeQueue (Node<T, Policy>* empty) noexcept : tail (empty), head (empty) {}

    // The first step of three: link, value and announcement in this order, so that the last two writes go to one line, which
    // the consumer cannot fetch in between.
    static void endWith (Node<T, Policy>* last) noexcept { last->next.store (nullptr, std::memory_order_relaxed); } // (4)

    // Publishes what was put into the tail, and the nodes from `first` on, of which `last` is the new tail.
    void link (Node<T, Policy>* first, Node<T, Policy>* last) noexcept
    {
        tail.get()->next.store (first, std::memory_order_release); // (1) with (2), (3)

        // From here on the old tail may already be in the consumer's hands.
        tail.set (last);
    }

    // The producer's line, and the consumer's. Each has the flag that its own thread asks for.
    alignas (cacheLineBytes) typename Policy::template Cell<Node<T, Policy>*> tail; // has no value
    typename Policy::template Atomic<bool> isConsumerGone{ false };
    alignas (cacheLineBytes) typename Policy::template Cell<Node<T, Policy>*> head; // has the oldest value, if it has a link
    typename Policy::template Atomic<bool> isProducerGone{ false };
};

} // namespace rt
