#pragma once

#include "detail/TurnQueue.h"

namespace rt
{

/** A first-in-first-out queue between any number of threads, up to 64 at a time, on which nobody ever waits for anybody: enqueueing
    and dequeueing end after a bounded number of steps, whatever the others do, and wherever they have been stopped.

    Values live in nodes of the queue. Each slot (thread) has a pool of them; a node that was dequeued comes home to the pool that
    it is from, so one-way traffic drains nothing. tryEnqueue() works from the pool alone; enqueue() makes more nodes where it has
    to, and gives nothing back before the queue ends.

        rt::CrTurnQueue<Job> queue;

        auto slot = queue.attach (256);              // each thread, before its real-time part: a slot, and nodes for 256 jobs
        if (! queue.tryEnqueue (slot, job)) ...      // real-time: false when the pool is exhausted, and the job is still here
        queue.enqueue (slot, std::move (job));       // elsewhere: allocates if need be
        if (auto job = queue.tryDequeue (slot)) ...  // either: empty when the queue is

    | operation | who | progress | cost |
    |---|---|---|---|
    | tryEnqueue() | a slot's thread | wait-free | alone 2 CAS; at worst a scan, the fast tries, and 2n + 2 rounds of O(n) |
    | tryDequeue() | a slot's thread | wait-free | alone 2 CAS; at worst the fast tries, 2n + 3 rounds of O(n), and two scans |
    | enqueue() | a slot's thread, not a real-time one | allocates when the pool is empty | as tryEnqueue() |
    | attach() | any thread, not a real-time one | lock-free, and allocates nodes the first time | |
    | Slot::detach() | its thread | wait-free* | one read-modify-write; frees nothing |
    | looksEmpty(), getNumNodes() | any thread | wait-free | two loads, one load |
    | constructor, destructor | nobody else may be using it | allocate, free | the destructor: one step a value, one a node |
    | enqueue(), tryDequeue() without a slot | any thread, not a real-time one | lock a mutex at a thread's first use | |

    n is the number of slots that are attached, not of those there could be. A scan reads 4 hazard pointers a slot and looks up what
    the slot has retired, at most 12n + 16 nodes; it is made once for 8n dequeues (at least 16), or when the pool is empty.
    "Wait-free" presumes that compare-and-swap is one instruction, or a loop of the hardware that ends (see the module's README).

    A dequeue that finds the queue empty says so at an instant when it was empty: the histories are linearizable. T must be
    nothrow-movable. tryEnqueue() takes an lvalue, and leaves it alone when it fails.

    The pool: a slot can count on attach()'s number of nodes less those under way: in the queue, and held back by each slot that
    dequeues: at most 12n + 16 until its next scan, which finding the queue empty makes too, and what hazard pointers name after
    it. So attach (N + n x (12n + 16)) never refuses a value while fewer than N of the slot's are inside.

    Slots end before the queue. What a slot leaves behind (free nodes, retired nodes) is the next one's that attaches there, and
    enqueue() takes over free nodes of slots that nobody has before it makes new ones. Each slot that ever dequeued pins up to
    three nodes.

    Memory: 48 KB for the 64 slots, and 64 bytes or more a node.

    Algorithm: Pedro Ramalhete and Andreia Correia, "CRTurn queue" (2016), behind a fast path as in Kogan and Petrank's "A Methodology
    for Creating Fast Wait-Free Data Structures" (2012); detail/TurnQueue.h tells what is different, and argues each memory order.
*/
template <typename T, typename Policy = StdPolicy>
class CrTurnQueue : public detail::TurnQueue<T, detail::End::many, detail::End::many, Policy>
{
public:
    using detail::TurnQueue<T, detail::End::many, detail::End::many, Policy>::TurnQueue;
};

} // namespace rt
