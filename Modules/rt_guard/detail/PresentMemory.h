#pragma once

#include <cstddef>

namespace rt::guard::detail
{

/** Zeroed memory of the system's, with every page present from the start: using it causes no page fault. */
class PresentMemory
{
public:
    /** Not real-time. Throws std::bad_alloc.
        @param boundary  a power of two, a page at least: the memory begins at a multiple of it
    */
    PresentMemory (std::size_t numBytes, std::size_t boundary);
    ~PresentMemory();

    PresentMemory (const PresentMemory&) = delete;
    PresentMemory& operator= (const PresentMemory&) = delete;

    std::byte* get() const noexcept { return memory; }

private:
    std::byte* memory;
    std::size_t size;
};

} // namespace rt::guard::detail
