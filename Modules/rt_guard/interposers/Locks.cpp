// Locks are tried before they are waited for: a lock that was free costs some nanoseconds, one that another thread held is what
// makes the sound stop, and the guard tells how often and for how long.

#include "Interposer.h"

#include <cerrno>
#include <threads.h>

namespace rt::guard::detail
{

namespace
{

template <typename TryLock>
[[gnu::noinline]] Word lockRecorded (SymbolIndex index, const void* returnAddress, TryLock tryLock, int busy, Word lock,
                                     Word b, Word c)
{
    Interception call (getName (index), returnAddress);
    const auto keptErrno = errno;
    const auto result = tryLock (lock);

    if (result != busy)
        return static_cast<Word> (result);

    errno = keptErrno;
    call.setContended();
    return getReal (index) (lock, b, c, 0, 0, 0, 0);
}

} // namespace

} // namespace rt::guard::detail

#define RT_GUARD_LOCK(symbol, name, tryIt, busy)                                                                           \
    extern "C" int try_##symbol (rt::guard::detail::Word) asm (#tryIt);                                                    \
    extern "C" RT_GUARD_EXPORT rt::guard::detail::Word guarded_##symbol (rt::guard::detail::Word, rt::guard::detail::Word, \
                                                                         rt::guard::detail::Word) asm (#symbol);           \
                                                                                                                           \
    rt::guard::detail::Word guarded_##symbol (rt::guard::detail::Word lock, rt::guard::detail::Word b,                     \
                                              rt::guard::detail::Word c)                                                   \
    {                                                                                                                      \
        using namespace rt::guard::detail;                                                                                 \
                                                                                                                           \
        if (isRealtime()) [[unlikely]]                                                                                     \
            return lockRecorded (SymbolIndex::symbol, __builtin_return_address (0), try_##symbol, busy, lock, b, c);       \
                                                                                                                           \
        return getReal (SymbolIndex::symbol) (lock, b, c, 0, 0, 0, 0);                                                     \
    }

#include "../InterposedSymbols.def"
