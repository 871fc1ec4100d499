#pragma once

#include "Stress.h"

#include <rt_queues/MirroredRing.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace stress
{

/** What the messages of these tests begin with; the rest are bytes that follow from the number. */
struct RingMessage
{
    std::uint64_t number;
    std::uint32_t indexInBatch;
    std::uint32_t batchSize; // 1 for single ones

    /** The length of that message, here and in every other process. Mostly short, sometimes nearly the ring. */
    static std::size_t lengthOf (std::uint64_t number, std::size_t largest)
    {
        Random random (number);
        const auto isLong = random.below (40) == 0;
        return sizeof (RingMessage)
               + random.below (isLong ? largest - sizeof (RingMessage) : std::min<std::size_t> (largest / 8, 200));
    }

    static std::byte byteOf (std::uint64_t number, std::size_t index)
    {
        return static_cast<std::byte> (number * 0x9e3779b97f4a7c15u >> 56 ^ index);
    }

    /** Calls `pause` in the middle of it. */
    template <typename Pause>
    static void fill (std::span<std::byte> bytes, const RingMessage& message, Pause pause)
    {
        std::memcpy (bytes.data(), &message, sizeof (message));
        pause();

        for (std::size_t i = sizeof (message); i < bytes.size(); ++i)
            bytes[i] = byteOf (message.number, i);

        pause();
    }

    static RingMessage check (std::span<const std::byte> bytes, std::size_t largest)
    {
        RingMessage message{};
        require (bytes.size() >= sizeof (message), "a message has its length");
        std::memcpy (&message, bytes.data(), sizeof (message));
        require (bytes.size() == lengthOf (message.number, largest), "a message has its own length");
        auto isWhole = true;

        for (std::size_t i = sizeof (message); i < bytes.size(); ++i)
            isWhole = isWhole && bytes[i] == byteOf (message.number, i);

        require (isWhole, "a message is whole");
        return message;
    }
};

/** Writes messages, singly and in batches, some of which it gives up. */
template <typename Writer, typename Pause>
class RingAuthor
{
public:
    RingAuthor (Writer& writerToUse, std::uint64_t firstNumber, std::uint64_t seed, Pause pauseToCall)
        : writer (writerToUse), next (firstNumber), random (seed), pause (pauseToCall), largest (writer.getLargestMessage())
    {
    }

    std::uint64_t getNext() const { return next; }

    /** One message or batch; false if there was no room for it. */
    bool write()
    {
        const auto mostTogether = random.below (3) == 0 ? random.below (6) : 0;

        if (mostTogether < 2)
            return writeOne();

        // How many fit together must be known before, since each says how many they are.
        std::uint32_t numTogether = 0;
        std::size_t total = 0;

        while (numTogether < mostTogether)
        {
            const auto length = RingMessage::lengthOf (next + numTogether, largest) + 64;

            if (total + length > largest || writer.canWrite (total + length) != rt::RingStatus::ok)
                break;

            total += length;
            ++numTogether;
        }

        if (numTogether == 0)
            return writeOne();

        const auto isGivenUp = random.below (4) == 0;
        auto batch = writer.startBatch();

        for (std::uint32_t i = 0; i < numTogether; ++i)
        {
            const auto length = RingMessage::lengthOf (next + i, largest);
            const auto tooMuch = random.below (2) * random.below (40);
            auto bytes = batch.add (length + tooMuch);
            require (bytes.data() != nullptr, "there is the room that there was");
            batch.shrinkLast (length);
            RingMessage::fill (bytes.first (length), { next + i, i, numTogether }, pause);
        }

        if (isGivenUp)
            return true;

        batch.commit();
        next += numTogether;
        return true;
    }

private:
    bool writeOne()
    {
        const auto length = RingMessage::lengthOf (next, largest);
        const auto isGivenUp = random.below (6) == 0;
        auto message = writer.reserve (length);

        if (! message)
        {
            require (message.getStatus() == rt::RingStatus::full, "a message that does not fit now will fit later");
            return false;
        }

        RingMessage::fill (message.getBytes(), { next, 0, 1 }, pause);

        if (isGivenUp)
            return true;

        message.commit();
        ++next;
        return true;
    }

    Writer& writer;
    std::uint64_t next;
    Random random;
    Pause pause;
    std::size_t largest;
};

/** Checks messages in the order in which they come. */
class RingCritic
{
public:
    explicit RingCritic (std::size_t largestMessage) : largest (largestMessage) {}

    void check (std::span<const std::byte> bytes)
    {
        const auto message = RingMessage::check (bytes, largest);
        require (message.number == next, "messages come in order, and none is lost or comes twice");
        require (message.indexInBatch == (leftOfBatch > 0 ? batchSize - leftOfBatch : 0),
                 "a batch comes whole, and in order");

        if (leftOfBatch == 0)
            leftOfBatch = batchSize = message.batchSize;

        require (message.batchSize == batchSize, "a batch stays together");
        --leftOfBatch;
        ++next;
    }

    /** The next number that must come. */
    std::uint64_t getNext() const { return next; }

    void expect (std::uint64_t number)
    {
        next = number;
        leftOfBatch = 0;
    }

    /** Whether the last batch is complete. */
    bool isBetweenBatches() const { return leftOfBatch == 0; }

private:
    std::size_t largest;
    std::uint64_t next = 1;
    std::uint32_t batchSize = 0;
    std::uint32_t leftOfBatch = 0;
};

} // namespace stress
