#pragma once

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <cstdint>

/** The guard as a test wants it: counting, and empty. */
struct FreshGuard
{
    explicit FreshGuard (rt::guard::Mode mode = rt::guard::Mode::count)
    {
        rt::guard::warmUp();
        rt::guard::setMode (mode);
        rt::guard::reset();
    }

    ~FreshGuard()
    {
        rt::guard::setMode (rt::guard::Mode::count);
        rt::guard::reset();
    }

    FreshGuard (const FreshGuard&) = delete;
    FreshGuard& operator= (const FreshGuard&) = delete;
};

/** The optimiser must believe that somebody uses this block. */
inline void keep (const void* block) { asm volatile ("" : : "r"(block) : "memory"); }

/** A sanitizer build keeps the sanitizer's interceptors: the guard then hears of the common allocations, but not how they were
    made. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool isInterposed = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool isInterposed = false;
#else
constexpr bool isInterposed = true;
#endif
#else
constexpr bool isInterposed = true;
#endif
