#pragma once

#include "MirroredRingError.h"
#include "MirroredRingOptions.h"
#include "RingReader.h"
#include "RingWriter.h"

#include <cstddef>
#include <memory>
#include <string>

namespace rt
{

/** A queue of bytes for messages of any length, from one thread to one other one, which may be in another process: contiguous, not
    copied, without a gap at the ring's end, since the memory is mapped twice in a row.

    The ring is memory with a name or a descriptor. Its two roles are attached to: attachWriter(), attachReader(), each by one
    at a time. What happens to messages is in RingWriter and RingReader.

    A process that dies, in whatever way, loses its role at once, and the next one that attaches goes on where it was: a writer
    behind the last commit, a reader with the first message that was not released, which may be one that its predecessor had
    just read. What was not committed has never been.

    Between processes that do not trust each other use the anonymous ring: its file is sealed, so that its size cannot change
    (a file that is cut off takes its readers with it, by SIGBUS). Named rings and those on a disk are for processes of one
    mind. The huge pages of a sealed ring can be taken back by the other side, too.

    Everything here allocates and makes system calls: not for real-time threads. All functions throw MirroredRingError, and none
    changes the ring that it was to open. Linux: elsewhere every one of them says that it is not supported.

    A child made by fork() shares the roles that were attached before, until it calls exec: attach after it.

    Algorithm: the contiguous queue of "A Doubly-MMapped Contiguous Shared-Memory Lock-Free Queue"; the word in front of a message
    that commits it, so that what a reader waits for is on the line with the message, is that of D. Meng's SPSC_Queue.
*/
class MirroredRing
{
public:
    /** Belongs to no ring. */
    MirroredRing() noexcept = default;

    /** A ring without a name, sealed. Pass getDescriptor() to the other process (inherited, or over a socket). */
    static MirroredRing createAnonymous (const MirroredRingOptions&);

    /** A ring in shared memory, whose name begins with a slash; one that exists is left alone, and an error. It stays until
        removeNamed() is called, and then until nobody uses it.
    */
    static MirroredRing createNamed (const std::string& name, const MirroredRingOptions&);

    /** A ring in a new file, of which the system brings to the disk what it likes when it likes. */
    static MirroredRing createFile (const std::string& path, const MirroredRingOptions&);

    /** Opens the ring behind a descriptor, which stays the caller's and may be closed. The file must be sealed. */
    static MirroredRing openDescriptor (int descriptor, const MirroredRingMapping& = {});
    static MirroredRing openNamed (const std::string& name, const MirroredRingMapping& = {});
    static MirroredRing openFile (const std::string& path, const MirroredRingMapping& = {});

    /** Takes the name away; who has the ring open keeps it. False if there was no such name. */
    static bool removeNamed (const std::string& name) noexcept;

    explicit operator bool() const noexcept { return memory != nullptr; }

    /** To be passed on; it stays open for as long as this object, or an end that was attached. -1 if there is no ring. */
    int getDescriptor() const noexcept;

    /** The bytes of the largest message that fits. */
    std::size_t getLargestMessage() const noexcept { return memory == nullptr ? 0 : viewAs<StdPolicy>().largestMessage(); }

    /** The bytes of the ring itself. */
    std::size_t getDataBytes() const noexcept { return view.dataBytes; }

    std::size_t getAlignment() const noexcept { return view.alignment; }

    /** The writing end, which keeps the memory alive. Fails if somebody is there. */
    template <typename Policy = StdPolicy>
    RingWriter<Policy> attachWriter() const
    {
        auto lease = makeLease (detail::FileLock::Role::writer);
        return checked (RingWriter<Policy> (viewAs<Policy>(), std::move (lease)));
    }

    /** The reading end, which keeps the memory alive. Fails if somebody is there. */
    template <typename Policy = StdPolicy>
    RingReader<Policy> attachReader() const
    {
        auto lease = makeLease (detail::FileLock::Role::reader);
        return checked (RingReader<Policy> (viewAs<Policy>(), std::move (lease)));
    }

    /** Whether somebody is attached there. */
    bool hasWriter() const { return isTaken (detail::FileLock::Role::writer); }
    bool hasReader() const { return isTaken (detail::FileLock::Role::reader); }

private:
    explicit MirroredRing (std::shared_ptr<const detail::MirroredMemory>) noexcept;

    static MirroredRing make (detail::SharedFile, const MirroredRingOptions&);
    static MirroredRing open (detail::SharedFile, const MirroredRingMapping&);

    std::shared_ptr<detail::RingLease> makeLease (detail::FileLock::Role) const;
    bool isTaken (detail::FileLock::Role) const;

    // The memory through another policy's atomics, which must look the same.
    template <typename Policy>
    detail::RingView<Policy> viewAs() const noexcept
    {
        using Word = typename Policy::template Atomic<std::uint64_t>;
        static_assert (sizeof (Word) == sizeof (std::uint64_t)
                       && sizeof (detail::RingHeader<Policy>) == sizeof (detail::RingHeader<StdPolicy>));
        return { static_cast<detail::RingHeader<Policy>*> (static_cast<void*> (view.header)),
                 static_cast<Word*> (static_cast<void*> (view.words)), view.messages, view.dataBytes, view.alignment };
    }

    template <typename End>
    static End checked (End end)
    {
        if (end.getStatus() != RingStatus::ok)
            throw MirroredRingError (MirroredRingError::Reason::corrupt,
                                     "the offsets or sizes in the ring's memory cannot be; whoever wrote them was not "
                                     "this program, or was damaged; make a new ring");

        return end;
    }

    std::shared_ptr<const detail::MirroredMemory> memory;
    detail::RingView<StdPolicy> view;
};

} // namespace rt
