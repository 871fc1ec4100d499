#pragma once

#include "Stack.h"

#include "../Phase.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rt::guard::detail
{

/** Sites that the table can hold. */
inline constexpr std::size_t maxSites = 2048;

struct Site;

/** How a site stands to the suppressions; sites begin with `unknown`, and fall back to it when the suppressions change. */
enum class Verdict : std::uint8_t
{
    unknown,
    suppressed,
    ofHost,
    ofPlugin
};

/** Enters a call into the table. The thread is in a RealtimeScope. Allocates nothing; lock-free.
    @param function       a string that lives for ever: sites are told apart by its address
    @param returnAddress  of the interposed function: the stack begins with it
    @param nearFrame      a stack address below the caller's frames, always as far below for the same function
    @returns the site, for finishCall(); null where there was no room for it, or reset() is at work
*/
Site* enterCall (const char* function, const void* returnAddress, const void* nearFrame) noexcept;

/** What a call turned out to be, in ticks of TickClock. Does nothing when a reset came in between. Lock-free. */
void finishCall (Site*, std::uint64_t generation, std::uint64_t ticks, bool wasContended) noexcept;

/** Counts resets. */
std::uint64_t getGeneration() noexcept;

/** A site as it was recorded. */
struct RawSite
{
    const char* function = nullptr;
    std::uint32_t node = 0;
    Phase phase = Phase::process;
    std::uint64_t count = 0, contended = 0, worstTicks = 0;
    std::uint64_t firstBlock = 0;
    std::uint64_t order = 0;            ///< of first calls, from 1; no two sites have the same, resets or not
    std::vector<std::uintptr_t> frames; ///< addresses within the calls, innermost first
};

struct RawRecords
{
    std::vector<RawSite> sites; ///< ascending order
    std::uint64_t overflow = 0;
};

/** Not real-time. */
RawRecords copyRecords();

/** Sites that were ever made: as long as this is the same, copyRecords() holds no other sites than before. Wait-free; any thread. */
std::uint64_t countSitesMade() noexcept;

/** Not real-time. An empty one, order 0, when a reset is at work. */
RawSite copySite (const Site&);

Verdict getVerdict (const Site&) noexcept;
void setVerdict (Site&, Verdict) noexcept;
void forgetVerdicts() noexcept;

/** Empties the table, when no call is being entered. Not real-time. */
void clearRecords();

/** Ends the process if the mode asks for it and no suppression covers the site; that may take long, and allocates. */
void endProcessIfAsked (Site*, const char* function) noexcept;

/** An object file that is linked only where the interposers are defines this; elsewhere it is null. */
[[gnu::weak]] std::span<const char* const> listInterposedSymbols() noexcept;

} // namespace rt::guard::detail
