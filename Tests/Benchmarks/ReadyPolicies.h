#pragma once

#include <host_graph/detail/ReadyList.h>
#include <rt_queues/rt_queues.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

/** Where the ops of a block may wait for a thread, each with the same face:

    - made for so many ops and threads; a Thread is a thread's own part of it, made and used by that thread alone
    - begin(): the audio thread, before a block, while nothing is in it
    - push(): a thread that has made an op ready; pop(): any thread, -1 for none
    - hasWork(): any thread, about
*/
namespace ready
{

/** What ParallelRenderer uses: one array for all threads, in which an op has its place in the order of becoming ready. */
class List
{
public:
    struct Thread
    {
        Thread (List&, int) noexcept {}
    };

    List (int numOps, int) : list (numOps) {}

    void begin() noexcept { list.begin(); }
    void push (Thread&, int op) noexcept { list.push (op); }
    int pop (Thread&) noexcept { return list.pop(); }
    bool hasWork() const noexcept { return list.getSize() > 0; }

private:
    host::detail::ReadyList list;
};

/** One wait-free queue for all threads, of records from a pool with free places for each thread. */
class TurnQueue
{
public:
    struct Job
    {
        int op = 0;
    };

    using Queue = rt::CrTurnQueue<Job*>;
    using Pool = rt::ObjectPool<Job>;

    struct Thread
    {
        Thread (TurnQueue& owner, int) : slot (owner.queue.attach (owner.nodesPerThread)), places (owner.pool) {}

        Queue::Slot slot;
        Pool::Slot places;
    };

    TurnQueue (int numOps, int numThreads)
        : nodesPerThread (unsigned (numOps + numThreads * (12 * numThreads + 16))),
          pool (std::uint32_t (numOps) + Pool::getMostElsewhere (std::uint32_t (numThreads)))
    {
    }

    void begin() noexcept {}

    void push (Thread& thread, int op) noexcept
    {
        auto* job = pool.acquire (thread.places, Job{ op });

        // There are as many as can be needed.
        if (job == nullptr || ! queue.tryEnqueue (thread.slot, job))
            std::abort();
    }

    int pop (Thread& thread) noexcept
    {
        const auto job = queue.tryDequeue (thread.slot);

        if (! job)
            return -1;

        const auto op = (*job)->op;
        pool.release (thread.places, **job);
        return op;
    }

    bool hasWork() const noexcept { return ! queue.looksEmpty(); }

private:
    const unsigned nodesPerThread;
    Queue queue;
    Pool pool;
};

/** A deque for each thread: its own thread works at the bottom, the others steal from the top. Of fixed capacity.

    Source: David Chase and Yossi Lev, "Dynamic Circular Work-Stealing Deque" (2005), without the growing; the memory orders are those
    that Lê, Pop, Cohen and Zappa Nardelli prove in "Correct and Efficient Work-Stealing for Weak Memory Models" (2013).
*/
class Deque
{
public:
    explicit Deque (int capacity) : items (std::bit_ceil (std::size_t (capacity))), mask (std::int64_t (items.size()) - 1) {}

    /** The own thread; there is room. */
    void push (int item) noexcept
    {
        const auto place = bottom.load (std::memory_order_relaxed);
        at (place).store (item, std::memory_order_relaxed);
        bottom.store (place + 1, std::memory_order_release);
    }

    /** The own thread. @returns the item that was pushed last, or -1 */
    int take() noexcept
    {
        const auto place = bottom.load (std::memory_order_relaxed) - 1;
        bottom.store (place, std::memory_order_relaxed);
        std::atomic_thread_fence (std::memory_order_seq_cst);
        auto first = top.load (std::memory_order_relaxed);

        if (first < place)
            return at (place).load (std::memory_order_relaxed);

        // The last one may be stolen meanwhile.
        auto item = -1;

        if (first == place
            && top.compare_exchange_strong (first, first + 1, std::memory_order_seq_cst, std::memory_order_relaxed))
            item = at (place).load (std::memory_order_relaxed);

        bottom.store (place + 1, std::memory_order_relaxed);
        return item;
    }

    /** Any other thread. @returns the item that was pushed first, or -1 */
    int steal() noexcept
    {
        for (;;)
        {
            auto first = top.load (std::memory_order_acquire);
            std::atomic_thread_fence (std::memory_order_seq_cst);

            if (first >= bottom.load (std::memory_order_acquire))
                return -1;

            const auto item = at (first).load (std::memory_order_relaxed);

            if (top.compare_exchange_strong (first, first + 1, std::memory_order_seq_cst, std::memory_order_relaxed))
                return item;
        }
    }

    bool looksEmpty() const noexcept
    {
        return top.load (std::memory_order_acquire) >= bottom.load (std::memory_order_acquire);
    }

private:
    std::atomic<int>& at (std::int64_t place) noexcept { return items[std::size_t (place & mask)]; }

    std::vector<std::atomic<int>> items;
    const std::int64_t mask;
    alignas (rt::cacheLineBytes) std::atomic<std::int64_t> top{ 0 };
    alignas (rt::cacheLineBytes) std::atomic<std::int64_t> bottom{ 0 };
};

/** A work-stealing deque for each thread. */
class Stealing
{
public:
    struct Thread
    {
        Thread (Stealing&, int threadIndex) noexcept : index (std::size_t (threadIndex)) {}
        std::size_t index;
    };

    Stealing (int numOps, int numThreads)
    {
        for (int i = 0; i < numThreads; ++i)
            deques.push_back (std::make_unique<Deque> (numOps));
    }

    void begin() noexcept {}
    void push (Thread& thread, int op) noexcept { deques[thread.index]->push (op); }

    int pop (Thread& thread) noexcept
    {
        if (const auto op = deques[thread.index]->take(); op >= 0)
            return op;

        for (std::size_t i = 1; i < deques.size(); ++i)
            if (const auto op = deques[(thread.index + i) % deques.size()]->steal(); op >= 0)
                return op;

        return -1;
    }

    bool hasWork() const noexcept
    {
        for (const auto& deque : deques)
            if (! deque->looksEmpty())
                return true;

        return false;
    }

private:
    std::vector<std::unique_ptr<Deque>> deques;
};

} // namespace ready
