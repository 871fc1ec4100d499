#pragma once

#include "Node.h"

#include <cstddef>
#include <limits>
#include <utility>

namespace rt
{

/** Nodes of one thread in a row: what NodeQueue::pushAll() appends at once and popAll() gives back.

    The chain owns its nodes: destroying it, or assigning over it, destroys the values and FREES the nodes on that thread.
    Values stay where they are as long as they are in a chain. Not for use by two threads at once, so its links need no
    order of their own (relaxed); the queue that takes the chain publishes them all with one store.

    Every operation takes a fixed number of steps, but for the destructor, assignment and clear().
*/
template <typename T, typename Policy>
class NodeChain
{
public:
    NodeChain() noexcept = default;

    NodeChain (NodeChain&& other) noexcept
        : first (std::exchange (other.first, nullptr)), last (std::exchange (other.last, nullptr)),
          size (std::exchange (other.size, 0))
    {
    }

    NodeChain& operator= (NodeChain&& other) noexcept
    {
        if (this != &other)
        {
            clear();
            append (std::move (other));
        }

        return *this;
    }

    ~NodeChain() { clear(); }

    /** Appends the node, which leaves the pointer null. A null pointer is ignored. */
    void push (NodePtr<T, Policy>&& nodeToPush) noexcept
    {
        if (auto* node = nodeToPush.release())
            append (NodeChain (node, node, 1));
    }

    /** Takes the first node; null when there is none. */
    NodePtr<T, Policy> pop() noexcept
    {
        if (first == nullptr)
            return {};

        auto* node = first;
        first = node == last ? nullptr : node->next.load (std::memory_order_relaxed);
        last = first == nullptr ? nullptr : last;
        --size;
        return NodePtr<T, Policy> (node);
    }

    /** Appends all of the other chain, which is empty then. */
    void append (NodeChain&& other) noexcept
    {
        if (other.first == nullptr)
            return;

        if (first == nullptr)
            first = other.first;
        else
            last->next.store (other.first, std::memory_order_relaxed);

        last = other.last;
        size += other.size;
        other.forget();
    }

    /** The first value; null when there is none. */
    T* peek() const noexcept { return first != nullptr ? std::addressof (first->value) : nullptr; }

    std::size_t getSize() const noexcept { return size; }
    bool isEmpty() const noexcept { return first == nullptr; }

    /** Destroys the values and frees the nodes. */
    void clear() noexcept
    {
        while (pop())
        {
        }
    }

private:
    friend class NodeQueue<T, Policy>;

    // Links lead from `first` to `last`; what the last one's link says does not matter.
    NodeChain (Node<T, Policy>* firstToOwn, Node<T, Policy>* lastToOwn, std::size_t sizeToUse) noexcept
        : first (firstToOwn), last (lastToOwn), size (sizeToUse)
    {
    }

    void forget() noexcept
    {
        first = last = nullptr;
        size = 0;
    }

    Node<T, Policy>* first = nullptr;
    Node<T, Policy>* last = nullptr;
    std::size_t size = 0;
};

} // namespace rt
