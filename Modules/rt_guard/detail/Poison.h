#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define RT_GUARD_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_GUARD_POISONS 1
#endif
#endif

#ifdef RT_GUARD_POISONS
#include <sanitizer/asan_interface.h>
#endif

namespace rt::guard::detail
{

/** Tells AddressSanitizer, where it is there, that nobody may touch this until allow(). */
inline void forbid ([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t numBytes) noexcept
{
#ifdef RT_GUARD_POISONS
    __asan_poison_memory_region (memory, numBytes);
#endif
}

inline void allow ([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t numBytes) noexcept
{
#ifdef RT_GUARD_POISONS
    __asan_unpoison_memory_region (memory, numBytes);
#endif
}

} // namespace rt::guard::detail
