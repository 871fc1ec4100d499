#include "ThreadScheduling.h"

#include <algorithm>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

namespace host
{

int countUsableProcessors() noexcept
{
    cpu_set_t processors;
    return sched_getaffinity (0, sizeof (processors), &processors) == 0 ? std::max (1, CPU_COUNT (&processors)) : 1;
}

bool isThisThreadRealtime() noexcept
{
    // Not pthread_getschedparam(): glibc may answer with what it remembers.
    const auto policy = sched_getscheduler (0) & ~SCHED_RESET_ON_FORK;
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

bool makeThisThreadRealtime (int priority) noexcept
{
    if (isThisThreadRealtime())
        return true;

    const auto tryPriority = [] (int value)
    {
        sched_param parameters{};
        parameters.sched_priority = value;
        return pthread_setschedparam (pthread_self(), SCHED_FIFO, &parameters) == 0;
    };

    if (tryPriority (priority))
        return true;

    rlimit limit{};

    if (getrlimit (RLIMIT_RTPRIO, &limit) != 0 || limit.rlim_cur == 0)
        return false;

    return tryPriority (static_cast<int> (std::min (limit.rlim_cur, static_cast<rlim_t> (priority))));
}

} // namespace host
