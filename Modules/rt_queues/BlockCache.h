#pragma once

#include "CacheLine.h"
#include "Freelist.h"
#include "LruQueue.h"
#include "Policy.h"
#include "detail/CacheTable.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rt
{

/** A cache that real-time threads read: values by keys, within a number of bytes, thrown out by how long ago they were used.

    What find() gives is pinned: it stays as it is, where it is, until the Pin goes, whatever happens to the cache. Others put
    values in, typically a pool of threads that read files.

        rt::BlockCache<Id, Block> cache ({ .bytes = 128 << 20, .entries = 8192 },          // allocates; nothing after that does
                                         [&] (const Id&, Block&& block, auto why) { spare.give (std::move (block)); });

        rt::BlockCache<Id, Block>::Token token (cache);                                   // one for each thread

        if (const auto block = cache.find (id, token))                                    // the audio thread
            play (*block);
        else
            askForIt (id);

        cache.insert (id, std::move (block), numBytes, token);                            // the pool

    How it works: entries of an array, a table from hash to entry (detail/CacheTable.h), and an LruQueue of them. An entry's
    word says which life it is in (40 bits), whether it can be found, and how many pins there are. Who finds a link in the
    table adds a pin and sees by what was there before whether that was right; if not, it takes the pin back. Who throws out
    needs an exchange from "present, no pins" to "leaving", so either has it. All other changes of the word are differences,
    which leave alone the pins of those that are about to notice their mistake.

    An entry that is removed while there are pins is found no more, and ends at the next insert(), remove() or collect() after
    the last pin has gone; until then its bytes count. So values end, and the function that is told of it is called, only in
    threads that insert, remove or collect, never in one that merely finds.

    Pinned entries are not thrown out. If there is nothing else to throw out, insert() says `full`.

    ReferenceBits is the usual order: a hit is a pin, which is one read-modify-write, and one store at most. A new entry
    counts as used, so that what was read ahead is not the first to go. With ExactOrder a hit puts the entry at the end of
    the queue; its new handle goes into the entry by compare-and-exchange, and who loses that removes what it has enqueued.

    Progress: find() and dropping a Pin are wait-free* with ReferenceBits (at most seven entries are looked at), lock-free
    with ExactOrder. All else is lock-free, but for what Value's moves, its destructor and the function do. No thread waits
    for another.
    * where the machine has an instruction that adds

    Memory orders (numbers as in the code): an entry's contents are written before it becomes present, a release that a pin
    (2) acquires, and before its link is placed (detail/CacheTable.h), which is read with acquire; either would do. A pin that
    goes (1) is a release, and the exchange that lets the entry be ended (2) an acquire: it sees all pins' departures, for
    they are read-modify-writes of one word. The flag that a removed entry has been left (4) is only ever exchanged, so that
    who finds it set finds all those entries. The end of a life (3) is a release, as is the freelist's push after it.

    Source: our own.
*/
template <typename Key, typename Value, typename Order = ReferenceBits, typename Policy = StdPolicy,
          typename Hash = std::hash<Key>>
class BlockCache
{
    using W = detail::CacheWord;
    using Table = detail::CacheTable<Policy>;
    using Queue = LruQueue<std::uint64_t, Order, Policy>;
    using Entries = Freelist<Policy>;

    static_assert (std::is_trivially_copyable_v<Key>, "A key is a number, or a few");
    static_assert (std::is_nothrow_move_constructible_v<Value> && std::is_nothrow_move_assignable_v<Value>,
                   "A value that is refused is moved back");

    struct alignas (64) Entry : FreelistElement<Policy>
    {
        using Word = typename Policy::template Atomic<std::uint64_t>;

        Value& value() noexcept { return *std::launder (reinterpret_cast<Value*> (storage)); }

        Word word{ W::unused };
        Word hash{ 0 };
        Word handle{ 0 };
        std::size_t bytes = 0;
        Key key{};
        [[no_unique_address]] typename Policy::Watch watch; // of the two that follow the life
        alignas (Value) std::byte storage[sizeof (Value)];
    };

public:
    static constexpr std::uint32_t mostEntries = (1u << W::numberBits) - 1;

    struct Limits
    {
        std::size_t bytes = 0;          ///< of all values together, as insert() is told
        std::uint32_t entries = 0;      ///< at most mostEntries
        std::uint32_t mostThreads = 16; ///< that have tokens at once
    };

    /** Why a value has ended. */
    enum class Reason
    {
        evicted, ///< to make room
        removed, ///< by remove() or removeIf()
        ended    ///< with the cache
    };

    using Ended = std::function<void (const Key&, Value&&, Reason)>;

    /** A thread's own part. Ends before its cache does. */
    class Token
    {
    public:
        explicit Token (BlockCache& cache, std::uint64_t seed = 0) noexcept
            : queueToken (cache.queue, seed), freelistToken ({}, seed)
        {
        }

        /** How often find() found something with this token, and how often not. */
        std::uint64_t getHits() const noexcept { return hits; }
        std::uint64_t getMisses() const noexcept { return misses; }

    private:
        friend BlockCache;

        typename Queue::Token queueToken;
        typename Entries::Token freelistToken;
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
    };

    /** Keeps an entry as it is; empty if there was none. Ends before its cache does, in any thread. */
    class Pin
    {
    public:
        Pin() noexcept = default;
        Pin (Pin&& other) noexcept : cache (other.cache), entry (std::exchange (other.entry, nullptr)) {}

        Pin& operator= (Pin&& other) noexcept
        {
            if (this != &other)
            {
                reset();
                cache = other.cache;
                entry = std::exchange (other.entry, nullptr);
            }

            return *this;
        }

        ~Pin() { reset(); }

        /** Lets go. Wait-free*: one read-modify-write, and a store if the entry was removed. */
        void reset() noexcept
        {
            if (auto* const pinned = std::exchange (entry, nullptr))
                cache->unpin (*pinned);
        }

        explicit operator bool() const noexcept { return entry != nullptr; }
        const Value& operator*() const noexcept { return entry->value(); }
        const Value* operator->() const noexcept { return &entry->value(); }
        const Key& getKey() const noexcept { return entry->key; }

    private:
        friend BlockCache;
        Pin (BlockCache& c, Entry& e) noexcept : cache (&c), entry (&e) {}

        BlockCache* cache = nullptr;
        Entry* entry = nullptr;
    };

    enum class Status
    {
        inserted,
        exists, ///< the pin is of what was there before
        full ///< everything else is pinned, or the value is larger than the cache; or others insert as much at this moment
    };

    struct Insertion
    {
        Status status;
        Pin pin; ///< empty if full
    };

    /** Allocates all that there is: an entry, a line of the table and two nodes of a queue for each of `entries`.
        @param toCallAtEnds  is given each value that ends, by the thread that inserts, removes or collects (or ends the cache); it may
                             not use the cache
    */
    explicit BlockCache (const Limits& limitsToKeep, Ended toCallAtEnds = {})
        : limits (limitsToKeep), onEnd (std::move (toCallAtEnds)), table (limits.entries),
          queue (limits.entries, limits.mostThreads), entries (std::make_unique<Entry[]> (limits.entries)),
          unused (freeState, static_cast<FreelistElement<Policy>*> (entries.get()), sizeof (Entry), limits.entries)
    {
        assert (limits.entries > 0 && limits.entries <= mostEntries);
        unused.fill();
    }

    /** While nobody uses the cache, and no pins are left. */
    ~BlockCache()
    {
        for (std::uint32_t i = 0; i < limits.entries; ++i)
        {
            auto& entry = entries[i];
            const auto word = entry.word.load (std::memory_order_acquire);
            assert ((word & W::pinMask) == 0);

            if ((word & W::stateMask) != W::unused)
                endValue (entry, (word & W::stateMask) == W::doomed ? Reason::removed : Reason::ended);
        }
    }

    BlockCache (const BlockCache&) = delete;
    BlockCache& operator= (const BlockCache&) = delete;

    /** The value of that key, pinned and noted as used; an empty pin if there is none.
        Any thread, real-time ones too, with its token. Wait-free* with ReferenceBits, lock-free with ExactOrder.
    */
    Pin find (const Key& key, Token& token) noexcept
    {
        const auto hash = hashOf (key);
        auto pin = pinIn (table.getBucket (hash), hash, key);

        if (! pin)
        {
            ++token.misses;
            return pin;
        }

        ++token.hits;
        touch (*pin.entry, token);
        return pin;
    }

    /** As find(), but it does not count as use.
        Any thread. Wait-free*.
    */
    Pin peek (const Key& key) noexcept
    {
        const auto hash = hashOf (key);
        return pinIn (table.getBucket (hash), hash, key);
    }

    /** Puts a value in, and throws out others until there is room for its bytes. The value is moved only if it is inserted.
        Its pin keeps it in the cache for as long as the caller has it.
        Any thread, with its token; calls the function given to the constructor. Lock-free.
    */
    Insertion insert (const Key& key, Value&& value, std::size_t numBytes, Token& token)
    {
        collect (token);

        const auto hash = hashOf (key);
        auto& bucket = table.getBucket (hash);

        if (auto there = pinIn (bucket, hash, key))
            return { Status::exists, std::move (there) };

        if (! reserve (numBytes, token))
            return { Status::full, {} };

        auto* const entry = takeEntry (token);

        if (entry == nullptr)
        {
            used.fetch_sub (numBytes, std::memory_order_relaxed);
            return { Status::full, {} };
        }

        // Pinned from the beginning, for the queue knows it before the table does.
        const auto generation = W::generationOf (entry->word.load (std::memory_order_relaxed));
        const auto link = W::linkTo (numberOf (*entry), generation);
        entry->watch.write();
        entry->key = key;
        entry->bytes = numBytes;
        ::new (static_cast<void*> (entry->storage)) Value (std::move (value));
        entry->hash.store (hash, std::memory_order_relaxed);
        entry->word.fetch_add (W::arriving - W::unused + W::onePin, std::memory_order_relaxed);

        // Whoever gets hold of it from here on, removeIf() for one, can take it out of the queue.
        const auto handle = queue.enqueue (link, token.queueToken, true);
        entry->handle.store (handle.toWord(), std::memory_order_relaxed);
        entry->word.fetch_add (W::present - W::arriving, std::memory_order_release);

        auto isFull = ! handle;
        const auto isFree = [this] (std::uint64_t word) { return isFreeSlot (word); };

        while (! isFull)
        {
            const auto settled = Table::settle (bucket, isFree);

            if (auto there = pinIn (bucket, hash, key))
            {
                takeBack (*entry, value, token);
                return { Status::exists, std::move (there) };
            }

            const auto answer = Table::tryPlace (bucket, settled, link, isFree);

            if (answer == Table::Answer::placed)
                return { Status::inserted, Pin (*this, *entry) };

            isFull = answer == Table::Answer::full && ! evictFrom (bucket, token);
        }

        takeBack (*entry, value, token);
        return { Status::full, {} };
    }

    /** Takes a value out; false if there is none of that key. If it is pinned it ends later.
        Any thread, with its token; calls the function. Lock-free.
    */
    bool remove (const Key& key, Token& token)
    {
        const auto isRemoved = remove (peek (key), token);
        collect (token);
        return isRemoved;
    }

    /** Takes all values out of whose keys `predicate` says so, which must not use the cache; returns how many. Of those that
        are inserted meanwhile, some.
        Any thread, with its token; calls the function. Lock-free, a step or more for each entry.
    */
    template <typename Predicate>
    std::uint32_t removeIf (Predicate&& predicate, Token& token)
    {
        std::uint32_t numRemoved = 0;

        for (std::uint32_t i = 0; i < limits.entries; ++i)
        {
            auto pin = pinLife (entries[i], W::generationOf (entries[i].word.load (std::memory_order_acquire)));

            if (pin && predicate (pin.getKey()) && remove (std::move (pin), token))
                ++numRemoved;
        }

        collect (token);
        return numRemoved;
    }

    /** Throws out one value, the one that is next; false if all are pinned, or there is none.
        Any thread, with its token; calls the function. Lock-free.
    */
    bool evict (Token& token)
    {
        Entry* victim = nullptr;

        const auto claims = [&] (std::uint64_t link, auto)
        {
            if (tryClaim (link))
                victim = &getEntry (link);

            return victim != nullptr;
        };

        if (! queue.offer (claims, token.queueToken))
            return false;

        end (*victim, Reason::evicted, token);
        return true;
    }

    /** Ends what was removed while it was pinned, and is not any more. insert() and remove() do this, too.
        Any thread, with its token; calls the function. One load if there is nothing to do, else lock-free, a step for each
        entry.
    */
    void collect (Token& token)
    {
        if (! hasOrphans.load (std::memory_order_relaxed) || ! hasOrphans.exchange (false, std::memory_order_acquire)) // (4)
            return;

        for (std::uint32_t i = 0; i < limits.entries; ++i)
        {
            auto& entry = entries[i];
            auto word = entry.word.load (std::memory_order_relaxed);

            if ((word & (W::stateMask | W::pinMask)) == W::doomed
                && entry.word.compare_exchange_strong (word, W::generationOf (word) | W::leaving, std::memory_order_acquire,
                                                       std::memory_order_relaxed)) // (2) with (1)
                end (entry, Reason::removed, token);
        }
    }

    /** The bytes of all values that are in, are just coming in, or were removed but are pinned.
        Any thread. Wait-free: one load.
    */
    std::size_t getBytesUsed() const noexcept { return static_cast<std::size_t> (used.load (std::memory_order_relaxed)); }
    const Limits& getLimits() const noexcept { return limits; }

    /** How many values can be found. Exact while nobody changes that.
        Any thread. Wait-free: a load for each entry.
    */
    std::uint32_t count() const noexcept
    {
        std::uint32_t numPresent = 0;

        for (std::uint32_t i = 0; i < limits.entries; ++i)
            numPresent += (entries[i].word.load (std::memory_order_relaxed) & W::stateMask) == W::present ? 1u : 0u;

        return numPresent;
    }

    /** Whether entries, table, queue and the sum of bytes agree. While nobody uses the cache, and there are no tokens; for
        tests.
    */
    bool isWhole() const
    {
        std::size_t numBytes = 0;
        auto isRight = true;
        std::uint32_t numInUse = 0, numPresent = 0;

        for (std::uint32_t i = 0; i < limits.entries; ++i)
        {
            const auto& entry = entries[i];
            const auto word = entry.word.load (std::memory_order_acquire);
            const auto state = word & W::stateMask;

            if (state == W::unused)
            {
                isRight = isRight && (word & W::pinMask) == 0;
                continue;
            }

            ++numInUse;
            numBytes += entry.bytes;
            isRight = isRight && state != W::leaving;

            if (state != W::present)
                continue;

            ++numPresent;
            const auto link = W::linkTo (i + 1, W::generationOf (word));
            const auto& bucket = table.getBucket (entry.hash.load (std::memory_order_relaxed));
            const auto numLinks = std::count_if (bucket.slots.begin(), bucket.slots.end(),
                                                 [&] (auto& slot) { return slot.load (std::memory_order_relaxed) == link; });
            const auto queued = queue.get (Queue::Handle::fromWord (entry.handle.load (std::memory_order_relaxed)));
            isRight = isRight && numLinks == 1 && queued == link;
        }

        const auto census = queue.takeCensus();
        return isRight && numBytes == getBytesUsed() && census.isWhole && census.live == numPresent && ! unused.validate()
               && unused.count() + numInUse == limits.entries;
    }

private:
    static std::uint64_t hashOf (const Key& key) noexcept
    {
        return Table::spread (static_cast<std::uint64_t> (Hash() (key)));
    }

    Entry& getEntry (std::uint64_t link) const noexcept { return entries[W::numberOf (link) - 1]; }

    std::uint32_t numberOf (const Entry& entry) const noexcept
    {
        return static_cast<std::uint32_t> (&entry - entries.get()) + 1;
    }

    /** Whether a link is none, or of an entry that is not found any more. Not its life's end decides: a removed entry lives
        on for as long as its inserter has the pin, who may be the last to write its link.
    */
    bool isFreeSlot (std::uint64_t link) const noexcept
    {
        return link == 0
               || (getEntry (link).word.load (std::memory_order_acquire) & ~W::pinMask)
                      != (W::generationOf (link) | W::present);
    }

    /** Pins the entry if it can be found in that life. */
    Pin pinLife (Entry& entry, std::uint64_t generation) noexcept
    {
        const auto before = entry.word.fetch_add (W::onePin, std::memory_order_acquire); // (2)

        if ((before & ~W::pinMask) == (generation | W::present))
            return Pin (*this, entry);

        unpin (entry);
        return {};
    }

    void unpin (Entry& entry) noexcept
    {
        const auto before = entry.word.fetch_sub (W::onePin, std::memory_order_release); // (1) with (2)

        if ((before & (W::stateMask | W::pinMask)) == (W::doomed | W::onePin))
            hasOrphans.exchange (true, std::memory_order_acq_rel); // (4); a store would hide those before it
    }

    Pin pinIn (typename Table::Bucket& bucket, std::uint64_t hash, const Key& key) noexcept
    {
        for (auto& slot : bucket.slots)
        {
            const auto link = slot.load (std::memory_order_seq_cst);

            if (link == 0 || getEntry (link).hash.load (std::memory_order_relaxed) != hash)
                continue;

            auto pin = pinLife (getEntry (link), W::generationOf (link));

            if (pin)
            {
                pin.entry->watch.read();

                if (pin.getKey() == key)
                    return pin;
            }
        }

        return {};
    }

    /** Notes a use. The entry is pinned. */
    void touch (Entry& entry, Token& token) noexcept
    {
        auto word = entry.handle.load (std::memory_order_acquire);
        const auto handle = Queue::Handle::fromWord (word);
        const auto fresh = queue.touch (handle, token.queueToken);

        if constexpr (! Queue::usesReferenceBits)
            if (fresh && fresh != handle
                && ! entry.handle.compare_exchange_strong (word, fresh.toWord(), std::memory_order_acq_rel,
                                                           std::memory_order_relaxed))
                queue.remove (fresh, token.queueToken); // it was removed meanwhile, and we have put it back
    }

    /** Makes an entry that nobody has the caller's to end. */
    bool tryClaim (std::uint64_t link) noexcept
    {
        auto word = W::generationOf (link) | W::present;
        return getEntry (link).word.compare_exchange_strong (word, W::generationOf (link) | W::leaving,
                                                             std::memory_order_acq_rel,
                                                             std::memory_order_relaxed); // (2) with (1)
    }

    bool remove (Pin pin, Token& token)
    {
        if (! pin)
            return false;

        auto& entry = *pin.entry;
        auto word = entry.word.load (std::memory_order_relaxed);

        do
        {
            if ((word & W::stateMask) != W::present)
                return false; // somebody else has removed it
        } while (! entry.word.compare_exchange_weak (word, word + (W::doomed - W::present), std::memory_order_acq_rel,
                                                     std::memory_order_relaxed));

        // A touch under way may find this before its exchange: then it takes back what it has enqueued.
        const auto handle = entry.handle.exchange (0, std::memory_order_acq_rel);
        queue.remove (Queue::Handle::fromWord (handle), token.queueToken);
        Table::take (table.getBucket (entry.hash.load (std::memory_order_relaxed)),
                     W::linkTo (numberOf (entry), W::generationOf (word)));
        return true;
    }

    bool reserve (std::size_t numBytes, Token& token)
    {
        if (numBytes > limits.bytes)
            return false;

        auto now = used.fetch_add (numBytes, std::memory_order_relaxed) + numBytes;

        while (now > limits.bytes)
        {
            const auto hasEvicted = evict (token);
            const auto before = std::exchange (now, used.load (std::memory_order_relaxed));

            // As long as others change something, it is worth another look.
            if (! hasEvicted && now == before)
            {
                used.fetch_sub (numBytes, std::memory_order_relaxed);
                return false;
            }
        }

        return true;
    }

    Entry* takeEntry (Token& token)
    {
        for (;;)
        {
            if (auto* const entry = unused.pop (token.freelistToken))
                return static_cast<Entry*> (entry);

            if (! evict (token))
                return nullptr;
        }
    }

    bool evictFrom (typename Table::Bucket& bucket, Token& token)
    {
        for (auto& slot : bucket.slots)
        {
            const auto link = slot.load (std::memory_order_acquire);

            if (link != 0 && tryClaim (link))
            {
                end (getEntry (link), Reason::evicted, token);
                return true;
            }
        }

        return false;
    }

    /** Ends the life of an entry that is the caller's: leaving. */
    void end (Entry& entry, Reason reason, Token& token)
    {
        unlink (entry, token);
        endValue (entry, reason);
        giveBack (entry, token);
    }

    /** Ends the life of an entry that has not got into the table; its value goes back. */
    void takeBack (Entry& entry, Value& value, Token& token) noexcept
    {
        entry.word.fetch_add (W::leaving - W::present - W::onePin, std::memory_order_relaxed);
        unlink (entry, token);
        entry.watch.write();
        value = std::move (entry.value());
        entry.value().~Value();
        giveBack (entry, token);
    }

    void unlink (Entry& entry, Token& token) noexcept
    {
        queue.remove (Queue::Handle::fromWord (entry.handle.load (std::memory_order_relaxed)), token.queueToken);
        const auto link = W::linkTo (numberOf (entry), W::generationOf (entry.word.load (std::memory_order_relaxed)));
        Table::take (table.getBucket (entry.hash.load (std::memory_order_relaxed)), link);
    }

    void endValue (Entry& entry, Reason reason)
    {
        entry.watch.write();

        if (onEnd)
            onEnd (entry.key, std::move (entry.value()), reason);

        entry.value().~Value();
    }

    void giveBack (Entry& entry, Token& token) noexcept
    {
        used.fetch_sub (entry.bytes, std::memory_order_relaxed);
        entry.word.fetch_add (W::generationStep + W::unused - W::leaving, std::memory_order_release); // (3)
        unused.push (entry, token.freelistToken);
    }

    const Limits limits;
    const Ended onEnd;
    Table table;
    Queue queue;
    const std::unique_ptr<Entry[]> entries;
    FreelistState<Policy> freeState;
    Entries unused;

    alignas (cacheLineBytes) typename Policy::template Atomic<std::uint64_t> used{ 0 };
    alignas (cacheLineBytes) typename Policy::template Atomic<bool> hasOrphans{ false };
};

} // namespace rt
