#pragma once

#include "../detail/Interception.h"
#include "../detail/ThreadState.h"

#include <cstddef>

#define RT_GUARD_EXPORT [[gnu::visibility ("default")]]

namespace rt::guard::detail
{

/** A place in the lists that follow InterposedSymbols.def. */
enum class SymbolIndex : std::size_t
{
#define RT_GUARD_ALLOCATION(symbol, name) symbol,
#define RT_GUARD_CALL(symbol, name) symbol,
#define RT_GUARD_RELEASE(symbol, name) symbol,
#define RT_GUARD_ESCAPE(symbol, name) symbol,
#define RT_GUARD_LOCK(symbol, name, tryIt, busy) symbol,
#define RT_GUARD_FORMATTED(symbol, name) symbol,
#include "../InterposedSymbols.def"
    numSymbols
};

/** What an integer or pointer argument or result travels in. By the calling conventions of x86-64 and AArch64 Linux a function with up
    to seven such arguments, be they named or `...`, can be called through this type whatever they are: so one forwarder
    serves all. (The seventh, which syscall() may have, is on x86-64 whatever lies on the stack.) */
using Word = unsigned long;
using Function = Word (*) (Word, Word, Word, Word, Word, Word, Word);

/** The function that the name would have meant without the guard. */
[[gnu::always_inline]] inline Function getReal (SymbolIndex) noexcept;

/** The name that is reported. One address a symbol: sites are told apart by it. */
const char* getName (SymbolIndex) noexcept;

inline bool isRealtime() noexcept { return threadState.realtimeDepth != 0; }

} // namespace rt::guard::detail
