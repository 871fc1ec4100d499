#pragma once

#include <juce_core/juce_core.h>
#include <rt_guard/rt_guard.h>

#include <mutex>

namespace gui
{

/** What the guard has found, for views to show. Naming the functions of a stack takes its time, so that is done on a thread
    of its own, when there is something new and at most once a second. Where the guard's mode asks for that, new findings are told on
    standard error as well.

    Shared by the views: juce::SharedResourcePointer<GuardWatch>. Message thread. */
class GuardWatch final : private juce::Thread
{
public:
    GuardWatch();
    ~GuardWatch() override;

    /** Asks for news if there are any, and takes those that have come. Cheap: call it in every frame.
        @returns a number that grows when there are other findings; what suppressions keep quiet does not count */
    int poll();

    const rt::guard::Snapshot& getSnapshot() const noexcept { return shown; }

    /** Takes away what was recorded. */
    void clear();

private:
    void run() override;

    rt::guard::Snapshot shown;
    int version = 0;
    std::uint64_t askedFor = 0; ///< the count of calls at the time
    juce::uint32 askedAt = 0;
    bool isAsking = false;

    std::mutex mutex;
    rt::guard::Snapshot arrived; ///< under the mutex
    bool hasArrived = false;     ///< under the mutex
};

} // namespace gui
