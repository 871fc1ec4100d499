#pragma once

#include "NodeQueue.h"

#include <cstddef>
#include <memory>

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
    may give(). Its nodes lie side by side in one allocation, which is freed when the store and all of them are gone: nodes
    may outlive their store, but one of them keeps the memory of all.
*/
template <typename T, typename Policy>
class NodeStore
{
public:
    /** Allocates the nodes, each with a T made from the same arguments (by default, from none).
        Not for real-time threads. Throws std::bad_alloc, or what T's constructor throws; then nothing is left behind.
    */
    template <typename... Args>
    explicit NodeStore (std::size_t numNodes, const Args&... args)
    {
        using Memory = typename Node<T, Policy>::Memory;

        struct Free
        {
            void operator() (typename Memory::Block* b) const noexcept { b->release(); }
            void operator() (Node<T, Policy>* n) const noexcept { Memory::destroy (n); }
        };

        const std::unique_ptr<typename Memory::Block, Free> block (Memory::Block::make (numNodes));

        for (std::size_t i = 0; i < numNodes; ++i)
        {
            std::unique_ptr<Node<T, Policy>, Free> node (block->makeNode (i));
            node->makeValue (args...);
            nodes.push (NodePtr<T, Policy> (node.release()));
        }
    }

    /** A node, or null when all of them are under way. Its value is what the last user left in it, so that buffers inside
        keep their capacity. Values come back in the order in which they were given.
        Sender only. Wait-free: as NodeQueue::pop().
    */
    NodePtr<T, Policy> take() noexcept { return nodes.pop(); }

    /** All nodes that are there, but not more than `most`.
        Sender only. As NodeQueue::popAll().
    */
    NodeChain<T, Policy> takeAll (std::size_t most = std::numeric_limits<std::size_t>::max()) noexcept
    {
        return nodes.popAll (most);
    }

    /** Returns a node for the sender to take again. A node from elsewhere is welcome and enlarges the stock; null is
        ignored.
        Receiver only. Wait-free: as NodeQueue::push().
    */
    void give (NodePtr<T, Policy>&& node) noexcept { nodes.push (std::move (node)); }

    /** Returns all nodes of the chain at once.
        Receiver only. Wait-free: as NodeQueue::pushAll().
    */
    void giveAll (NodeChain<T, Policy>&& chain) noexcept { nodes.pushAll (std::move (chain)); }

private:
    NodeQueue<T, Policy> nodes;
};

} // namespace rt
