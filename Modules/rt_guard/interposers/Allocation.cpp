// The allocator. Each function forwards to what glibc calls itself by, which needs no dlsym() and so works from the first
// instruction on.

#include "Interposer.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

using rt::guard::detail::Interception;
using rt::guard::detail::isRealtime;

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

// One address a name: sites are told apart by it. operator new and delete call glibc, not malloc() and free() above, so that
// a call counts once and under the name that the source code shows.
constexpr const char nameOfNew[] = "operator new", nameOfNewArray[] = "operator new[]", nameOfDelete[] = "operator delete",
                     nameOfDeleteArray[] = "operator delete[]";

template <typename Work>
[[gnu::noinline]] auto callRecorded (const char* name, const void* returnAddress, Interception::Kind kind, Work work)
{
    const Interception call (name, returnAddress, kind);
    return work();
}

// A template for each function would hide the caller's address; a macro keeps it.
#define RT_GUARD_RECORDED(condition, name, kind, work)                                                  \
    do                                                                                                  \
    {                                                                                                   \
        const auto doWork = [=] { return work; };                                                       \
                                                                                                        \
        if (condition) [[unlikely]]                                                                     \
            return callRecorded (name, __builtin_return_address (0), Interception::Kind::kind, doWork); \
                                                                                                        \
        return doWork();                                                                                \
    } while (false)

#define RT_GUARD_ALLOCATE(name, work) RT_GUARD_RECORDED (isRealtime(), name, call, work)
#define RT_GUARD_FREE(block, name) RT_GUARD_RECORDED (isRealtime() && block != nullptr, name, release, __libc_free (block))

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

int alignInto (void** result, std::size_t alignment, std::size_t size) noexcept
{
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

auto plain (std::size_t size)
{
    return [size] { return __libc_malloc (size); };
}

auto aligned (std::size_t size, std::align_val_t alignment)
{
    return [size, alignment] { return __libc_memalign (static_cast<std::size_t> (alignment), size); };
}

} // namespace

extern "C"
{
    RT_GUARD_EXPORT void* malloc (std::size_t size) noexcept { RT_GUARD_ALLOCATE ("malloc", __libc_malloc (size)); }

    RT_GUARD_EXPORT void* calloc (std::size_t count, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("calloc", __libc_calloc (count, size));
    }

    RT_GUARD_EXPORT void* realloc (void* block, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("realloc", __libc_realloc (block, size));
    }

    RT_GUARD_EXPORT void* reallocarray (void* block, std::size_t count, std::size_t size) noexcept
    {
        std::size_t total = 0;

        if (__builtin_mul_overflow (count, size, &total))
        {
            errno = ENOMEM;
            return nullptr;
        }

        RT_GUARD_ALLOCATE ("reallocarray", __libc_realloc (block, total));
    }

    RT_GUARD_EXPORT void free (void* block) noexcept { RT_GUARD_FREE (block, "free"); }

    RT_GUARD_EXPORT void* memalign (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("memalign", __libc_memalign (alignment, size));
    }

    RT_GUARD_EXPORT void* aligned_alloc (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("aligned_alloc", __libc_memalign (alignment, size));
    }

    RT_GUARD_EXPORT int posix_memalign (void** result, std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("posix_memalign", alignInto (result, alignment, size));
    }

    RT_GUARD_EXPORT void* valloc (std::size_t size) noexcept { RT_GUARD_ALLOCATE ("valloc", __libc_valloc (size)); }

    RT_GUARD_EXPORT void* pvalloc (std::size_t size) noexcept { RT_GUARD_ALLOCATE ("pvalloc", __libc_pvalloc (size)); }

} // extern "C"

RT_GUARD_EXPORT void* operator new (std::size_t size) { RT_GUARD_ALLOCATE (nameOfNew, allocateOrThrow (plain (size))); }

RT_GUARD_EXPORT void* operator new (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_ALLOCATE (nameOfNew, allocateOrNull (plain (size)));
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_ALLOCATE (nameOfNew, allocateOrThrow (aligned (size, alignment)));
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_ALLOCATE (nameOfNew, allocateOrNull (aligned (size, alignment)));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size)
{
    RT_GUARD_ALLOCATE (nameOfNewArray, allocateOrThrow (plain (size)));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_ALLOCATE (nameOfNewArray, allocateOrNull (plain (size)));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_ALLOCATE (nameOfNewArray, allocateOrThrow (aligned (size, alignment)));
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_ALLOCATE (nameOfNewArray, allocateOrNull (aligned (size, alignment)));
}

#define RT_GUARD_DELETE(form, name, ...) \
    RT_GUARD_EXPORT void form (void* block __VA_OPT__ (, ) __VA_ARGS__) noexcept { RT_GUARD_FREE (block, name); }

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
