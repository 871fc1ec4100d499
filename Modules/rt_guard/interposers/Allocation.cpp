// The allocator. Each function forwards to what glibc calls itself by, which needs no dlsym() and so works from the first
// instruction on; in Mode::rescue, a call that is recorded goes to the memory set aside. Blocks of that come back here on any
// thread, at any time and in any mode.

#include "Interposer.h"

#include "../detail/ProcessRescue.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

extern "C"
{
    void* __libc_malloc (std::size_t) noexcept;
    void* __libc_calloc (std::size_t, std::size_t) noexcept;
    void* __libc_realloc (void*, std::size_t) noexcept;
    void* __libc_memalign (std::size_t, std::size_t) noexcept;
    void* __libc_valloc (std::size_t) noexcept;
    void __libc_free (void*) noexcept;
}

namespace rt::guard::detail
{

namespace
{

// One address a name: sites are told apart by it. operator new and delete call glibc, not malloc() and free() below, so that
// a call counts once and under the name that the source code shows.
constexpr const char nameOfNew[] = "operator new", nameOfNewArray[] = "operator new[]", nameOfDelete[] = "operator delete",
                     nameOfDeleteArray[] = "operator delete[]";

template <typename Ordinary, typename Rescued>
[[gnu::noinline]] auto callRecorded (const char* name, const void* returnAddress, Interception::Kind kind, Ordinary ordinary,
                                     Rescued rescued)
{
    const Interception call (name, returnAddress, kind);

    if (call.isRescued())
        if (auto* const heap = getRescueHeap())
            return rescued (*heap, getRescueThread());

    return ordinary();
}

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

/** posix_memalign.
    @param allocate  takes the alignment and the size
*/
template <typename Allocate>
int alignInto (void** result, std::size_t alignment, std::size_t size, Allocate allocate) noexcept
{
    if (alignment % sizeof (void*) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;

    const auto keptErrno = errno;
    auto* block = allocate (alignment, size);
    errno = keptErrno;

    if (block == nullptr)
        return ENOMEM;

    *result = block;
    return 0;
}

/** glibc's own pvalloc would end a process that runs under valgrind, which does not have it. */
void* allocatePages (std::size_t size) noexcept
{
    const auto pageSize = static_cast<std::size_t> (::getpagesize());
    std::size_t rounded = 0;

    if (__builtin_add_overflow (size, pageSize - 1, &rounded))
    {
        errno = ENOMEM;
        return nullptr;
    }

    return __libc_memalign (pageSize, rounded / pageSize * pageSize);
}

using GetUsableSize = std::size_t (*) (void*) noexcept;
constinit std::atomic<GetUsableSize> realGetUsableSize{ nullptr };

/** Before main(), as looking for it may allocate. */
[[gnu::constructor (101)]] GetUsableSize findGetUsableSize() noexcept
{
    const auto found = reinterpret_cast<GetUsableSize> (::dlsym (RTLD_NEXT, "malloc_usable_size"));
    realGetUsableSize.store (found, std::memory_order_relaxed);
    return found;
}

std::size_t getUsableSizeNow (void* block) noexcept
{
    if (isRescueBlock (block)) [[unlikely]]
        return getRescueHeap()->getArena().getUsableSize (block);

    const auto getReal = realGetUsableSize.load (std::memory_order_relaxed);
    return getReal != nullptr ? getReal (block) : findGetUsableSize() (block);
}

void* reallocateNow (void* block, std::size_t size) noexcept
{
    if (isRescueBlock (block)) [[unlikely]]
        return getRescueHeap()->reallocateOutside (block, size);

    return __libc_realloc (block, size);
}

[[gnu::noinline]] void giveBack (void* block) noexcept { getRescueHeap()->getArena().release (nullptr, block); }

[[gnu::always_inline]] inline void releaseNow (void* block) noexcept
{
    if (isRescueBlock (block)) [[unlikely]]
        return giveBack (block);

    __libc_free (block);
}

/** The part of the memory set aside that belongs to a call. */
struct Rescue
{
    RescueHeap& heap;
    RescueHeap::Thread* thread;

    void* allocate (std::size_t size) const noexcept { return heap.allocate (thread, size); }
    void* allocateAligned (std::size_t alignment, std::size_t size) const noexcept
    {
        return heap.allocateAligned (thread, alignment, size);
    }

    void* allocateZeroed (std::size_t count, std::size_t size) const noexcept
    {
        std::size_t total = 0;

        // glibc fails as it always does.
        if (__builtin_mul_overflow (count, size, &total))
            return __libc_calloc (count, size);

        return heap.allocateZeroed (thread, total);
    }

    void* allocatePages (std::size_t size) const noexcept
    {
        const auto pageSize = static_cast<std::size_t> (::getpagesize());
        std::size_t rounded = 0;

        if (__builtin_add_overflow (size, pageSize - 1, &rounded))
            return detail::allocatePages (size); // which fails

        return heap.allocateAligned (thread, pageSize, rounded / pageSize * pageSize);
    }
};

} // namespace

} // namespace rt::guard::detail

// A template for each function would hide the caller's address; a macro keeps it.
#define RT_GUARD_RECORDED(condition, name, kind, ordinary, rescued)                                        \
    do                                                                                                     \
    {                                                                                                      \
        using namespace rt::guard::detail;                                                                 \
        const auto doOrdinary = [=] { return ordinary; };                                                  \
                                                                                                           \
        if (condition) [[unlikely]]                                                                        \
            return callRecorded (name, __builtin_return_address (0), Interception::Kind::kind, doOrdinary, \
                                 [=] (RescueHeap& heap, RescueHeap::Thread* thread)                        \
                                 {                                                                         \
                                     const Rescue rescue{ heap, thread };                                  \
                                     return rescued;                                                       \
                                 });                                                                       \
                                                                                                           \
        return doOrdinary();                                                                               \
    } while (false)

#define RT_GUARD_ALLOCATE(name, ordinary, rescued) RT_GUARD_RECORDED (isRealtime(), name, call, ordinary, rescued)

#define RT_GUARD_FREE(block, name)                                                          \
    RT_GUARD_RECORDED (isRealtime() && block != nullptr, name, release, releaseNow (block), \
                       rescue.heap.release (rescue.thread, block))

#define RT_GUARD_NEW(name, allocateWhile)                                          \
    RT_GUARD_ALLOCATE (name, allocateWhile ([=] { return __libc_malloc (size); }), \
                       allocateWhile ([=] { return rescue.allocate (size); }))

#define RT_GUARD_NEW_ALIGNED(name, allocateWhile)                                              \
    const auto boundary = static_cast<std::size_t> (alignment);                                \
    RT_GUARD_ALLOCATE (name, allocateWhile ([=] { return __libc_memalign (boundary, size); }), \
                       allocateWhile ([=] { return rescue.allocateAligned (boundary, size); }))

extern "C"
{
    RT_GUARD_EXPORT void* malloc (std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("malloc", __libc_malloc (size), rescue.allocate (size));
    }

    RT_GUARD_EXPORT void* calloc (std::size_t count, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("calloc", __libc_calloc (count, size), rescue.allocateZeroed (count, size));
    }

    RT_GUARD_EXPORT void* realloc (void* block, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("realloc", reallocateNow (block, size), rescue.heap.reallocate (rescue.thread, block, size));
    }

    RT_GUARD_EXPORT void* reallocarray (void* block, std::size_t count, std::size_t size) noexcept
    {
        std::size_t total = 0;

        if (__builtin_mul_overflow (count, size, &total))
        {
            errno = ENOMEM;
            return nullptr;
        }

        RT_GUARD_ALLOCATE ("reallocarray", reallocateNow (block, total),
                           rescue.heap.reallocate (rescue.thread, block, total));
    }

    RT_GUARD_EXPORT void free (void* block) noexcept { RT_GUARD_FREE (block, "free"); }

    RT_GUARD_EXPORT void* memalign (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("memalign", __libc_memalign (alignment, size), rescue.allocateAligned (alignment, size));
    }

    RT_GUARD_EXPORT void* aligned_alloc (std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("aligned_alloc", __libc_memalign (alignment, size), rescue.allocateAligned (alignment, size));
    }

    RT_GUARD_EXPORT int posix_memalign (void** result, std::size_t alignment, std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("posix_memalign", alignInto (result, alignment, size, __libc_memalign),
                           alignInto (result, alignment, size,
                                      [&] (auto boundary, auto bytes) { return rescue.allocateAligned (boundary, bytes); }));
    }

    RT_GUARD_EXPORT void* valloc (std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("valloc", __libc_valloc (size),
                           rescue.allocateAligned (static_cast<std::size_t> (::getpagesize()), size));
    }

    RT_GUARD_EXPORT void* pvalloc (std::size_t size) noexcept
    {
        RT_GUARD_ALLOCATE ("pvalloc", rt::guard::detail::allocatePages (size), rescue.allocatePages (size));
    }

    // No call that real-time threads must not make; here because glibc would look for its own header before the block.
    RT_GUARD_EXPORT std::size_t malloc_usable_size (void* block) noexcept
    {
        return rt::guard::detail::getUsableSizeNow (block);
    }

} // extern "C"

RT_GUARD_EXPORT void* operator new (std::size_t size) { RT_GUARD_NEW (nameOfNew, allocateOrThrow); }

RT_GUARD_EXPORT void* operator new (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_NEW (nameOfNew, allocateOrNull);
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_NEW_ALIGNED (nameOfNew, allocateOrThrow);
}

RT_GUARD_EXPORT void* operator new (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_NEW_ALIGNED (nameOfNew, allocateOrNull);
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size) { RT_GUARD_NEW (nameOfNewArray, allocateOrThrow); }

RT_GUARD_EXPORT void* operator new[] (std::size_t size, const std::nothrow_t&) noexcept
{
    RT_GUARD_NEW (nameOfNewArray, allocateOrNull);
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment)
{
    RT_GUARD_NEW_ALIGNED (nameOfNewArray, allocateOrThrow);
}

RT_GUARD_EXPORT void* operator new[] (std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    RT_GUARD_NEW_ALIGNED (nameOfNewArray, allocateOrNull);
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
