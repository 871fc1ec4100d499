#include "JobSequence.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace host
{

struct JobSequence::State
{
    /** Does what there is to do, unless another thread is at it. */
    void work (BackgroundPool& poolToUse, std::unique_lock<std::mutex>& lock)
    {
        while (! isWorking && ! jobs.empty())
        {
            auto job = std::move (jobs.front());
            jobs.pop_front();
            isWorking = true;
            lock.unlock();
            poolToUse.perform (job);
            job = nullptr;
            lock.lock();
            isWorking = false;
            idle.notify_all();
        }
    }

    std::mutex mutex;
    std::condition_variable idle;
    std::deque<std::function<void()>> jobs;
    bool isWorking = false;   ///< a job is under way
    bool isScheduled = false; ///< the pool comes, or is at it
};

JobSequence::JobSequence (BackgroundPool& poolToUse) : pool (poolToUse), state (std::make_shared<State>()) {}

JobSequence::~JobSequence() { wait(); }

void JobSequence::post (std::function<void()> job)
{
    const std::scoped_lock lock (state->mutex);
    state->jobs.push_back (std::move (job));

    if (state->isScheduled)
        return;

    try
    {
        pool.post (
            [&poolToUse = pool, shared = state]
            {
                std::unique_lock ownLock (shared->mutex);
                shared->work (poolToUse, ownLock);
                shared->isScheduled = false;
            });
        state->isScheduled = true;
    }
    catch (...)
    {
        state->jobs.pop_back();
        throw;
    }
}

void JobSequence::dropWaiting()
{
    std::deque<std::function<void()>> dropped; // destroyed without the lock: it may be anything

    const std::scoped_lock lock (state->mutex);
    dropped.swap (state->jobs);
}

bool JobSequence::isBusy() const
{
    const std::scoped_lock lock (state->mutex);
    return state->isWorking || ! state->jobs.empty();
}

void JobSequence::wait()
{
    std::unique_lock lock (state->mutex);
    state->work (pool, lock);
    state->idle.wait (lock, [this] { return state->jobs.empty() && ! state->isWorking; });
}

} // namespace host
