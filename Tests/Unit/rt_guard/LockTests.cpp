#include "Helpers.h"

#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace guard = rt::guard;

namespace
{

/** A kind of lock: taken by the thread under test, and by another one before it. */
struct Lock
{
    const char* function;
    std::function<void()> lock, unlock, hold, letGo;
};

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t inheriting, recursive;
pthread_rwlock_t readWrite = PTHREAD_RWLOCK_INITIALIZER;
pthread_spinlock_t spin;
sem_t semaphore;
mtx_t cMutex;

timespec inTenSeconds (clockid_t clock)
{
    timespec now{};
    ::clock_gettime (clock, &now);
    now.tv_sec += 10;
    return now;
}

std::vector<Lock> makeLocks()
{
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init (&attributes);
    ::pthread_mutexattr_settype (&attributes, PTHREAD_MUTEX_RECURSIVE);
    ::pthread_mutex_init (&recursive, &attributes);
    ::pthread_mutexattr_setprotocol (&attributes, PTHREAD_PRIO_INHERIT); // as JUCE's CriticalSection is
    ::pthread_mutex_init (&inheriting, &attributes);
    ::pthread_mutexattr_destroy (&attributes);
    ::pthread_spin_init (&spin, PTHREAD_PROCESS_PRIVATE);
    ::sem_init (&semaphore, 0, 1);
    ::mtx_init (&cMutex, mtx_plain);

    const auto unlockMutex = [] { ::pthread_mutex_unlock (&mutex); };
    const auto lockMutex = [] { ::pthread_mutex_lock (&mutex); };
    const auto unlockReadWrite = [] { ::pthread_rwlock_unlock (&readWrite); };
    const auto lockForWriting = [] { ::pthread_rwlock_wrlock (&readWrite); };
    const auto post = [] { ::sem_post (&semaphore); };
    const auto wait = [] { ::sem_wait (&semaphore); };

    return {
        { "pthread_mutex_lock", lockMutex, unlockMutex, lockMutex, unlockMutex },
        { "pthread_mutex_lock", [] { ::pthread_mutex_lock (&inheriting); }, [] { ::pthread_mutex_unlock (&inheriting); },
          [] { ::pthread_mutex_lock (&inheriting); }, [] { ::pthread_mutex_unlock (&inheriting); } },
        { "pthread_mutex_timedlock",
          []
          {
              const auto until = inTenSeconds (CLOCK_REALTIME);
              ::pthread_mutex_timedlock (&mutex, &until);
          },
          unlockMutex, lockMutex, unlockMutex },
        { "pthread_mutex_clocklock",
          []
          {
              const auto until = inTenSeconds (CLOCK_MONOTONIC);
              ::pthread_mutex_clocklock (&mutex, CLOCK_MONOTONIC, &until);
          },
          unlockMutex, lockMutex, unlockMutex },
        { "pthread_rwlock_rdlock", [] { ::pthread_rwlock_rdlock (&readWrite); }, unlockReadWrite, lockForWriting,
          unlockReadWrite },
        { "pthread_rwlock_wrlock", lockForWriting, unlockReadWrite, lockForWriting, unlockReadWrite },
        { "pthread_spin_lock", [] { ::pthread_spin_lock (&spin); }, [] { ::pthread_spin_unlock (&spin); },
          [] { ::pthread_spin_lock (&spin); }, [] { ::pthread_spin_unlock (&spin); } },
        { "sem_wait", wait, post, wait, post },
        { "mtx_lock", [] { ::mtx_lock (&cMutex); }, [] { ::mtx_unlock (&cMutex); }, [] { ::mtx_lock (&cMutex); },
          [] { ::mtx_unlock (&cMutex); } },
    };
}

/** The one site of this function. */
guard::Violation find (const std::string& function)
{
    guard::Violation result;
    int numFound = 0;

    for (const auto& violation : guard::getSnapshot().violations)
        if (violation.function == function)
        {
            result = violation;
            ++numFound;
        }

    INFO (function);
    CHECK (numFound == 1);
    return result;
}

} // namespace

TEST_CASE ("A lock that was free is told apart from one that another thread held, and the wait is timed")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh;

    for (const auto& lock : makeLocks())
    {
        INFO (lock.function);
        guard::reset();
        const auto lockAndUnlock = [&lock] (std::uint64_t block)
        {
            const guard::RealtimeScope scope (block);
            lock.lock();
            lock.unlock();
        };

        for (std::uint64_t block = 1; block <= 3; ++block)
            lockAndUnlock (block);

        const auto uncontended = find (lock.function);
        CHECK (uncontended.count == 3);
        CHECK (uncontended.contended == 0);

        // Another thread holds it, and lets go only after this one has begun to wait.
        guard::reset();
        std::atomic<bool> isHeld{ false }, isAsked{ false };
        std::thread holder (
            [&]
            {
                lock.hold();
                isHeld = true;

                while (! isAsked)
                    std::this_thread::yield();

                std::this_thread::sleep_for (std::chrono::milliseconds (30));
                lock.letGo();
            });

        while (! isHeld)
            std::this_thread::yield();

        isAsked = true;
        lockAndUnlock (4);
        holder.join();

        const auto contended = find (lock.function);
        CHECK (contended.count == 1);
        CHECK (contended.contended == 1);
        CHECK (contended.worstMicros > 1000.0); // it was held for thirty times that
    }
}

TEST_CASE ("A recursive mutex stays recursive, a failed lock stays failed")
{
    const FreshGuard fresh;
    makeLocks();
    int results[4]{};

    {
        const guard::RealtimeScope scope (1);
        results[0] = ::pthread_mutex_lock (&recursive);
        results[1] = ::pthread_mutex_lock (&recursive);
        ::pthread_mutex_unlock (&recursive);
        ::pthread_mutex_unlock (&recursive);

        // A time that is over.
        const timespec past{ 1, 0 };
        results[2] = ::sem_wait (&semaphore);
        errno = 0;
        results[3] = ::sem_timedwait (&semaphore, &past);
    }

    CHECK (results[0] == 0);
    CHECK (results[1] == 0);
    CHECK (results[2] == 0);
    CHECK (results[3] == -1);
    CHECK (errno == ETIMEDOUT);
    ::sem_post (&semaphore);
}

TEST_CASE ("Condition variables and barriers work and are caught")
{
    const FreshGuard fresh;
    std::mutex m;
    std::condition_variable condition;
    bool isReady = false;

    std::thread waker (
        [&]
        {
            std::this_thread::sleep_for (std::chrono::milliseconds (5));
            const std::lock_guard lock (m);
            isReady = true;
            condition.notify_all();
        });

    {
        const guard::RealtimeScope scope (1);
        std::unique_lock lock (m);
        condition.wait (lock, [&] { return isReady; });
    }

    waker.join();
    CHECK (isReady);

    if (isInterposed)
    {
        CHECK (find ("pthread_cond_wait").count >= 1);
        CHECK (find ("pthread_mutex_lock").count == 1);
        CHECK (find ("pthread_mutex_unlock").count == 1);
    }
}

TEST_CASE ("Trying a lock is no violation")
{
    const FreshGuard fresh;
    std::mutex m;
    bool hasLocked = false;

    {
        const guard::RealtimeScope scope (1);
        hasLocked = m.try_lock();
    }

    m.unlock();
    CHECK (hasLocked);
    CHECK (guard::getViolationCount() == 0);
}
