#pragma once

#include <rt_queues/CrTurnQueue.h>
#include <rt_queues/ObjectPool.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace host
{

/** A few threads that do what takes time and concerns no plugin instance: read, write and scan files.

    Jobs come to the threads on a CrTurnQueue, in records from an ObjectPool. Each runs once; with more than one thread there is no
    order between them, for that see JobSequence. While there is nothing to do the threads sleep, and use no processor time.

    A job that takes long keeps one of the threads for as long. What must not wait behind such jobs needs a thread for each of
    them, and one more.

    | operation | who | progress |
    |---|---|---|
    | post() | any thread, not a real-time one; jobs too | never waits for a job; allocates, locks a mutex at a thread's first use |
    | tryPost() | a poster's thread, real-time ones too | lock-free, wait-free while the poster has records at hand; allocates
      nothing; at most one system call, a futex wake, and that only while a thread of the pool sleeps |
    | Poster's constructor | any thread, not a real-time one | allocates |
    | Poster's destructor | its thread | lock-free, frees nothing |
    | perform() | any thread, not a real-time one | what the job is |
    | constructor, destructor | nobody else uses the pool | start and join threads |

    Posters end before the pool. The destructor returns when everything that was posted has been done, also what jobs post
    meanwhile.

    The sleeping: a thread that finds the queue empty adds itself to `sleepers`, looks once more, and then waits until `signal` is no
    longer what it was before that. Who posts looks at `sleepers` after enqueueing, and changes `signal` if there are any. Both look by
    a read-modify-write, so one comes after the other and sees what was done before it: either the thread the job, or the poster
    the sleeper.
*/
class BackgroundPool final
{
    struct Job;

public:
    /** Told what went wrong in a job, on the thread that ran it. Must not throw. */
    using ErrorHandler = std::function<void (const std::string& what)>;

    /** In the window a scan, a session that loads and a plugin that is added each may keep one for long; one is left for saving. */
    static constexpr int defaultThreads = 4;
    static constexpr std::uint32_t defaultRecords = 256;

    /** With the defaults; errors go to stderr. */
    BackgroundPool();

    /** @param numThreads  at least 1
        @param numRecords  how many jobs can be under way without an allocation; others' posters may keep up to 32 of them each
        Throws what making threads and memory throws, std::runtime_error if there are more threads than slots in the queue. */
    explicit BackgroundPool (int numThreads, std::uint32_t numRecords = defaultRecords, ErrorHandler = {});

    ~BackgroundPool();

    BackgroundPool (const BackgroundPool&) = delete;
    BackgroundPool& operator= (const BackgroundPool&) = delete;

    /** What a thread posts through that must not allocate. One thread at a time. */
    class Poster
    {
    public:
        /** @param numJobs  how many of this poster's may wait, as long as there are records
            Throws std::runtime_error when 64 threads post and run already. */
        explicit Poster (BackgroundPool&, unsigned numJobs = 64);

    private:
        friend BackgroundPool;

        rt::ObjectPool<Job>::Slot records;
        rt::CrTurnQueue<Job*>::Slot slot;
    };

    /** Has the function called by one of the threads. When no record is free, one is allocated.
        Throws std::bad_alloc, and std::runtime_error when 64 threads post and run already; then nothing was posted. */
    void post (std::function<void()>);

    /** Has function (context) called by one of the threads. False if no record, or no node of the queue, is free: nothing was
        posted, try again later. */
    bool tryPost (Poster&, void (*function) (void*), void* context) noexcept;

    /** Calls the function here, as a thread of the pool would: what it throws is reported and goes no further. */
    void perform (const std::function<void()>&) const noexcept;

private:
    struct Job
    {
        Job (void (*functionToCall) (void*), void* contextToPass) noexcept
            : function (functionToCall), context (contextToPass)
        {
        }
        explicit Job (std::function<void()> closureToCall) noexcept : closure (std::move (closureToCall)) {}

        void (*function) (void*) = nullptr; ///< else the closure
        void* context = nullptr;
        std::function<void()> closure;
        bool isOnHeap = false;
    };

    void run (rt::CrTurnQueue<Job*>::Slot&);
    void runJob (Job&);
    void release (Job&) noexcept;
    void wakeOne() noexcept;
    void end() noexcept;

    template <typename Function>
    void contain (Function&&) const noexcept;

    const ErrorHandler errorHandler;
    rt::ObjectPool<Job> records;
    rt::CrTurnQueue<Job*> queue;
    alignas (rt::cacheLineBytes) std::atomic<int> sleepers{ 0 };
    std::atomic<std::uint32_t> signal{ 0 };
    std::atomic<bool> isEnding{ false };
    std::vector<std::thread> threads;
};

} // namespace host
