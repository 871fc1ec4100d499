#include "Allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNT_BY_HOOKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNT_BY_HOOKS 1
#endif
#endif

namespace
{

thread_local test::Allocations counts{ 0, 0 };
std::atomic<std::ptrdiff_t> numOutstanding{ 0 };

void countAllocated() noexcept
{
    ++counts.allocated;
    numOutstanding.fetch_add (1, std::memory_order_relaxed);
}

void countFreed() noexcept
{
    ++counts.freed;
    numOutstanding.fetch_sub (1, std::memory_order_relaxed);
}

} // namespace

test::Allocations test::Allocations::now() noexcept { return counts; }
std::ptrdiff_t test::getNumOutstanding() noexcept { return numOutstanding.load (std::memory_order_relaxed); }

#if COUNT_BY_HOOKS

// The sanitizers bring operators of their own, which cannot be replaced everywhere, but tell us of every call.
extern "C" int __sanitizer_install_malloc_and_free_hooks (void (*) (const volatile void*, std::size_t),
                                                          void (*) (const volatile void*));

namespace
{

[[maybe_unused]] const bool hooksInstalled = __sanitizer_install_malloc_and_free_hooks (
                                                 [] (const volatile void* memory, std::size_t)
                                                 {
                                                     if (memory != nullptr)
                                                         countAllocated();
                                                 },
                                                 [] (const volatile void* memory)
                                                 {
                                                     if (memory != nullptr)
                                                         countFreed();
                                                 })
                                             != 0;

} // namespace

#else

namespace
{

void* allocateOrNull (std::size_t size) noexcept
{
    auto* memory = std::malloc (size != 0 ? size : 1);

    if (memory != nullptr)
        countAllocated();

    return memory;
}

void* allocate (std::size_t size)
{
    if (auto* memory = allocateOrNull (size))
        return memory;

    throw std::bad_alloc();
}

void* allocate (std::size_t size, std::align_val_t alignment)
{
    const auto step = static_cast<std::size_t> (alignment);

    if (auto* memory = std::aligned_alloc (step, (size + step - 1) / step * step))
    {
        countAllocated();
        return memory;
    }

    throw std::bad_alloc();
}

void release (void* memory) noexcept
{
    if (memory != nullptr)
        countFreed();

    std::free (memory);
}

} // namespace

void* operator new (std::size_t size) { return allocate (size); }
void* operator new[] (std::size_t size) { return allocate (size); }
void* operator new (std::size_t size, std::align_val_t alignment) { return allocate (size, alignment); }
void* operator new[] (std::size_t size, std::align_val_t alignment) { return allocate (size, alignment); }
void* operator new (std::size_t size, const std::nothrow_t&) noexcept { return allocateOrNull (size); }
void* operator new[] (std::size_t size, const std::nothrow_t&) noexcept { return allocateOrNull (size); }
void operator delete (void* memory) noexcept { release (memory); }
void operator delete[] (void* memory) noexcept { release (memory); }
void operator delete (void* memory, std::size_t) noexcept { release (memory); }
void operator delete[] (void* memory, std::size_t) noexcept { release (memory); }
void operator delete (void* memory, std::align_val_t) noexcept { release (memory); }
void operator delete[] (void* memory, std::align_val_t) noexcept { release (memory); }
void operator delete (void* memory, std::size_t, std::align_val_t) noexcept { release (memory); }
void operator delete[] (void* memory, std::size_t, std::align_val_t) noexcept { release (memory); }
void operator delete (void* memory, const std::nothrow_t&) noexcept { release (memory); }
void operator delete[] (void* memory, const std::nothrow_t&) noexcept { release (memory); }

#endif
