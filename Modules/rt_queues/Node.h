#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

template <typename T>
class NodePtr;

template <typename T>
class NodeQueue;

template <typename T, typename... Args>
NodePtr<T> makeNode (Args&&... args);

/** One link of a NodeQueue, with room for one T. Made by makeNode(), owned through a NodePtr, recyclable from queue to queue.

    A node that a NodePtr owns always holds a T. Only a queue's own stub node holds none.
*/
template <typename T>
class Node
{
    static_assert (std::is_object_v<T> && ! std::is_const_v<T> && ! std::is_volatile_v<T>, "A node holds a plain object");
    static_assert (std::is_nothrow_move_constructible_v<T>, "A value moves from node to node where nothing may throw");
    static_assert (std::is_nothrow_destructible_v<T>, "A value is destroyed where nothing may throw");

public:
    Node (const Node&) = delete;
    Node& operator= (const Node&) = delete;

private:
    friend class NodePtr<T>;
    friend class NodeQueue<T>;

    template <typename U, typename... Args>
    friend NodePtr<U> makeNode (Args&&... args);

    // Whoever makes, destroys or moves the value knows whether there is one; the node itself keeps no flag.
    Node() noexcept {}
    ~Node() {}

    std::atomic<Node*> next{ nullptr };

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
template <typename T>
class NodePtr
{
public:
    NodePtr() noexcept = default;
    NodePtr (std::nullptr_t) noexcept {}
    NodePtr (NodePtr&& other) noexcept : node (other.release()) {}
    ~NodePtr() { reset(); }

    NodePtr& operator= (NodePtr&& other) noexcept
    {
        if (this != &other)
        {
            reset();
            node = other.release();
        }

        return *this;
    }

    /** Destroys the T and frees the node, if there is one. */
    void reset() noexcept
    {
        if (auto* old = release())
        {
            std::destroy_at (std::addressof (old->value));
            delete old;
        }
    }

    explicit operator bool() const noexcept { return node != nullptr; }

    /** The value, or null where there is no node. */
    T* get() const noexcept { return node != nullptr ? std::addressof (node->value) : nullptr; }

    /** The value; there must be a node. */
    T& operator*() const noexcept { return node->value; }

    /** The value; there must be a node. */
    T* operator->() const noexcept { return std::addressof (node->value); }

private:
    friend class NodeQueue<T>;

    template <typename U, typename... Args>
    friend NodePtr<U> makeNode (Args&&... args);

    explicit NodePtr (Node<T>* nodeToOwn) noexcept : node (nodeToOwn) {}

    Node<T>* release() noexcept { return std::exchange (node, nullptr); }

    Node<T>* node = nullptr;
};

/** Allocates a node and makes its T from the arguments.
    Not for real-time threads. Throws std::bad_alloc, or what T's constructor throws; then nothing is left behind.
*/
template <typename T, typename... Args>
NodePtr<T> makeNode (Args&&... args)
{
    struct Deleter
    {
        void operator() (Node<T>* n) const noexcept { delete n; }
    };

    // Not freed by a NodePtr as long as there is no value yet.
    std::unique_ptr<Node<T>, Deleter> node (new Node<T>);
    std::construct_at (std::addressof (node->value), std::forward<Args> (args)...);
    return NodePtr<T> (node.release());
}

} // namespace rt
