#pragma once

#include "CacheLine.h"
#include "Node.h"

namespace rt
{

/** An unbounded first-in-first-out queue from one thread to one other thread, made of nodes that the caller brings along.

    push() and pop() neither allocate nor free, and contain no read-modify-write: a push is one release store, a pop one
    acquire load. Nodes come from makeNode() and may go through any number of queues; spent ones usually travel back
    through a second queue (see NodeStore).

    The node that pop() returns is not the one that was pushed: the VALUE moves into the node that has been the queue's
    stub, and the pushed one becomes the stub. So the address of a value changes on its way, and T must be
    nothrow-movable. What T's move constructor and the destructor of a moved-from T do, pop() does.

    Threads: at any time one producer (push) and one consumer (pop, isEmpty). Handing either role to another thread needs
    a happens-before between the two, as does destroying the queue.

    Memory orders (numbers as in the code): the release store (1) in push() pairs with the acquire loads (2) in pop() and
    (3) in isEmpty(). Through it the consumer sees the value, and everything else the producer wrote before the push.

    Algorithm: the unbounded SPSC queue of 1024cores, in the form of the Rust crate llq (nodes owned by the user, and
    recycled).
*/
template <typename T>
class NodeQueue
{
public:
    /** Allocates the stub. Not for real-time threads. */
    NodeQueue() : NodeQueue (new Node<T>) {}

    NodeQueue (const NodeQueue&) = delete;
    NodeQueue& operator= (const NodeQueue&) = delete;

    /** Destroys the values still inside and frees their nodes and the stub, on the calling thread: not for real-time
        threads. Both other threads must be done with the queue.
    */
    ~NodeQueue()
    {
        auto* stub = head;
        auto* n = stub->next.load (std::memory_order_relaxed);
        delete stub;

        while (n != nullptr)
        {
            auto* following = n->next.load (std::memory_order_relaxed);
            NodePtr<T> dies (n);
            n = following;
        }
    }

    /** Appends the node, which leaves the pointer null. A null pointer is ignored.
        Producer only. Wait-free: a fixed number of steps, whatever the consumer does.
    */
    void push (NodePtr<T>&& nodeToPush) noexcept
    {
        if (auto* node = nodeToPush.release())
        {
            // node->next is null: pop() and makeNode() leave it so.
            tail->next.store (node, std::memory_order_release); // (1) with (2), (3)

            // From here on the old tail may already be in the consumer's hands.
            tail = node;
        }
    }

    /** Takes the oldest value, in a node that is now the caller's; null when the queue is empty.
        Consumer only. Wait-free: a fixed number of steps and one move of a T, whatever the producer does.
    */
    NodePtr<T> pop() noexcept
    {
        auto* first = head->next.load (std::memory_order_acquire); // (2) with (1)

        if (first == nullptr)
            return {};

        auto* spent = head;
        head = first;

        std::construct_at (std::addressof (spent->value), std::move (first->value));
        std::destroy_at (std::addressof (first->value));

        // Relaxed: the producer is past this node, or (2) could not have read what it read; the next thread to push the
        // node gets it from us together with everything we did.
        spent->next.store (nullptr, std::memory_order_relaxed);
        return NodePtr<T> (spent);
    }

    /** Whether pop() would have nothing to return just now. False stays false until the consumer pops.
        Consumer only. Wait-free.
    */
    bool isEmpty() const noexcept
    {
        return head->next.load (std::memory_order_acquire) == nullptr; // (3) with (1)
    }

private:
    explicit NodeQueue (Node<T>* stub) noexcept : tail (stub), head (stub) {}

    alignas (cacheLineBytes) Node<T>* tail; // the producer's
    alignas (cacheLineBytes) Node<T>* head; // the consumer's: the stub, whose successor is the oldest value
};

} // namespace rt
