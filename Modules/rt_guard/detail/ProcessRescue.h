#pragma once

#include "RescueHeap.h"

#include <atomic>
#include <cstdint>
#include <limits>

namespace rt::guard::detail
{

/** Where the process's arena begins. Until it is there: so far behind all memory that no address is in it. Read at every free() in
    the process, so a constant offset away. */
[[gnu::visibility ("hidden")]] extern constinit std::atomic<std::uintptr_t> rescueBegin;

/** Whether the address lies in the process's arena. Relaxed: who has a block of it learned that in some way that is ordered after
    the arena was made. */
[[gnu::always_inline]] inline bool isRescueBlock (const void* address) noexcept
{
    return reinterpret_cast<std::uintptr_t> (address) - rescueBegin.load (std::memory_order_relaxed) < RescueArena::numBytes;
}

/** Makes the process's arena the first time, in a program with interposers: 35 MiB, which stay for as long as the process lives.
    Not real-time. Throws std::bad_alloc. */
void armRescue();

/** Null until armRescue(). */
RescueHeap* getRescueHeap() noexcept;

/** The calling thread's magazines, which it gets at its first call and gives back when it ends; null if it has none. Only once there
    is an arena; for real-time threads. Lock-free; allocates nothing. */
RescueArena::Thread* getRescueThread() noexcept;

} // namespace rt::guard::detail
