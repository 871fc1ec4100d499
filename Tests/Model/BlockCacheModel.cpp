// Every interleaving that relacy can think of: three threads at a BlockCache. A value is the number of a variable, which is
// written before the value is inserted and after it has ended, and read while it is pinned: so a pin that does not keep its
// value, or sees too little of it, is a race.

#include <rt_queues/BlockCache.h>

#include "RelacyPolicy.h"

#include <memory>

namespace
{

using test::RelacyPolicy;

constexpr int numVariables = 8;

/** All keys in one bucket. */
struct SameHash
{
    std::size_t operator() (int) const noexcept { return 5; }
};

template <typename Order>
struct Shared
{
    using Cache = rt::BlockCache<int, int, Order, RelacyPolicy, SameHash>;
    using Token = typename Cache::Token;
    using Status = typename Cache::Status;

    explicit Shared (std::size_t bytes)
        : cache ({ .bytes = bytes, .entries = 3, .mostThreads = 1 },
                 [this] (int, int&& variable, auto) { write (variable); })
    {
    }

    void write (int variable) { variables[variable].set (variables[variable].get() + 1); }

    bool insert (int key, int variable, Token& token)
    {
        write (variable);
        const auto insertion = cache.insert (key, std::move (variable), 1, token);

        if (insertion.pin)
            variables[*insertion.pin].get();

        return insertion.status == Status::inserted;
    }

    bool find (int key, Token& token)
    {
        const auto pin = cache.find (key, token);

        if (pin)
        {
            RL_ASSERT (pin.getKey() == key);
            variables[*pin].get();
        }

        return bool (pin);
    }

    RelacyPolicy::Cell<int> variables[numVariables];
    Cache cache;
};

/** One reads what the others throw out to make room. */
template <typename Order>
struct Evictions : rl::test_suite<Evictions<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;

    void before()
    {
        shared = std::make_unique<Shared<Order>> (2);
        typename Shared<Order>::Token token (shared->cache, 1);
        RL_ASSERT (shared->insert (0, 0, token));
        RL_ASSERT (shared->insert (1, 1, token));
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->cache, 1);

        if (index == 0)
        {
            shared->find (0, token);
            shared->find (1, token);
            shared->find (2, token);
        }
        else
        {
            const auto first = static_cast<int> (2 * index);
            shared->insert (first, first, token);
            shared->find (first, token);
        }
    }

    void after()
    {
        RL_ASSERT (shared->cache.isWhole());
        shared.reset();
    }
};

/** The same key is put in by two at once, and taken out by a third: never is it there twice. */
template <typename Order>
struct SameKey : rl::test_suite<SameKey<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;
    bool inserted[2];
    bool removed;

    void before()
    {
        shared = std::make_unique<Shared<Order>> (10);
        inserted[0] = inserted[1] = removed = false;
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->cache, 1);

        if (index < 2)
        {
            inserted[index] = shared->insert (7, static_cast<int> (index), token);
            shared->find (7, token);
        }
        else
        {
            removed = shared->cache.remove (7, token);
        }
    }

    void after()
    {
        RL_ASSERT (inserted[0] || inserted[1]);
        RL_ASSERT (removed || ! (inserted[0] && inserted[1]));
        {
            typename Shared<Order>::Token token (shared->cache, 1);
            RL_ASSERT (static_cast<int> (shared->cache.count()) == inserted[0] + inserted[1] - removed);
            shared->cache.collect (token);
        }
        RL_ASSERT (shared->cache.isWhole());
        shared.reset();
    }
};

/** What is removed while others have it ends once, after the last of them. */
template <typename Order>
struct Removals : rl::test_suite<Removals<Order>, 3>
{
    std::unique_ptr<Shared<Order>> shared;

    void before()
    {
        shared = std::make_unique<Shared<Order>> (10);
        typename Shared<Order>::Token token (shared->cache, 1);
        RL_ASSERT (shared->insert (0, 0, token));
        RL_ASSERT (shared->insert (1, 1, token));
    }

    void thread (unsigned index)
    {
        typename Shared<Order>::Token token (shared->cache, 1);

        if (index == 0)
        {
            shared->find (0, token);
            shared->find (1, token);
        }
        else if (index == 1)
        {
            shared->find (0, token);
            shared->cache.remove (0, token);
            shared->insert (0, 2, token);
        }
        else
        {
            shared->cache.removeIf ([] (int) { return true; }, token);
            shared->insert (1, 3, token);
        }
    }

    void after()
    {
        {
            typename Shared<Order>::Token token (shared->cache, 1);
            shared->cache.collect (token);
        }
        RL_ASSERT (shared->cache.getBytesUsed() == shared->cache.count());
        RL_ASSERT (shared->cache.isWhole());
        shared.reset();
    }
};

template <typename Order>
void checkAll (rl::iteration_t numExecutions)
{
    test::check<Evictions<Order>> ("BlockCache, evictions", numExecutions);
    test::check<SameKey<Order>> ("BlockCache, the same key", numExecutions);
    test::check<Removals<Order>> ("BlockCache, removals", numExecutions);
}

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    checkAll<rt::ReferenceBits> (numExecutions);
    checkAll<rt::ExactOrder> (numExecutions);
}
