// The functions that the guard interposes. They must be in the executable itself, by way of an object library: out of a
// static one the linker would take only what somebody refers to. The executable exports them, so that plugins, however they were
// linked, find these before the C library's.

#include "detail/Sanitizers.h"

#if ! RT_GUARD_SANITIZED

#include "interposers/RealFunctions.cpp"

#include "interposers/Allocation.cpp"
#include "interposers/Calls.cpp"
#include "interposers/Formatted.cpp"
#include "interposers/Locks.cpp"

#else

#include "detail/Interception.h"
#include "detail/ThreadState.h"

#include <cstddef>

using rt::guard::detail::Interception;
using rt::guard::detail::threadState;

// A sanitizer brings interceptors of its own, which call into it before it can bear that. Its hooks are told of every
// allocation instead; how it was asked for is not known.
extern "C" int __sanitizer_install_malloc_and_free_hooks (void (*) (const volatile void*, std::size_t),
                                                          void (*) (const volatile void*));

namespace
{

[[gnu::constructor]] void installHooks()
{
    __sanitizer_install_malloc_and_free_hooks (
        [] (const volatile void*, std::size_t)
        {
            if (threadState.realtimeDepth != 0)
                const Interception call ("malloc", __builtin_return_address (0));
        },
        [] (const volatile void* block)
        {
            if (threadState.realtimeDepth != 0 && block != nullptr)
                const Interception call ("free", __builtin_return_address (0), Interception::Kind::release);
        });
}

} // namespace

#endif
