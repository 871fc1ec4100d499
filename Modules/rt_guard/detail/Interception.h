#pragma once

#include "ThreadState.h"

#include <cstdint>

namespace rt::guard::detail
{

struct Site;

/** What an interposed function holds while it makes the real call, when the thread is in a RealtimeScope: the call is
    recorded unless something permits it, and timed; what it calls in turn passes both nets. errno stays as it was before and
    after. */
class Interception
{
public:
    enum class Kind
    {
        call,
        release ///< of memory: allowed by a Permit of deallocation
    };

    /** @param function       a string that lives for ever: sites are told apart by its address
        @param returnAddress  of the interposed function */
    [[gnu::noinline]] Interception (const char* function, const void* returnAddress, Kind = Kind::call) noexcept;

    ~Interception()
    {
        if (isOutermost)
            end();
    }

    Interception (const Interception&) = delete;
    Interception& operator= (const Interception&) = delete;

    /** The call has to wait for a lock. */
    void setContended() noexcept { isContended = true; }

    /** Whether the call is to be served without the system's allocator. */
    bool isRescued() const noexcept { return rescues; }

private:
    friend void recordEscape (const char*, const void*) noexcept;

    void end() noexcept;

    bool isOutermost, isRecorded = false, isContended = false, rescues = false;
    Site* site = nullptr;
    std::uint64_t generation = 0, begin = 0;
};

/** For a call that must be jumped to, as it looks at its caller or returns twice: it is recorded, and the system call net is left
    open until the outermost scope ends. */
[[gnu::noinline]] void recordEscape (const char* function, const void* returnAddress) noexcept;

} // namespace rt::guard::detail
