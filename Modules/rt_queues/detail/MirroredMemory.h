#pragma once

#include "SharedFile.h"

#include <cstddef>
#include <cstdint>

namespace rt::detail
{

/** A file mapped so that its header comes first, then the rest, then the rest once more: what is written over the end is at the
    beginning. Throws MirroredRingError. Linux; elsewhere it always throws.
*/
class MirroredMemory
{
public:
    /** Both sizes are multiples of the file's pages. */
    MirroredMemory (SharedFile, std::uint64_t headerBytes, std::uint64_t dataBytes, std::uint64_t alignment,
                    bool wantsTransparentHugePages, const MirroredRingMapping&);
    ~MirroredMemory();
    MirroredMemory (const MirroredMemory&) = delete;
    MirroredMemory& operator= (const MirroredMemory&) = delete;

    std::byte* getHeader() const noexcept { return base; }
    std::byte* getData() const noexcept { return base + headerBytes; }
    std::uint64_t getDataBytes() const noexcept { return dataBytes; }
    std::uint64_t getAlignment() const noexcept { return alignment; }
    const SharedFile& getFile() const noexcept { return file; }

private:
    SharedFile file;
    std::uint64_t headerBytes;
    std::uint64_t dataBytes;
    std::uint64_t alignment;
    std::byte* base = nullptr;
    std::size_t mappedBytes = 0;
};

} // namespace rt::detail
