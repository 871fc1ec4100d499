// Interleavings, and all that the memory model allows, of three threads at a CrTurnQueue and at its halves: with the fast path, without
// it, and with every node used again as soon as it can be.

#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/TurnMpscQueue.h>
#include <rt_queues/TurnSpmcQueue.h>

#include "RelacyPolicy.h"

#include <memory>
#include <optional>

namespace
{

using test::RelacyPolicy;

/** What travels: relacy sees when it is read before it is there, or after it is gone. */
class Value
{
public:
    explicit Value (int n) : number (n) {}
    Value (Value&& other) noexcept : number (other.number.get()) { other.number.set (-1); }

    Value& operator= (Value&& other) noexcept
    {
        number.set (other.number.get());
        return *this;
    }

    int get() const { return number.get(); }

private:
    RelacyPolicy::Cell<int> number;
};

using Mpmc = rt::CrTurnQueue<Value, RelacyPolicy>;
using Mpsc = rt::TurnMpscQueue<Value, RelacyPolicy>;
using Spmc = rt::TurnSpmcQueue<Value, RelacyPolicy>;

/** Threads that enqueue and dequeue in turn, or do one of both; afterwards everything is there that was not dequeued, once, and in
    each producer's order.
*/
template <typename Queue, unsigned fastTries, unsigned numPushesOf0, unsigned numPushesOf1, unsigned numPushesOf2,
          unsigned popsMask>
struct ThreeThreads : rl::test_suite<ThreeThreads<Queue, fastTries, numPushesOf0, numPushesOf1, numPushesOf2, popsMask>, 3>
{
    static constexpr unsigned numPops = 2;

    std::unique_ptr<Queue> queue;
    std::unique_ptr<typename Queue::Slot[]> slots;
    int lastSeen[3];
    int numIn, numOut;

    void before()
    {
        queue = std::make_unique<Queue> (fastTries, 0);
        slots = std::make_unique<typename Queue::Slot[]> (3);
        numIn = numOut = 0;

        for (auto& last : lastSeen)
            last = -1;

        for (unsigned i = 0; i < 3; ++i)
            slots[i] = queue->attach (1);
    }

    void thread (unsigned index)
    {
        const unsigned numPushes[] = { numPushesOf0, numPushesOf1, numPushesOf2 };
        int seenHere[] = { -1, -1, -1 };

        for (unsigned i = 0; i < std::max (numPushes[index], numPops); ++i)
        {
            if (i < numPushes[index])
            {
                Value value (static_cast<int> (index * 10 + i));

                if (queue->tryEnqueue (slots[index], value))
                    ++numIn;
            }

            if ((popsMask >> index & 1) != 0 && i < numPops)
            {
                if (auto value = queue->tryDequeue (slots[index]))
                {
                    const auto producer = value->get() / 10;
                    RL_ASSERT (value->get() >= 0 && value->get() > seenHere[producer]);
                    seenHere[producer] = value->get();
                    ++numOut;
                }
            }
        }
    }

    void after()
    {
        const auto consumer = (popsMask & 1) != 0 ? 0 : 2;

        while (auto value = queue->tryDequeue (slots[consumer]))
        {
            const auto producer = value->get() / 10;
            RL_ASSERT (value->get() > lastSeen[producer]);
            lastSeen[producer] = value->get();
            ++numOut;
        }

        RL_ASSERT (numIn == numOut);
        slots.reset();
        queue.reset();
    }
};

/** A node that goes round and round: one thread enqueues with a single node, two dequeue. */
template <unsigned fastTries>
using RoundAndRound = ThreeThreads<Spmc, fastTries, 4, 0, 0, 6>;

} // namespace

int main (int numArguments, char** arguments)
{
    const auto n = test::getNumExecutions (numArguments, arguments);

    test::check<ThreeThreads<Mpmc, 2, 2, 2, 2, 7>> ("CrTurnQueue, fast", n);
    test::check<ThreeThreads<Mpmc, 0, 2, 1, 1, 7>> ("CrTurnQueue, all by turns", n);
    test::check<ThreeThreads<Mpmc, 1, 2, 2, 0, 6>> ("CrTurnQueue, both ways, producers and consumers", n);
    test::check<ThreeThreads<Mpsc, 1, 2, 2, 0, 4>> ("TurnMpscQueue, one fast try", n);
    test::check<ThreeThreads<Mpsc, 0, 2, 2, 0, 4>> ("TurnMpscQueue, all by turns", n);
    test::check<RoundAndRound<2>> ("TurnSpmcQueue, fast", n);
    test::check<RoundAndRound<0>> ("TurnSpmcQueue, all by turns", n);
}
