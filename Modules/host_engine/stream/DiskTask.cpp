#include "DiskTask.h"

#include <chrono>
#include <exception>

namespace host
{

SharedPosters::SharedPosters (BackgroundPool& poolToUse, int number) : pool (poolToUse)
{
    for (int i = 0; i < number; ++i)
        entries.push_back (std::make_unique<Entry> (pool));
}

bool SharedPosters::tryPost (void (*function) (void*), void* context) noexcept
{
    for (auto& entry : entries)
    {
        if (entry->isTaken.exchange (
                true, std::memory_order_acquire)) // with the store below: a poster is for one thread at a time
            continue;

        const auto isPosted = pool.tryPost (entry->poster, function, context);
        entry->isTaken.store (false, std::memory_order_release);
        return isPosted;
    }

    return false;
}

bool DiskTask::requestFromAudio() noexcept
{
    // A release for what the request is about; the job that has not looked yet acquires it.
    if (requests.fetch_add (1, std::memory_order_acq_rel) != 0)
        return true;

    references.fetch_add (1, std::memory_order_relaxed);

    if (posters.tryPost (&run, this))
        return true;

    // Requests that came meanwhile are lost with this one. The thread that plays asks again by itself.
    references.fetch_sub (1, std::memory_order_relaxed); // never the last: the owner has one
    requests.exchange (0, std::memory_order_acq_rel);
    return false;
}

void DiskTask::request()
{
    if (requests.fetch_add (1, std::memory_order_acq_rel) != 0)
        return;

    references.fetch_add (1, std::memory_order_relaxed);

    try
    {
        pool.post ([this] { run(); });
    }
    catch (...)
    {
        references.fetch_sub (1, std::memory_order_relaxed);
        requests.exchange (0, std::memory_order_acq_rel);
        throw;
    }
}

DiskTask::Reference DiskTask::refer() noexcept
{
    auto number = references.load (std::memory_order_relaxed);

    while (number != 0)
        if (references.compare_exchange_weak (number, number + 1, std::memory_order_relaxed))
            return Reference (this);

    return {};
}

void DiskTask::run()
{
    const auto seen = requests.load (std::memory_order_acquire);
    std::exception_ptr failure;
    auto isMore = false;

    try
    {
        isMore = work();
    }
    catch (...)
    {
        failure = std::current_exception();
    }

    {
        const std::scoped_lock lock (mutex);
        progress.notify_all();
    }

    // Behind all the others that wait, so that no stream keeps the disk to itself.
    auto goesOn = isMore || requests.fetch_sub (seen, std::memory_order_acq_rel) != seen;

    if (goesOn)
    {
        try
        {
            pool.post ([this] { run(); });
        }
        catch (...)
        {
            requests.exchange (0, std::memory_order_acq_rel);
            goesOn = false;
        }
    }

    if (! goesOn)
        dropReference();

    if (failure)
        std::rethrow_exception (failure);
}

bool DiskTask::waitFor (const std::function<bool()>& condition, std::chrono::milliseconds longest)
{
    std::unique_lock lock (mutex);
    return progress.wait_for (lock, longest, condition);
}

void DiskTask::letGo() noexcept
{
    abandoned.store (true, std::memory_order_release);
    ownerHasGone();
    dropReference();
}

void DiskTask::dropReference() noexcept
{
    if (references.fetch_sub (1, std::memory_order_acq_rel) == 1)
        delete this;
}

} // namespace host
