#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace host::check
{

/** A thread that calls a plugin as a device's callback thread does, and leaves to the message thread what is the message
    thread's. */
class AudioThread
{
public:
    AudioThread();

    /** Waits for the job in hand. */
    ~AudioThread();

    AudioThread (const AudioThread&) = delete;
    AudioThread& operator= (const AudioThread&) = delete;

    /** Runs a job to its end, and meanwhile, on this thread, what the job asks for. Throws what the job throws. Message thread.

        @param idle  called every few milliseconds
    */
    void run (std::function<void()> job, const std::function<void()>& idle);

    /** Has the message thread do something, and waits until it is done. Throws what it throws. For the job. */
    void onMessageThread (std::function<void()> request);

    /** Has the message thread do something, and calls `meanwhile` from when it has begun until it is done, or until that
        returns false; then waits for the rest. Throws what the request throws. For the job. */
    void whileMessageThread (std::function<void()> request, const std::function<bool()>& meanwhile);

    /** Whether the message thread is at work on a request, so that it can be asked for nothing else. For the job. */
    bool isMessageThreadBusy() const noexcept { return isBusy; }

private:
    enum class Request
    {
        none,
        posted,
        running,
        done
    };

    void work();
    void post (std::function<void()>&&);

    std::mutex mutex;
    std::condition_variable changed;
    std::function<void()> job, request;
    std::exception_ptr jobError, requestError;
    Request requestState = Request::none;
    bool isEnding = false;
    bool isBusy = false; ///< the job's own
    std::thread thread;  ///< the last member: it uses the others
};

} // namespace host::check
