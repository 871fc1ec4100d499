#pragma once

#include "../Phase.h"
#include "ThreadState.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rt::guard::detail
{

/** Sites that the table can hold, and frames of a stack that are kept. */
inline constexpr std::size_t maxSites = 2048, maxFrames = 48;

/** What an interposed function does before its work. Call it when the thread is in a RealtimeScope: it looks at permits and
    mode itself. Allocates nothing, wait-free; errno is kept.

    @param function       a string that lives for ever: sites are told apart by its address
    @param returnAddress  of the interposed function: the stack begins with it
*/
void recordCall (const char* function, const void* returnAddress) noexcept;

/** A site as it was recorded. */
struct RawSite
{
    const char* function = nullptr;
    std::uint32_t node = 0;
    Phase phase = Phase::process;
    std::uint64_t count = 0;
    std::uint64_t firstBlock = 0;
    std::uint64_t order = 0;         ///< of first calls
    std::vector<const void*> frames; ///< addresses within the calls, innermost first
};

struct RawRecords
{
    std::vector<RawSite> sites; ///< ascending order
    std::uint64_t overflow = 0;
};

/** Not real-time.
    @param onlyNew  those that this has not yet given out with onlyNew
*/
RawRecords copyRecords (bool onlyNew);

/** An object file that is linked only where the interposers are defines this; elsewhere it is null. */
[[gnu::weak]] std::span<const char* const> listInterposedSymbols() noexcept;

} // namespace rt::guard::detail
