#pragma once

#include "CacheLine.h"
#include "Policy.h"

#include <atomic>
#include <type_traits>

namespace rt
{

/** What an object derives from to travel through an MpscQueue. It can be in one queue at a time. */
template <typename Policy>
struct BasicMpscLink
{
    BasicMpscLink() noexcept = default;
    BasicMpscLink (const BasicMpscLink&) noexcept {} // a copy of an object is in no queue
    BasicMpscLink& operator= (const BasicMpscLink&) noexcept { return *this; }

    typename Policy::template Atomic<BasicMpscLink*> next{ nullptr };
};

using MpscLink = BasicMpscLink<StdPolicy>;

/** An unbounded first-in-first-out queue from any number of threads to one, through links inside the objects themselves.

    Nothing is ever allocated or freed, and the queue owns nothing: T derives from MpscLink, and whoever pops an object
    has it. Objects of one producer come out in the order of its pushes; those of several interleave in the order of their
    exchanges (4).

    A producer that is stopped between its exchange and its store (5), by the scheduler for instance, hides what was
    pushed after it: pop() then says `inProgress`, though complete objects may wait behind the gap. Nothing is lost; they
    appear as soon as that producer runs on. So push() is wait-free, but pop() depends on the producers' progress:
    a consumer that must not wait takes `inProgress` like `empty` and comes back later, one that must have everything
    comes back soon. Only `empty` says that nothing was pushed that has not been popped.

    Threads: push() and pushChain() any, at any time; pop() one consumer at a time, and a new one needs a happens-before from
    the last. Destroying the queue: nobody may be pushing or popping; objects still inside are simply left alone.

    Memory orders (numbers as in the code): the release store (5) pairs with the acquire loads (6) of the consumer, which
    so sees the object, and is alone with it: producers are past it. The exchange (4) is acquire and release, so that the
    next producer's store (5) to the same link comes after its being cleared here; were it relaxed, the clearing could
    undo the store and lose the rest of the queue. The consumer's load (7) may be relaxed: it only compares the address, to
    tell `empty` and to see that an object is the last.

    Algorithm: Dmitry Vyukov's intrusive MPSC queue (1024cores).
*/
template <typename T, typename Policy = StdPolicy>
class MpscQueue
{
public:
    using Link = BasicMpscLink<Policy>;

    enum class Status
    {
        item,      ///< there was an object, and it is the caller's now
        empty,     ///< there was none
        inProgress ///< there is at least one, but a producer has not finished linking it; see above
    };

    /** What pop() found. The object is null unless the status is `item`. */
    struct Popped
    {
        Status status;
        T* object;
    };

    MpscQueue() noexcept : newest (&stub), oldest (&stub) {}
    ~MpscQueue() = default;

    MpscQueue (const MpscQueue&) = delete;
    MpscQueue& operator= (const MpscQueue&) = delete;

    /** Appends the object, which must be in no queue and stay alive until it is popped.
        Any thread. Wait-free: three atomic steps, one of them an exchange, whatever other threads do.
    */
    void push (T& object) noexcept { link (object, object); }

    /** Appends several objects at once: `first` and what follows it up to `last`, linked beforehand with linkChain().
        They come out together, nothing of other producers between them.
        Any thread. Wait-free: as push(), however long the chain is.
    */
    void pushChain (T& first, T& last) noexcept { link (first, last); }

    /** Makes `second` follow `first` in a chain for pushChain(). The objects must be in no queue. */
    static void linkChain (T& first, T& second) noexcept
    {
        static_cast<Link&> (first).next.store (&second, std::memory_order_relaxed);
    }

    /** Takes the oldest object.
        Consumer only. At most seven atomic steps, so it never waits by itself; see the class about `inProgress`.
    */
    Popped pop() noexcept
    {
        auto* first = oldest.get();
        auto* second = first->next.load (std::memory_order_acquire); // (6) with (5)

        if (first == &stub)
        {
            if (second == nullptr)
                return { newest.load (std::memory_order_relaxed) == &stub ? Status::empty : Status::inProgress,
                         nullptr }; // (7)

            // Past the stub, which is out of the queue now.
            first = second;
            oldest.set (first);
            second = first->next.load (std::memory_order_acquire); // (6) with (5)
        }

        if (second == nullptr)
        {
            if (newest.load (std::memory_order_relaxed) != first) // (7)
                return { Status::inProgress, nullptr };

            // The only object: a producer may need its link at any time. The stub behind it takes over that duty.
            link (stub, stub);
            second = first->next.load (std::memory_order_acquire); // (6) with (5)

            // Another producer got in between; the stub follows its object.
            if (second == nullptr)
                return { Status::inProgress, nullptr };
        }

        oldest.set (second);
        return { Status::item, static_cast<T*> (first) };
    }

private:
    void link (Link& first, Link& last) noexcept
    {
        static_assert (std::is_base_of_v<Link, T>, "What travels through an MpscQueue derives from MpscLink");
        last.next.store (nullptr, std::memory_order_relaxed);
        auto* previous = newest.exchange (&last, std::memory_order_acq_rel); // (4) with (4)
        previous->next.store (&first, std::memory_order_release);            // (5) with (6)
    }

    alignas (cacheLineBytes) typename Policy::template Atomic<Link*> newest; // the producers' end
    alignas (cacheLineBytes) typename Policy::template Cell<Link*> oldest;   // the consumer's end
    Link stub;
};

} // namespace rt
