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

/** A sanitizer build keeps the sanitizer's interceptors: the guard then hears of allocations, but not how they were made. */
inline bool isInterposed() { return ! rt::guard::getInterposedSymbols().empty(); }
