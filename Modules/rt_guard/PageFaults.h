#pragma once

#include <cstdint>

namespace rt::guard
{

/** The third net: page faults of the calling thread, which no call shows. One system call (getrusage), so read it outside
    any RealtimeScope. */
struct PageFaults
{
    std::uint64_t minor = 0; ///< mended without reading from disk
    std::uint64_t major = 0; ///< waited for the disk

    /** The calling thread's, since it started. */
    static PageFaults read() noexcept;

    PageFaults operator- (const PageFaults& earlier) const noexcept
    {
        return { minor - earlier.minor, major - earlier.major };
    }
};

} // namespace rt::guard
