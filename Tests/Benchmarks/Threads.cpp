#include "Threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <vector>

namespace bench
{

namespace
{
// What the process was given at its start, before any thread was bound.
const cpu_set_t& getAllowedCores()
{
    static const auto cores = []
    {
        cpu_set_t set;
        CPU_ZERO (&set);
        sched_getaffinity (0, sizeof (set), &set);
        return set;
    }();

    return cores;
}
} // namespace

int getNumCores() { return CPU_COUNT (&getAllowedCores()); }

void bindToCore (int index)
{
    const auto& allowed = getAllowedCores();
    auto left = index % getNumCores();

    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    {
        if (! CPU_ISSET (cpu, &allowed) || left-- > 0)
            continue;

        cpu_set_t one;
        CPU_ZERO (&one);
        CPU_SET (cpu, &one);
        pthread_setaffinity_np (pthread_self(), sizeof (one), &one);
        return;
    }
}

double runOnTwoCores (const std::function<void()>& timed, const std::function<void()>& other)
{
    std::atomic<int> numReady{ 0 };

    const auto meet = [&numReady]
    {
        numReady.fetch_add (1);
        spinUntil ([&numReady] { return numReady.load() == 2; });
    };

    bindToCore (0);

    std::jthread second (
        [&]
        {
            bindToCore (1);
            meet();
            other();
        });

    meet();
    const auto start = Clock::now();
    timed();
    return nanosecondsSince (start);
}

double runOnAllCores (int numThreads, const std::function<std::function<void()> (int)>& prepare)
{
    std::atomic<int> numReady{ 0 };
    std::vector<Clock::time_point> begins (static_cast<std::size_t> (numThreads)), ends (begins);

    {
        std::vector<std::jthread> threads;

        for (int i = 0; i < numThreads; ++i)
            threads.emplace_back (
                [&, i]
                {
                    bindToCore (i);
                    const auto run = prepare (i);
                    numReady.fetch_add (1);
                    spinUntil ([&] { return numReady.load() == numThreads; });

                    begins[static_cast<std::size_t> (i)] = Clock::now();
                    run();
                    ends[static_cast<std::size_t> (i)] = Clock::now();
                });
    }

    const auto span = *std::max_element (ends.begin(), ends.end()) - *std::min_element (begins.begin(), begins.end());
    return std::chrono::duration<double, std::nano> (span).count();
}

double getNanosecondsPerTick()
{
    static const auto nanoseconds = []
    {
        const auto start = Clock::now();
        const auto ticks = readTicks();

        while (nanosecondsSince (start) < 20e6)
            continue;

        return nanosecondsSince (start) / static_cast<double> (readTicks() - ticks);
    }();

    return nanoseconds;
}

} // namespace bench
