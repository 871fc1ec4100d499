#pragma once

#include "detail/TurnQueue.h"

namespace rt
{

/** The enqueueing half of CrTurnQueue alone: many producers, and one consumer that needs no consensus with anybody.

    Everything said there holds, but that one thread at a time may call tryDequeue(), through one slot; another one needs a
    happens-before from the last. tryDequeue() is wait-free: one load of each end, and a scan every so often. Unlike MpscQueue it
    never says "in progress": a producer that is stopped in the middle of an enqueue hides nothing, as others finish it.
*/
template <typename T, typename Policy = StdPolicy>
class TurnMpscQueue : public detail::TurnQueue<T, detail::End::many, detail::End::one, Policy>
{
public:
    using detail::TurnQueue<T, detail::End::many, detail::End::one, Policy>::TurnQueue;
};

} // namespace rt
