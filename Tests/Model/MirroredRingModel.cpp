// Every interleaving that relacy can think of: a MirroredRing's commit words, its offsets, and its sleep words. The memory is the
// model's own: words are relacy's atomics, and the bytes between them variables on which it reports every race.

#include <rt_queues/RingReader.h>
#include <rt_queues/RingWriter.h>

#include "RelacyPolicy.h"

#include <array>
#include <memory>
#include <optional>

namespace
{

using test::RelacyPolicy;

using Writer = rt::RingWriter<RelacyPolicy>;
using Reader = rt::RingReader<RelacyPolicy>;

/** A ring of a few granules of 8 bytes. Each granule is a word, or a part of a message. */
struct Memory
{
    static constexpr std::uint64_t numGranules = 8;

    Memory()
    {
        header.committed.store (0, std::memory_order_relaxed);
        header.released.store (0, std::memory_order_relaxed);
        header.readerAsleep.store (0, std::memory_order_relaxed);
        header.writerAsleep.store (0, std::memory_order_relaxed);

        for (auto& word : words)
            word.store (0, std::memory_order_relaxed);
    }

    rt::detail::RingView<RelacyPolicy> getView() { return { &header, words.data(), bytes.data(), numGranules * 8, 8 }; }

    // The second mapping's granules are the first one's.
    RelacyPolicy::Cell<int>& cellOf (const std::byte* place, std::size_t index)
    {
        return cells[(static_cast<std::size_t> (place - bytes.data()) / 8 + index) % numGranules];
    }

    void fill (std::span<std::byte> message, int value)
    {
        for (std::size_t i = 0; i < message.size() / 8; ++i)
            cellOf (message.data(), i).set (value);
    }

    bool contains (std::span<const std::byte> message, int value)
    {
        auto isRight = true;

        for (std::size_t i = 0; i < message.size() / 8; ++i)
            isRight = cellOf (message.data(), i).get() == value && isRight;

        return isRight;
    }

    rt::detail::RingHeader<RelacyPolicy> header;
    std::array<RelacyPolicy::Atomic<std::uint64_t>, numGranules> words;
    std::array<RelacyPolicy::Cell<int>, numGranules> cells;
    std::array<std::byte, 2 * numGranules * 8> bytes{}; // addresses only
};

std::size_t sizeOf (int value) { return static_cast<std::size_t> (value % 4) * 8; }

/** One writes singly and in batches, aborts and shortens; the other reads singly and in batches, and leaves messages for
    later. The ring is full all the time and goes round.
*/
struct Messages : rl::test_suite<Messages, 2>
{
    static constexpr int numMessages = 7;

    std::unique_ptr<Memory> memory;
    std::optional<Writer> writer;
    std::optional<Reader> reader;

    void before()
    {
        memory = std::make_unique<Memory>();
        writer.emplace (memory->getView());
        reader.emplace (memory->getView());
    }

    void thread (unsigned index)
    {
        if (index == 0)
            write();
        else
            read();
    }

    void write()
    {
        for (int next = 1; next <= numMessages;)
        {
            if (next % 3 == 0 && next < numMessages)
            {
                auto batch = writer->startBatch();
                const auto first = batch.add (sizeOf (next) + 8);

                if (first.data() == nullptr)
                {
                    RelacyPolicy::pause();
                    continue;
                }

                batch.shrinkLast (sizeOf (next));
                memory->fill (first.first (sizeOf (next)), next);
                const auto second = batch.add (sizeOf (next + 1));

                if (second.data() == nullptr)
                    RL_ASSERT (batch.getStatus() == rt::RingStatus::full);
                else
                    memory->fill (second, next + 1);

                batch.commit();
                next += second.data() == nullptr ? 1 : 2;
                continue;
            }

            auto message = writer->reserve (sizeOf (next));

            if (! message)
            {
                RL_ASSERT (message.getStatus() == rt::RingStatus::full);
                RelacyPolicy::pause();
                continue;
            }

            memory->fill (message.getBytes(), next);

            if (next % 4 == 1)
            {
                // Written, given up, and written again.
                message.abort();
                auto again = writer->reserve (sizeOf (next));
                RL_ASSERT (again);
                memory->fill (again.getBytes(), next);
                again.commit();
            }
            else
            {
                message.commit();
            }

            ++next;
        }
    }

    void read()
    {
        for (int next = 1; next <= numMessages;)
        {
            if (next % 2 == 0)
            {
                auto batch = reader->readBatch();
                auto numRead = 0;

                for (auto bytes = batch.next(); bytes.data() != nullptr; bytes = batch.next())
                {
                    RL_ASSERT (bytes.size() == sizeOf (next + numRead) && memory->contains (bytes, next + numRead));
                    ++numRead;
                }

                RL_ASSERT (batch.getStatus() == rt::RingStatus::empty);
                next += numRead;
                batch.release();

                if (numRead == 0)
                    RelacyPolicy::pause();

                continue;
            }

            auto message = reader->read();

            if (! message)
            {
                RL_ASSERT (message.getStatus() == rt::RingStatus::empty);
                RelacyPolicy::pause();
                continue;
            }

            message.keep();
            auto again = reader->read();
            RL_ASSERT (again && again.getBytes().size() == sizeOf (next) && memory->contains (again.getBytes(), next));
            again.release();
            ++next;
        }
    }

    void after()
    {
        RL_ASSERT (reader->canRead() == rt::RingStatus::empty);
        RL_ASSERT (memory->header.committed.load (std::memory_order_relaxed)
                   == memory->header.released.load (std::memory_order_relaxed));
    }
};

/** Both sleep whenever there is nothing to do, and wake each other: one that sleeps on after a wake ends the model. */
struct Sleepers : rl::test_suite<Sleepers, 2>
{
    static constexpr int numMessages = 4;

    std::unique_ptr<Memory> memory;
    std::optional<Writer> writer;
    std::optional<Reader> reader;

    void before()
    {
        memory = std::make_unique<Memory>();
        writer.emplace (memory->getView());
        reader.emplace (memory->getView());
    }

    // What a futex does: it sleeps until the word is another one. RingWriter::wait() then takes the word back in the same way.
    static void sleepOn (RelacyPolicy::Atomic<std::uint32_t>& word)
    {
        while (word.load (std::memory_order_relaxed) == 1)
            RelacyPolicy::pause();

        word.exchange (0, std::memory_order_acq_rel);
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            for (int next = 1; next <= numMessages; ++next)
            {
                // Two of these do not fit.
                while (writer->canWrite (32) != rt::RingStatus::ok)
                    if (writer->prepareToWait (32))
                        sleepOn (memory->header.writerAsleep);

                auto message = writer->reserve (32);
                memory->fill (message.getBytes(), next);
                message.commit();
                writer->takeWakeRequest();
            }
        }
        else
        {
            for (int next = 1; next <= numMessages; ++next)
            {
                while (reader->canRead() != rt::RingStatus::ok)
                    if (reader->prepareToWait())
                        sleepOn (memory->header.readerAsleep);

                auto message = reader->read();
                RL_ASSERT (memory->contains (message.getBytes(), next));
                message.release();
                reader->takeWakeRequest();
            }
        }
    }
};

/** The writer leaves anywhere, and another one takes over while the reader reads on: what puts the one's stores before the
    other's loads is what the kernel's lock is in a program, here an atomic.
*/
struct Successors : rl::test_suite<Successors, 3>
{
    static constexpr int numMessages = 6;

    std::unique_ptr<Memory> memory;
    std::unique_ptr<RelacyPolicy::Atomic<int>> lock;
    std::optional<Reader> reader;

    void before()
    {
        memory = std::make_unique<Memory>();
        lock = std::make_unique<RelacyPolicy::Atomic<int>> (0);
        reader.emplace (memory->getView());
    }

    void write (int first, int last)
    {
        Writer writer (memory->getView());
        RL_ASSERT (writer.getStatus() == rt::RingStatus::ok);

        for (int next = first; next <= last;)
        {
            auto message = writer.reserve (sizeOf (next));

            if (! message)
            {
                RelacyPolicy::pause();
                continue;
            }

            memory->fill (message.getBytes(), next++);
            message.commit();
        }

        if (auto unfinished = writer.reserve (0))
            return; // given up
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            write (1, numMessages / 2);
            lock->store (1, std::memory_order_release);
        }
        else if (index == 1)
        {
            while (lock->load (std::memory_order_acquire) == 0)
                RelacyPolicy::pause();

            write (numMessages / 2 + 1, numMessages);
        }
        else
        {
            for (int next = 1; next <= numMessages;)
            {
                const auto message = reader->read();

                if (! message)
                {
                    RL_ASSERT (message.getStatus() == rt::RingStatus::empty);
                    RelacyPolicy::pause();
                    continue;
                }

                RL_ASSERT (message.getBytes().size() == sizeOf (next) && memory->contains (message.getBytes(), next));
                ++next;
            }
        }
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    test::check<Messages> ("MirroredRing, messages and batches", numExecutions);
    test::check<Sleepers> ("MirroredRing, sleep and wake", numExecutions);
    test::check<Successors> ("MirroredRing, a writer's successor", numExecutions);
}
