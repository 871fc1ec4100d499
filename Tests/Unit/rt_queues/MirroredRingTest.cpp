// What becomes of messages: sizes, order, commit and abort, batches.

#include "RingTesting.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>

using rt::MirroredRing;
using rt::RingStatus;
using test::areSame;
using test::asBytes;
using test::bytesOf;
using test::readText;
using test::ringOf;

namespace
{

/** A ring with both ends. */
struct Pair
{
    explicit Pair (const rt::MirroredRingOptions& options)
        : ring (MirroredRing::createAnonymous (options)), writer (ring.attachWriter()), reader (ring.attachReader())
    {
    }

    explicit Pair (std::size_t capacity, std::size_t alignment = 8) : Pair (ringOf (capacity, alignment)) {}

    MirroredRing ring;
    rt::RingWriter<> writer;
    rt::RingReader<> reader;
};

} // namespace

TEST_CASE ("MirroredRing: messages of every size arrive whole, in order and contiguous, wherever they begin")
{
    const auto alignment = GENERATE (as<std::size_t>{}, 8, 16, 64, 4096);
    Pair pair (5000, alignment);
    const auto largest = pair.writer.getLargestMessage();
    REQUIRE (largest >= 5000);
    REQUIRE (largest == pair.reader.getLargestMessage());
    auto areRight = true;
    std::uint64_t number = 0;

    // Sizes that have nothing to do with the ring's, so that every position comes up, and the largest one ever again.
    for (std::size_t round = 0; round < 3000; ++round)
        for (const auto size : { round % (largest + 1), std::size_t{ 3 }, largest })
        {
            const auto sent = bytesOf (size, ++number);
            auto message = pair.writer.reserve (size);
            areRight = areRight && message && message.getBytes().size() == size
                       && reinterpret_cast<std::uintptr_t> (message.getBytes().data()) % alignment == 0;
            std::copy (sent.begin(), sent.end(), message.getBytes().begin());
            message.commit();

            const auto received = pair.reader.read();
            areRight = areRight && received && areSame (received.getBytes(), sent)
                       && reinterpret_cast<std::uintptr_t> (received.getBytes().data()) % alignment == 0;
        }

    CHECK (areRight);
    CHECK (pair.reader.read().getStatus() == RingStatus::empty);
}

TEST_CASE ("MirroredRing: a full ring holds what it says, says full, and goes on when there is room")
{
    Pair pair (4000);
    std::deque<std::vector<std::byte>> inside;
    auto areRight = true;
    std::size_t mostInside = 0;

    for (std::uint64_t number = 0; number < 5000; ++number)
    {
        auto sent = bytesOf (number * number % 700, number);

        while (pair.writer.write (sent) == RingStatus::full)
        {
            REQUIRE (! inside.empty());
            areRight = areRight && pair.writer.canWrite (sent.size()) == RingStatus::full;
            areRight = areRight && areSame (pair.reader.read().getBytes(), inside.front());
            inside.pop_front();
        }

        inside.push_back (std::move (sent));
        mostInside = std::max (mostInside, inside.size());
    }

    for (; ! inside.empty(); inside.pop_front())
        areRight = areRight && areSame (pair.reader.read().getBytes(), inside.front());

    CHECK (areRight);
    CHECK (mostInside > 5);
    CHECK (pair.reader.canRead() == RingStatus::empty);
}

TEST_CASE ("MirroredRing: no byte of the ring is lost to its end")
{
    // 4096 bytes are 256 granules of 16: a word and 8 bytes each. One is always left over for the word behind the last.
    Pair pair (ringOf (4080));
    REQUIRE (pair.ring.getDataBytes() == 4096);
    auto inside = 0;

    while (pair.writer.write (bytesOf (8, 0)) == RingStatus::ok)
        ++inside;

    CHECK (inside == 255);
    CHECK (pair.reader.skipAll() == 255);

    // The largest message takes all but that.
    CHECK (pair.writer.getLargestMessage() == 4096 - 16);
    CHECK (pair.writer.write (bytesOf (4080, 1)) == RingStatus::ok);
    CHECK (pair.writer.write ({}) == RingStatus::full);
    CHECK (areSame (pair.reader.read().getBytes(), bytesOf (4080, 1)));
}

TEST_CASE ("MirroredRing: what is too big for ever is told apart from what is too big now")
{
    Pair pair (1000);
    const auto largest = pair.writer.getLargestMessage();

    for (const auto size : { largest + 1, largest + 8, largest * 2, std::size_t{ 1 } << 40, std::size_t{ 1 } << 63,
                             std::numeric_limits<std::size_t>::max() - 7, std::numeric_limits<std::size_t>::max() - 3,
                             std::numeric_limits<std::size_t>::max() })
    {
        CHECK (pair.writer.reserve (size).getStatus() == RingStatus::tooBig);
        CHECK (pair.writer.canWrite (size) == RingStatus::tooBig);

        // The same behind a message that is not committed yet: sizes must not overflow there.
        auto batch = pair.writer.startBatch();
        REQUIRE (batch.add (10).size() == 10);
        CHECK (batch.add (size).data() == nullptr);
        CHECK (batch.getStatus() == RingStatus::tooBig);
    }

    CHECK (pair.writer.write (bytesOf (100, 1)) == RingStatus::ok);
    CHECK (pair.writer.reserve (largest).getStatus() == RingStatus::full);
    CHECK (pair.writer.reserve (largest + 1).getStatus() == RingStatus::tooBig);
}

TEST_CASE ("MirroredRing: a message that is not committed has never been")
{
    Pair pair (1000);

    SECTION ("aborted")
    {
        auto message = pair.writer.reserve (5);
        std::memset (message.getBytes().data(), 1, 5);
        message.abort();
        CHECK_FALSE (message);
        message.commit(); // of nothing
    }

    SECTION ("dropped") { CHECK (pair.writer.reserve (5)); }

    SECTION ("dropped with another one's batch")
    {
        auto batch = pair.writer.startBatch();
        CHECK (batch.add (5).size() == 5);
        CHECK (batch.add (900).size() == 900);
    }

    SECTION ("moved, then dropped")
    {
        auto message = pair.writer.reserve (5);
        const auto other = std::move (message);
        CHECK (other);
        CHECK_FALSE (message);
    }

    CHECK (pair.reader.read().getStatus() == RingStatus::empty);
    CHECK (pair.writer.write (asBytes ("after")) == RingStatus::ok);
    CHECK (readText (pair.reader) == "after");
    CHECK (readText (pair.reader) == "(none)");
}

TEST_CASE ("MirroredRing: a message may turn out shorter than its place, but not longer")
{
    Pair pair (1000);
    const auto begin = [&] (std::size_t size)
    {
        auto message = pair.writer.reserve (900);
        std::memset (message.getBytes().data(), 'x', 900);
        message.commit (size);
    };

    begin (3);
    CHECK (readText (pair.reader) == "xxx");
    begin (0);
    CHECK (readText (pair.reader).empty());
    begin (900);
    CHECK (readText (pair.reader).size() == 900);
    begin (5000);
    CHECK (readText (pair.reader).size() == 900);

    auto batch = pair.writer.startBatch();
    batch.shrinkLast (1); // of nothing
    std::memset (batch.add (50).data(), 'a', 50);
    batch.shrinkLast (60);
    batch.shrinkLast (2);
    std::memset (batch.add (50).data(), 'b', 50);
    batch.shrinkLast (3);
    batch.shrinkLast (2);
    batch.shrinkLast (3);
    CHECK (batch.add (5000).data() == nullptr);
    std::memset (batch.add (1).data(), 'c', 1);
    batch.commit();
    CHECK (readText (pair.reader) == "aa");
    CHECK (readText (pair.reader) == "bb");
    CHECK (readText (pair.reader) == "c");
    CHECK (readText (pair.reader) == "(none)");
}

TEST_CASE ("MirroredRing: a batch is there at once, with its commit")
{
    Pair pair (4000);

    for (int round = 0; round < 100; ++round)
    {
        auto batch = pair.writer.startBatch();
        std::vector<std::span<std::byte>> places;

        for (int i = 0; i < 10; ++i)
        {
            places.push_back (batch.add (static_cast<std::size_t> (10 * i + round)));
            REQUIRE (places.back().data() != nullptr);
            REQUIRE (pair.reader.canRead() == RingStatus::empty);
        }

        // All stay where they are until the commit.
        for (std::size_t i = 0; i < 10; ++i)
        {
            const auto bytes = bytesOf (places[i].size(), i);
            std::copy (bytes.begin(), bytes.end(), places[i].begin());
        }

        batch.commit();
        batch.commit(); // of nothing
        REQUIRE (batch.add (1).data() == nullptr);
        auto read = pair.reader.readBatch();

        for (std::size_t i = 0; i < 10; ++i)
            REQUIRE (areSame (read.next(), bytesOf (10 * i + static_cast<std::size_t> (round), i)));

        REQUIRE (read.next().data() == nullptr);
        REQUIRE (read.getStatus() == RingStatus::empty);
    }
}

TEST_CASE ("MirroredRing: what does not fit into a batch leaves it as it was")
{
    Pair pair (4000);
    auto batch = pair.writer.startBatch();
    std::memset (batch.add (3000).data(), 'a', 3000);
    CHECK (batch.add (3000).data() == nullptr);
    CHECK (batch.getStatus() == RingStatus::full);

    // In the blog's code the second attempt made the retry return the first one's bytes.
    auto* const place = batch.add (500).data();
    std::memset (place, 'b', 500);
    CHECK (batch.getStatus() == RingStatus::ok);
    batch.commit();
    CHECK (readText (pair.reader) == std::string (3000, 'a'));
    CHECK (readText (pair.reader) == std::string (500, 'b'));

    auto empty = pair.writer.startBatch();
    empty.commit();
    CHECK (readText (pair.reader) == "(none)");
    CHECK (pair.writer.write (asBytes ("x")) == RingStatus::ok);
}

TEST_CASE ("MirroredRing: a message can be left for later, and its place is free only then")
{
    Pair pair (1000);

    for (const auto* text : { "one", "two", "three" })
        REQUIRE (pair.writer.write (asBytes (text)) == RingStatus::ok);

    {
        auto message = pair.reader.read();
        CHECK (test::asText (message.getBytes()) == "one");
        message.keep();
        CHECK_FALSE (message);
    }

    {
        auto batch = pair.reader.readBatch();
        CHECK (test::asText (batch.next()) == "one");
        CHECK (test::asText (batch.next()) == "two");
        batch.keep();
        CHECK (batch.next().data() == nullptr);
    }

    {
        auto batch = pair.reader.readBatch();
        CHECK (test::asText (batch.next()) == "one");
        CHECK (test::asText (batch.next()) == "two");
        CHECK (pair.writer.canWrite (pair.writer.getLargestMessage()) == RingStatus::full);
    }

    CHECK (readText (pair.reader) == "three");
    CHECK (pair.writer.canWrite (pair.writer.getLargestMessage()) == RingStatus::ok);
}

TEST_CASE ("MirroredRing: what waits can be skipped")
{
    Pair pair (100'000);
    CHECK (pair.reader.skipAll() == 0);

    for (std::size_t i = 0; i < 1000; ++i)
        REQUIRE (pair.writer.write (bytesOf (i % 50, i)) == RingStatus::ok);

    CHECK (pair.reader.skipAll() == 1000);
    CHECK (pair.reader.skipAll() == 0);
    CHECK (pair.writer.write (asBytes ("new")) == RingStatus::ok);
    CHECK (readText (pair.reader) == "new");
}

TEST_CASE ("MirroredRing: an end does one thing at a time")
{
    Pair pair (1000);
    auto message = pair.writer.reserve (1);
    std::memset (message.getBytes().data(), 'a', 1);
    CHECK (pair.writer.reserve (1).getStatus() == RingStatus::busy);
    CHECK (pair.writer.startBatch().getStatus() == RingStatus::busy);
    CHECK (pair.writer.write (asBytes ("b")) == RingStatus::busy);
    message.commit();

    auto batch = pair.writer.startBatch();
    CHECK (pair.writer.reserve (1).getStatus() == RingStatus::busy);
    batch.abort();
    CHECK (pair.writer.write (asBytes ("c")) == RingStatus::ok);

    auto first = pair.reader.read();
    CHECK (pair.reader.read().getStatus() == RingStatus::busy);
    CHECK (pair.reader.readBatch().getStatus() == RingStatus::busy);
    CHECK (pair.reader.skipAll() == 0);
    CHECK (test::asText (first.getBytes()) == "a");
    first.release();
    CHECK (readText (pair.reader) == "c");
}

TEST_CASE ("MirroredRing: ends move, and those that are attached to nothing say so")
{
    Pair pair (1000);
    REQUIRE (pair.writer.write (asBytes ("one")) == RingStatus::ok);
    auto writer = std::move (pair.writer);
    auto reader = std::move (pair.reader);
    REQUIRE (writer.write (asBytes ("two")) == RingStatus::ok);
    CHECK (readText (reader) == "one");
    CHECK (readText (reader) == "two");

    CHECK (pair.writer.getStatus() == RingStatus::detached);
    CHECK (pair.writer.write ({}) == RingStatus::detached);
    CHECK (pair.writer.write (asBytes ("x")) == RingStatus::detached);
    CHECK (pair.writer.startBatch().getStatus() == RingStatus::detached);
    CHECK (pair.writer.startBatch().add (0).data() == nullptr);
    CHECK (pair.writer.wait (1, std::chrono::seconds (9)) == rt::RingWait::impossible);
    CHECK (pair.writer.getPeer() == rt::RingPeer::never);
    CHECK (pair.writer.getPeerVisits() == 0);
    CHECK_FALSE (pair.writer.isPeerAlive());
    pair.writer.wake();

    CHECK (pair.reader.getStatus() == RingStatus::detached);
    CHECK (pair.reader.read().getStatus() == RingStatus::detached);
    CHECK (pair.reader.readBatch().getStatus() == RingStatus::detached);
    CHECK (pair.reader.skipAll() == 0);
    CHECK (pair.reader.wait (std::chrono::seconds (9)) == rt::RingWait::impossible);
    CHECK (pair.reader.getPeer() == rt::RingPeer::never);
    CHECK (pair.reader.getPeerVisits() == 0);
    CHECK_FALSE (pair.reader.isPeerAlive());
    pair.reader.wake();

    const MirroredRing none;
    CHECK_FALSE (none);
    CHECK (none.getDescriptor() == -1);
    CHECK (none.getLargestMessage() == 0);
    CHECK_FALSE (none.hasReader());
    CHECK (test::reasonOf ([&] { none.attachWriter(); }) == rt::MirroredRingError::Reason::badOption);
}

TEST_CASE ("MirroredRing: the end of things, in any order")
{
    const auto order = GENERATE (0, 1, 2, 3, 4, 5);
    std::optional<MirroredRing> ring (MirroredRing::createAnonymous (ringOf (1000)));
    std::optional<rt::RingWriter<>> writer (ring->attachWriter());
    std::optional<rt::RingReader<>> reader (ring->attachReader());

    for (int i = 0; i < 3; ++i)
        REQUIRE (writer->write (asBytes ("inside")) == RingStatus::ok);

    const auto end = [&] (int what)
    {
        if (what == 0)
            ring.reset();
        else if (what == 1)
            writer.reset();
        else
            reader.reset();

        // Whoever is left goes on.
        if (writer)
            CHECK (writer->write (asBytes ("more")) == RingStatus::ok);

        if (reader)
            CHECK (readText (*reader) != "(none)");
    };

    static constexpr int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

    for (const auto what : orders[order])
        end (what);
}
