#pragma once

#include "SharedFile.h"

namespace rt::detail
{

/** A role that one at a time can have, of all processes that have the file open. The kernel takes it back when whoever has it
    closes it or dies, in whatever way. Linux (open file description locks); elsewhere there are no files to lock.

    It opens the file anew: a lock belongs to an opened file, so one that was passed on with its descriptor, or inherited, would
    be shared with whoever it came from. For the same reason the file is not mapped through this descriptor.
*/
class FileLock
{
public:
    enum class Role
    {
        writer,
        reader
    };

    /** Throws MirroredRingError if somebody has the role. */
    FileLock (const SharedFile&, Role);

    /** Whether anybody else has that role. */
    bool isTaken (Role roleToLookAt) const { return isTaken (file, roleToLookAt); }

    /** Whether anybody has it who has not locked through this opened file. */
    static bool isTaken (const SharedFile&, Role);

    Role getRole() const noexcept { return role; }

private:
    SharedFile file;
    Role role;
};

} // namespace rt::detail
