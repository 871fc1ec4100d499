#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace bench
{

using Clock = std::chrono::steady_clock;

inline double nanosecondsSince (Clock::time_point start)
{
    return std::chrono::duration<double, std::nano> (Clock::now() - start).count();
}

/** Makes the optimiser believe that the object is read and written here. */
template <typename T>
inline void keep (T& object)
{
    asm volatile ("" : : "g"(&object) : "memory");
}

/** Spins until the condition holds; yields at times, in case both threads have to share a core. */
template <typename Condition>
inline void spinUntil (Condition&& condition)
{
    for (std::uint32_t spins = 1; ! condition(); ++spins)
    {
        if (spins % 16384 == 0)
            std::this_thread::yield();
        else
            __builtin_ia32_pause();
    }
}

/** Binds the calling thread to the first (0) or second (1) core that this process may use. With one core: to that. */
void bindToCore (int index);

/** The number of cores that this process may use. */
int getNumCores();

/** Runs `other` on the second core while `timed` runs on the first, in the calling thread; both begin together.
    @return the nanoseconds that `timed` took
*/
double runOnTwoCores (const std::function<void()>& timed, const std::function<void()>& other);

/** Runs `prepare (i)` and then, all at once, what it returned, each i on a thread of its own: 0 on the first core, 1 on the
    second, 2 on the first, and so on.
    @return the nanoseconds from the first one's begin to the last one's end
*/
double runOnAllCores (int numThreads, const std::function<std::function<void()> (int)>& prepare);

/** A clock to time single operations of some nanoseconds with: the processor's counter, read after all that was asked before
    has been done.
*/
inline std::uint64_t readTicks() noexcept
{
    __builtin_ia32_lfence();
    return __builtin_ia32_rdtsc();
}

/** The nanoseconds that a tick of readTicks() takes. Measured once, in some milliseconds. */
double getNanosecondsPerTick();

} // namespace bench
