// Free lists under two to four threads: nothing lost, doubled or leaked, nothing with two owners, and no "empty" that is a lie.
//
// What an owner writes into its element is plain memory on purpose: ThreadSanitizer then reports every missing order.

#include "Counted.h"
#include "Stress.h"

#include <rt_queues/MagazineFreelist.h>
#include <rt_queues/ObjectPool.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace
{

using stress::Random;
using stress::require;

struct Record : rt::FreelistElement<>
{
    std::atomic<int> owner{ 0 }; // relaxed: finds two owners, orders nothing
    std::uint64_t visits = 0;
    std::array<std::uint64_t, 3> payload{};

    void own (int thread) noexcept
    {
        require (owner.exchange (thread, std::memory_order_relaxed) == 0, "an element has one owner");
        require (payload == std::array{ visits, visits, visits }, "an element is as its last owner left it");
        payload.fill (++visits);
    }

    void disown() noexcept { owner.store (0, std::memory_order_relaxed); }
};

Record& recordOf (rt::FreelistElement<>* element)
{
    require (element != nullptr, "a list is not empty while there are more elements than its users can have");
    return static_cast<Record&> (*element);
}

template <typename List>
void requireWhole (const List& list, std::uint32_t numRecords)
{
    require (! list.validate(), "a free list is valid");
    require (list.count() == numRecords, "a free list has all its elements again");
}

/** Threads that have up to three elements each, of a list that has no more than that. */
void playShared (std::uint64_t seed)
{
    const auto numThreads = static_cast<std::uint32_t> (2 + seed % 3);
    const auto numRecords = 3 * numThreads;
    std::vector<Record> records (numRecords);
    rt::FreelistState<> state (static_cast<unsigned> (Random (seed).below (4)));
    rt::Freelist<rt::StdPolicy, true> list (state, records.data(), sizeof (Record), numRecords);
    list.fill();
    std::vector<std::function<void()>> threads;

    for (std::uint32_t thread = 0; thread < numThreads; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                Random random (seed * 8 + thread);
                rt::Freelist<rt::StdPolicy, true>::Token token;
                std::vector<Record*> mine;

                for (int i = 0; i < 3000; ++i)
                {
                    if (mine.empty() || (mine.size() < 3 && random.below (2) == 0))
                    {
                        mine.push_back (&recordOf (list.pop (token)));
                        mine.back()->own (static_cast<int> (thread) + 1);
                    }
                    else
                    {
                        mine.back()->disown();
                        list.push (*mine.back(), token);
                        mine.pop_back();
                    }

                    random.maybePause();
                }

                for (auto* record : mine)
                {
                    record->disown();
                    list.push (*record, token);
                }
            });

    stress::runTogether (std::move (threads));
    requireWhole (list, numRecords);
    std::uint64_t numVisits = 0;

    for (const auto& record : records)
        numVisits += record.visits;

    require (numVisits >= numThreads * 1500, "the elements have been used");
}

/** Chains and single elements. */
void playChains (std::uint64_t seed)
{
    constexpr std::uint32_t numRecords = 24;
    std::vector<Record> records (numRecords);
    rt::FreelistState<> state (static_cast<unsigned> (Random (seed).below (3)));
    rt::Freelist<rt::StdPolicy, true> list (state, records.data(), sizeof (Record), numRecords);
    list.fill();
    std::vector<std::function<void()>> threads;

    for (int thread = 1; thread <= 3; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                Random random (seed * 8 + static_cast<std::uint64_t> (thread));
                rt::Freelist<rt::StdPolicy, true>::Token token;

                for (int i = 0; i < 1500; ++i)
                {
                    const auto most = static_cast<std::uint32_t> (random.below (7) + 1);
                    auto chain = random.below (20) == 0 ? list.popAll (token) : list.popChain (most, token);
                    std::uint32_t numFound = 0;

                    for (auto* element = chain.first; element != nullptr; element = list.getNext (*element), ++numFound)
                        recordOf (element).own (thread);

                    require (numFound == chain.count, "a chain is as long as it says");
                    random.maybePause();

                    for (auto* element = chain.first; element != nullptr; element = list.getNext (*element))
                        recordOf (element).disown();

                    if (random.below (2) == 0)
                    {
                        list.pushChain (chain, token);
                        continue;
                    }

                    for (auto* element = chain.first; element != nullptr;)
                    {
                        auto& given = *element;
                        element = list.getNext (given);
                        list.push (given, token);
                    }
                }
            });

    stress::runTogether (std::move (threads));
    requireWhole (list, numRecords);
}

/** Threads with and without slots that come and go; all take as much as there is for them in any case. */
void playMagazines (std::uint64_t seed)
{
    using List = rt::MagazineFreelist<rt::StdPolicy, true>;
    constexpr std::uint32_t numThreads = 3, each = 40;
    constexpr auto numRecords = numThreads * each + List::getMostElsewhere (numThreads);
    std::vector<Record> records (numRecords);
    List::State state (static_cast<unsigned> (Random (seed).below (3)));
    List list (state, records.data(), sizeof (Record), numRecords);
    list.fill();
    std::vector<std::function<void()>> threads;

    for (std::uint32_t thread = 0; thread < numThreads; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                Random random (seed * 8 + thread);
                const auto name = static_cast<int> (thread) + 1;

                for (int visit = 0; visit < 4; ++visit)
                {
                    // The last one has no slot of its own; its place is found anew, or given back at the thread's end.
                    std::unique_ptr<List::Slot> slot (thread == 2 ? nullptr : new List::Slot (list));
                    std::vector<Record*> mine;

                    for (int i = 0; i < 600; ++i)
                    {
                        if (mine.empty() || (mine.size() < each && random.below (100) < (i % 200 < 100 ? 70u : 30u)))
                        {
                            mine.push_back (&recordOf (slot ? list.take (*slot) : list.take()));
                            mine.back()->own (name);
                        }
                        else
                        {
                            mine.back()->disown();
                            slot ? list.put (*slot, *mine.back()) : list.put (*mine.back());
                            mine.pop_back();
                        }

                        random.maybePause();
                        require (list.count() <= numRecords, "there are never more elements than there are");
                    }

                    for (auto* record : mine)
                    {
                        record->disown();
                        slot ? list.put (*slot, *record) : list.put (*record);
                    }
                }
            });

    stress::runTogether (std::move (threads));
    requireWhole (list, numRecords);
    require (list.getShared().count() == numRecords, "threads that end give back their magazines");
}

struct Message : test::Counted<Message>
{
    explicit Message (std::uint64_t n) noexcept : number (n) { payload.fill (n); }
    ~Message() { require (payload == std::array{ number, number, number, number }, "an object arrives whole"); }

    std::uint64_t number;
    std::array<std::uint64_t, 4> payload;
};

/** One thread makes objects, another one ends them: the pool must not drain. */
void playOneWay (std::uint64_t seed)
{
    using Pool = rt::ObjectPool<Message, rt::StdPolicy, true>;
    constexpr std::uint64_t numMessages = 10000;
    constexpr std::size_t room = 8;

    {
        Pool pool (static_cast<std::uint32_t> (room) + 1 + Pool::getMostElsewhere (2));
        std::array<std::atomic<Message*>, room> ring{};

        const auto make = [&]
        {
            Random random (seed * 2);
            Pool::Slot slot (pool);

            for (std::uint64_t n = 0; n < numMessages; random.maybePause())
            {
                auto& place = ring[n % room];

                if (place.load (std::memory_order_relaxed) != nullptr)
                    continue;

                auto* const message = pool.acquire (slot, n);
                require (message != nullptr, "a pool that is large enough does not drain");
                place.store (message, std::memory_order_release);
                ++n;
            }
        };

        const auto end = [&]
        {
            Random random (seed * 2 + 1);
            Pool::Slot slot (pool);

            for (std::uint64_t n = 0; n < numMessages; random.maybePause())
            {
                auto* const message = ring[n % room].load (std::memory_order_acquire);

                if (message == nullptr)
                    continue;

                require (message->number == n++, "objects are not mixed up");
                ring[(n - 1) % room].store (nullptr, std::memory_order_relaxed);

                if (n % 3 == 0)
                    pool.releaseShared (*message);
                else
                    pool.release (slot, *message);
            }
        };

        stress::runTogether ({ make, end });
        require (pool.getNumFree() == pool.getCapacity(), "all places of a pool are free again");
    }

    require (Message::getNumAlive() == 0, "no object is left");
}

/** The list ends while threads that used it without a slot come to their ends. */
void playEnd (std::uint64_t seed)
{
    using List = rt::MagazineFreelist<rt::StdPolicy, true>;
    constexpr std::uint32_t numRecords = 200;
    std::vector<Record> records (numRecords);
    List::State state;
    std::atomic<int> numDone{ 0 };
    std::vector<std::thread> threads;

    {
        List list (state, records.data(), sizeof (Record), numRecords);
        list.fill();

        for (std::uint64_t thread = 0; thread < 3; ++thread)
            threads.emplace_back (
                [&list, &numDone, random = Random (seed * 8 + thread)]() mutable
                {
                    for (int i = 0; i < 20; ++i)
                        list.put (recordOf (list.take()));

                    numDone.fetch_add (1, std::memory_order_release);

                    for (int i = 0; i < 20; ++i)
                        random.maybePause();
                });

        while (numDone.load (std::memory_order_acquire) != 3)
            std::this_thread::yield();
    }

    for (auto& thread : threads)
        thread.join();

    require (List::List (state, records.data(), sizeof (Record), numRecords).count() == numRecords,
             "a list that ends leaves all elements in the shared list");
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "shared", playShared },
                              { "chains", playChains },
                              { "magazines", playMagazines },
                              { "one-way", playOneWay },
                              { "end", playEnd } },
                            numArguments, arguments);
}
