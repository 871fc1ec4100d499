#pragma once

#include <chrono>
#include <cstdint>

namespace rt::detail
{

/** Sleeps until wakeSharedFutex() is called for the same word, in this process or another one; not at all when the 32 bits there are
    not `expected`. May return early for no reason. Linux; elsewhere it sleeps a millisecond.
*/
void sleepOnSharedFutex (const void* word, std::uint32_t expected, std::chrono::nanoseconds longest) noexcept;

/** Wakes all that sleep on the word. One system call, which does not wait. */
void wakeSharedFutex (const void* word) noexcept;

} // namespace rt::detail
