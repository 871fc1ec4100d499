#include "MirroredRing.h"

#include "detail/MirroredMemory.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdio>

namespace rt
{

namespace
{

using Reason = MirroredRingError::Reason;
using detail::FileLock;
using detail::MirroredMemory;
using detail::RingGeometry;
using detail::SharedFile;

using Header = detail::RingHeader<StdPolicy>;

constexpr std::uint64_t hugePageBytes = std::uint64_t{ 2 } << 20;

bool isAlignment (std::uint64_t alignment)
{
    return std::has_single_bit (alignment) && alignment >= sizeof (std::uint64_t)
           && alignment <= RingGeometry::mostAlignment;
}

// The word, the message and the granule that is left over, in whole pages.
std::uint64_t dataBytesFor (std::uint64_t capacity, std::uint64_t alignment, std::uint64_t pageBytes)
{
    const auto needed = (sizeof (std::uint64_t) + capacity + alignment - 1) / alignment * alignment + alignment;
    return (needed + pageBytes - 1) / pageBytes * pageBytes;
}

void check (const MirroredRingOptions& options)
{
    if (options.capacity == 0)
        throw MirroredRingError (Reason::badOption, "a capacity of 0 bytes; give the size of the largest message");

    if (options.capacity > RingGeometry::mostDataBytes / 2)
        throw MirroredRingError (Reason::badOption, "a capacity of " + std::to_string (options.capacity)
                                                        + " bytes; the most is "
                                                        + std::to_string (RingGeometry::mostDataBytes / 2));

    if (! isAlignment (options.alignment))
        throw MirroredRingError (Reason::badOption, "an alignment of " + std::to_string (options.alignment)
                                                        + " bytes; it must be a power of two from 8 to 4096");
}

/** What the file says it is, if that can be. */
RingGeometry readGeometry (const SharedFile& file)
{
    RingGeometry geometry;

    // The magic first: it was written last.
    if (! file.read (0, &geometry.magic, sizeof (geometry.magic)) || geometry.magic != RingGeometry::theMagic)
        throw MirroredRingError (Reason::notARing, "the file is no ring, or whoever makes it is not done yet");

    if (! file.read (0, &geometry, sizeof (geometry)))
        throw MirroredRingError (Reason::notARing, "the file is too short for a ring");

    if (geometry.version != RingGeometry::theVersion)
        throw MirroredRingError (Reason::otherVersion,
                                 "the ring has version " + std::to_string (geometry.version) + ", this program reads "
                                     + std::to_string (RingGeometry::theVersion) + "; let both sides be of one version");

    const auto fileBytes = file.getSize();
    const auto pageBytes = file.getPageBytes();
    const auto isPages = [pageBytes] (std::uint64_t bytes) { return bytes != 0 && bytes % pageBytes == 0; };

    if (geometry.spacing != cacheLineBytes || ! isAlignment (geometry.alignment) || ! isPages (geometry.headerBytes)
        || ! isPages (geometry.dataBytes) || geometry.dataBytes > RingGeometry::mostDataBytes
        || geometry.dataBytes < 2 * geometry.alignment || geometry.headerBytes > (std::uint64_t{ 1 } << 30)
        || ! std::has_single_bit (geometry.headerBytes) || geometry.headerBytes + geometry.dataBytes != fileBytes)
        throw MirroredRingError (Reason::notARing,
                                 "the sizes in the ring's header cannot be: " + std::to_string (geometry.headerBytes)
                                     + " and " + std::to_string (geometry.dataBytes) + " bytes in a file of "
                                     + std::to_string (fileBytes));

    return geometry;
}

} // namespace

namespace detail
{

RingLease::RingLease (std::shared_ptr<const MirroredMemory> memoryToKeep, FileLock::Role role)
    : memory (std::move (memoryToKeep)), lock (memory->getFile(), role)
{
    auto& count = visits (role);
    const auto before = count.load (std::memory_order_relaxed);
    count.store (before + (before % 2 == 0 ? 1 : 2), std::memory_order_release); // 2: whoever was there has been killed
}

RingLease::~RingLease()
{
    auto& count = visits (lock.getRole());
    count.store ((count.load (std::memory_order_relaxed) | 1) + 1, std::memory_order_release);
}

bool RingLease::isPeerAlive() const
{
    return lock.isTaken (lock.getRole() == FileLock::Role::writer ? FileLock::Role::reader : FileLock::Role::writer);
}

std::atomic<std::uint32_t>& RingLease::visits (FileLock::Role role) const noexcept
{
    auto* const header = static_cast<Header*> (static_cast<void*> (memory->getHeader()));
    return role == FileLock::Role::writer ? header->writerVisits : header->readerVisits;
}

} // namespace detail

MirroredRing::MirroredRing (std::shared_ptr<const MirroredMemory> memoryToKeep) noexcept : memory (std::move (memoryToKeep))
{
    using Word = std::atomic<std::uint64_t>;
    const auto alignment = memory->getAlignment();
    view.header = static_cast<Header*> (static_cast<void*> (memory->getHeader()));
    view.words = static_cast<Word*> (static_cast<void*> (memory->getData() + alignment - sizeof (Word)));
    view.messages = memory->getData() + alignment;
    view.dataBytes = memory->getDataBytes();
    view.alignment = alignment;
}

MirroredRing MirroredRing::make (SharedFile file, const MirroredRingOptions& options)
{
    const auto isTransparent = options.pages == MirroredRingOptions::Pages::transparentHuge;
    const auto pageBytes = std::max (file.getPageBytes(), isTransparent ? hugePageBytes : std::uint64_t{ 1 });
    RingGeometry geometry;
    geometry.version = RingGeometry::theVersion;
    geometry.spacing = cacheLineBytes;
    geometry.headerBytes = pageBytes;
    geometry.dataBytes = dataBytesFor (options.capacity, options.alignment, pageBytes);
    geometry.alignment = options.alignment;

    file.allocate (geometry.headerBytes + geometry.dataBytes);
    auto memory = std::make_shared<const MirroredMemory> (std::move (file), geometry.headerBytes, geometry.dataBytes,
                                                          geometry.alignment, isTransparent, options.mapping);

    // The file is full of zeros, which is an empty ring. The magic says that all is ready.
    auto* const header = static_cast<Header*> (static_cast<void*> (memory->getHeader()));
    header->geometry = geometry;
    std::atomic_ref (header->geometry.magic).store (RingGeometry::theMagic, std::memory_order_release);
    return MirroredRing (std::move (memory));
}

MirroredRing MirroredRing::open (SharedFile file, const MirroredRingMapping& mapping)
{
    const auto geometry = readGeometry (file);
    return MirroredRing (std::make_shared<const MirroredMemory> (std::move (file), geometry.headerBytes, geometry.dataBytes,
                                                                 geometry.alignment, geometry.headerBytes >= hugePageBytes,
                                                                 mapping));
}

MirroredRing MirroredRing::createAnonymous (const MirroredRingOptions& options)
{
    check (options);
    auto ring = make (SharedFile::createAnonymous (options.pages == MirroredRingOptions::Pages::huge), options);
    ring.memory->getFile().seal();
    return ring;
}

MirroredRing MirroredRing::createNamed (const std::string& name, const MirroredRingOptions& options)
{
    check (options);

    if (options.pages == MirroredRingOptions::Pages::huge)
        throw MirroredRingError (Reason::badOption, "huge pages are for rings without a name");

    auto file = SharedFile::createNamed (name);

    try
    {
        return make (std::move (file), options);
    }
    catch (...)
    {
        SharedFile::removeName (name);
        throw;
    }
}

MirroredRing MirroredRing::createFile (const std::string& path, const MirroredRingOptions& options)
{
    check (options);

    if (options.pages != MirroredRingOptions::Pages::normal)
        throw MirroredRingError (Reason::badOption, "huge pages are not for files on a disk");

    auto file = SharedFile::createOnDisk (path);

    try
    {
        return make (std::move (file), options);
    }
    catch (...)
    {
        std::remove (path.c_str());
        throw;
    }
}

MirroredRing MirroredRing::openDescriptor (int descriptor, const MirroredRingMapping& mapping)
{
    auto file = SharedFile::openDescriptor (descriptor);

    if (! file.isSealed())
        throw MirroredRingError (Reason::notSealed,
                                 "the file that was passed is not sealed: whoever passed it could end this process "
                                 "by making it shorter; make the ring with createAnonymous()");

    return open (std::move (file), mapping);
}

MirroredRing MirroredRing::openNamed (const std::string& name, const MirroredRingMapping& mapping)
{
    return open (SharedFile::openNamed (name), mapping);
}

MirroredRing MirroredRing::openFile (const std::string& path, const MirroredRingMapping& mapping)
{
    return open (SharedFile::openOnDisk (path), mapping);
}

bool MirroredRing::removeNamed (const std::string& name) noexcept { return SharedFile::removeName (name); }

int MirroredRing::getDescriptor() const noexcept { return memory != nullptr ? memory->getFile().getDescriptor() : -1; }

std::shared_ptr<detail::RingLease> MirroredRing::makeLease (FileLock::Role role) const
{
    if (memory == nullptr)
        throw MirroredRingError (Reason::badOption, "there is no ring to attach to; create or open one");

    return std::make_shared<detail::RingLease> (memory, role);
}

bool MirroredRing::isTaken (FileLock::Role role) const
{
    // Asked through an opened file of its own, so that it sees the ends of this process, too.
    return memory != nullptr && FileLock::isTaken (memory->getFile().reopen(), role);
}

} // namespace rt
