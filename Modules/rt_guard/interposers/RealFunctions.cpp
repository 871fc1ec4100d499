// Where the interposed functions really are, and what they are called.

#include "Interposer.h"

#include "../detail/Records.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace rt::guard::detail
{

namespace
{

constexpr const char* symbols[] = {
#define RT_GUARD_ALLOCATION(symbol, name) #symbol,
#define RT_GUARD_CALL(symbol, name) #symbol,
#define RT_GUARD_RELEASE(symbol, name) #symbol,
#define RT_GUARD_ESCAPE(symbol, name) #symbol,
#define RT_GUARD_LOCK(symbol, name, tryIt, busy) #symbol,
#define RT_GUARD_FORMATTED(symbol, name) #symbol,
#include "../InterposedSymbols.def"
};

constexpr const char* names[] = {
#define RT_GUARD_ALLOCATION(symbol, name) name,
#define RT_GUARD_CALL(symbol, name) name,
#define RT_GUARD_RELEASE(symbol, name) name,
#define RT_GUARD_ESCAPE(symbol, name) name,
#define RT_GUARD_LOCK(symbol, name, tryIt, busy) name,
#define RT_GUARD_FORMATTED(symbol, name) name,
#include "../InterposedSymbols.def"
};

constinit std::atomic<Function> realFunctions[std::size (symbols)]{};

/** Of some functions the C library keeps an old form for programs from before 2003. */
void* findNewest (const char* symbol) noexcept
{
    if (std::strncmp (symbol, "pthread_cond_", 13) == 0)
        if (auto* function = ::dlvsym (RTLD_NEXT, symbol, "GLIBC_2.3.2"))
            return function;

    return ::dlsym (RTLD_NEXT, symbol);
}

/** Not in a RealtimeScope: all are found before main() begins. */
[[gnu::noinline, gnu::cold]] Function findReal (SymbolIndex index) noexcept
{
    auto* function = reinterpret_cast<Function> (findNewest (symbols[static_cast<std::size_t> (index)]));

    // The list is of functions that this C library has; one that it lacks nobody can have called.
    if (function == nullptr)
        std::abort();

    realFunctions[static_cast<std::size_t> (index)].store (function, std::memory_order_relaxed);
    return function;
}

[[gnu::constructor (101)]] void findAll() noexcept
{
    for (std::size_t i = 0; i < std::size (symbols); ++i)
        if (auto* function = reinterpret_cast<Function> (findNewest (symbols[i])))
            realFunctions[i].store (function, std::memory_order_relaxed);
}

} // namespace

inline Function getReal (SymbolIndex index) noexcept
{
    const auto function = realFunctions[static_cast<std::size_t> (index)].load (std::memory_order_relaxed);
    return function != nullptr ? function : findReal (index);
}

const char* getName (SymbolIndex index) noexcept { return names[static_cast<std::size_t> (index)]; }

std::span<const char* const> listInterposedSymbols() noexcept { return symbols; }

} // namespace rt::guard::detail
