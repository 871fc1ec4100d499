#include "FutexWait.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace host::detail
{

void waitFutex (const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept
{
    ::syscall (SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

} // namespace host::detail
