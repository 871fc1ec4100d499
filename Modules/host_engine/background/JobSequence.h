#pragma once

#include "BackgroundPool.h"

#include <functional>
#include <memory>

namespace host
{

/** Jobs that a pool does one after the other, in the order in which they were posted: what one did, the next one sees.
    A sequence takes one thread of the pool while it has something to do, and none else.

    Any thread, not a real-time one: everything locks a mutex. The pool outlives it.
*/
class JobSequence final
{
public:
    explicit JobSequence (BackgroundPool&);

    /** Returns when everything is done, as wait() does. */
    ~JobSequence();

    JobSequence (const JobSequence&) = delete;
    JobSequence& operator= (const JobSequence&) = delete;

    /** What the function throws is reported as the pool's other errors are; the next job runs all the same. */
    void post (std::function<void()>);

    /** Forgets what has not begun yet. */
    void dropWaiting();

    bool isBusy() const;

    /** Returns when everything that was posted is done. What has not begun yet is done here, so that this ends however long
        other jobs keep the pool's threads. Not in a job of this sequence. */
    void wait();

private:
    struct State;

    BackgroundPool& pool;
    const std::shared_ptr<State> state; ///< the pool may come to it after the end, and finds nothing to do
};

} // namespace host
