#pragma once

#include "RingStatus.h"
#include "detail/RingLease.h"
#include "detail/RingView.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace rt
{

/** The writing end of a MirroredRing, from MirroredRing::attachWriter(): for one thread at a time. Moves, does not copy; not while
    a message or a batch of it is open.

    A message is written where it will be read: reserve() gives its bytes, commit() publishes them, and a message that
    is not committed has never been. A batch does that with many messages: its commit publishes all of them at once, or none.

    Everything but the constructor, wait(), isPeerAlive() and the end of this object is for real-time threads: wait-free, without a
    system call, an allocation or a lock. A wake is a system call if the reader sleeps, and nothing else wakes a reader.

    What the other side writes into the shared memory is looked at as an enemy's: an offset that cannot be ends this writer
    (RingStatus::corrupt), and none makes it write outside of the ring.

    Memory orders (numbers as in the code; RingReader has the partners):
    the release store (1) of a message's word pairs with the reader's acquire load (2): it brings the message, those of
    the same batch and their words (3), and the cleared word behind the last one (4), all of them written relaxed before.
    The acquire load (5) of the reader's offset pairs with its release store (6): what was read there has been read before it is
    written over. The committed offset (7) tells a writer to come where to begin, and is a hint: the truth are the words. Between
    two processes, one of which is dead, the kernel's lock is what puts one writer's stores before the next one's loads.
    Sleep and wake: both sides exchange (8) (9) the same word, acquire and release. If the reader's comes second, it reads from
    the writer's and so sees the message that was committed before; if the writer's does, it finds the reader asleep.
*/
template <typename Policy = StdPolicy>
class RingWriter
{
public:
    /** A place for one message. It aborts at its end if it was not committed. */
    class Message
    {
    public:
        Message (Message&& other) noexcept
            : writer (std::exchange (other.writer, nullptr)), bytes (other.bytes), status (other.status)
        {
        }

        Message (const Message&) = delete;
        Message& operator= (const Message&) = delete;
        Message& operator= (Message&&) = delete;
        ~Message() { abort(); }

        /** Whether there was room. */
        explicit operator bool() const noexcept { return writer != nullptr; }

        /** Why there is no message, or ok. */
        RingStatus getStatus() const noexcept { return status; }

        /** Where to write, as many bytes as asked for; they contain anything. Contiguous. */
        std::span<std::byte> getBytes() const noexcept { return bytes; }

        /** Publishes the message. Wait-free: three atomic steps. Nothing happens if there is none. */
        void commit() noexcept { commit (bytes.size()); }

        /** Publishes the first bytes, not more than there are. Wait-free: three atomic steps. */
        void commit (std::size_t numBytes) noexcept
        {
            if (auto* const w = std::exchange (writer, nullptr))
            {
                numBytes = std::min (numBytes, bytes.size());
                const auto stride = w->view.strideOf (numBytes);
                w->publish (detail::RingWord::make (w->offset, numBytes), w->offset + stride,
                            w->view.advance (w->position, stride));
            }
        }

        /** Gives the place back. Wait-free: no atomic step. */
        void abort() noexcept
        {
            if (auto* const w = std::exchange (writer, nullptr))
                w->isOpen = false;
        }

    private:
        friend class RingWriter;

        Message (RingWriter* w, std::span<std::byte> b, RingStatus s) noexcept : writer (w), bytes (b), status (s) {}

        RingWriter* writer;
        std::span<std::byte> bytes;
        RingStatus status;
    };

    /** Places for many messages, published together. It aborts at its end if it was not committed.

        It is quickest as a local variable: what is written to the messages could then not possibly change it.
    */
    class Batch
    {
    public:
        Batch (Batch&& other) noexcept
            : view (other.view), writer (std::exchange (other.writer, nullptr)), offset (other.offset),
              position (other.position), limit (other.limit), lastOffset (other.lastOffset),
              lastPosition (other.lastPosition), lastBytes (other.lastBytes), firstWord (other.firstWord),
              status (other.status)
        {
        }

        Batch (const Batch&) = delete;
        Batch& operator= (const Batch&) = delete;
        Batch& operator= (Batch&&) = delete;
        ~Batch() { abort(); }

        /** Adds a message: returns its bytes, or a span whose data() is null, for which getStatus() has the reason; what was
            added before stays. The bytes stay where they are until commit().
            Wait-free: at most two atomic steps.
        */
        std::span<std::byte> add (std::size_t numBytes) noexcept
        {
            if (writer == nullptr)
                return {};

            const auto stride = view.strideOf (numBytes);

            if (numBytes > writer->largest || stride > limit - offset)
            {
                status = writer->lookForRoom (numBytes, offset);
                limit = writer->limit;

                if (status != RingStatus::ok)
                    return {};
            }

            status = RingStatus::ok;
            prefetch (view, position);
            lastOffset = offset;
            lastPosition = position;
            setLast (numBytes);
            return { view.messages + lastPosition, numBytes };
        }

        /** Makes the message that was added last shorter; not longer. Wait-free: at most one atomic step. */
        void shrinkLast (std::size_t numBytes) noexcept
        {
            if (writer != nullptr && offset != writer->offset && numBytes < lastBytes)
                setLast (numBytes);
        }

        /** What became of the last add(). */
        RingStatus getStatus() const noexcept { return status; }

        /** Publishes all that was added; nothing if that is nothing. Wait-free: three atomic steps, however many they are. */
        void commit() noexcept
        {
            if (auto* const w = std::exchange (writer, nullptr))
            {
                if (offset != w->offset)
                    w->publish (firstWord, offset, position);
                else
                    w->isOpen = false;
            }
        }

        /** Gives all places back. Wait-free: no atomic step. */
        void abort() noexcept
        {
            if (auto* const w = std::exchange (writer, nullptr))
                w->isOpen = false;
        }

    private:
        friend class RingWriter;

        Batch (RingWriter* w, RingStatus s) noexcept : writer (w), status (s) {}

        explicit Batch (RingWriter& w) noexcept
            : view (w.view), writer (&w), offset (w.offset), position (w.position), limit (w.limit)
        {
        }

        // The first message's word is what commits all of them, so it is kept back.
        void setLast (std::uint64_t numBytes) noexcept
        {
            const auto word = detail::RingWord::make (lastOffset, numBytes);
            const auto stride = view.strideOf (numBytes);

            if (lastOffset == writer->offset)
                firstWord = word;
            else
                view.wordAt (lastPosition).store (word, std::memory_order_relaxed); // (3), published by (1)

            lastBytes = numBytes;
            offset = lastOffset + stride;
            position = view.advance (lastPosition, stride);
        }

        detail::RingView<Policy> view;
        RingWriter* writer;
        std::uint64_t offset = 0; // behind what was added
        std::uint64_t position = 0;
        std::uint64_t limit = 0;
        std::uint64_t lastOffset = 0;
        std::uint64_t lastPosition = 0;
        std::uint64_t lastBytes = 0;
        std::uint64_t firstWord = detail::RingWord::none;
        RingStatus status = RingStatus::ok;
    };

    /** Attached to nothing: every attempt says `detached`. */
    RingWriter() noexcept = default;

    /** For MirroredRing, and for tests that have memory of their own. Begins behind what was committed last. If the memory
        cannot be a ring's, the writer is `corrupt` from the start.
    */
    explicit RingWriter (const detail::RingView<Policy>& viewToUse,
                         std::shared_ptr<detail::RingLease> leaseToKeep = {}) noexcept
        : view (viewToUse), lease (std::move (leaseToKeep))
    {
        largest = view.largestMessage();
        status = RingStatus::ok;
        resume();
    }

    RingWriter (RingWriter&& other) noexcept { *this = std::move (other); }

    RingWriter& operator= (RingWriter&& other) noexcept
    {
        if (this != &other)
        {
            view = std::exchange (other.view, {});
            lease = std::move (other.lease);
            largest = std::exchange (other.largest, 0);
            offset = std::exchange (other.offset, 0);
            position = std::exchange (other.position, 0);
            limit = std::exchange (other.limit, 0);
            status = std::exchange (other.status, RingStatus::detached);
            isOpen = std::exchange (other.isOpen, false);
        }

        return *this;
    }

    /** Detaches; what was committed stays. Not for real-time threads. */
    ~RingWriter() = default;

    /** ok, corrupt or detached. */
    RingStatus getStatus() const noexcept { return status; }

    /** The bytes of the largest message that fits into the empty ring: at least the capacity. Wait-free. */
    std::size_t getLargestMessage() const noexcept { return static_cast<std::size_t> (largest); }

    /** A place for a message of that size. Wait-free: at most one atomic step. */
    Message reserve (std::size_t numBytes) noexcept
    {
        if (isOpen)
            return { nullptr, {}, RingStatus::busy };

        const auto result = canWrite (numBytes);

        if (result != RingStatus::ok)
            return { nullptr, {}, result };

        prefetch (view, position);
        isOpen = true;
        return { this, { view.messages + position, numBytes }, result };
    }

    /** Begins a batch. Wait-free: no atomic step. */
    Batch startBatch() noexcept
    {
        if (isOpen || status != RingStatus::ok)
            return { nullptr, isOpen ? RingStatus::busy : status };

        isOpen = true;
        return Batch (*this);
    }

    /** Copies and publishes one message. Wait-free: at most four atomic steps, and the copy. */
    RingStatus write (std::span<const std::byte> message) noexcept
    {
        auto reserved = reserve (message.size());

        if (reserved && ! message.empty())
            std::memcpy (reserved.getBytes().data(), message.data(), message.size());

        reserved.commit();
        return reserved.getStatus();
    }

    /** Whether a message of that size would fit now, beside what is committed. Wait-free: at most one atomic step. */
    RingStatus canWrite (std::size_t numBytes) noexcept
    {
        return numBytes <= largest && view.strideOf (numBytes) <= limit - offset ? RingStatus::ok
                                                                                 : lookForRoom (numBytes, offset);
    }

    /** Whether the reader sleeps and wants to be woken; if so that is now the caller's business: see wake(). Wait-free*: one
        read-modify-write.
    */
    bool takeWakeRequest() noexcept
    {
        return status != RingStatus::detached
               && view.header->readerAsleep.exchange (0, std::memory_order_acq_rel) != 0; // (8) with (9)
    }

    /** Wakes the reader if it sleeps in wait(): to be called after a commit when there may be one that does. Wait-free* and one
        system call if it does.
    */
    void wake() noexcept
    {
        if (takeWakeRequest())
            lease->wake (view.header->readerAsleep);
    }

    /** Says that this thread is about to sleep until the reader has read on, and looks once more: true if a message of that
        size still does not fit, and the thread may sleep on the word. What wait() is made of.
    */
    bool prepareToWait (std::size_t numBytes) noexcept
    {
        view.header->writerAsleep.exchange (1, std::memory_order_acq_rel); // (9) with (8)

        if (canWrite (numBytes) == RingStatus::full)
            return true;

        view.header->writerAsleep.exchange (0,
                                            std::memory_order_acq_rel); // (9); a store would hide a wake from the next one
        return false;
    }

    /** Sleeps until a message of that size fits. The reader wakes it if it calls wake(); it looks by itself ten times a second.
        Not for real-time threads.
    */
    RingWait wait (std::size_t numBytes, std::chrono::nanoseconds longest)
    {
        auto* const header = view.header;
        return detail::waitForPeer (
            lease.get(), header != nullptr ? &header->writerAsleep : nullptr,
            header != nullptr ? &header->readerVisits : nullptr, longest, [&] { return canWrite (numBytes); },
            [&] { return prepareToWait (numBytes); });
    }

    /** What the reader last said of itself. Wait-free: one atomic step. */
    RingPeer getPeer() const noexcept
    {
        return status == RingStatus::detached ? RingPeer::never : detail::peerOf (view.header->readerVisits);
    }

    /** Changes whenever a reader comes or goes. Wait-free: one atomic step. */
    std::uint32_t getPeerVisits() const noexcept
    {
        return status == RingStatus::detached ? 0 : view.header->readerVisits.load (std::memory_order_acquire);
    }

    /** Whether a reader is attached, as the kernel knows, whatever became of its process. System calls: not for real-time threads. */
    bool isPeerAlive() const { return lease != nullptr && lease->isPeerAlive(); }

private:
    // The lines that the next messages will need are fetched while this one is written: a store that has to wait for its line
    // makes all that follow wait as well. Behind the ring's end they are those of its beginning.
    static void prefetch (const detail::RingView<Policy>& view, std::uint64_t position) noexcept
    {
        Policy::prefetchToWrite (view.messages + position + 2 * cacheLineBytes);
    }

    // Looks for the end of what was committed. A writer that was killed may have committed more than it has noted.
    void resume() noexcept
    {
        const auto released = view.header->released.load (std::memory_order_acquire);   // (5) with (6)
        const auto committed = view.header->committed.load (std::memory_order_acquire); // (7)
        offset = committed - released <= view.mostInside() ? committed : released;
        position = offset % view.dataBytes;
        limit = offset;

        if (! view.isAligned (released) || ! view.isAligned (offset))
        {
            status = RingStatus::corrupt;
            return;
        }

        while (const auto word = view.wordAt (position).load (std::memory_order_acquire)) // (2) with (1)
        {
            const auto stride = view.strideOf (detail::RingWord::getSize (word));

            if (! detail::RingWord::isPlausible (word, offset, largest) || offset + stride - released > view.mostInside())
            {
                status = RingStatus::corrupt;
                return;
            }

            offset += stride;
            position = view.advance (position, stride);
            limit = offset;
        }

        limit = released + view.mostInside();
        view.header->committed.store (offset, std::memory_order_release); // (7)
    }

    // Looks how far the reader is, when a message does not fit behind `end`, as far as that was known. Out of the way of those
    // that fit.
#if defined(__GNUC__)
    [[gnu::noinline]]
#endif
    RingStatus lookForRoom (std::uint64_t numBytes, std::uint64_t end) noexcept
    {
        if (status != RingStatus::ok)
            return status;

        if (numBytes > largest)
            return RingStatus::tooBig;

        const auto released = view.header->released.load (std::memory_order_acquire); // (5) with (6)
        const auto releasedBefore = limit - view.mostInside();

        // It may only have gone on, and not past what was committed.
        if (released - releasedBefore > offset - releasedBefore || ! view.isAligned (released))
        {
            status = RingStatus::corrupt;
            limit = offset;
            return status;
        }

        limit = released + view.mostInside();
        return view.strideOf (numBytes) <= limit - end ? RingStatus::ok : RingStatus::full;
    }

    // The words of all messages but the first are there.
    void publish (std::uint64_t firstWord, std::uint64_t endOffset, std::uint64_t endPosition) noexcept
    {
        isOpen = false;

        if (status != RingStatus::ok) // found out in the middle of a batch
            return;

        view.wordAt (endPosition).store (detail::RingWord::none, std::memory_order_relaxed); // (4), published by (1)
        view.wordAt (position).store (firstWord, std::memory_order_release);                 // (1) with (2)
        view.header->committed.store (endOffset, std::memory_order_release);                 // (7)
        offset = endOffset;
        position = endPosition;
    }

    detail::RingView<Policy> view;
    std::uint64_t largest = 0;
    std::uint64_t offset = 0;   // behind what was committed
    std::uint64_t position = 0; // the same in the ring
    std::uint64_t limit = 0;    // how far it may go, as far as the reader was known to be
    RingStatus status = RingStatus::detached;
    bool isOpen = false;
    std::shared_ptr<detail::RingLease> lease;
};

} // namespace rt
