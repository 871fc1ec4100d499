#pragma once

#include "RingStatus.h"
#include "detail/RingLease.h"
#include "detail/RingView.h"

#include <chrono>
#include <memory>
#include <span>
#include <utility>

namespace rt
{

/** The reading end of a MirroredRing, from MirroredRing::attachReader(): for one thread at a time. Moves, does not copy; not while a
    message or a batch of it is open.

    A message is read where it was written: read() gives its bytes, and when the Message ends, their place is the writer's
    again. A reader that dies before leaves the message to the next reader.

    Everything but the constructor, wait(), isPeerAlive() and the end of this object is for real-time threads: wait-free, without a
    system call, an allocation or a lock. A wake is a system call if the writer sleeps, and nothing else wakes a writer.

    What the other side writes into the shared memory is looked at as an enemy's: a size that cannot be ends this reader
    (RingStatus::corrupt), and none makes it read outside of the ring. Contents are another matter: a writer that does not keep to
    the rules can change a message while it is read, so copy first what you check and then rely on.

    Memory orders: see RingWriter, whose partners (2), (6), (8) and (9) are here.
*/
template <typename Policy = StdPolicy>
class RingReader
{
public:
    /** A message, which has been read when this ends. */
    class Message
    {
    public:
        Message (Message&& other) noexcept
            : reader (std::exchange (other.reader, nullptr)), bytes (other.bytes), status (other.status)
        {
        }

        Message (const Message&) = delete;
        Message& operator= (const Message&) = delete;
        Message& operator= (Message&&) = delete;
        ~Message() { release(); }

        /** Whether there is a message. */
        explicit operator bool() const noexcept { return reader != nullptr; }

        /** Why there is none, or ok. */
        RingStatus getStatus() const noexcept { return status; }

        /** Contiguous. Not to be touched after release(). */
        std::span<const std::byte> getBytes() const noexcept { return bytes; }

        /** Gives the place back to the writer. Wait-free: one atomic step. */
        void release() noexcept
        {
            if (auto* const r = std::exchange (reader, nullptr))
            {
                const auto stride = r->view.strideOf (bytes.size());
                r->releaseTo (r->offset + stride, r->view.advance (r->position, stride));
            }
        }

        /** Leaves the message for the next read(). Wait-free: no atomic step. */
        void keep() noexcept
        {
            if (auto* const r = std::exchange (reader, nullptr))
                r->isOpen = false;
        }

    private:
        friend class RingReader;

        Message (RingReader* r, std::span<const std::byte> b, RingStatus s) noexcept : reader (r), bytes (b), status (s) {}

        RingReader* reader;
        std::span<const std::byte> bytes;
        RingStatus status;
    };

    /** Messages that have been read, all of them, when this ends. Quickest as a local variable. */
    class Batch
    {
    public:
        Batch (Batch&& other) noexcept
            : view (other.view), reader (std::exchange (other.reader, nullptr)), offset (other.offset),
              position (other.position), begin (other.begin), status (other.status)
        {
        }

        Batch (const Batch&) = delete;
        Batch& operator= (const Batch&) = delete;
        Batch& operator= (Batch&&) = delete;
        ~Batch() { release(); }

        /** The next message, or a span whose data() is null when there is none just now; then getStatus() has the reason. All
            of them stay where they are until the batch ends. Wait-free: one atomic step.
        */
        std::span<const std::byte> next() noexcept
        {
            if (reader == nullptr || status == RingStatus::corrupt)
                return {};

            const auto word = view.wordAt (position).load (std::memory_order_acquire); // (2) with (1)
            status = judge (view, word, offset, begin);

            if (status != RingStatus::ok)
            {
                if (status == RingStatus::corrupt)
                    reader->status = status;

                return {};
            }

            const std::span<const std::byte> bytes (view.messages + position,
                                                    static_cast<std::size_t> (detail::RingWord::getSize (word)));
            prefetch (view, position);
            const auto stride = view.strideOf (bytes.size());
            offset += stride;
            position = view.advance (position, stride);
            return bytes;
        }

        /** What became of the last next(). */
        RingStatus getStatus() const noexcept { return status; }

        /** Gives the places of all that next() returned back to the writer. Wait-free: one atomic step. */
        void release() noexcept
        {
            if (auto* const r = std::exchange (reader, nullptr))
            {
                if (offset != begin)
                    r->releaseTo (offset, position);
                else
                    r->isOpen = false;
            }
        }

        /** Leaves them for the next read(), all of them. Wait-free: no atomic step. */
        void keep() noexcept
        {
            if (auto* const r = std::exchange (reader, nullptr))
                r->isOpen = false;
        }

    private:
        friend class RingReader;

        Batch (RingReader* r, RingStatus s) noexcept : reader (r), status (s) {}

        explicit Batch (RingReader& r) noexcept
            : view (r.view), reader (&r), offset (r.offset), position (r.position), begin (r.offset)
        {
        }

        detail::RingView<Policy> view;
        RingReader* reader;
        std::uint64_t offset = 0; // behind what next() returned
        std::uint64_t position = 0;
        std::uint64_t begin = 0;
        RingStatus status = RingStatus::ok;
    };

    /** Attached to nothing: every attempt says `detached`. */
    RingReader() noexcept = default;

    /** For MirroredRing, and for tests that have memory of their own. Begins with the oldest message that was not released. If the
        memory cannot be a ring's, the reader is `corrupt` from the start.
    */
    explicit RingReader (const detail::RingView<Policy>& viewToUse,
                         std::shared_ptr<detail::RingLease> leaseToKeep = {}) noexcept
        : view (viewToUse), lease (std::move (leaseToKeep))
    {
        largest = view.largestMessage();
        const auto released = view.header->released.load (std::memory_order_acquire); // (6)
        status = view.isAligned (released) ? RingStatus::ok : RingStatus::corrupt;
        offset = released;
        position = released % view.dataBytes;
    }

    RingReader (RingReader&& other) noexcept { *this = std::move (other); }

    RingReader& operator= (RingReader&& other) noexcept
    {
        if (this != &other)
        {
            view = std::exchange (other.view, {});
            lease = std::move (other.lease);
            largest = std::exchange (other.largest, 0);
            offset = std::exchange (other.offset, 0);
            position = std::exchange (other.position, 0);
            status = std::exchange (other.status, RingStatus::detached);
            isOpen = std::exchange (other.isOpen, false);
        }

        return *this;
    }

    /** Detaches; what was not released stays for the next reader. Not for real-time threads. */
    ~RingReader() = default;

    /** ok, corrupt or detached. */
    RingStatus getStatus() const noexcept { return status; }

    /** The bytes of the largest message that can come. Wait-free. */
    std::size_t getLargestMessage() const noexcept { return static_cast<std::size_t> (largest); }

    /** The oldest message. Wait-free: one atomic step, and one when the message ends. */
    Message read() noexcept
    {
        if (isOpen)
            return { nullptr, {}, RingStatus::busy };

        std::uint64_t word = 0;
        const auto result = look (word);

        if (result != RingStatus::ok)
            return { nullptr, {}, result };

        isOpen = true;
        return { this, { view.messages + position, static_cast<std::size_t> (detail::RingWord::getSize (word)) }, result };
    }

    /** Begins to read several. Wait-free: no atomic step. */
    Batch readBatch() noexcept
    {
        if (isOpen || status != RingStatus::ok)
            return { nullptr, isOpen ? RingStatus::busy : status };

        isOpen = true;
        return Batch (*this);
    }

    /** ok if there is a message, else why there is none. Wait-free: one atomic step. */
    RingStatus canRead() noexcept
    {
        std::uint64_t word = 0;
        return look (word);
    }

    /** Reads past all that is there, but not more than a ring's worth, and returns how many messages that were. As many steps as
        messages, and two.
    */
    std::size_t skipAll() noexcept
    {
        std::size_t numSkipped = 0;
        auto batch = readBatch();

        while (batch.next().data() != nullptr)
            ++numSkipped;

        return numSkipped;
    }

    /** Whether the writer sleeps and wants to be woken; if so that is now the caller's business: see wake(). Wait-free*: one
        read-modify-write.
    */
    bool takeWakeRequest() noexcept
    {
        return status != RingStatus::detached
               && view.header->writerAsleep.exchange (0, std::memory_order_acq_rel) != 0; // (8) with (9)
    }

    /** Wakes the writer if it sleeps in wait(): to be called after a message's end when there may be one that does. Wait-free* and
        one system call if it does.
    */
    void wake() noexcept
    {
        if (takeWakeRequest())
            lease->wake (view.header->writerAsleep);
    }

    /** Says that this thread is about to sleep until something is written, and looks once more: true if there is no message, and
        the thread may sleep on the word. What wait() is made of.
    */
    bool prepareToWait() noexcept
    {
        view.header->readerAsleep.exchange (1, std::memory_order_acq_rel); // (9) with (8)

        if (canRead() == RingStatus::empty)
            return true;

        view.header->readerAsleep.exchange (0,
                                            std::memory_order_acq_rel); // (9); a store would hide a wake from the next one
        return false;
    }

    /** Sleeps until there is a message. The writer wakes it if it calls wake(); it looks by itself ten times a second. Not for
        real-time threads.
    */
    RingWait wait (std::chrono::nanoseconds longest)
    {
        auto* const header = view.header;
        return detail::waitForPeer (
            lease.get(), header != nullptr ? &header->readerAsleep : nullptr,
            header != nullptr ? &header->writerVisits : nullptr, longest, [this] { return canRead(); },
            [this] { return prepareToWait(); });
    }

    /** What the writer last said of itself. Once it has left, all that it committed is there. Wait-free: one atomic step. */
    RingPeer getPeer() const noexcept
    {
        return status == RingStatus::detached ? RingPeer::never : detail::peerOf (view.header->writerVisits);
    }

    /** Changes whenever a writer comes or goes. Wait-free: one atomic step. */
    std::uint32_t getPeerVisits() const noexcept
    {
        return status == RingStatus::detached ? 0 : view.header->writerVisits.load (std::memory_order_acquire);
    }

    /** Whether a writer is attached, as the kernel knows, whatever became of its process. System calls: not for real-time threads. */
    bool isPeerAlive() const { return lease != nullptr && lease->isPeerAlive(); }

private:
    // Where the next word is, only the one before it tells, so the processor cannot fetch ahead by itself. Behind the ring's end
    // there is its beginning.
    static void prefetch (const detail::RingView<Policy>& view, std::uint64_t position) noexcept
    {
        Policy::prefetchToRead (view.messages + position + cacheLineBytes);
    }

    // Whether there is a message behind the word at that offset, when as much as from `begin` on has been taken. The word was read
    // once: it may be another one already, if the writer does not keep to the rules. And a chain of messages that goes on
    // past a whole ring goes round in circles.
    static RingStatus judge (const detail::RingView<Policy>& view, std::uint64_t word, std::uint64_t offset,
                             std::uint64_t begin) noexcept
    {
        if (word == detail::RingWord::none)
            return RingStatus::empty;

        const auto size = detail::RingWord::getSize (word);
        return detail::RingWord::isPlausible (word, offset, view.largestMessage())
                       && offset - begin + view.strideOf (size) <= view.mostInside()
                   ? RingStatus::ok
                   : RingStatus::corrupt;
    }

    RingStatus look (std::uint64_t& word) noexcept
    {
        if (status != RingStatus::ok)
            return status;

        word = view.wordAt (position).load (std::memory_order_acquire); // (2) with (1)
        const auto result = judge (view, word, offset, offset);

        if (result == RingStatus::corrupt)
            status = result;

        return result;
    }

    void releaseTo (std::uint64_t newOffset, std::uint64_t newPosition) noexcept
    {
        view.header->released.store (newOffset, std::memory_order_release); // (6) with (5)
        offset = newOffset;
        position = newPosition;
        isOpen = false;
    }

    detail::RingView<Policy> view;
    std::uint64_t largest = 0;
    std::uint64_t offset = 0;   // behind what was released
    std::uint64_t position = 0; // the same in the ring
    RingStatus status = RingStatus::detached;
    bool isOpen = false;
    std::shared_ptr<detail::RingLease> lease;
};

} // namespace rt
