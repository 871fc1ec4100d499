// Files that processes share memory through: Linux's memfd and its seals, POSIX shared memory, files.

#include "detail/SharedFile.h"

#include "MirroredRingError.h"

#ifdef __linux__
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace rt::detail
{

#ifdef __linux__

namespace
{

using Reason = MirroredRingError::Reason;

constexpr int theSeals = F_SEAL_SHRINK | F_SEAL_GROW;

[[noreturn]] void fail (const std::string& what, int error, const std::string& cure = {})
{
    throw MirroredRingError (Reason::system,
                             "cannot " + what + ": " + std::strerror (error) + (cure.empty() ? "" : "; " + cure), error);
}

void checkName (const std::string& name)
{
    if (name.size() < 2 || name.size() > 255 || name.front() != '/' || name.find ('/', 1) != std::string::npos
        || name.find ('\0') != std::string::npos)
        throw MirroredRingError (
            Reason::badOption,
            "'" + name + "' cannot name shared memory; begin with a slash, use no other, and at most 255 characters");
}

// Only files are mapped: anything else could wait for ever, or be something else at each look.
void checkFile (int descriptor, const std::string& what)
{
    struct stat status{};

    if (fstat (descriptor, &status) != 0 || ! S_ISREG (status.st_mode))
        throw MirroredRingError (Reason::notARing, what + " is not a file");
}

} // namespace

SharedFile SharedFile::createAnonymous (bool isOfHugePages)
{
    const auto flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (isOfHugePages ? MFD_HUGETLB : 0u);
    const auto opened = memfd_create ("MirroredRing", flags);

    if (opened >= 0)
        return SharedFile (opened);

    const auto error = errno;

    if (isOfHugePages)
        throw MirroredRingError (Reason::noHugePages,
                                 std::string ("there are no huge pages: ") + std::strerror (error) + "; take normal ones",
                                 error);

    fail ("make memory to share", error);
}

SharedFile SharedFile::createNamed (const std::string& name)
{
    checkName (name);
    const auto opened = shm_open (name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (opened < 0)
        fail ("make the shared memory " + name, errno, "open it, remove it, or take another name");

    return SharedFile (opened);
}

SharedFile SharedFile::createOnDisk (const std::string& path)
{
    const auto opened = ::open (path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (opened < 0)
        fail ("make the file " + path, errno, "open it, remove it, or take another one");

    return SharedFile (opened);
}

SharedFile SharedFile::openNamed (const std::string& name)
{
    checkName (name);
    const auto opened = shm_open (name.c_str(), O_RDWR | O_CLOEXEC, 0600);

    if (opened < 0)
        fail ("open the shared memory " + name, errno, "has the other side made it?");

    SharedFile file (opened);
    checkFile (opened, name);
    return file;
}

SharedFile SharedFile::openOnDisk (const std::string& path)
{
    // What is no file after all must not make us wait.
    const auto opened = ::open (path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (opened < 0)
        fail ("open the file " + path, errno, "has the other side made it?");

    SharedFile file (opened);
    checkFile (opened, path);
    return file;
}

SharedFile SharedFile::openDescriptor (int descriptorToOpen)
{
    checkFile (descriptorToOpen, "the descriptor " + std::to_string (descriptorToOpen));
    const auto opened =
        ::open (("/proc/self/fd/" + std::to_string (descriptorToOpen)).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (opened < 0)
        fail ("open the descriptor " + std::to_string (descriptorToOpen) + " anew", errno,
              "that needs /proc, and the right to write");

    SharedFile file (opened);
    checkFile (opened, "the descriptor " + std::to_string (descriptorToOpen));
    return file;
}

bool SharedFile::removeName (const std::string& name) noexcept { return shm_unlink (name.c_str()) == 0; }

SharedFile::~SharedFile()
{
    if (descriptor >= 0)
        close (descriptor);
}

void SharedFile::allocate (std::uint64_t numBytes) const
{
    if (ftruncate (descriptor, static_cast<off_t> (numBytes)) != 0)
        fail ("make the ring " + std::to_string (numBytes) + " bytes long", errno,
              "is there room, and a limit to files' sizes?");

    const auto error = posix_fallocate (descriptor, 0, static_cast<off_t> (numBytes));

    if (error == 0)
        return;

    if (getPageBytes() > 65536)
        throw MirroredRingError (Reason::noHugePages,
                                 "there are not enough huge pages for " + std::to_string (numBytes)
                                     + " bytes: " + std::strerror (error) + "; raise vm.nr_hugepages, or take normal pages",
                                 error);

    fail ("get storage for " + std::to_string (numBytes) + " bytes", error, "make room, or take a smaller ring");
}

void SharedFile::seal() const
{
    if (fcntl (descriptor, F_ADD_SEALS, theSeals | F_SEAL_SEAL) != 0)
        fail ("seal the ring's size", errno);
}

bool SharedFile::isSealed() const noexcept
{
    const auto seals = fcntl (descriptor, F_GET_SEALS);
    return seals >= 0 && (seals & theSeals) == theSeals;
}

std::uint64_t SharedFile::getSize() const
{
    struct stat status{};

    if (fstat (descriptor, &status) != 0)
        fail ("look at the ring's file", errno);

    return static_cast<std::uint64_t> (status.st_size);
}

std::uint64_t SharedFile::getPageBytes() const
{
    struct statfs status{};

    if (fstatfs (descriptor, &status) != 0)
        fail ("look at the ring's file system", errno);

    const auto normal = static_cast<std::uint64_t> (sysconf (_SC_PAGESIZE));
    return status.f_type == HUGETLBFS_MAGIC ? static_cast<std::uint64_t> (status.f_bsize) : normal;
}

bool SharedFile::read (std::uint64_t offset, void* bytes, std::size_t numBytes) const
{
    return pread (descriptor, bytes, numBytes, static_cast<off_t> (offset)) == static_cast<ssize_t> (numBytes);
}

#else

namespace
{

[[noreturn]] void refuse()
{
    throw MirroredRingError (MirroredRingError::Reason::notSupported, "this system has no memory to share yet; Linux has");
}

} // namespace

SharedFile SharedFile::createAnonymous (bool) { refuse(); }
SharedFile SharedFile::createNamed (const std::string&) { refuse(); }
SharedFile SharedFile::createOnDisk (const std::string&) { refuse(); }
SharedFile SharedFile::openNamed (const std::string&) { refuse(); }
SharedFile SharedFile::openOnDisk (const std::string&) { refuse(); }
SharedFile SharedFile::openDescriptor (int) { refuse(); }
bool SharedFile::removeName (const std::string&) noexcept { return false; }
SharedFile::~SharedFile() = default;
void SharedFile::allocate (std::uint64_t) const { refuse(); }
void SharedFile::seal() const { refuse(); }
bool SharedFile::isSealed() const noexcept { return false; }
std::uint64_t SharedFile::getSize() const { refuse(); }
std::uint64_t SharedFile::getPageBytes() const { refuse(); }
bool SharedFile::read (std::uint64_t, void*, std::size_t) const { refuse(); }

#endif

} // namespace rt::detail
