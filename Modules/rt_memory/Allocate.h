#pragma once

#include "Shared.h"

#include <memory_resource>

namespace rt
{

/** makeOwned() with memory from a resource, which is also what a T that takes a polymorphic allocator gets. The collecting
    thread gives it back, so the resource must be one that may be used there while others allocate from it, and must live
    until the object, and every Weak pointer to it, has been collected (Stats: nothing live, nothing pending).
*/
template <typename T, typename Policy, typename... Args>
Owned<T, Policy> allocateOwned (const detail::Maker<Policy>& maker, std::pmr::memory_resource& resource, Args&&... args)
{
    return detail::MakePointer::object<Owned<T, Policy>> (maker, detail::ResourceMemory{ &resource },
                                                          std::forward<Args> (args)...);
}

/** makeShared() with memory from a resource: see allocateOwned(). */
template <typename T, typename Policy, typename... Args>
Shared<T, Policy> allocateShared (const detail::Maker<Policy>& maker, std::pmr::memory_resource& resource, Args&&... args)
{
    return detail::MakePointer::object<Shared<T, Policy>> (maker, detail::ResourceMemory{ &resource },
                                                           std::forward<Args> (args)...);
}

/** makeOwnedArray() with memory from a resource: see allocateOwned(). */
template <typename T, typename Policy, typename... Initial>
    requires (sizeof...(Initial) <= 1)
Owned<T[], Policy> allocateOwnedArray (const detail::Maker<Policy>& maker, std::pmr::memory_resource& resource,
                                       std::size_t size, const Initial&... initial)
{
    return detail::MakePointer::array<Owned<T[], Policy>> (maker, detail::ResourceMemory{ &resource }, size, initial...);
}

/** makeSharedArray() with memory from a resource: see allocateOwned(). */
template <typename T, typename Policy, typename... Initial>
    requires (sizeof...(Initial) <= 1)
Shared<T[], Policy> allocateSharedArray (const detail::Maker<Policy>& maker, std::pmr::memory_resource& resource,
                                         std::size_t size, const Initial&... initial)
{
    return detail::MakePointer::array<Shared<T[], Policy>> (maker, detail::ResourceMemory{ &resource }, size, initial...);
}

} // namespace rt
