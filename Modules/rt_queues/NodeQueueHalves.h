#pragma once

#include "NodeQueue.h"

#include <type_traits>
#include <utility>

namespace rt
{

/** The producer's half of a NodeQueue, for one thread at a time; moves, does not copy.

    A Keeper is what the half reaches the queue through, and what keeps the queue alive: anything that is default-constructible
    as null, movable, and dereferences to the queue. A plain pointer leaves the queue's end to whoever made it. With a
    Shared<NodeQueue<T>> of rt_memory in each half, the last half to go, on whatever thread, only drops its pointer, and the
    Collector destroys the queue, the values inside and the nodes later: letting go of a half frees nothing on an audio
    thread.

    Destroying a half (or assigning over it) says so to the other. Wait-free, as far as dropping the Keeper is. Memory orders:
    the release store (5) of a half that goes pairs with the acquire load (6) in isPeerGone() of the other.

    A half that was moved from, or default-constructed, may only be destroyed, assigned to or tested.
*/
template <typename T, typename Policy = StdPolicy, typename Keeper = NodeQueue<T, Policy>*>
class NodeProducer
{
public:
    NodeProducer() noexcept = default;
    NodeProducer (NodeProducer&& other) noexcept : queue (std::exchange (other.queue, Keeper{})) {}
    ~NodeProducer() { leave(); }

    NodeProducer& operator= (NodeProducer&& other) noexcept
    {
        if (this != &other)
        {
            leave();
            queue = std::exchange (other.queue, Keeper{});
        }

        return *this;
    }

    explicit operator bool() const noexcept { return static_cast<bool> (queue); }

    /** As NodeQueue::push(). */
    void push (NodePtr<T, Policy>&& node) noexcept { queue->push (std::move (node)); }

    /** As NodeQueue::emplace(). */
    template <typename... Args>
    void emplace (NodePtr<T, Policy>&& node, Args&&... args) noexcept
    {
        queue->emplace (std::move (node), std::forward<Args> (args)...);
    }

    /** As NodeQueue::pushAll(). */
    void pushAll (NodeChain<T, Policy>&& chain) noexcept { queue->pushAll (std::move (chain)); }

    /** Whether the consumer's half is gone: nobody will pop any more. Wait-free: one atomic step. */
    bool isPeerGone() const noexcept { return queue->isConsumerGone.load (std::memory_order_acquire); } // (6) with (5)

private:
    template <typename K>
    friend auto splitNodeQueue (K keeper) noexcept;

    explicit NodeProducer (Keeper keeper) noexcept : queue (std::move (keeper)) {}

    void leave() noexcept
    {
        if (queue)
            queue->isProducerGone.store (true, std::memory_order_release); // (5) with (6)

        queue = Keeper{};
    }

    Keeper queue{};
};

/** The consumer's half of a NodeQueue, for one thread at a time; moves, does not copy. See NodeProducer. */
template <typename T, typename Policy = StdPolicy, typename Keeper = NodeQueue<T, Policy>*>
class NodeConsumer
{
public:
    NodeConsumer() noexcept = default;
    NodeConsumer (NodeConsumer&& other) noexcept : queue (std::exchange (other.queue, Keeper{})) {}
    ~NodeConsumer() { leave(); }

    NodeConsumer& operator= (NodeConsumer&& other) noexcept
    {
        if (this != &other)
        {
            leave();
            queue = std::exchange (other.queue, Keeper{});
        }

        return *this;
    }

    explicit operator bool() const noexcept { return static_cast<bool> (queue); }

    /** As NodeQueue::pop(). */
    NodePtr<T, Policy> pop() noexcept { return queue->pop(); }

    /** As NodeQueue::popAll(). */
    NodeChain<T, Policy> popAll (std::size_t most = std::numeric_limits<std::size_t>::max()) noexcept
    {
        return queue->popAll (most);
    }

    /** As NodeQueue::peek(). */
    T* peek() noexcept { return queue->peek(); }

    /** As NodeQueue::isEmpty(). */
    bool isEmpty() const noexcept { return queue->isEmpty(); }

    /** Whether the producer's half is gone. Once this is true, all that was pushed is there to pop, and nothing more will
        come: ask this first, and then whether the queue is empty. Wait-free: one atomic step.
    */
    bool isPeerGone() const noexcept { return queue->isProducerGone.load (std::memory_order_acquire); } // (6) with (5)

private:
    template <typename K>
    friend auto splitNodeQueue (K keeper) noexcept;

    explicit NodeConsumer (Keeper keeper) noexcept : queue (std::move (keeper)) {}

    void leave() noexcept
    {
        if (queue)
            queue->isConsumerGone.store (true, std::memory_order_release); // (5) with (6)

        queue = Keeper{};
    }

    Keeper queue{};
};

/** Both halves of the queue that the keeper points to, as a pair: producer first. A queue has one pair for its whole life,
    and nobody pushes or pops past them while they live.
    Wait-free: copies the keeper.
*/
template <typename Keeper>
auto splitNodeQueue (Keeper keeper) noexcept
{
    const auto split = []<typename T, typename Policy> (Keeper& kept, NodeQueue<T, Policy>&)
    {
        NodeProducer<T, Policy, Keeper> producer (kept);
        NodeConsumer<T, Policy, Keeper> consumer (std::move (kept));
        return std::pair (std::move (producer), std::move (consumer));
    };

    return split (keeper, *keeper);
}

} // namespace rt
