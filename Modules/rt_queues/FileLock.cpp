// One at a time, until it dies: Linux's locks of open file descriptions.

#include "detail/FileLock.h"

#include "MirroredRingError.h"

#ifdef __linux__
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#endif

namespace rt::detail
{

#ifdef __linux__

namespace
{

// A byte of the file for each role. What is in there does not matter.
struct flock lockOf (FileLock::Role role)
{
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = role == FileLock::Role::writer ? 0 : 1;
    lock.l_len = 1;
    return lock;
}

} // namespace

FileLock::FileLock (const SharedFile& fileToLock, Role roleToTake) : file (fileToLock.reopen()), role (roleToTake)
{
    auto lock = lockOf (role);

    if (fcntl (file.getDescriptor(), F_OFD_SETLK, &lock) == 0)
        return;

    const auto error = errno;
    const std::string name = role == Role::writer ? "writer" : "reader";

    if (error == EAGAIN || error == EACCES)
        throw MirroredRingError (MirroredRingError::Reason::roleTaken,
                                 "the ring has a " + name + " already; wait until it has left or died", error);

    throw MirroredRingError (MirroredRingError::Reason::system, "cannot become the " + name + ": " + std::strerror (error),
                             error);
}

bool FileLock::isTaken (const SharedFile& opened, Role roleToLookAt)
{
    auto lock = lockOf (roleToLookAt);

    if (fcntl (opened.getDescriptor(), F_OFD_GETLK, &lock) != 0)
    {
        const auto error = errno;
        throw MirroredRingError (MirroredRingError::Reason::system,
                                 std::string ("cannot ask for the other side: ") + std::strerror (error), error);
    }

    return lock.l_type != F_UNLCK;
}

#else

FileLock::FileLock (const SharedFile& fileToLock, Role roleToTake) : file (fileToLock.reopen()), role (roleToTake) {}

bool FileLock::isTaken (const SharedFile&, Role) { return false; }

#endif

} // namespace rt::detail
