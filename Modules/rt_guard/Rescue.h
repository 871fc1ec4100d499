#pragma once

#include <cstddef>
#include <cstdint>

namespace rt::guard
{

/** What Mode::rescue has done so far. */
struct RescueStatistics
{
    std::uint64_t served = 0;    ///< allocations from the memory set aside
    std::uint64_t inUse = 0;     ///< of those, not released yet
    std::uint64_t deferred = 0;  ///< releases of ordinary memory that were put off
    std::uint64_t pending = 0;   ///< of those, not done yet by freeRescued()
    std::uint64_t exhausted = 0; ///< allocations left to malloc because nothing was left
    std::uint64_t tooLarge = 0;  ///< allocations left to malloc because they were larger than the largest block
    std::uint64_t invalid = 0;   ///< releases of what had been released already, or was never a block; ignored
};

/** Zeros until Mode::rescue is set for the first time. Any thread. Wait-free. */
RescueStatistics getRescueStatistics() noexcept;

/** Really releases the ordinary memory that was released on real-time threads in Mode::rescue. Call it now and then for as long as
    the process lives, in every mode: what was put off stays so when the mode changes. Not on a real-time thread; while one thread is
    at it, others return at once.
    @returns how many blocks it released
*/
std::size_t freeRescued() noexcept;

} // namespace rt::guard
