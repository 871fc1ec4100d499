// Memory that is mapped twice in a row: Linux's mmap.

#include "detail/MirroredMemory.h"

#include "MirroredRingError.h"

#ifdef __linux__
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <limits>
#endif

namespace rt::detail
{

#ifdef __linux__

namespace
{

std::byte* at (std::byte* base, std::uint64_t offset) { return base + static_cast<std::ptrdiff_t> (offset); }

[[noreturn]] void failToMap (const std::string& what, int error)
{
    const auto isHuge = what == "map huge pages";
    throw MirroredRingError (isHuge ? MirroredRingError::Reason::noHugePages : MirroredRingError::Reason::system,
                             "cannot " + what + ": " + std::strerror (error)
                                 + (isHuge ? "; raise vm.nr_hugepages, or take normal pages" : ""),
                             error);
}

/** Address space that nobody else can get hold of between here and the mappings, which replace it. */
struct Reservation
{
    Reservation (std::size_t numBytes, std::size_t alignment)
    {
        // Both are powers of two of pages or multiples, so what is too much can be given back.
        const auto all = numBytes + alignment;
        auto* const found = mmap (nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (found == MAP_FAILED)
            failToMap ("find " + std::to_string (all) + " bytes of address space", errno);

        auto* const first = static_cast<std::byte*> (found);
        const auto before = (alignment - reinterpret_cast<std::uintptr_t> (found) % alignment) % alignment;
        base = at (first, before);
        size = numBytes;

        if (before > 0)
            munmap (first, before);

        if (before < alignment)
            munmap (at (base, numBytes), alignment - before);
    }

    ~Reservation()
    {
        if (base != nullptr)
            munmap (base, size);
    }

    Reservation (const Reservation&) = delete;
    Reservation& operator= (const Reservation&) = delete;

    std::byte* release() { return std::exchange (base, nullptr); }

    std::byte* base = nullptr;
    std::size_t size = 0;
};

} // namespace

MirroredMemory::MirroredMemory (SharedFile fileToKeep, std::uint64_t headerBytesToUse, std::uint64_t dataBytesToUse,
                                std::uint64_t alignmentToUse, bool wantsTransparentHugePages,
                                const MirroredRingMapping& options)
    : file (std::move (fileToKeep)), headerBytes (headerBytesToUse), dataBytes (dataBytesToUse), alignment (alignmentToUse)
{
    constexpr auto most = std::numeric_limits<std::size_t>::max() / 8;

    if (dataBytes > most || headerBytes > most)
        throw MirroredRingError (MirroredRingError::Reason::badOption, "the ring is too large for this machine's addresses");

    mappedBytes = static_cast<std::size_t> (headerBytes + 2 * dataBytes);
    Reservation reserved (mappedBytes, static_cast<std::size_t> (headerBytes));

    const auto flags = MAP_SHARED | MAP_FIXED | (options.populate ? MAP_POPULATE : 0);
    const auto map = [&] (std::uint64_t from, std::uint64_t numBytes, std::uint64_t to)
    {
        auto* const place = at (reserved.base, to);

        if (mmap (place, static_cast<std::size_t> (numBytes), PROT_READ | PROT_WRITE, flags, file.getDescriptor(),
                  static_cast<off_t> (from))
            == MAP_FAILED)
            failToMap (file.getPageBytes() > 65536 ? "map huge pages" : "map the ring", errno);

        if (wantsTransparentHugePages)
            madvise (place, static_cast<std::size_t> (numBytes), MADV_HUGEPAGE); // as said: it may not be heard
    };

    map (0, headerBytes + dataBytes, 0);
    map (headerBytes, dataBytes, headerBytes + dataBytes);

    if (options.lock && mlock (reserved.base, mappedBytes) != 0)
    {
        const auto error = errno;
        throw MirroredRingError (MirroredRingError::Reason::cannotLock,
                                 "cannot lock " + std::to_string (mappedBytes) + " bytes in memory: " + std::strerror (error)
                                     + "; raise the limit (ulimit -l), or do without",
                                 error);
    }

    base = reserved.release();
}

MirroredMemory::~MirroredMemory() { munmap (base, mappedBytes); }

#else

MirroredMemory::MirroredMemory (SharedFile f, std::uint64_t h, std::uint64_t d, std::uint64_t a, bool,
                                const MirroredRingMapping&)
    : file (std::move (f)), headerBytes (h), dataBytes (d), alignment (a)
{
    throw MirroredRingError (MirroredRingError::Reason::notSupported, "this system has no memory that is mapped twice yet");
}

MirroredMemory::~MirroredMemory() = default;

#endif

} // namespace rt::detail
