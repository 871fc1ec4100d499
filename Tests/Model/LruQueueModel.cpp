// Every interleaving that relacy can think of: three threads at an LruQueue with few nodes, which are used again and again.
// Who enqueues an item writes to it before, who gets it out writes to it after: so two that get the same one, or one that
// does not see what the enqueuer wrote, are a race.

#include <rt_queues/LruQueue.h>

#include "RelacyPolicy.h"

#include <memory>

namespace
{

using test::RelacyPolicy;

constexpr int numItems = 6;

template <typename Order>
struct Shared
{
    using Queue = rt::LruQueue<int, Order, RelacyPolicy>;
    using Token = typename Queue::Token;
    using Handle = typename Queue::Handle;

    Handle enqueue (int item, Token& token)
    {
        use (item);
        const auto handle = queue.enqueue (item, token, item % 2 == 0);
        RL_ASSERT (handle);
        return handle;
    }

    bool dequeue (Token& token)
    {
        const auto item = queue.dequeue (token);

        if (item)
            takeOut (*item);

        return item.has_value();
    }

    bool remove (int item, Handle handle, Token& token, bool isLazy)
    {
        const auto removed = isLazy ? queue.remove (handle) : queue.remove (handle, token);

        if (removed)
            takeOut (item);

        return removed;
    }

    void use (int item) { items[item].set (items[item].get() + 1); }

    void takeOut (int item)
    {
        use (item);
        RL_ASSERT (out[item].exchange (1, std::memory_order_relaxed) == 0);
    }

    /** Everything that was put in is inside or has been got out, once. */
    void check (int numIn)
    {
        int numInside = 0;

        queue.forEach (
            [&] (int item, auto)
            {
                RL_ASSERT (out[item].load (std::memory_order_relaxed) == 0);
                use (item);
                ++numInside;
            });

        int numOut = 0;

        for (auto& one : out)
            numOut += one.load (std::memory_order_relaxed);

        RL_ASSERT (numInside + numOut == numIn);
        const auto census = queue.takeCensus();
        RL_ASSERT (census.isWhole);
        RL_ASSERT (static_cast<int> (census.live) == numInside);
    }

    Queue queue{ 3, 1 };
    RelacyPolicy::Cell<int> items[numItems];
    RelacyPolicy::Atomic<int> out[numItems];
};

/** Neighbours go at once, from the front and in the middle, while others come behind them. */
template <typename Order>
struct Neighbours : rl::test_suite<Neighbours<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;
    typename Shared<Order>::Handle handles[3];

    void before()
    {
        shared = std::make_unique<Shared<Order>>();
        typename Shared<Order>::Token token (shared->queue, 1);

        for (int i = 0; i < 3; ++i)
            handles[i] = shared->enqueue (i, token);
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->queue, 1);

        if (index == 0)
        {
            shared->remove (1, handles[1], token, false);
            shared->enqueue (3, token);
        }
        else if (index == 1)
        {
            shared->remove (2, handles[2], token, false);
            shared->dequeue (token);
        }
        else
        {
            shared->remove (0, handles[0], token, true);
            shared->enqueue (4, token);
            shared->queue.clean (token);
        }
    }

    void after()
    {
        shared->check (5);
        shared.reset();
    }
};

/** The same entries are touched, taken and put back by all. */
template <typename Order>
struct Touches : rl::test_suite<Touches<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;
    typename Shared<Order>::Handle handles[2];

    void before()
    {
        shared = std::make_unique<Shared<Order>>();
        typename Shared<Order>::Token token (shared->queue, 1);

        for (int i = 0; i < 2; ++i)
            handles[i] = shared->enqueue (i, token);
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->queue, 1);

        if (index == 2)
        {
            shared->dequeue (token);
            shared->enqueue (2, token);
            shared->dequeue (token);
            return;
        }

        const auto first = shared->queue.touch (handles[0], token);

        if (const auto item = shared->queue.get (first))
            RL_ASSERT (*item == 0);

        if (index == 0)
            shared->remove (0, first, token, false);
        else
            shared->queue.touch (shared->queue.touch (handles[1], token), token);
    }

    void after()
    {
        shared->check (3);
        shared.reset();
    }
};

/** One entry at a time through as few nodes as there are. */
template <typename Order>
struct Reuse : rl::test_suite<Reuse<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;

    void before() { shared = std::make_unique<Shared<Order>>(); }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->queue, 1);

        for (int i = 0; i < 2; ++i)
        {
            const auto item = static_cast<int> (index) * 2 + i;
            const auto handle = shared->enqueue (item, token);

            if (index == 0)
                shared->remove (item, handle, token, i == 0);
            else
                shared->dequeue (token);

            if (const auto oldest = shared->queue.peekOldest())
                RL_ASSERT (oldest->first >= 0 && oldest->first < numItems);
        }
    }

    void after()
    {
        shared->check (6);
        shared.reset();
    }
};

/** A handle that gets about without any order: who touches by it hands on what the enqueuer wrote. */
template <typename Order>
struct Rumour : rl::test_suite<Rumour<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;
    std::unique_ptr<RelacyPolicy::Atomic<std::uint64_t>> rumour;

    void before()
    {
        shared = std::make_unique<Shared<Order>>();
        rumour = std::make_unique<RelacyPolicy::Atomic<std::uint64_t>> (0);
    }

    void thread (unsigned index)
    {
        using Handle = typename Shared<Order>::Handle;
        typename Shared<Order>::Token token (shared->queue, 1);

        if (index == 0)
        {
            rumour->store (shared->enqueue (0, token).toWord(), std::memory_order_relaxed);
            shared->enqueue (1, token);
        }
        else if (index == 1)
        {
            shared->queue.touch (Handle::fromWord (rumour->load (std::memory_order_relaxed)), token);
        }
        else if (! shared->dequeue (token))
        {
            shared->remove (0, Handle::fromWord (rumour->load (std::memory_order_relaxed)), token, false);
        }
    }

    void after()
    {
        shared->check (2);
        shared.reset();
        rumour.reset();
    }
};

/** There is always something to take, whatever goes while somebody is looking: "empty" is a lie. */
template <typename Order>
struct NeverEmpty : rl::test_suite<NeverEmpty<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;
    typename Shared<Order>::Handle handles[3];

    void before()
    {
        shared = std::make_unique<Shared<Order>>();
        typename Shared<Order>::Token token (shared->queue, 1);

        for (int i = 0; i < 3; ++i)
            handles[i] = shared->enqueue (i, token);
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->queue, 1);

        if (index == 0)
        {
            shared->remove (0, handles[0], token, false);
            shared->queue.clean (token);
            shared->enqueue (3, token);
        }
        else
        {
            // Its node is soon another entry's.
            if (const auto item = shared->queue.get (handles[0]))
                RL_ASSERT (*item == 0);

            RL_ASSERT (index == 2 || shared->queue.peekOldest().has_value());
            RL_ASSERT (shared->dequeue (token));
        }
    }

    void after()
    {
        shared->check (4);
        shared.reset();
    }
};

template <typename Order>
void checkAll (rl::iteration_t numExecutions)
{
    test::check<Neighbours<Order>> ("LruQueue, neighbours", numExecutions);
    test::check<Touches<Order>> ("LruQueue, touches", numExecutions);
    test::check<Reuse<Order>> ("LruQueue, reuse", numExecutions);
    test::check<NeverEmpty<Order>> ("LruQueue, never empty", numExecutions);
    test::check<Rumour<Order>> ("LruQueue, rumour", numExecutions);
}

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    checkAll<rt::ExactOrder> (numExecutions);
    checkAll<rt::ReferenceBits> (numExecutions);
}
