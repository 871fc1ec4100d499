#pragma once

#include <atomic>
#include <cstdint>

namespace rt::guard
{

/** Wakes up to `count` threads of this process that sleep on `word` with FUTEX_WAIT_PRIVATE. The one system call that a real-time
    thread may make: no net counts it. Linux. Real-time; it does not wait.
    @returns how many were woken, or -1 with errno untouched
*/
int wakeFutex (const std::atomic<std::uint32_t>& word, int count) noexcept;

} // namespace rt::guard
