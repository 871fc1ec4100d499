#pragma once

#include "detail/ThreadState.h"

namespace rt::guard
{

/** Suspends the guard on this thread while it lives, for what is allowed knowingly. Nestable. Wait-free. */
class Permit
{
public:
    Permit() noexcept { ++detail::threadState.permitDepth; }
    ~Permit() { --detail::threadState.permitDepth; }

    Permit (const Permit&) = delete;
    Permit& operator= (const Permit&) = delete;
};

} // namespace rt::guard
