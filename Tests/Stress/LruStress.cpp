// LruQueue and BlockCache under two to four threads: nothing is lost or taken twice, stale handles are known, pinned values
// stay.
//
// What an owner writes into its record is plain memory on purpose: ThreadSanitizer then reports every missing order.

#include "Counted.h"
#include "Stress.h"

#include <rt_queues/BlockCache.h>
#include <rt_queues/LruQueue.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace
{

using stress::Random;
using stress::require;

struct Record
{
    std::atomic<int> owner{ 0 };            // relaxed: finds two owners, orders nothing
    std::atomic<std::uint64_t> handle{ 0 }; // relaxed: may be out of date, as handles may
    std::uint64_t visits = 0;
    std::array<std::uint64_t, 3> payload{};

    void own (int thread) noexcept
    {
        require (owner.exchange (thread, std::memory_order_relaxed) == 0, "an entry has one taker");
        require (payload == std::array{ visits, visits, visits }, "an entry is as its enqueuer left it");
        payload.fill (++visits);
    }

    void disown() noexcept { owner.store (0, std::memory_order_relaxed); }
};

/** All threads touch, take, remove and put back the same entries. A value is in the queue once, or in one thread's hands. */
template <typename Order>
void playShared (std::uint64_t seed)
{
    using Queue = rt::LruQueue<std::uint32_t, Order>;
    using Handle = typename Queue::Handle;
    const auto numThreads = static_cast<std::uint32_t> (2 + seed % 3);
    const auto numRecords = static_cast<std::uint32_t> (seed % 2 == 0 ? 2 + numThreads : 64);
    std::vector<Record> records (numRecords);
    Queue queue (numRecords, numThreads + 1);

    {
        typename Queue::Token token (queue);

        for (std::uint32_t i = 0; i < numRecords; ++i)
            records[i].handle = queue.enqueue (i, token).toWord();
    }

    std::vector<std::function<void()>> threads;

    for (std::uint32_t thread = 0; thread < numThreads; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                Random random (seed * 8 + thread);
                typename Queue::Token token (queue);
                const auto name = static_cast<int> (thread) + 1;

                const auto putBack = [&] (std::uint32_t index)
                {
                    auto& record = records[index];
                    record.own (name);
                    random.maybePause();
                    record.disown();
                    const auto handle = queue.enqueue (index, token, random.below (2) == 0);
                    require (bool (handle), "there is room for all");
                    record.handle.store (handle.toWord(), std::memory_order_relaxed);
                };

                for (int i = 0; i < 2000; ++i)
                {
                    const auto index = static_cast<std::uint32_t> (random.below (numRecords));
                    auto word = records[index].handle.load (std::memory_order_relaxed);
                    const auto handle = Handle::fromWord (word);

                    switch (random.below (16))
                    {
                        case 0:
                        case 1:
                            if (const auto oldest = queue.dequeue (token))
                                putBack (*oldest);
                            break;

                        case 2:
                            if (queue.remove (handle, token))
                                putBack (index);
                            break;

                        case 3:
                            if (queue.remove (handle))
                                putBack (index);
                            break;

                        case 4:
                            if (const auto value = queue.get (handle))
                                require (*value == index, "a handle names one entry for ever");
                            break;

                        case 5:
                        {
                            std::uint32_t accepted = 0;
                            auto handleOfIt = Handle();

                            const auto isOffered = queue.offer (
                                [&] (std::uint32_t value, Handle h)
                                {
                                    accepted = value;
                                    handleOfIt = h;
                                    return random.below (2) == 0;
                                },
                                token);

                            if (isOffered && queue.remove (handleOfIt, token))
                                putBack (accepted);
                            break;
                        }

                        case 6:
                            if (random.below (20) == 0)
                            {
                                std::set<std::uint64_t> seen;
                                queue.forEach (
                                    [&] (std::uint32_t value, Handle h)
                                    {
                                        require (value < numRecords && seen.insert (h.toWord()).second,
                                                 "a walk meets each once");
                                    });
                            }
                            else if (const auto oldest = queue.peekOldest())
                            {
                                require (oldest->first < numRecords, "the oldest is an entry");
                            }
                            break;

                        case 7:
                            if (random.below (20) == 0)
                                queue.clean (token);
                            break;

                        default:
                            if (const auto fresh = queue.touch (handle, token); fresh && fresh != handle)
                                if (! records[index].handle.compare_exchange_strong (word, fresh.toWord(),
                                                                                     std::memory_order_relaxed))
                                    require (! queue.contains (fresh) || queue.get (fresh) == index,
                                             "a touch keeps the value");
                    }

                    random.maybePause();
                }
            });

    stress::runTogether (std::move (threads));

    std::set<std::uint32_t> inside;
    queue.forEach ([&] (std::uint32_t value, auto)
                   { require (inside.insert (value).second, "an entry is in the queue once"); });
    require (inside.size() == numRecords, "nothing is lost");
    const auto census = queue.takeCensus();
    require (census.isWhole && census.live == numRecords, "a queue has all its nodes again");
}

/** Each thread's values come out in the order in which it put them in, while there are touched ones between them. */
void playOrder (std::uint64_t seed)
{
    using Queue = rt::LruQueue<std::uint32_t>;
    constexpr std::uint32_t numEach = 3000, most = 40;
    const auto numThreads = static_cast<std::uint32_t> (1 + seed % 3);
    Queue queue (most * numThreads + 4, numThreads + 1);
    std::vector<std::function<void()>> threads;
    std::atomic<std::uint32_t> numTaken{ 0 };

    for (std::uint32_t thread = 0; thread < numThreads; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                Random random (seed * 8 + thread);
                Queue::Token token (queue);
                auto touched = queue.enqueue (0xffffffff, token);

                for (std::uint32_t i = 0; i < numEach;)
                {
                    if (i * numThreads < numTaken.load (std::memory_order_relaxed) + most / 2)
                    {
                        require (bool (queue.enqueue (thread << 16 | i++, token)), "there is room for all");
                    }
                    else if (const auto fresh = queue.touch (touched, token))
                    {
                        touched = fresh;
                    }

                    random.maybePause();
                }

                queue.remove (touched, token); // or it has been taken
            });

    threads.emplace_back (
        [&]
        {
            Random random (seed * 8 + 7);
            Queue::Token token (queue);
            std::vector<std::uint32_t> next (numThreads, 0);

            while (numTaken.load (std::memory_order_relaxed) < numEach * numThreads)
            {
                if (const auto value = queue.dequeue (token); value && *value != 0xffffffff)
                {
                    require ((*value & 0xffff) == next[*value >> 16]++, "a thread's values keep their order");
                    numTaken.store (numTaken.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
                }

                random.maybePause();
            }
        });

    stress::runTogether (std::move (threads));
    require (queue.takeCensus().isWhole, "a queue has all its nodes again");
}

struct Block : test::Counted<Block>
{
    explicit Block (std::uint64_t n) noexcept : numbers (std::make_unique<std::array<std::uint64_t, 8>>())
    {
        numbers->fill (n);
    }

    std::unique_ptr<std::array<std::uint64_t, 8>> numbers;
};

/** Readers pin and look, fillers insert more than fits, remove and collect. */
template <typename Order>
void playCache (std::uint64_t seed)
{
    using Cache = rt::BlockCache<std::uint64_t, Block, Order>;
    constexpr std::uint64_t numKeys = 40;
    const auto numReaders = static_cast<std::uint32_t> (1 + seed % 2),
               numFillers = static_cast<std::uint32_t> (1 + seed / 2 % 2);
    const std::size_t bytes = seed % 3 == 0 ? 12 : 60;
    std::atomic<std::uint64_t> numInserted{ 0 }, numEnded{ 0 };

    {
        Cache cache ({ .bytes = bytes, .entries = 24, .mostThreads = 5 },
                     [&] (std::uint64_t key, Block&& block, auto)
                     {
                         const auto mine = std::move (block);
                         require (mine.numbers && (*mine.numbers)[3] % numKeys == key, "a value ends once, and whole");
                         mine.numbers->fill (0);
                         numEnded.fetch_add (1, std::memory_order_relaxed);
                     });

        const auto look = [&] (std::uint64_t key, const typename Cache::Pin& pin)
        {
            const auto first = (*pin->numbers)[0];
            require (first % numKeys == key && first != 0, "a key's value is its own");
            require ((*pin->numbers)[7] == first, "a value is whole");
        };

        std::vector<std::function<void()>> threads;
        std::atomic<bool> isEnding{ false };
        std::atomic<std::uint32_t> numFilling{ numFillers };

        for (std::uint32_t reader = 0; reader < numReaders; ++reader)
            threads.emplace_back (
                [&, reader]
                {
                    Random random (seed * 8 + reader);
                    typename Cache::Token token (cache);
                    std::array<typename Cache::Pin, 3> pins;
                    std::array<std::uint64_t, 3> keys{};

                    for (std::uint64_t i = 0; ! isEnding.load (std::memory_order_relaxed); ++i)
                    {
                        const auto place = i % pins.size();

                        if (pins[place])
                            look (keys[place], pins[place]);

                        keys[place] = random.below (numKeys);
                        pins[place] = random.below (8) == 0 ? cache.peek (keys[place]) : cache.find (keys[place], token);

                        if (pins[place])
                            look (keys[place], pins[place]);

                        if (random.below (4) == 0)
                            pins[random.below (pins.size())].reset();

                        random.maybePause();
                    }
                });

        for (std::uint32_t filler = 0; filler < numFillers; ++filler)
            threads.emplace_back (
                [&, filler]
                {
                    Random random (seed * 8 + 4 + filler);
                    typename Cache::Token token (cache);

                    for (std::uint64_t i = 1; i <= 1500; ++i)
                    {
                        const auto key = random.below (numKeys);

                        switch (random.below (8))
                        {
                            case 0: cache.remove (key, token); break;
                            case 1:
                                if (random.below (16) == 0)
                                    cache.removeIf ([&] (std::uint64_t k) { return k % 8 == key % 8; }, token);
                                break;

                            case 2: cache.collect (token); break;
                            case 3: cache.evict (token); break;
                            default:
                            {
                                Block block (key + numKeys * (2 * i + filler));
                                const auto insertion = cache.insert (key, std::move (block), 1 + random.below (4), token);
                                require (bool (block.numbers) == (insertion.status != Cache::Status::inserted),
                                         "a value that is refused stays with the caller");
                                numInserted.fetch_add (insertion.status == Cache::Status::inserted,
                                                       std::memory_order_relaxed);

                                if (insertion.pin)
                                    look (key, insertion.pin);
                            }
                        }

                        random.maybePause();
                    }

                    if (numFilling.fetch_sub (1, std::memory_order_relaxed) == 1)
                        isEnding.store (true, std::memory_order_relaxed);
                });

        stress::runTogether (std::move (threads));

        {
            typename Cache::Token token (cache);
            cache.collect (token);
        }

        require (cache.getBytesUsed() <= bytes, "a cache keeps to its bytes");
        require (cache.isWhole(), "a cache has all its entries");
        require (numInserted.load() - numEnded.load() == cache.count(), "every value that is not there has ended");
    }

    require (numInserted.load() == numEnded.load(), "every value ends");
    require (Block::getNumAlive() == 0, "no value is left");
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "exact", playShared<rt::ExactOrder> },
                              { "bits", playShared<rt::ReferenceBits> },
                              { "order", playOrder },
                              { "cache", playCache<rt::ReferenceBits> },
                              { "cache-exact", playCache<rt::ExactOrder> } },
                            numArguments, arguments);
}
