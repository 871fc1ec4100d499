// Sleeping on a word in shared memory: Linux's futex.

#include "detail/SharedFutex.h"

#include <algorithm>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>
#else
#include <thread>
#endif

namespace rt::detail
{

#ifdef __linux__

void sleepOnSharedFutex (const void* word, std::uint32_t expected, std::chrono::nanoseconds longest) noexcept
{
    const auto nanoseconds = std::max<std::int64_t> (longest.count(), 0);
    timespec time{};
    time.tv_sec = static_cast<std::time_t> (nanoseconds / 1'000'000'000);
    time.tv_nsec = static_cast<long> (nanoseconds % 1'000'000'000);
    ::syscall (SYS_futex, word, FUTEX_WAIT, expected, &time, nullptr, 0);
}

void wakeSharedFutex (const void* word) noexcept
{
    const auto before = errno;
    ::syscall (SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    errno = before;
}

#else

void sleepOnSharedFutex (const void*, std::uint32_t, std::chrono::nanoseconds longest) noexcept
{
    std::this_thread::sleep_for (std::min<std::chrono::nanoseconds> (longest, std::chrono::milliseconds (1)));
}

void wakeSharedFutex (const void*) noexcept {}

#endif

} // namespace rt::detail
