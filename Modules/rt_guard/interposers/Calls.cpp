// Functions whose arguments go on as they came: all those that are neither the allocator's nor locks, nor take a va_list.

#include "Interposer.h"

namespace rt::guard::detail
{

namespace
{

[[gnu::noinline]] Word callRecorded (SymbolIndex index, const void* returnAddress, Interception::Kind kind, Word a, Word b,
                                     Word c, Word d, Word e, Word f, Word g)
{
    const Interception call (getName (index), returnAddress, kind);
    return getReal (index) (a, b, c, d, e, f, g);
}

} // namespace

} // namespace rt::guard::detail

// The C++ names are others than the linker's, so that no header's declaration of the real function is in the way.
#define RT_GUARD_DEFINE(symbol, attributes)                                                                         \
    extern "C" RT_GUARD_EXPORT rt::guard::detail::Word guarded_##symbol (                                           \
        rt::guard::detail::Word, rt::guard::detail::Word, rt::guard::detail::Word, rt::guard::detail::Word,         \
        rt::guard::detail::Word, rt::guard::detail::Word, rt::guard::detail::Word) asm (#symbol);                   \
                                                                                                                    \
    attributes rt::guard::detail::Word guarded_##symbol (                                                           \
        rt::guard::detail::Word a, rt::guard::detail::Word b, rt::guard::detail::Word c, rt::guard::detail::Word d, \
        rt::guard::detail::Word e, rt::guard::detail::Word f, rt::guard::detail::Word g)

#define RT_GUARD_FORWARD(symbol, kind)                                                                                    \
    RT_GUARD_DEFINE (symbol, )                                                                                            \
    {                                                                                                                     \
        using namespace rt::guard::detail;                                                                                \
                                                                                                                          \
        if (isRealtime()) [[unlikely]]                                                                                    \
            return callRecorded (SymbolIndex::symbol, __builtin_return_address (0), Interception::Kind::kind, a, b, c, d, \
                                 e, f, g);                                                                                \
                                                                                                                          \
        return getReal (SymbolIndex::symbol) (a, b, c, d, e, f, g);                                                       \
    }

#define RT_GUARD_CALL(symbol, name) RT_GUARD_FORWARD (symbol, call)
#define RT_GUARD_RELEASE(symbol, name) RT_GUARD_FORWARD (symbol, release)

// The real function must find the caller's frame as the caller left it: dlopen looks for libraries where its caller would,
// vfork returns twice, and the exec family's and clone's arguments may lie on the stack. So it is jumped to.
#if defined(__clang__)
#define RT_GUARD_JUMPS
#define RT_GUARD_JUMP [[clang::musttail]] return
#else
#define RT_GUARD_JUMPS [[gnu::optimize ("O2")]]
#define RT_GUARD_JUMP return
#endif

#define RT_GUARD_ESCAPE(symbol, name)                                                   \
    RT_GUARD_DEFINE (symbol, RT_GUARD_JUMPS)                                            \
    {                                                                                   \
        using namespace rt::guard::detail;                                              \
                                                                                        \
        if (isRealtime()) [[unlikely]]                                                  \
            recordEscape (getName (SymbolIndex::symbol), __builtin_return_address (0)); \
                                                                                        \
        RT_GUARD_JUMP getReal (SymbolIndex::symbol) (a, b, c, d, e, f, g);              \
    }

#include "../InterposedSymbols.def"

#undef RT_GUARD_JUMP
#undef RT_GUARD_JUMPS
#undef RT_GUARD_FORWARD
#undef RT_GUARD_DEFINE
