#pragma once

#include "../RingStatus.h"
#include "FileLock.h"
#include "SharedFutex.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace rt::detail
{

class MirroredMemory;

/** What an end of a ring holds on to: its role, which the kernel gives to one at a time, and the memory. */
class RingLease
{
public:
    /** Throws if somebody has the role. */
    RingLease (std::shared_ptr<const MirroredMemory>, FileLock::Role);

    /** Says goodbye, and gives the role back. */
    ~RingLease();

    RingLease (const RingLease&) = delete;
    RingLease& operator= (const RingLease&) = delete;

    /** Whether somebody has the other role. */
    bool isPeerAlive() const;

    /** Wakes who sleeps on the word. */
    template <typename Word>
    void wake (Word& word) const noexcept
    {
        static_assert (sizeof (Word) == sizeof (std::uint32_t));
        wakeSharedFutex (&word);
    }

private:
    std::atomic<std::uint32_t>& visits (FileLock::Role) const noexcept;

    std::shared_ptr<const MirroredMemory> memory;
    FileLock lock;
};

template <typename Word>
RingPeer peerOf (const Word& visits) noexcept
{
    const auto count = visits.load (std::memory_order_acquire);
    return count == 0 ? RingPeer::never : count % 2 != 0 ? RingPeer::here : RingPeer::left;
}

/** Sleeps on the word, which says that somebody does, until `check` no longer says empty or full. `prepare` writes the word, and
    looks once more.
*/
template <typename Word, typename Check, typename Prepare>
RingWait waitForPeer (RingLease* lease, Word* word, const Word* peersVisits, std::chrono::nanoseconds longest, Check check,
                      Prepare prepare)
{
    using Clock = std::chrono::steady_clock;

    // A peer that dies wakes nobody, and one that means harm may not either.
    constexpr std::chrono::nanoseconds mostAsleep = std::chrono::milliseconds (100);
    constexpr std::chrono::nanoseconds mostAtAll = std::chrono::hours (24 * 365);
    const auto deadline = Clock::now() + std::min (longest, mostAtAll);

    const auto isWaiting = [] (RingStatus status) { return status == RingStatus::empty || status == RingStatus::full; };
    const auto answer = [] (RingStatus status)
    {
        return status == RingStatus::ok        ? RingWait::ready
               : status == RingStatus::corrupt ? RingWait::corrupt
                                               : RingWait::impossible;
    };

    for (;;)
    {
        auto status = check();

        if (! isWaiting (status))
            return answer (status);

        if (lease == nullptr)
            return RingWait::impossible;

        if (peerOf (*peersVisits) != RingPeer::never && ! lease->isPeerAlive())
        {
            status = check(); // what it did just before
            return isWaiting (status) ? RingWait::peerGone : answer (status);
        }

        const auto left = deadline - Clock::now();

        if (left <= std::chrono::nanoseconds (0))
            return RingWait::timedOut;

        if (prepare())
        {
            sleepOnSharedFutex (word, 1, std::min<std::chrono::nanoseconds> (left, mostAsleep));
            word->exchange (0, std::memory_order_acq_rel); // not a store, which would hide a wake from the next exchange
        }
    }
}

} // namespace rt::detail
