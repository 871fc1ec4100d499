#pragma once

#include <cstddef>
#include <memory_resource>
#include <new>
#include <utility>

namespace rt::detail
{

/** Where blocks come from, usually. */
struct HeapMemory
{
    static void* allocate (std::size_t bytes, std::size_t alignment)
    {
        return alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? ::operator new (bytes, std::align_val_t{ alignment })
                                                            : ::operator new (bytes);
    }

    static void deallocate (void* address, std::size_t, std::size_t alignment) noexcept
    {
        if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
            ::operator delete (address, std::align_val_t{ alignment });
        else
            ::operator delete (address);
    }

    template <typename T, typename... Args>
    static void construct (T* where, Args&&... args)
    {
        ::new (static_cast<void*> (where)) T (std::forward<Args> (args)...);
    }
};

/** A std::pmr::memory_resource, which is handed on to objects that allocate by themselves. */
struct ResourceMemory
{
    void* allocate (std::size_t bytes, std::size_t alignment) const { return resource->allocate (bytes, alignment); }

    void deallocate (void* address, std::size_t bytes, std::size_t alignment) const
    {
        resource->deallocate (address, bytes, alignment);
    }

    template <typename T, typename... Args>
    void construct (T* where, Args&&... args) const
    {
        std::pmr::polymorphic_allocator<>{ resource }.construct (where, std::forward<Args> (args)...);
    }

    std::pmr::memory_resource* resource;
};

} // namespace rt::detail
