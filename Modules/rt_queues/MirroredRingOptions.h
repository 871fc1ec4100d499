#pragma once

#include <cstddef>

namespace rt
{

/** How the memory of a MirroredRing is mapped here; each process has its own say. */
struct MirroredRingMapping
{
    bool populate = false; ///< all pages are brought in at once: no page fault later
    bool lock = false;     ///< they stay there (mlock); counts twice the ring's size against RLIMIT_MEMLOCK
};

/** What a new MirroredRing shall be like. */
struct MirroredRingOptions
{
    enum class Pages
    {
        normal,
        transparentHuge, ///< asks the kernel for huge pages, which it may not give; sizes become multiples of 2 MiB
        huge             ///< from the kernel's pool of huge pages (sysctl vm.nr_hugepages), or an error; sealed rings only
    };

    /** The bytes of the largest message, which fits at any time that the ring is empty. The ring is made of as many
        whole pages as that takes, so a little more may be in it at once.
    */
    std::size_t capacity = 0;

    /** Where messages begin: a power of two, 8 to 4096. With 8, a message shares a cache line with the word that announces it. */
    std::size_t alignment = 8;

    Pages pages = Pages::normal;
    MirroredRingMapping mapping{};
};

} // namespace rt
