#pragma once

#include "../background/BackgroundPool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace host
{

/** Through which real-time threads post to a pool, whichever of them it is: there are more of them than a pool takes posters,
    and each needs one for a moment only. */
class SharedPosters final
{
public:
    static constexpr int defaultNumber = 8;

    explicit SharedPosters (BackgroundPool&, int number = defaultNumber);

    /** Has function (context) called by one of the pool's threads. False if it cannot now: try again at the next block.
        Any thread, real-time ones too; as BackgroundPool::tryPost(), after a look at each poster. */
    bool tryPost (void (*function) (void*), void* context) noexcept;

private:
    struct Entry
    {
        explicit Entry (BackgroundPool& pool) : poster (pool) {}

        BackgroundPool::Poster poster;
        std::atomic<bool> isTaken{ false };
    };

    BackgroundPool& pool;
    std::vector<std::unique_ptr<Entry>> entries;
};

/** What a pool does for one stream, a piece at a time, whenever it is asked to: by one thread at once, and never with two jobs under
    way, however often it is asked.

    It ends when its owner has let go and no job is under way, so nobody waits for the disk at its end. The pool outlives it.
*/
class DiskTask
{
public:
    /** Of the owner's pointer. */
    struct Ending
    {
        void operator() (DiskTask* task) const noexcept { task->letGo(); }
    };

    /** Somebody else's, who may ask for work. */
    struct Dropping
    {
        void operator() (DiskTask* task) const noexcept { task->dropReference(); }
    };

    using Reference = std::unique_ptr<DiskTask, Dropping>;

    /** Null if it is ending already. Any thread. */
    Reference refer() noexcept;

    DiskTask (const DiskTask&) = delete;
    DiskTask& operator= (const DiskTask&) = delete;

    /** Asks for work(), from a real-time thread. False if the pool takes no job now: try again at the next block.
        One read-modify-write if a job is under way, else SharedPosters::tryPost(). */
    bool requestFromAudio() noexcept;

    /** The same on any other thread; allocates. */
    void request();

    /** Sleeps until the condition holds or the time is over, looking at it whenever a piece of work has been done; returns whether
        it holds. Not for real-time threads. */
    bool waitFor (const std::function<bool()>& condition, std::chrono::milliseconds longest);

protected:
    DiskTask (BackgroundPool& poolToUse, SharedPosters& postersToUse) : pool (poolToUse), posters (postersToUse) {}
    virtual ~DiskTask() = default;

    /** A thread of the pool. One piece; true if there is more to do. What it throws the pool reports. */
    virtual bool work() = 0;

    /** Called once, when the owner lets go: a job may be under way still. */
    virtual void ownerHasGone() noexcept {}

    /** The owner has let go: work() is to return at once. */
    bool isAbandoned() const noexcept { return abandoned.load (std::memory_order_acquire); }

private:
    static void run (void* task) { static_cast<DiskTask*> (task)->run(); }
    void run();
    void letGo() noexcept;
    void dropReference() noexcept;

    BackgroundPool& pool;
    SharedPosters& posters;
    std::atomic<std::uint32_t> requests{ 0 };   ///< since a job that has looked; above 0 a job is under way
    std::atomic<std::uint32_t> references{ 1 }; ///< the owner's, one of a job that is under way, others'
    std::atomic<bool> abandoned{ false };
    std::mutex mutex;
    std::condition_variable progress;
};

} // namespace host
