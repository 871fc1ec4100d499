#pragma once

#include "../MirroredRingOptions.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace rt::detail
{

/** A file that processes share memory through: an anonymous one (memfd), a name in shared memory, or a file on a disk. Owns a
    descriptor. All functions throw MirroredRingError. Linux; elsewhere they all throw.
*/
class SharedFile
{
public:
    /** Anonymous, to be passed on by its descriptor. */
    static SharedFile createAnonymous (bool isOfHugePages);

    /** Fails if the name is taken. A name begins with a slash and has no other. */
    static SharedFile createNamed (const std::string& name);
    static SharedFile createOnDisk (const std::string& path);

    static SharedFile openNamed (const std::string& name);
    static SharedFile openOnDisk (const std::string& path);

    /** The file behind a descriptor, which stays the caller's. */
    static SharedFile openDescriptor (int descriptor);

    static bool removeName (const std::string& name) noexcept;

    SharedFile (SharedFile&& other) noexcept : descriptor (std::exchange (other.descriptor, -1)) {}
    SharedFile (const SharedFile&) = delete;
    SharedFile& operator= (const SharedFile&) = delete;
    SharedFile& operator= (SharedFile&&) = delete;
    ~SharedFile();

    int getDescriptor() const noexcept { return descriptor; }

    /** The same file, opened anew: with locks of its own. */
    SharedFile reopen() const { return openDescriptor (descriptor); }

    /** Gives it that size, and the storage for it, so that none is missing when it is written to. */
    void allocate (std::uint64_t numBytes) const;

    /** Nobody can change its size from now on. */
    void seal() const;

    /** Whether nobody can change its size. */
    bool isSealed() const noexcept;

    std::uint64_t getSize() const;

    /** The unit in which it can be mapped. */
    std::uint64_t getPageBytes() const;

    /** Reads at that place. False if there is not that much. */
    bool read (std::uint64_t offset, void* bytes, std::size_t numBytes) const;

private:
    explicit SharedFile (int d) noexcept : descriptor (d) {}

    int descriptor;
};

} // namespace rt::detail
