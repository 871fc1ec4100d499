#pragma once

#include "detail/TurnQueue.h"

namespace rt
{

/** The dequeueing half of CrTurnQueue alone: one producer, which needs no consensus with anybody, and many consumers.

    Everything said there holds, but that one thread at a time may call enqueue() and tryEnqueue(), through one slot; another one
    needs a happens-before from the last. An enqueue is wait-free: two stores.
*/
template <typename T, typename Policy = StdPolicy>
class TurnSpmcQueue : public detail::TurnQueue<T, detail::End::one, detail::End::many, Policy>
{
public:
    using detail::TurnQueue<T, detail::End::one, detail::End::many, Policy>::TurnQueue;
};

} // namespace rt
