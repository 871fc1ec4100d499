// The functions that the guard interposes. They must be in the executable itself, by way of an object library: out of a
// static one the linker would take only what somebody refers to. The executable exports them, so that plugins, however they were
// linked, find these before the C library's.
//
// Each forwards to what glibc calls itself by, which needs no dlsym() and so works from the first instruction on.

#include "detail/Records.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RT_GUARD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RT_GUARD_SANITIZED 1
#endif
#endif

using rt::guard::detail::recordCall;
using rt::guard::detail::threadState;

#if RT_GUARD_SANITIZED

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
                recordCall ("malloc", __builtin_return_address (0));
        },
        [] (const volatile void* block)
        {
            if (threadState.realtimeDepth != 0 && block != nullptr)
                recordCall ("free", __builtin_return_address (0));
        });
}

} // namespace

#else

extern "C"
{
    void* __libc_malloc (std::size_t);
    void* __libc_calloc (std::size_t, std::size_t);
    void* __libc_realloc (void*, std::size_t);
    void* __libc_memalign (std::size_t, std::size_t);
    void* __libc_valloc (std::size_t);
    void* __libc_pvalloc (std::size_t);
    void __libc_free (void*);
}

namespace
{

constexpr const char* interposedSymbols[] = {
#define RT_GUARD_SYMBOL(symbol, name) #symbol,
#include "InterposedSymbols.def"
#undef RT_GUARD_SYMBOL
};

// One address a name: sites are told apart by it. operator new and delete call glibc, not malloc() and free() above, so that
// a call counts once and under the name that the source code shows.
constexpr const char nameOfNew[] = "operator new", nameOfNewArray[] = "operator new[]", nameOfDelete[] = "operator delete",
                     nameOfDeleteArray[] = "operator delete[]";

// A template for each operator would hide the caller's address; a macro keeps it.
#define RT_GUARD_RECORD(name)                        \
    if (threadState.realtimeDepth != 0) [[unlikely]] \
    recordCall (name, __builtin_return_address (0))

#define RT_GUARD_RECORD_RELEASE(block, name)                             \
    if (threadState.realtimeDepth != 0 && block != nullptr) [[unlikely]] \
    recordCall (name, __builtin_return_address (0))

/** operator new as the standard has it: the new-handler may free memory and is asked until it gives up. */
template <typename Allocate>
void* allocateOrThrow (Allocate allocate)
{
    for (;;)
    {
        if (auto* block = allocate())
            return block;

        const auto handler = std::get_new_handler();

        if (handler == nullptr)
            throw std::bad_alloc();

        handler();
    }
}

template <typename Allocate>
void* allocateOrNull (Allocate allocate) noexcept
{
    try
    {
        return allocateOrThrow (allocate);
    }
    catch (const std::bad_alloc&)
    {
        return nullptr;
    }
}

auto plain (std::size_t size)
{
    return [size] { return __libc_malloc (size); };
}

auto aligned (std::size_t size, std::align_val_t alignment)
{
    return [size, alignment] { return __libc_memalign (static_cast<std::size_t> (alignment), size); };
}

} // namespace

std::span<const char* const> rt::guard::detail::listInterposedSymbols() noexcept { return interposedSymbols; }

#define RT_GUARD_EXPORT [[gnu::visibility ("default")]]

extern "C"
{
    RT_GUARD_EXPORT void* malloc (std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("malloc");
        return __libc_malloc (size);
    }

    RT_GUARD_EXPORT void* calloc (std::size_t count, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("calloc");
        return __libc_calloc (count, size);
    }

    RT_GUARD_EXPORT void* realloc (void* block, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("realloc");
        return __libc_realloc (block, size);
    }

    RT_GUARD_EXPORT void* reallocarray (void* block, std::size_t count, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("reallocarray");
        std::size_t total = 0;

        if (__builtin_mul_overflow (count, size, &total))
        {
            errno = ENOMEM;
            return nullptr;
        }

        return __libc_realloc (block, total);
    }

    RT_GUARD_EXPORT void free (void* block) noexcept
    {
        RT_GUARD_RECORD_RELEASE (block, "free");
        __libc_free (block);
    }

    RT_GUARD_EXPORT void* memalign (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("memalign");
        return __libc_memalign (alignment, size);
    }

    RT_GUARD_EXPORT void* aligned_alloc (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("aligned_alloc");
        return __libc_memalign (alignment, size);
    }

    RT_GUARD_EXPORT int posix_memalign (void** result, std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("posix_memalign");

        if (alignment % sizeof (void*) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
            return EINVAL;

        const auto keptErrno = errno;
        auto* block = __libc_memalign (alignment, size);
        errno = keptErrno;

        if (block == nullptr)
            return ENOMEM;

        *result = block;
        return 0;
    }

    RT_GUARD_EXPORT void* valloc (std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("valloc");
        return __libc_valloc (size);
    }

    RT_GUARD_EXPORT void* pvalloc (std::size_t size) noexcept
    {
        RT_GUARD_RECORD ("pvalloc");
        return __libc_pvalloc (size);
    }

} // extern "C"

RT_GUARD_EXPORT void* operator new (std::size_t size)
{
    RT_GUARD_RECORD (nameOfNew);
    return allocateOrThrow (plain (size));
}

RT_GUARD_EXPORT void* operator new (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_RECORD (nameOfNew);
    return allocateOrNull (plain (size));
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_RECORD (nameOfNew);
    return allocateOrThrow (aligned (size, alignment));
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_RECORD (nameOfNew);
    return allocateOrNull (aligned (size, alignment));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size)
{
    RT_GUARD_RECORD (nameOfNewArray);
    return allocateOrThrow (plain (size));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_RECORD (nameOfNewArray);
    return allocateOrNull (plain (size));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_RECORD (nameOfNewArray);
    return allocateOrThrow (aligned (size, alignment));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_RECORD (nameOfNewArray);
    return allocateOrNull (aligned (size, alignment));
}

#define RT_GUARD_DELETE(form, name, ...)                                         \
    RT_GUARD_EXPORT void form (void* block __VA_OPT__ (, ) __VA_ARGS__) noexcept \
    {                                                                            \
        RT_GUARD_RECORD_RELEASE (block, name);                                   \
        __libc_free (block);                                                     \
    }

RT_GUARD_DELETE (operator delete, nameOfDelete)
RT_GUARD_DELETE (operator delete, nameOfDelete, std::size_t)
RT_GUARD_DELETE (operator delete, nameOfDelete, const std::nothrow_t&)
RT_GUARD_DELETE (operator delete, nameOfDelete, std::align_val_t)
RT_GUARD_DELETE (operator delete, nameOfDelete, std::size_t, std::align_val_t)
RT_GUARD_DELETE (operator delete, nameOfDelete, std::align_val_t, const std::nothrow_t&)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray, std::size_t)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray, const std::nothrow_t&)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray, std::align_val_t)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray, std::size_t, std::align_val_t)
RT_GUARD_DELETE (operator delete[], nameOfDeleteArray, std::align_val_t, const std::nothrow_t&)

#endif
