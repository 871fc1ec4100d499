#pragma once

#include "Shared.h"

#include <rt_queues/CacheLine.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace rt
{

/** A slot between two threads in which the latest object wins: how a new plan reaches the audio thread.

    Three places for a Shared: one is the writer's, one the reader's, and the third is offered. Both operations swap their
    own place with the offered one by a single exchange, so that nobody ever waits, retries or looks at a place that is not
    his. (A triple buffer that moves pointers.)

    Threads: one writer (publish), one reader (take). Handing either role to another thread needs a happens-before between
    the two, as does destroying the mailbox, which drops what is inside.

    Memory orders (numbers as in the code): each exchange releases the place that it offers and acquires the one that it
    gets, (1) and (2) with one another and themselves.
*/
template <typename T, typename Policy = StdPolicy>
class SharedMailbox
{
public:
    SharedMailbox() noexcept = default;

    SharedMailbox (const SharedMailbox&) = delete;
    SharedMailbox& operator= (const SharedMailbox&) = delete;

    /** Makes this the object that the next take() returns. The one before it is dropped, if the reader never took it. Null
        withdraws that one, and offers nothing.
        Writer only. Wait-free: one exchange, and at most one dropped Shared.
    */
    void publish (Shared<T, Policy> latest) noexcept
    {
        const auto mine = writersPlace.get();
        places[mine] = std::move (latest);
        const auto got = offered.exchange (mine, std::memory_order_acq_rel); // (1) with (1), (2)
        writersPlace.set (got);
        places[got].reset();
    }

    /** The latest object, if it has not been taken yet; else null.
        Reader only. Wait-free: one exchange.
    */
    Shared<T, Policy> take() noexcept
    {
        // The reader's place is always empty, so afterwards nothing is offered.
        const auto got = offered.exchange (readersPlace.get(), std::memory_order_acq_rel); // (2) with (1), (2)
        readersPlace.set (got);
        return std::move (places[got]);
    }

private:
    std::array<Shared<T, Policy>, 3> places;
    typename Policy::template Atomic<std::uint32_t> offered{ 0 };

    alignas (cacheLineBytes) typename Policy::template Cell<std::uint32_t> writersPlace{ 1 };
    alignas (cacheLineBytes) typename Policy::template Cell<std::uint32_t> readersPlace{ 2 };
};

} // namespace rt
