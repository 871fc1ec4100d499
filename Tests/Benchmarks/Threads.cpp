#include "Threads.h"

#include <pthread.h>
#include <sched.h>

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

} // namespace bench
