#pragma once

#include <cstdint>

namespace rt
{

/** What became of an attempt to write to a MirroredRing or to read from it. */
enum class RingStatus : std::uint8_t
{
    ok,
    empty,   ///< reading: there is no message (more)
    full,    ///< writing: there is no room until the reader has read on
    tooBig,  ///< writing: no such message fits, ever
    busy,    ///< a message or batch of this side has not ended yet
    corrupt, ///< what the other side wrote into the shared memory cannot be. Stays so: this end is of no use any more
    detached ///< this end is attached to nothing
};

/** What ended a wait. */
enum class RingWait : std::uint8_t
{
    ready,     ///< there is a message, or room
    timedOut,  ///< there is not
    peerGone,  ///< there is not, and the other side has left or died
    corrupt,   ///< as RingStatus::corrupt
    impossible ///< there never will be: such a message fits nowhere, or this end is attached to nothing
};

/** What the other side of a MirroredRing last said about itself. One that was killed has said nothing. */
enum class RingPeer : std::uint8_t
{
    never, ///< nobody has been there
    here,  ///< it has attached, and has not detached
    left   ///< it has detached
};

} // namespace rt
