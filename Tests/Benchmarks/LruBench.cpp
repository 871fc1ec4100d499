#include "LruBench.h"
#include "Threads.h"

#include <rt_queues/BlockCache.h>
#include <rt_queues/LruQueue.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace bench
{

namespace
{
constexpr std::uint32_t numListEntries = 4096;
constexpr std::uint32_t numCacheEntries = 8192;
constexpr std::uint32_t numKeys = numCacheEntries * 10 / 9; // nine of ten are in the cache

class Random
{
public:
    explicit Random (int seed) noexcept : state ((static_cast<std::uint64_t> (seed) + 1) * 0x9e3779b97f4a7c15u) {}

    std::uint64_t next() noexcept
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state >> 11;
    }

private:
    std::uint64_t state;
};

/** Test and test and set; gives way at times, for there may be more threads than cores. */
class Spinlock
{
public:
    void lock() noexcept
    {
        while (isLocked.exchange (true, std::memory_order_acquire))
            spinUntil ([this] { return ! isLocked.load (std::memory_order_relaxed); });
    }

    void unlock() noexcept { isLocked.store (false, std::memory_order_release); }

private:
    std::atomic<bool> isLocked{ false };
};

// Every contender below is a list of all entries with a `Use` for each thread. A Use has `touch (entry)`, which makes it the
// newest, and `replaceOldest()`, which takes the oldest and puts it back as the newest.

template <typename Order>
class Ours
{
    using Queue = rt::LruQueue<std::uint32_t, Order>;
    using Handle = typename Queue::Handle;

public:
    Ours()
    {
        typename Queue::Token token (queue);

        for (std::uint32_t i = 0; i < numListEntries; ++i)
            handles[i].store (queue.enqueue (i, token).toWord());
    }

    class Use
    {
    public:
        explicit Use (Ours& o) : owner (o), token (o.queue) {}

        void touch (std::uint32_t entry)
        {
            auto& place = owner.handles[entry];
            auto word = place.load (std::memory_order_acquire);
            const auto handle = Handle::fromWord (word);

            // With reference bits nothing else is to do. Else, if the exchange fails, the entry has been taken and put back.
            if (const auto fresh = owner.queue.touch (handle, token); fresh && fresh != handle)
                place.compare_exchange_strong (word, fresh.toWord(), std::memory_order_release, std::memory_order_relaxed);
        }

        void replaceOldest()
        {
            if (const auto oldest = owner.queue.dequeue (token))
                owner.handles[*oldest].store (owner.queue.enqueue (*oldest, token).toWord(), std::memory_order_release);
        }

    private:
        Ours& owner;
        typename Queue::Token token;
    };

private:
    Queue queue{ numListEntries };
    std::array<std::atomic<std::uint64_t>, numListEntries> handles{};
};

/** A doubly linked list of the entries themselves, behind a lock. */
template <typename Lock>
class Locked
{
public:
    Locked()
    {
        for (auto& entry : entries)
            append (entry);
    }

    class Use
    {
    public:
        explicit Use (Locked& o) : owner (o) {}

        void touch (std::uint32_t entry)
        {
            const std::lock_guard guard (owner.lock);
            owner.take (owner.entries[entry]);
            owner.append (owner.entries[entry]);
        }

        void replaceOldest()
        {
            const std::lock_guard guard (owner.lock);
            auto& oldest = *owner.end.next;
            owner.take (oldest);
            owner.append (oldest);
        }

    private:
        Locked& owner;
    };

private:
    struct alignas (64) Entry
    {
        Entry* next = nullptr;
        Entry* previous = nullptr;
    };

    void take (Entry& entry)
    {
        entry.previous->next = entry.next;
        entry.next->previous = entry.previous;
    }

    void append (Entry& entry)
    {
        entry.previous = end.previous;
        entry.next = &end;
        end.previous->next = &entry;
        end.previous = &entry;
    }

    std::vector<Entry> entries = std::vector<Entry> (numListEntries);
    Entry end{ &end, &end };
    alignas (128) Lock lock;
};

/** No list. */
class Nothing
{
public:
    class Use
    {
    public:
        explicit Use (Nothing&) {}

        void touch (std::uint32_t entry)
        {
            touched = entry;
            keep (touched);
        }

        void replaceOldest() { keep (touched); }

    private:
        alignas (128) std::uint32_t touched = 0;
    };
};

// Every contender below is a cache with a `Use` for each thread, which has `get (key)`: the key's value, which is made and
// put in if it is not there.

using Key = std::uint64_t;
using CachedValue = std::uint64_t;

CachedValue make (Key key) { return key + 1; }

template <typename Order>
class OurCache
{
    using Cache = rt::BlockCache<Key, CachedValue, Order>;

public:
    class Use
    {
    public:
        explicit Use (OurCache& o) : cache (o.cache), token (o.cache) {}

        CachedValue get (Key key)
        {
            if (const auto pin = cache.find (key, token))
                return *pin;

            auto value = make (key);
            const auto insertion = cache.insert (key, std::move (value), 1, token);
            return insertion.pin ? *insertion.pin : value;
        }

    private:
        Cache& cache;
        typename Cache::Token token;
    };

private:
    Cache cache{ { .bytes = numCacheEntries, .entries = numCacheEntries } };
};

/** The usual one: a list in order of use, and a map into it, behind a lock. What is thrown out is used again for what comes
    in.
*/
template <typename Lock>
class LockedCache
{
public:
    class Use
    {
    public:
        explicit Use (LockedCache& o) : owner (o) {}

        CachedValue get (Key key)
        {
            {
                const std::lock_guard guard (owner.lock);

                if (const auto found = owner.map.find (key); found != owner.map.end())
                {
                    owner.list.splice (owner.list.end(), owner.list, found->second);
                    return found->second->second;
                }
            }

            const auto value = make (key);
            const std::lock_guard guard (owner.lock);

            if (owner.map.contains (key))
                return value;

            if (owner.list.size() < numCacheEntries)
            {
                owner.list.emplace_back (key, value);
                owner.map.emplace (key, std::prev (owner.list.end()));
                return value;
            }

            const auto oldest = owner.list.begin();
            auto node = owner.map.extract (oldest->first);
            *oldest = { key, value };
            owner.list.splice (owner.list.end(), owner.list, oldest);
            node.key() = key;
            owner.map.insert (std::move (node));
            return value;
        }

    private:
        LockedCache& owner;
    };

    LockedCache() { map.reserve (numCacheEntries); }

private:
    std::list<std::pair<Key, CachedValue>> list;
    std::unordered_map<Key, typename std::list<std::pair<Key, CachedValue>>::iterator> map;
    alignas (128) Lock lock;
};

class NoCache
{
public:
    class Use
    {
    public:
        explicit Use (NoCache&) {}
        CachedValue get (Key key) { return make (key); }
    };
};

double percentile (const std::vector<std::uint32_t>& sorted, double share)
{
    return getNanosecondsPerTick() * sorted[static_cast<std::size_t> (share * static_cast<double> (sorted.size() - 1))];
}

/** Runs `numThreads` threads twice, without and with a look at the clock around each operation. `prepare (thread)` returns
    what makes one operation.
*/
template <typename Prepare>
std::vector<Value> measureOperations (int numThreads, std::size_t numOperations, Prepare&& prepare)
{
    const auto numEach = numOperations / static_cast<std::size_t> (numThreads);

    const auto nanoseconds = runOnAllCores (numThreads,
                                            [&] (int thread)
                                            {
                                                return [numEach, operate = prepare (thread)]() mutable
                                                {
                                                    for (std::size_t i = 0; i < numEach; ++i)
                                                        operate();
                                                };
                                            });

    const auto numTimed = numEach / 2;
    std::vector<std::uint32_t> times (numTimed * static_cast<std::size_t> (numThreads));

    runOnAllCores (numThreads,
                   [&] (int thread)
                   {
                       return [&times, numTimed, first = numTimed * static_cast<std::size_t> (thread),
                               operate = prepare (thread)]() mutable
                       {
                           for (std::size_t i = 0; i < numTimed; ++i)
                           {
                               const auto before = readTicks();
                               operate();
                               times[first + i] = static_cast<std::uint32_t> (readTicks() - before);
                           }
                       };
                   });

    std::sort (times.begin(), times.end());
    return { { "ops_per_s", 1e9 * static_cast<double> (numEach * static_cast<std::size_t> (numThreads)) / nanoseconds },
             { "p50", percentile (times, 0.5) },
             { "p99", percentile (times, 0.99) },
             { "p999", percentile (times, 0.999) },
             { "p9999", percentile (times, 0.9999) } };
}

/** Seven of eight operations touch any entry, one replaces the oldest. */
template <typename List, int numThreads>
std::vector<Value> measureList()
{
    constexpr std::size_t numOperations = 400'000;
    const auto list = std::make_unique<List>();

    return measureOperations (numThreads, numOperations,
                              [&] (int thread)
                              {
                                  return [random = Random (thread),
                                          use = std::make_shared<typename List::Use> (*list)]() mutable
                                  {
                                      const auto number = random.next();

                                      if (number % 8 == 0)
                                          use->replaceOldest();
                                      else
                                          use->touch (static_cast<std::uint32_t> (number / 8 % numListEntries));
                                  };
                              });
}

template <int numThreads>
Bench makeListBench (const char* name)
{
    return { name,
             numThreads > 1,
             { { "ours/exact", measureList<Ours<rt::ExactOrder>, numThreads> },
               { "ours/refbit", measureList<Ours<rt::ReferenceBits>, numThreads> },
               { "mutex", measureList<Locked<std::mutex>, numThreads> },
               { "spinlock", measureList<Locked<Spinlock>, numThreads> },
               { "loop", measureList<Nothing, numThreads> } } };
}

/** Any of so many keys that nine of ten are in. */
template <typename Cache, int numThreads>
std::vector<Value> measureCache()
{
    constexpr std::size_t numOperations = 400'000;
    const auto cache = std::make_unique<Cache>();

    {
        typename Cache::Use use (*cache);

        for (Key key = 0; key < numCacheEntries; ++key)
            use.get (key);
    }

    return measureOperations (numThreads, numOperations,
                              [&] (int thread)
                              {
                                  return [random = Random (thread),
                                          use = std::make_shared<typename Cache::Use> (*cache)]() mutable
                                  {
                                      auto value = use->get (random.next() % numKeys);
                                      keep (value);
                                  };
                              });
}

template <int numThreads>
Bench makeCacheBench (const char* name)
{
    return { name,
             numThreads > 1,
             { { "ours/exact", measureCache<OurCache<rt::ExactOrder>, numThreads> },
               { "ours/refbit", measureCache<OurCache<rt::ReferenceBits>, numThreads> },
               { "mutex", measureCache<LockedCache<std::mutex>, numThreads> },
               { "spinlock", measureCache<LockedCache<Spinlock>, numThreads> },
               { "loop", measureCache<NoCache, numThreads> } } };
}
} // namespace

std::vector<Bench> getLruBenches()
{
    return { makeListBench<1> ("lru.list.1"),   makeListBench<2> ("lru.list.2"),   makeListBench<4> ("lru.list.4"),
             makeCacheBench<1> ("lru.cache.1"), makeCacheBench<2> ("lru.cache.2"), makeCacheBench<4> ("lru.cache.4") };
}

} // namespace bench
