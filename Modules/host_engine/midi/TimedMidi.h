#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace host
{

/** A MIDI message and its moment, of a fixed size, so that it can travel in recycled nodes. */
struct TimedMidi
{
    /** Room for a usual system-exclusive message; longer ones do not travel (their senders count them). */
    static constexpr int maxBytes = 256;

    std::int64_t time = 0; ///< nanoseconds on CLOCK_MONOTONIC: of arrival, or when it is due
    int numBytes = 0;
    std::array<std::uint8_t, maxBytes> bytes{};

    TimedMidi() = default;
    TimedMidi (const TimedMidi& other) noexcept { *this = other; }

    /** Copies the bytes that count: most messages are three long. */
    TimedMidi& operator= (const TimedMidi& other) noexcept
    {
        set (other.bytes.data(), other.numBytes, other.time);
        return *this;
    }

    /** There must be 0 to maxBytes of them. */
    void set (const std::uint8_t* data, int size, std::int64_t newTime) noexcept
    {
        time = newTime;
        numBytes = size;
        std::copy_n (data, size, bytes.data());
    }
};

} // namespace host
