#pragma once

#include "detail/ThreadState.h"

namespace rt::guard
{

/** Lets pass, on this thread and while it lives, what is allowed knowingly: everything, or releases of memory only. Nestable.
    Wait-free, a few stores. */
class Permit
{
public:
    enum class Of
    {
        everything,
        deallocation ///< free, operator delete and munmap
    };

    explicit Permit (Of what = Of::everything) noexcept
        : depth (what == Of::everything ? detail::threadState.permitDepth : detail::threadState.releasePermitDepth)
    {
        ++depth;
        detail::threadState.updateSelector();
    }

    ~Permit()
    {
        --depth;
        detail::threadState.updateSelector();
    }

    Permit (const Permit&) = delete;
    Permit& operator= (const Permit&) = delete;

private:
    std::uint32_t& depth;
};

} // namespace rt::guard
