#include "Mode.h"
#include "detail/Interception.h"
#include "detail/ProcessRescue.h"
#include "detail/Records.h"
#include "TickClock.h"

#include <atomic>
#include <cerrno>

namespace rt::guard
{

namespace detail
{

namespace
{

constinit std::atomic<Mode> currentMode{ Mode::count };

bool isPermitted (Interception::Kind kind) noexcept
{
    return threadState.permitDepth != 0 || (kind == Interception::Kind::release && threadState.releasePermitDepth != 0);
}

} // namespace

Interception::Interception (const char* function, const void* returnAddress, Kind kind) noexcept
    : isOutermost (! threadState.isInCall)
{
    if (! isOutermost)
        return;

    // From here on, what this thread calls is the recorded call's own matter, or the guard's.
    threadState.isInCall = true;
    threadState.updateSelector();
    const auto mode = currentMode.load (std::memory_order_relaxed);

    if (mode == Mode::off || isPermitted (kind))
        return;

    const auto keptErrno = errno;
    generation = getGeneration();
    site = enterCall (function, returnAddress, __builtin_frame_address (0));
    endProcessIfAsked (site, function);
    isRecorded = true;
    rescues = mode == Mode::rescue;
    errno = keptErrno;
    begin = TickClock::read();
}

void Interception::end() noexcept
{
    if (isRecorded)
        finishCall (site, generation, TickClock::read() - begin, isContended);

    threadState.isInCall = false;
    threadState.updateSelector();
}

void recordEscape (const char* function, const void* returnAddress) noexcept
{
    {
        Interception call (function, returnAddress);
        call.isRecorded = false; // how long it takes, nobody will know
    }

    threadState.hasEscaped = true;
    threadState.updateSelector();
}

} // namespace detail

void setMode (Mode mode)
{
    if (mode == Mode::rescue)
        detail::armRescue();

    detail::currentMode.store (mode, std::memory_order_relaxed);
}

Mode getMode() noexcept { return detail::currentMode.load (std::memory_order_relaxed); }

const char* toString (Mode mode) noexcept
{
    switch (mode)
    {
        case Mode::off: return "off";
        case Mode::count: return "count";
        case Mode::report: return "report";
        case Mode::abort: return "abort";
        case Mode::rescue: return "rescue";
    }

    return "";
}

} // namespace rt::guard
