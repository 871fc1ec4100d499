// Owned, Shared and Weak pointers, the Collector and its Handles, the SharedMailbox and SharedCells under two or more threads:
// every object dies once, on the collecting thread, after all that was done to it; the latest plan wins and none comes back.
//
// Objects hold plain memory on purpose, as in QueueStress.cpp.

#include "Counted.h"
#include "Stress.h"

#include <rt_memory/rt_memory.h>
#include <rt_queues/rt_queues.h>

#include <array>
#include <atomic>

namespace
{

using stress::Random;
using stress::require;

constexpr std::uint64_t numSharers = 3;

/** Every sharer writes to its own part; the destructor reads them all. */
struct Object : test::Counted<Object>
{
    explicit Object (std::uint64_t n = 0) : number (n) { parts.fill (n); }

    ~Object()
    {
        for (auto part : parts)
            require (part == number || part == ~number, "an object's destructor sees what its sharers wrote");

        require (! isDead, "an object dies once");
        isDead = true;
        number = 0;
    }

    std::uint64_t number;
    std::array<std::uint64_t, numSharers> parts;
    bool isDead = false;
    rt::Shared<Object> next;
    rt::Owned<Object> owned;
};

/** Collects with changing budgets until told that nobody drops any more, and then everything. */
void collectUntil (rt::Collector& collector, const std::atomic<bool>& isOver, std::uint64_t seed)
{
    Random random (seed);

    while (! isOver.load (std::memory_order_acquire))
    {
        collector.collect (random.below (10));
        random.maybePause();
    }

    collector.collect();
}

void checkBalance (const rt::Collector& collector)
{
    const auto stats = collector.getStats();
    require (stats.pending == 0 && stats.allocated == stats.collected, "as many collected as allocated");
    require (Object::getNumAlive() == 0, "no object is left");
}

/** Objects shared by three threads that copy, drop and write; whoever drops last hands it to the collector. */
void playShared (std::uint64_t seed)
{
    constexpr std::uint64_t numObjects = 1500;
    rt::Collector collector;
    std::array<rt::NodeQueue<rt::Shared<Object>>, numSharers> inboxes;
    std::atomic<std::uint64_t> numSharersDone{ 0 };
    std::atomic<bool> isOver{ false };

    std::vector<std::function<void()>> threads;

    threads.push_back (
        [&]
        {
            Random random (seed * 11);

            for (std::uint64_t n = 1; n <= numObjects; ++n)
            {
                auto object = rt::makeShared<Object> (collector, n);
                object->owned = rt::makeOwned<Object> (collector, n);

                for (auto& inbox : inboxes)
                    inbox.push (rt::makeNode<rt::Shared<Object>> (object));

                random.maybePause();
            }
        });

    for (std::uint64_t me = 0; me < numSharers; ++me)
        threads.push_back (
            [&, me]
            {
                Random random (seed * 11 + me + 1);

                for (std::uint64_t n = 1; n <= numObjects; random.maybePause())
                {
                    if (auto node = inboxes[me].pop())
                    {
                        auto object = std::move (*node);
                        require (object->number == n++, "objects arrive in order");

                        std::array<rt::Shared<const Object>, 3> copies{ object, object, object };
                        random.maybePause();
                        copies[random.below (3)].reset();
                        object->parts[me] = ~object->number;
                    }
                }

                if (numSharersDone.fetch_add (1, std::memory_order_acq_rel) + 1 == numSharers)
                    isOver.store (true, std::memory_order_release);
            });

    threads.push_back ([&] { collectUntil (collector, isOver, seed * 11 + 9); });
    stress::runTogether (std::move (threads));
    collector.collect();
    checkBalance (collector);
}

/** Owned objects made by two threads, dropped by a third, destroyed by a fourth. */
void playOwned (std::uint64_t seed)
{
    constexpr std::uint64_t numObjects = 3000;
    rt::Collector collector;
    std::array<rt::NodeQueue<rt::Owned<Object>>, 2> ways;
    std::atomic<bool> isOver{ false };

    const auto make = [&] (std::size_t way)
    {
        Random random (seed * 13 + way);

        for (std::uint64_t n = 1; n <= numObjects; ++n)
        {
            ways[way].push (rt::makeNode<rt::Owned<Object>> (rt::makeOwned<Object> (collector, n)));
            random.maybePause();
        }
    };

    const auto drop = [&]
    {
        Random random (seed * 13 + 2);
        std::array<std::uint64_t, 2> numDropped{};

        while (numDropped[0] + numDropped[1] < 2 * numObjects)
        {
            const auto way = random.below (2);

            if (auto node = ways[way].pop())
            {
                require ((*node)->number == ++numDropped[way], "owned objects arrive in order");
                (*node)->parts[way] = ~(*node)->number;
                node->reset();
            }

            random.maybePause();
        }

        isOver.store (true, std::memory_order_release);
    };

    stress::runTogether (
        { [&] { make (0); }, [&] { make (1); }, drop, [&] { collectUntil (collector, isOver, seed * 13 + 3); } });

    checkBalance (collector);
}

/** A writer publishes plans, a reader keeps the latest, as the audio thread does; each plan shares an object with the next. */
void playMailbox (std::uint64_t seed)
{
    constexpr std::uint64_t numPlans = 5000;
    rt::Collector collector;

    {
        rt::SharedMailbox<const Object> mailbox;

        const auto publish = [&]
        {
            Random random (seed * 17);
            auto common = rt::makeShared<Object> (collector, 1u);

            for (std::uint64_t n = 1; n <= numPlans; ++n)
            {
                auto plan = rt::makeShared<Object> (collector, n);

                if (random.below (8) == 0)
                    common = rt::makeShared<Object> (collector, n);

                plan->next = common;
                mailbox.publish (std::move (plan));
                random.maybePause();

                if (random.below (4) == 0)
                    collector.collect (random.below (8));
            }
        };

        const auto render = [&]
        {
            Random random (seed * 17 + 1);
            rt::Shared<const Object> current;

            while (current == nullptr || current->number < numPlans)
            {
                if (auto latest = mailbox.take())
                {
                    require (current == nullptr || latest->number > current->number, "the latest plan wins");
                    current = std::move (latest);
                }

                if (current != nullptr)
                    require (current->parts[0] == current->number && current->next->number <= current->number,
                             "a plan in use is whole");

                random.maybePause();
            }

            require (mailbox.take() == nullptr, "there is nothing after the last plan");
        };

        stress::runTogether ({ publish, render });
    }

    collector.collect();
    checkBalance (collector);
}

/** A collector that ends while threads are dropping objects that drop others in turn. */
void playEnd (std::uint64_t seed)
{
    for (std::uint64_t repetition = 0; repetition < 50; ++repetition)
    {
        std::array<std::vector<rt::Shared<Object>>, numSharers> handles;
        std::atomic<std::uint64_t> numReady{ 0 };
        Random random (seed * 19 + repetition);
        std::vector<std::thread> threads;

        {
            rt::Collector collector;

            for (std::uint64_t n = random.below (40); n > 0; --n)
            {
                auto object = rt::makeShared<Object> (collector, n);
                auto& previous = handles[random.below (numSharers)];

                if (! previous.empty() && random.below (2) == 0)
                    object->next = previous.back();

                if (random.below (3) == 0)
                    object->owned = rt::makeOwned<Object> (collector, n);

                for (auto& own : handles)
                    if (random.below (3) != 0)
                        own.push_back (object);
            }

            for (std::uint64_t me = 0; me < numSharers; ++me)
                threads.emplace_back (
                    [&, me, mine = std::move (handles[me])]() mutable
                    {
                        Random own (seed * 23 + me);
                        numReady.fetch_add (1, std::memory_order_relaxed);

                        while (numReady.load (std::memory_order_relaxed) < numSharers)
                            std::this_thread::yield();

                        while (! mine.empty())
                        {
                            mine.back()->parts[me] = ~mine.back()->number;
                            mine.pop_back();
                            own.maybePause();
                        }
                    });

            while (numReady.load (std::memory_order_relaxed) < numSharers)
                std::this_thread::yield();

            for (auto turns = random.below (10); turns > 0; --turns)
            {
                collector.collect (random.below (5));
                random.maybePause();
            }

            // The threads go on dropping while the collector goes, and after it.
        }

        for (auto& thread : threads)
            thread.join();

        require (Object::getNumAlive() == 0, "nothing outlives the last drop after the collector's end");
    }
}

/** Threads that lock weak pointers while others drop the objects and the memory behind them. */
void playWeak (std::uint64_t seed)
{
    constexpr std::uint64_t numObjects = 1000;
    rt::Collector collector;
    std::array<rt::NodeQueue<rt::Weak<Object>>, 2> inboxes;
    std::atomic<std::uint64_t> numDone{ 0 };
    std::atomic<bool> isOver{ false };

    const auto done = [&]
    {
        if (numDone.fetch_add (1, std::memory_order_acq_rel) + 1 == 3)
            isOver.store (true, std::memory_order_release);
    };

    const auto make = [&]
    {
        Random random (seed * 29);
        std::array<rt::Shared<Object>, 4> latest;

        for (std::uint64_t n = 1; n <= numObjects; ++n)
        {
            auto& object = latest[n % 4];
            object = rt::makeShared<Object> (collector, n);

            for (auto& inbox : inboxes)
                inbox.push (rt::makeNode<rt::Weak<Object>> (object));

            object->parts[2] = ~n;
            random.maybePause();
        }

        done();
    };

    const auto lock = [&] (std::size_t me)
    {
        Random random (seed * 29 + me + 1);
        rt::Weak<Object> kept;

        for (std::uint64_t n = 1; n <= numObjects; random.maybePause())
        {
            auto node = inboxes[me].pop();

            if (! node)
                continue;

            if (auto object = node->lock())
            {
                require (object->number == n, "a locked object is the one that was meant");
                object->parts[me] = ~n;
            }
            else
            {
                require (node->expired() && node->lock() == nullptr, "what is gone stays gone");
            }

            if (random.below (4) == 0)
                kept = *node;

            ++n;
        }

        done();
    };

    stress::runTogether (
        { make, [&] { lock (0); }, [&] { lock (1); }, [&] { collectUntil (collector, isOver, seed * 29 + 9); } });

    collector.collect();
    checkBalance (collector);
}

/** Two cells that two threads write, by set and compareExchange, and two read; the collector runs all the time. */
void playCell (std::uint64_t seed)
{
    constexpr std::uint64_t numWrites = 1500;
    rt::Collector collector;
    rt::SharedCellSlots slots;
    std::atomic<std::uint64_t> numDone{ 0 };
    std::atomic<bool> isOver{ false };

    {
        std::array<rt::SharedCell<Object>, 2> cells{ rt::SharedCell<Object> (slots, rt::makeShared<Object> (collector, 0u)),
                                                     rt::SharedCell<Object> (slots,
                                                                             rt::makeShared<Object> (collector, 0u)) };

        const auto check = [] (const Object& object)
        { require (object.parts[0] == object.number || object.parts[0] == ~object.number, "what is in a cell is whole"); };

        // Cell 0 counts up, cell 1 takes what comes.
        const auto write = [&] (std::uint64_t me)
        {
            Random random (seed * 31 + me);
            auto slot = slots.attach();

            for (std::uint64_t n = 1; n <= numWrites; ++n)
            {
                for (;;)
                {
                    auto seen = cells[0].get (slot);

                    if (cells[0].compareExchange (slot, seen, rt::makeShared<Object> (collector, seen->number + 1)))
                        break;
                }

                const auto old = cells[1].exchange (slot, random.below (8) == 0 ? cells[0].get (slot)
                                                                                : rt::makeShared<Object> (collector, n));
                check (*old);
                random.maybePause();
            }

            if (numDone.fetch_add (1, std::memory_order_acq_rel) + 1 == 2)
                isOver.store (true, std::memory_order_release);
        };

        const auto read = [&] (std::uint64_t me)
        {
            Random random (seed * 31 + 2 + me);
            std::uint64_t last = 0;

            while (! isOver.load (std::memory_order_acquire))
            {
                auto slot = slots.attach();

                for (int i = 0; i < 20; ++i)
                {
                    const auto first = cells[0].read (slot);
                    require (first->number >= last, "a cell does not go back");
                    last = first->number;
                    const auto other = cells[1].read (slot);
                    random.maybePause();
                    check (*first);
                    check (*other);
                    const auto kept = cells[0].get (slot);
                    require (kept->number >= last, "a cell does not go back");
                    check (*kept);
                }
            }
        };

        stress::runTogether ({ [&] { write (0); }, [&] { write (1); }, [&] { read (0); }, [&] { read (1); },
                               [&] { collectUntil (collector, isOver, seed * 31 + 9); } });

        require (cells[0].get()->number == 2 * numWrites, "no write by compareExchange is lost");
    }

    collector.collect();
    checkBalance (collector);
}

/** Threads with handles that go on making, and dropping, while the collector goes. */
void playHandles (std::uint64_t seed)
{
    for (std::uint64_t repetition = 0; repetition < 20; ++repetition)
    {
        std::vector<std::thread> threads;

        {
            rt::Collector collector;
            Random random (seed * 37 + repetition);

            for (std::uint64_t me = 0; me < numSharers; ++me)
                threads.emplace_back (
                    [me, seed, handle = collector.getHandle()]() mutable
                    {
                        Random own (seed * 41 + me);
                        rt::Weak<Object> weak;

                        for (std::uint64_t n = 1; n <= 30; ++n)
                        {
                            auto copy = handle;
                            auto object = rt::makeShared<Object> (copy, n);
                            object->next = weak.lock();
                            weak = object;
                            own.maybePause();
                        }
                    });

            for (auto turns = random.below (10); turns > 0; --turns)
            {
                collector.collect (random.below (5));
                random.maybePause();
            }
        }

        for (auto& thread : threads)
            thread.join();

        require (Object::getNumAlive() == 0, "nothing outlives the last handle after the collector's end");
    }
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "shared", playShared },
                              { "owned", playOwned },
                              { "mailbox", playMailbox },
                              { "end", playEnd },
                              { "weak", playWeak },
                              { "cell", playCell },
                              { "handles", playHandles } },
                            numArguments, arguments);
}
