#include <host_engine/background/BackgroundPool.h>
#include <host_engine/background/JobSequence.h>
#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using host::BackgroundPool;
using host::JobSequence;
using namespace std::chrono_literals;

namespace
{
/** Keeps all threads of a pool until it is opened. */
class Blocked
{
public:
    Blocked (BackgroundPool& pool, int numThreads) : latches (std::make_shared<Latches> (numThreads))
    {
        for (int i = 0; i < numThreads; ++i)
            pool.post (
                [shared = latches]
                {
                    shared->begun.count_down();
                    shared->gate.wait();
                });

        latches->begun.wait();
    }

    void open() { latches->gate.count_down(); }

private:
    struct Latches
    {
        explicit Latches (int numThreads) : begun (numThreads) {}
        std::latch begun, gate{ 1 };
    };

    std::shared_ptr<Latches> latches; // the threads may be on their way out of the gate when this ends
};

double secondsOf (clockid_t clock)
{
    timespec time{};
    REQUIRE (clock_gettime (clock, &time) == 0);
    return double (time.tv_sec) + 1.0e-9 * double (time.tv_nsec);
}

void countUp (void* counter) { ++*static_cast<std::atomic<int>*> (counter); }
} // namespace

TEST_CASE ("background: each job runs once, whoever posts it")
{
    constexpr int numPosters = 8, jobsEach = 2000;
    std::vector<std::atomic<int>> runs (numPosters * jobsEach);
    std::atomic<bool> onAnother{ true };

    {
        BackgroundPool pool (3, 64);
        std::vector<std::thread> threads;

        for (std::size_t poster = 0; poster < numPosters; ++poster)
            threads.emplace_back (
                [&, poster]
                {
                    std::optional<BackgroundPool::Poster> realtime;

                    if (poster % 2 == 0)
                        realtime.emplace (pool);

                    for (std::size_t i = 0; i < jobsEach; ++i)
                    {
                        auto& counter = runs[poster * jobsEach + i];

                        if (realtime)
                            while (! pool.tryPost (*realtime, countUp, &counter))
                                std::this_thread::yield();
                        else
                            pool.post (
                                [&counter, &onAnother, me = std::this_thread::get_id()]
                                {
                                    ++counter;

                                    if (std::this_thread::get_id() == me)
                                        onAnother = false;
                                });
                    }
                });

        for (auto& thread : threads)
            thread.join();
    }

    CHECK (onAnother);
    CHECK (std::all_of (runs.begin(), runs.end(), [] (const auto& count) { return count == 1; }));
}

TEST_CASE ("background: a job that comes while all threads sleep is run, each time")
{
    std::atomic<int> done{ 0 };
    BackgroundPool pool (2, 8);
    BackgroundPool::Poster poster (pool);
    const auto end = std::chrono::steady_clock::now() + 60s;

    // Without a pause, with one that is about as long as it takes to go to sleep, and with a long one.
    for (int i = 0; i < 3000; ++i)
    {
        REQUIRE (pool.tryPost (poster, countUp, &done));

        while (done <= i)
        {
            REQUIRE (std::chrono::steady_clock::now() < end);
            std::this_thread::yield();
        }

        for (int pause = i % 300; pause > 0; --pause)
            std::atomic_signal_fence (std::memory_order_seq_cst);

        if (i % 100 == 0)
            std::this_thread::sleep_for (1ms);
    }
}

TEST_CASE ("background: both threads work at the same time")
{
    std::latch meeting (2);
    std::atomic<int> numLeft{ 0 };

    {
        BackgroundPool pool (2);

        for (int i = 0; i < 2; ++i)
            pool.post (
                [&]
                {
                    meeting.arrive_and_wait(); // ends only if both are there
                    ++numLeft;
                });
    }

    CHECK (numLeft == 2);
}

TEST_CASE ("background: without a free record tryPost refuses and post goes on")
{
    constexpr int numRecords = 20;
    std::atomic<int> done{ 0 };

    {
        BackgroundPool pool (1, numRecords);
        BackgroundPool::Poster poster (pool);
        Blocked blocked (pool, 1);
        int numPosted = 0;

        while (numPosted < 2 * numRecords && pool.tryPost (poster, countUp, &done))
            ++numPosted;

        CHECK (numPosted == numRecords - 1); // one is the blocking job's

        for (int i = 0; i < 100; ++i)
            pool.post ([&] { ++done; });

        CHECK_FALSE (pool.tryPost (poster, countUp, &done));
        CHECK (done == 0);
        blocked.open();

        // Records come back.
        const auto end = std::chrono::steady_clock::now() + 60s;

        while (! pool.tryPost (poster, countUp, &done))
        {
            REQUIRE (std::chrono::steady_clock::now() < end);
            std::this_thread::yield();
        }
    }

    CHECK (done == numRecords + 100);
}

TEST_CASE ("background: without a free node of the queue tryPost refuses, and keeps no record")
{
    std::atomic<int> done{ 0 };
    BackgroundPool pool (1, 2000);
    BackgroundPool::Poster poster (pool, 10);
    int numPosted = 0;

    {
        Blocked blocked (pool, 1);

        while (numPosted < 2000 && pool.tryPost (poster, countUp, &done))
            ++numPosted;

        CHECK (numPosted >= 10);
        CHECK (numPosted < 1000);

        for (int i = 0; i < 3000; ++i)
            if (pool.tryPost (poster, countUp, &done))
                FAIL ("there was no node");

        blocked.open();

        while (done < numPosted)
            std::this_thread::yield();
    }

    for (int i = 0; i < 10; ++i)
        CHECK (pool.tryPost (poster, countUp, &done));
}

TEST_CASE ("background: what a job throws is reported, and the thread goes on")
{
    std::mutex mutex;
    std::vector<std::string> errors;
    std::atomic<int> done{ 0 };

    {
        BackgroundPool pool (1, 8,
                             [&] (const std::string& what)
                             {
                                 const std::scoped_lock lock (mutex);
                                 errors.push_back (what);
                             });
        BackgroundPool::Poster poster (pool);
        pool.post ([] { throw std::runtime_error ("the disk is full"); });
        pool.post ([] { throw 7; });
        REQUIRE (pool.tryPost (poster, [] (void*) { throw std::runtime_error ("from a function"); }, nullptr));
        pool.post ([&] { ++done; });
        pool.perform ([] { throw std::runtime_error ("here"); });
    }

    CHECK (done == 1);
    REQUIRE (errors.size() == 4);

    for (const auto* expected :
         { "the disk is full", "a job threw something that is no exception", "from a function", "here" })
        CHECK (std::count (errors.begin(), errors.end(), expected) == 1);
}

TEST_CASE ("background: at the end everything that waits is done, and what that posts")
{
    std::atomic<int> done{ 0 };
    std::optional<BackgroundPool> pool;
    pool.emplace (2, 16);
    Blocked blocked (*pool, 2);

    for (int i = 0; i < 100; ++i)
        pool->post (
            [&, &same = *pool]
            {
                ++done;
                same.post ([&] { same.post ([&] { ++done; }); });
            });

    std::thread opener (
        [&]
        {
            std::this_thread::sleep_for (20ms);
            blocked.open();
        });
    pool.reset();
    CHECK (done == 200);
    opener.join();
}

TEST_CASE ("background: a pool that nobody used ends")
{
    for (int i = 0; i < 200; ++i)
        BackgroundPool pool (1 + i % 4, 1);
}

TEST_CASE ("background: a pool of more threads than slots is refused")
{
    CHECK_THROWS_AS (BackgroundPool (65), std::runtime_error);
}

TEST_CASE ("background: the 65th to post is told so, and nothing is lost")
{
    BackgroundPool pool (1);
    std::vector<std::unique_ptr<BackgroundPool::Poster>> posters;

    for (int i = 0; i < 63; ++i)
        posters.push_back (std::make_unique<BackgroundPool::Poster> (pool, 1));

    CHECK_THROWS_AS (BackgroundPool::Poster (pool), std::runtime_error);
    CHECK_THROWS_AS (pool.post ([] {}), std::runtime_error);

    posters.pop_back();
    const auto done = std::make_shared<std::atomic<bool>> (false);
    pool.post ([done] { *done = true; });

    while (! *done)
        std::this_thread::yield();
}

TEST_CASE ("background: tryPost makes no call that the guard sees")
{
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    std::atomic<int> done{ 0 };
    int numPosted = 0, numRefused = 0;

    {
        BackgroundPool pool (2, 64);
        BackgroundPool::Poster poster (pool);

        // Sleeping threads are woken, busy ones are not, and in the end there are no records.
        for (int round = 0; round < 50; ++round)
        {
            std::this_thread::sleep_for (1ms);
            const rt::guard::RealtimeScope scope (1);

            for (int i = 0; i < 100; ++i)
                ++(pool.tryPost (poster, countUp, &done) ? numPosted : numRefused);
        }

        Blocked blocked (pool, 2);

        {
            const rt::guard::RealtimeScope scope (2);

            for (int i = 0; i < 100; ++i)
                ++(pool.tryPost (poster, countUp, &done) ? numPosted : numRefused);
        }

        blocked.open();
    }

    CHECK (rt::guard::getSnapshot().total == 0);
    CHECK (done == numPosted);
    CHECK (numRefused > 0);
    rt::guard::reset();
}

TEST_CASE ("background: threads that have nothing to do sleep")
{
    std::array<clockid_t, 2> clocks{};
    std::latch meeting (2), known (2); // before the pool, whose threads use them
    BackgroundPool pool (2);

    for (auto& clock : clocks)
        pool.post (
            [&]
            {
                pthread_getcpuclockid (pthread_self(), &clock);
                meeting.arrive_and_wait();
                known.count_down();
            });

    known.wait();
    std::this_thread::sleep_for (50ms);
    const auto used = [&] { return secondsOf (clocks[0]) + secondsOf (clocks[1]); };
    const auto before = used();
    std::this_thread::sleep_for (300ms);

    // A thread that looks again and again would use 0.3 s, or its share of a busy machine.
    CHECK (used() - before < 0.01);
}

//======================================================================================================================
TEST_CASE ("background: a sequence keeps the order, one job at a time")
{
    BackgroundPool pool (4, 16);
    std::array<std::vector<int>, 3> seen; // not locked: the sequence must do

    {
        std::vector<std::unique_ptr<JobSequence>> sequences;

        for (std::size_t i = 0; i < seen.size(); ++i)
            sequences.push_back (std::make_unique<JobSequence> (pool));

        for (int i = 0; i < 3000; ++i)
            for (std::size_t which = 0; which < seen.size(); ++which)
                sequences[which]->post ([&seen, which, i] { seen[which].push_back (i); });

        sequences[0]->wait();
        CHECK_FALSE (sequences[0]->isBusy());
        CHECK (seen[0].size() == 3000);
    }

    for (const auto& numbers : seen)
    {
        CHECK (numbers.size() == 3000);
        CHECK (std::is_sorted (numbers.begin(), numbers.end()));
    }
}

TEST_CASE ("background: a sequence ends although the pool's threads are kept by others")
{
    BackgroundPool pool (1);
    Blocked blocked (pool, 1);
    int done = 0;

    {
        JobSequence sequence (pool);
        sequence.post ([&] { ++done; });
        sequence.post ([&] { ++done; });
        CHECK (sequence.isBusy());
        CHECK (done == 0);
    }

    CHECK (done == 2);
    blocked.open();
}

TEST_CASE ("background: what a sequence drops does not run, what is under way is waited for")
{
    std::latch begun (1), gate (1); // before the pool, whose threads use them
    BackgroundPool pool (1);
    bool isFirstDone = false, hasSecondRun = false, hasThirdRun = false;
    std::thread opener;

    {
        JobSequence sequence (pool);
        sequence.post (
            [&]
            {
                begun.count_down();
                gate.wait();
                isFirstDone = true;
            });
        sequence.post ([&] { hasSecondRun = true; });
        begun.wait();
        sequence.dropWaiting();
        CHECK (sequence.isBusy());
        opener = std::thread (
            [&]
            {
                std::this_thread::sleep_for (10ms);
                gate.count_down();
            });
        sequence.wait();
        CHECK (isFirstDone);
        sequence.post ([&] { hasThirdRun = true; });
    }

    opener.join();
    CHECK_FALSE (hasSecondRun);
    CHECK (hasThirdRun);
}

TEST_CASE ("background: a job of a sequence that throws is reported, and the next one runs")
{
    std::atomic<int> numErrors{ 0 };
    bool done = false;
    BackgroundPool pool (2, 8, [&] (const std::string&) { ++numErrors; });

    {
        JobSequence sequence (pool);
        sequence.post ([] { throw std::runtime_error ("no"); });
        sequence.post ([&] { done = true; });
    }

    CHECK (numErrors == 1);
    CHECK (done);
}
