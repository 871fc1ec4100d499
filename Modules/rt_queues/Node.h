#pragma once

#include "Policy.h"
#include "detail/NodeMemory.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

template <typename T, typename Policy = StdPolicy>
class NodePtr;

template <typename T, typename Policy = StdPolicy>
class NodeChain;

template <typename T, typename Policy = StdPolicy>
class NodeQueue;

template <typename T, typename Policy = StdPolicy>
class NodeStore;

/** One link of a NodeQueue, with room for one T. Made by makeNode() or by a NodeStore, owned through a NodePtr, recyclable from
    queue to queue.

    A node that a NodePtr owns always holds a T. Only the last node inside a queue holds none.
*/
template <typename T, typename Policy = StdPolicy>
class Node
{
    static_assert (std::is_object_v<T> && ! std::is_const_v<T> && ! std::is_volatile_v<T>, "A node holds a plain object");
    static_assert (std::is_nothrow_move_constructible_v<T>, "A value moves from node to node where nothing may throw");
    static_assert (std::is_nothrow_destructible_v<T>, "A value is destroyed where nothing may throw");

public:
    Node (const Node&) = delete;
    Node& operator= (const Node&) = delete;

private:
    friend class NodePtr<T, Policy>;
    friend class NodeChain<T, Policy>;
    friend class NodeQueue<T, Policy>;
    friend class NodeStore<T, Policy>;
    friend class detail::NodeMemory<Node, Policy>;
    using Memory = detail::NodeMemory<Node, Policy>;

    // Whoever makes, destroys or moves the value knows whether there is one; the node itself keeps no flag.
    Node() noexcept {}
    ~Node() {}

    template <typename... Args>
    void makeValue (Args&&... args)
    {
        watch.write();
        std::construct_at (std::addressof (value), std::forward<Args> (args)...);
    }

    void destroyValue() noexcept
    {
        watch.write();
        std::destroy_at (std::addressof (value));
    }

    typename Policy::template Atomic<Node*> next{ nullptr }; // has a meaning inside of a queue or chain only
    [[no_unique_address]] typename Policy::Watch watch;

    union
    {
        T value;
    };
};

/** Owns one node and the T inside; moves, does not copy.

    Whoever destroys (or resets, or assigns over) a NodePtr that is not null destroys the T and FREES the node, on that
    thread. A thread that must not free therefore hands every node on: to a NodeQueue, or back to its NodeStore.
    Everything but that is wait-free. Not for use by two threads at once.
*/
template <typename T, typename Policy>
class NodePtr
{
public:
    NodePtr() noexcept = default;
    NodePtr (std::nullptr_t) noexcept {}
    NodePtr (NodePtr&& other) noexcept : node (other.release()) {}
    ~NodePtr() { reset(); }

    NodePtr& operator= (NodePtr&& other) noexcept
    {
        destroy (std::exchange (node, other.release()));
        return *this;
    }

    /** Allocates a node, on cache lines of its own, and makes its T from the arguments: makeNode() for any policy.
        Not for real-time threads. Throws std::bad_alloc, or what T's constructor throws; then nothing is left behind.
    */
    template <typename... Args>
    static NodePtr make (Args&&... args)
    {
        struct Free
        {
            void operator() (Node<T, Policy>* n) const noexcept { Node<T, Policy>::Memory::destroy (n); }
        };

        // Not freed by a NodePtr as long as there is no value yet.
        std::unique_ptr<Node<T, Policy>, Free> made (Node<T, Policy>::Memory::makeAlone());
        made->makeValue (std::forward<Args> (args)...);
        return NodePtr (made.release());
    }

    /** Destroys the T and frees the node, if there is one. */
    void reset() noexcept { destroy (release()); }

    explicit operator bool() const noexcept { return node != nullptr; }

    /** The value, or null where there is no node. */
    T* get() const noexcept { return node != nullptr ? std::addressof (node->value) : nullptr; }

    /** The value; there must be a node. */
    T& operator*() const noexcept { return node->value; }

    /** The value; there must be a node. */
    T* operator->() const noexcept { return std::addressof (node->value); }

private:
    friend class NodeChain<T, Policy>;
    friend class NodeQueue<T, Policy>;
    friend class NodeStore<T, Policy>;

    explicit NodePtr (Node<T, Policy>* nodeToOwn) noexcept : node (nodeToOwn) {}

    Node<T, Policy>* release() noexcept { return std::exchange (node, nullptr); }

    static void destroy (Node<T, Policy>* old) noexcept
    {
        if (old != nullptr)
        {
            old->destroyValue();
            Node<T, Policy>::Memory::destroy (old);
        }
    }

    Node<T, Policy>* node = nullptr;
};

/** Allocates a node and makes its T from the arguments.
    Not for real-time threads. Throws std::bad_alloc, or what T's constructor throws; then nothing is left behind.
*/
template <typename T, typename... Args>
NodePtr<T> makeNode (Args&&... args)
{
    return NodePtr<T>::make (std::forward<Args> (args)...);
}

} // namespace rt
