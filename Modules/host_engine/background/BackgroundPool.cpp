#include "BackgroundPool.h"

#include <host_graph/detail/FutexWait.h>

#include <juce_core/juce_core.h>
#include <rt_guard/FutexWake.h>

#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

namespace host
{

namespace
{
void printError (const std::string& what) { std::fprintf (stderr, "AudioHost: in the background: %s\n", what.c_str()); }

/** For so many slots in the queue a poster has nodes enough; with more, tryPost() may say no earlier. */
constexpr unsigned usualSlots = 16;

/** How many of a poster's nodes the threads of the pool may hold back; see CrTurnQueue. */
unsigned getNodesHeldBack (std::size_t numThreads) { return static_cast<unsigned> (numThreads) * (12 * usualSlots + 16); }
} // namespace

BackgroundPool::BackgroundPool() : BackgroundPool (defaultThreads) {}

BackgroundPool::BackgroundPool (int numThreads, std::uint32_t numRecords, ErrorHandler handler)
    : errorHandler (handler ? std::move (handler) : printError), records (numRecords)
{
    try
    {
        for (int i = 0; i < numThreads; ++i)
        {
            auto slot = queue.attach (0);

            if (! slot)
                throw std::runtime_error ("A pool cannot have so many threads");

            threads.emplace_back (
                [this, name = "Background " + juce::String (i + 1), mine = std::move (slot)]() mutable
                {
                    juce::Thread::setCurrentThreadName (name);
                    run (mine);
                });
        }
    }
    catch (...)
    {
        end();
        throw;
    }
}

BackgroundPool::~BackgroundPool() { end(); }

void BackgroundPool::end() noexcept
{
    isEnding.store (true, std::memory_order_release);
    signal.fetch_add (1, std::memory_order_release);
    rt::guard::wakeFutex (signal, std::numeric_limits<int>::max());

    for (auto& thread : threads)
        thread.join();
}

BackgroundPool::Poster::Poster (BackgroundPool& pool, unsigned numJobs)
    : records (pool.records), slot (pool.queue.attach (numJobs + getNodesHeldBack (pool.threads.size())))
{
    if (! slot)
        throw std::runtime_error ("Too many threads post to the pool");
}

void BackgroundPool::post (std::function<void()> closure)
{
    auto* job = records.acquireShared (std::move (closure));

    if (job == nullptr)
    {
        job = new Job (std::move (closure));
        job->isOnHeap = true;
    }

    try
    {
        queue.enqueue (static_cast<Job*> (job));
    }
    catch (...)
    {
        release (*job);
        throw;
    }

    wakeOne();
}

bool BackgroundPool::tryPost (Poster& poster, void (*function) (void*), void* context) noexcept
{
    auto* job = records.acquire (poster.records, function, context);

    if (job == nullptr)
        return false;

    if (! queue.tryEnqueue (poster.slot, job))
    {
        records.release (poster.records, *job);
        return false;
    }

    wakeOne();
    return true;
}

void BackgroundPool::wakeOne() noexcept
{
    // A read-modify-write: see the class. It hands the enqueueing on to a thread that comes to sleep after it.
    if (sleepers.fetch_add (0, std::memory_order_acq_rel) == 0)
        return;

    signal.fetch_add (1, std::memory_order_release);
    rt::guard::wakeFutex (signal, 1);
}

void BackgroundPool::run (rt::CrTurnQueue<Job*>::Slot& slot)
{
    for (;;)
    {
        while (const auto job = queue.tryDequeue (slot))
            runJob (**job);

        const auto before = signal.load (std::memory_order_acquire);
        sleepers.fetch_add (1, std::memory_order_acq_rel);

        // Asked before the queue is: at the end nothing is posted from outside any more, so what it lacks then it lacks for good.
        const auto isLast = isEnding.load (std::memory_order_acquire);
        const auto job = queue.tryDequeue (slot);

        if (! job && ! isLast)
            detail::waitFutex (signal, before);

        sleepers.fetch_sub (1, std::memory_order_acq_rel);

        if (job)
            runJob (**job);
        else if (isLast)
            return;
    }
}

void BackgroundPool::runJob (Job& job)
{
    contain (
        [&]
        {
            if (job.function != nullptr)
                job.function (job.context);
            else
                job.closure();
        });

    release (job);
}

void BackgroundPool::release (Job& job) noexcept
{
    if (job.isOnHeap)
        delete &job;
    else
        records.releaseShared (job); // into nobody's own stock, where posters would not find it
}

void BackgroundPool::perform (const std::function<void()>& function) const noexcept { contain (function); }

template <typename Function>
void BackgroundPool::contain (Function&& function) const noexcept
{
    try
    {
        function();
    }
    catch (const std::exception& error)
    {
        errorHandler (error.what());
    }
    catch (...)
    {
        errorHandler ("a job threw something that is no exception");
    }
}

} // namespace host
