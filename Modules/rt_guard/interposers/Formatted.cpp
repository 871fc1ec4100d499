// printf() and its kind: arguments of any number and type, floating-point ones too, can only go on as a va_list.

#include "Interposer.h"

#include <cstdarg>

namespace rt::guard::detail
{

namespace
{

/** A va_list travels as the address of one, by both calling conventions that Word is for. */
template <typename... Fixed>
int format (SymbolIndex listForm, va_list& arguments, Fixed... fixed)
{
    constexpr Word none = 0;
    const auto call = [&] (Word a, Word b, Word c, Word d) { return getReal (listForm) (a, b, c, d, 0, 0, 0); };
    const auto list = reinterpret_cast<Word> (&arguments);

    if constexpr (sizeof...(fixed) == 1)
        return static_cast<int> (call (Word (fixed)..., list, none, none));
    else if constexpr (sizeof...(fixed) == 2)
        return static_cast<int> (call (Word (fixed)..., list, none));
    else
        return static_cast<int> (call (Word (fixed)..., list));
}

template <typename... Fixed>
[[gnu::noinline]] int formatRecorded (SymbolIndex index, const void* returnAddress, SymbolIndex listForm, va_list& arguments,
                                      Fixed... fixed)
{
    const Interception call (getName (index), returnAddress);
    return format (listForm, arguments, fixed...);
}

} // namespace

} // namespace rt::guard::detail

#define RT_GUARD_FORMAT(symbol, listForm, last, parameters, ...)                                              \
    extern "C" RT_GUARD_EXPORT int guarded_##symbol parameters asm (#symbol);                                 \
    int guarded_##symbol parameters                                                                           \
    {                                                                                                         \
        using namespace rt::guard::detail;                                                                    \
        va_list arguments;                                                                                    \
        va_start (arguments, last);                                                                           \
        const auto result = isRealtime() ? formatRecorded (SymbolIndex::symbol, __builtin_return_address (0), \
                                                           SymbolIndex::listForm, arguments, __VA_ARGS__)     \
                                         : format (SymbolIndex::listForm, arguments, __VA_ARGS__);            \
        va_end (arguments);                                                                                   \
        return result;                                                                                        \
    }

// By how many arguments come before the dots.
#define RT_GUARD_FORMAT_1(symbol, listForm) RT_GUARD_FORMAT (symbol, listForm, a, (rt::guard::detail::Word a, ...), a)
#define RT_GUARD_FORMAT_2(symbol, listForm) \
    RT_GUARD_FORMAT (symbol, listForm, b, (rt::guard::detail::Word a, rt::guard::detail::Word b, ...), a, b)
#define RT_GUARD_FORMAT_3(symbol, listForm) \
    RT_GUARD_FORMAT (symbol, listForm, c,   \
                     (rt::guard::detail::Word a, rt::guard::detail::Word b, rt::guard::detail::Word c, ...), a, b, c)

RT_GUARD_FORMAT_1 (printf, vprintf)
RT_GUARD_FORMAT_2 (__printf_chk, __vprintf_chk)
RT_GUARD_FORMAT_2 (fprintf, vfprintf)
RT_GUARD_FORMAT_3 (__fprintf_chk, __vfprintf_chk)
RT_GUARD_FORMAT_2 (dprintf, vdprintf)
RT_GUARD_FORMAT_3 (__dprintf_chk, __vdprintf_chk)
RT_GUARD_FORMAT_1 (scanf, vscanf)
RT_GUARD_FORMAT_1 (__isoc99_scanf, __isoc99_vscanf)
RT_GUARD_FORMAT_2 (fscanf, vfscanf)
RT_GUARD_FORMAT_2 (__isoc99_fscanf, __isoc99_vfscanf)
RT_GUARD_FORMAT_2 (syslog, vsyslog)
RT_GUARD_FORMAT_3 (__syslog_chk, __vsyslog_chk)

#undef RT_GUARD_FORMAT_3
#undef RT_GUARD_FORMAT_2
#undef RT_GUARD_FORMAT_1
#undef RT_GUARD_FORMAT
