#pragma once

#include <atomic>

namespace cli
{

/** While it lives, Ctrl-C and SIGTERM set a flag in place of ending the program; a second one ends it. One at a time. */
class StopSignal
{
public:
    StopSignal();
    ~StopSignal();

    StopSignal (const StopSignal&) = delete;
    StopSignal& operator= (const StopSignal&) = delete;

    const std::atomic<bool>& flag() const noexcept;
};

} // namespace cli
