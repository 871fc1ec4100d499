#include "AudioThread.h"

#include <juce_audio_basics/juce_audio_basics.h>

#include <chrono>
#include <utility>

namespace host::check
{

AudioThread::AudioThread() : thread ([this] { work(); }) {}

AudioThread::~AudioThread()
{
    {
        const std::lock_guard lock (mutex);
        isEnding = true;
    }

    changed.notify_all();
    thread.join();
}

void AudioThread::run (std::function<void()> jobToDo, const std::function<void()>& idle)
{
    std::unique_lock lock (mutex);
    job = std::move (jobToDo);
    jobError = nullptr;
    changed.notify_all();

    for (;;)
    {
        changed.wait_for (lock, std::chrono::milliseconds (2),
                          [this] { return job == nullptr || requestState == Request::posted; });

        if (job == nullptr)
            break;

        const auto hasRequest = requestState == Request::posted;

        if (hasRequest)
        {
            requestState = Request::running;
            changed.notify_all();
        }

        lock.unlock();

        if (hasRequest)
        {
            try
            {
                request();
            }
            catch (...)
            {
                requestError = std::current_exception();
            }
        }

        idle();
        lock.lock();

        if (hasRequest)
        {
            requestState = Request::done;
            changed.notify_all();
        }
    }

    if (jobError != nullptr)
        std::rethrow_exception (std::exchange (jobError, nullptr));
}

void AudioThread::post (std::function<void()>&& newRequest)
{
    request = std::move (newRequest);
    requestError = nullptr;
    requestState = Request::posted;
    changed.notify_all();
}

void AudioThread::onMessageThread (std::function<void()> newRequest)
{
    whileMessageThread (std::move (newRequest), [] { return false; });
}

void AudioThread::whileMessageThread (std::function<void()> newRequest, const std::function<bool()>& meanwhile)
{
    std::unique_lock lock (mutex);
    post (std::move (newRequest));
    changed.wait (lock, [this] { return requestState != Request::posted; });
    isBusy = true;

    for (bool isWanted = true; isWanted && requestState != Request::done;)
    {
        lock.unlock();
        isWanted = meanwhile();
        lock.lock();
    }

    changed.wait (lock, [this] { return requestState == Request::done; });
    requestState = Request::none;
    isBusy = false;

    if (requestError != nullptr)
        std::rethrow_exception (std::exchange (requestError, nullptr));
}

void AudioThread::work()
{
    // As every host has it on its audio thread.
    const juce::ScopedNoDenormals noDenormals;
    std::unique_lock lock (mutex);

    for (;;)
    {
        changed.wait (lock, [this] { return isEnding || job != nullptr; });

        if (job == nullptr)
            return;

        lock.unlock();

        try
        {
            job();
        }
        catch (...)
        {
            jobError = std::current_exception();
        }

        lock.lock();
        job = nullptr;
        changed.notify_all();
    }
}

} // namespace host::check
