#pragma once

#include "NodeQueue.h"

#include <cstddef>

namespace rt
{

/** A fixed stock of nodes for one sender, which the receiver refills: messages to or from a real-time thread without any
    allocation on either side.

        NodeStore<Message> store (256);                  // both outlive the two threads
        NodeQueue<Message> queue;

        if (auto node = store.take())                    // sender
        {
            *node = message;
            queue.push (std::move (node));
        }

        while (auto node = queue.pop())                  // receiver
        {
            apply (*node);
            store.give (std::move (node));
        }

    The store is a NodeQueue that begins full, with the receiver as its producer. One thread at a time may take() and one
    may give(); destroying it frees the nodes that are inside.
*/
template <typename T>
class NodeStore
{
public:
    /** Allocates the nodes, each with a T made from the same arguments (by default, from none).
        Not for real-time threads. Throws std::bad_alloc, or what T's constructor throws.
    */
    template <typename... Args>
    explicit NodeStore (std::size_t numNodes, const Args&... args)
    {
        for (std::size_t i = 0; i < numNodes; ++i)
            nodes.push (makeNode<T> (args...));
    }

    /** A node, or null when all of them are under way. Its value is what the last user left in it, so that buffers inside
        keep their capacity. Nodes come back in the order in which they were given.
        Sender only. Wait-free: as NodeQueue::pop().
    */
    NodePtr<T> take() noexcept { return nodes.pop(); }

    /** Returns a node for the sender to take again. A node from elsewhere is welcome and enlarges the stock; null is
        ignored.
        Receiver only. Wait-free: as NodeQueue::push().
    */
    void give (NodePtr<T>&& node) noexcept { nodes.push (std::move (node)); }

private:
    NodeQueue<T> nodes;
};

} // namespace rt
