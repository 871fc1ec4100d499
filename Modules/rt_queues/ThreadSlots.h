#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace rt
{

/** Base of what hands out slots: keeps one slot for each thread that comes without its own, until that thread ends.

    This is the convenience behind the overloads that take no slot. A thread's first use of an object takes a slot of it,
    which ALLOCATES and locks, so real-time threads attach explicitly instead (and inside a plugin even the access to a
    thread_local may allocate); later uses are a search in a short list of the thread's own. When the thread ends, its slots
    are given back; when the object ends first, the threads' entries for it do nothing any more.
*/
class ThreadSlots
{
public:
    ThreadSlots() noexcept = default;
    ThreadSlots (const ThreadSlots&) = delete;
    ThreadSlots& operator= (const ThreadSlots&) = delete;

protected:
    /** The derived class calls end() first thing in its destructor: threads that end then leave it alone. */
    virtual ~ThreadSlots() = default;

    /** Takes a slot for good, for the calling thread; negative when there is none. May allocate. */
    virtual int attachThread() = 0;

    /** Gives back a slot that attachThread() took; called by the thread that has it, as it ends. */
    virtual void detachThread (unsigned slot) noexcept = 0;

    /** The calling thread's slot, taken at its first call; negative when there is none, or the thread is at its end. */
    int getThreadSlot()
    {
        for (const auto& entry : mine().entries)
            if (entry.id == id.load (std::memory_order_relaxed))
                return static_cast<int> (entry.slot);

        return mine().isEnding ? -1 : addThreadSlot();
    }

    /** See the destructor. Waits for a thread that is just giving back its slot. */
    void end() noexcept
    {
        if (id.load (std::memory_order_relaxed) == 0)
            return;

        auto& all = registry();
        const std::lock_guard lock (all.mutex);
        all.living.erase (id.load (std::memory_order_relaxed));
    }

private:
    struct Registry
    {
        std::mutex mutex;
        std::uint64_t lastId = 0;
        std::map<std::uint64_t, ThreadSlots*> living;
    };

    struct Entry
    {
        std::uint64_t id;
        unsigned slot;
    };

    struct Thread
    {
        ~Thread()
        {
            isEnding = true;
            auto& all = registry();
            const std::lock_guard lock (all.mutex);

            for (const auto& entry : entries)
                if (const auto found = all.living.find (entry.id); found != all.living.end())
                    found->second->detachThread (entry.slot);

            entries.clear();
        }

        std::vector<Entry> entries;
        bool isEnding = false;
    };

    // Never destroyed: threads may end after main().
    static Registry& registry()
    {
        static auto* all = new Registry;
        return *all;
    }

    static Thread& mine()
    {
        thread_local Thread thread;
        return thread;
    }

    int addThreadSlot()
    {
        auto& entries = mine().entries;
        entries.reserve (entries.size() + 1);

        auto& all = registry();
        const std::lock_guard lock (all.mutex);

        if (id.load (std::memory_order_relaxed) == 0)
        {
            all.living.emplace (all.lastId + 1, this);
            id.store (++all.lastId, std::memory_order_relaxed);
        }

        const auto slot = attachThread();

        if (slot >= 0)
        {
            // What has ended since is forgotten.
            std::erase_if (entries, [&all] (const Entry& entry) { return all.living.count (entry.id) == 0; });
            entries.push_back ({ id.load (std::memory_order_relaxed), static_cast<unsigned> (slot) });
        }

        return slot;
    }

    std::atomic<std::uint64_t> id{ 0 }; // 0 until a thread has come without a slot; unique for ever
};

} // namespace rt
