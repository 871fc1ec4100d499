#pragma once

#include <stdexcept>
#include <string>

namespace rt
{

/** Why a MirroredRing could not be made, opened or attached to. Its text says what failed, why, and what to do about it. */
class MirroredRingError : public std::runtime_error
{
public:
    enum class Reason
    {
        badOption,    ///< a capacity, an alignment or a name that cannot be
        notSupported, ///< not on this system
        system,       ///< the system refused; see getSystemError()
        noHugePages,  ///< they were asked for, and there are not enough
        cannotLock,   ///< the memory could not be locked
        notARing,     ///< the file is none, is not ready yet, or is damaged
        otherVersion, ///< a ring of another version of this module
        notSealed,    ///< whoever passed the descriptor could cut the file off under our feet
        roleTaken,    ///< somebody is attached on that side
        corrupt       ///< the offsets or sizes in the shared memory cannot be
    };

    MirroredRingError (Reason reasonToKeep, const std::string& text, int systemErrorToKeep = 0)
        : std::runtime_error ("MirroredRing: " + text), reason (reasonToKeep), systemError (systemErrorToKeep)
    {
    }

    Reason getReason() const noexcept { return reason; }

    /** errno's value; 0 where it is not the system that refused. */
    int getSystemError() const noexcept { return systemError; }

private:
    Reason reason;
    int systemError;
};

} // namespace rt
