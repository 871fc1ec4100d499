// Every interleaving that relacy can think of: pointers dropped by several threads, weak pointers locked meanwhile, a collector
// that ends meanwhile, and the mailbox.

#include <rt_memory/rt_memory.h>

#include "RelacyPolicy.h"

#include <array>
#include <optional>

namespace
{

using test::RelacyPolicy;

using Collector = rt::BasicCollector<RelacyPolicy>;
using Handle = rt::BasicHandle<RelacyPolicy>;

/** Each sharer writes to its own part, the destructor to all. */
struct Object
{
    Object()
    {
        for (auto& part : parts)
            part.set (0);
    }

    ~Object()
    {
        for (auto& part : parts)
            part.set (-1);

        ++numDead;
    }

    std::array<RelacyPolicy::Cell<int>, 3> parts;
    inline static int numDead = 0;
};

using Shared = rt::Shared<Object, RelacyPolicy>;
using Weak = rt::Weak<Object, RelacyPolicy>;
using Owned = rt::Owned<Object, RelacyPolicy>;

template <typename Derived>
struct Suite : rl::test_suite<Derived, 3>
{
    std::optional<Collector> collector;
    std::array<Shared, 3> shared;

    void before()
    {
        Object::numDead = 0;
        collector.emplace();
        shared[0] = rt::makeShared<Object> (*collector);
        shared[1] = shared[0];
    }

    void checkAllGone (std::uint64_t numMade)
    {
        collector->collect();
        const auto stats = collector->getStats();
        RL_ASSERT (stats.allocated == numMade && stats.live == 0 && stats.pending == 0);
        RL_ASSERT (Object::numDead == static_cast<int> (numMade));
        collector.reset();
    }
};

/** Two threads write to what they share and drop it, and something of their own; the third collects. */
struct Drops : Suite<Drops>
{
    void thread (unsigned index)
    {
        if (index < 2)
        {
            Owned owned = rt::makeOwned<Object> (*collector);
            auto copy = shared[index];
            copy->parts[index].set (1);
            owned->parts[index].set (1);
            copy.reset();
            shared[index].reset();
        }
        else
        {
            collector->collect();
            collector->collect();
        }
    }

    void after() { checkAllGone (3); }
};

/** Two threads with a share drop it while two of the three lock weak pointers and one asks; whoever got the object has it
    whole, and nobody gets it after it is gone for anybody.
*/
struct Locks : Suite<Locks>
{
    std::array<Weak, 3> weak;

    void before()
    {
        Suite::before();
        weak.fill (shared[0]);
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            shared[0]->parts[0].set (1);
            shared[0].reset();

            if (weak[0].expired())
                RL_ASSERT (weak[0].lock() == nullptr);
        }
        else if (index == 1)
        {
            shared[1]->parts[1].set (1);
            shared[1].reset();

            if (auto locked = weak[1].lock())
                locked->parts[1].set (2);
        }
        else
        {
            if (auto locked = weak[2].lock())
                locked->parts[2].set (2);
            else
                RL_ASSERT (weak[2].expired());

            collector->collect();
        }

        weak[index].reset();
    }

    void after() { checkAllGone (1); }
};

/** The last Shared goes while others look and lock: exactly one of them is the last. */
struct LastLock : Suite<LastLock>
{
    std::array<Weak, 3> weak;

    void before()
    {
        Suite::before();
        weak.fill (shared[0]);
        shared[1].reset();
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            shared[0]->parts[0].set (1);
            shared[0].reset();
        }
        else if (index == 1)
        {
            if (auto locked = weak[1].lock())
                locked->parts[1].set (2);
        }
        else
        {
            if (weak[2].expired())
                RL_ASSERT (weak[2].lock() == nullptr);

            collector->collect();
        }
    }

    void after()
    {
        weak.fill (nullptr);
        checkAllGone (1);
    }
};

/** The collector ends while two threads drop what they have: pointers, weak ones, and a handle with which one makes more. */
struct End : Suite<End>
{
    std::optional<Handle> handle;
    Weak weak;

    void before()
    {
        Suite::before();
        handle = collector->getHandle();
        weak = shared[0];
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            shared[0]->parts[0].set (1);
            shared[0].reset();
            weak.reset();
        }
        else if (index == 1)
        {
            static_cast<void> (rt::makeOwned<Object> (*handle));
            shared[1]->parts[1].set (1);
            handle.reset();
            shared[1].reset();
        }
        else
        {
            collector.reset();
        }
    }

    void after() { RL_ASSERT (Object::numDead == 2); } // and relacy finds what is left
};

/** Two objects published, the reader looks three times and uses the latest; the collector runs beside. */
struct Mailbox : Suite<Mailbox>
{
    std::optional<rt::SharedMailbox<Object, RelacyPolicy>> mailbox;

    void before()
    {
        Suite::before();
        mailbox.emplace();
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            for (int n = 1; n <= 2; ++n)
            {
                auto object = rt::makeShared<Object> (*collector);
                object->parts[0].set (n);
                mailbox->publish (std::move (object));
            }
        }
        else if (index == 1)
        {
            int last = 0;
            Shared current;

            for (int i = 0; i < 3; ++i)
            {
                if (auto latest = mailbox->take())
                {
                    RL_ASSERT (latest->parts[0].get() > last);
                    last = latest->parts[0].get();
                    current = std::move (latest);
                }

                if (current)
                    current->parts[1].set (i);
            }
        }
        else
        {
            collector->collect();
        }
    }

    void after()
    {
        mailbox.reset();
        shared.fill (nullptr);
        checkAllGone (3);
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    test::check<Drops> ("Collector, drops", numExecutions);
    test::check<Locks> ("Weak, locks", numExecutions);
    test::check<LastLock> ("Weak, locks and the last share", numExecutions);
    test::check<End> ("Collector, its end", numExecutions);
    test::check<Mailbox> ("SharedMailbox", numExecutions);
}
