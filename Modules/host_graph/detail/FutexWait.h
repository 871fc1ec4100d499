#pragma once

#include <atomic>
#include <cstdint>

namespace host::detail
{

/** Sleeps until rt::guard::wakeFutex() is called for `word`; not at all when `word` is no longer `expected`. It may also return for
    no reason, so look again. Linux. Not on a real-time thread. */
void waitFutex (const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

} // namespace host::detail
