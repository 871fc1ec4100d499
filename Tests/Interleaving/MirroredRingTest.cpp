// MirroredRing with a switch before any atomic operation: what writes and reads answer could have happened one after the other;
// whoever is frozen wherever, the other one finishes; no operation takes more steps than its header says; and no wake is lost.

#include "InterleavedPolicy.h"
#include "Linearizability.h"

#include <rt_queues/MirroredRing.h>

#include <catch2/catch.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <compare>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

using rt::RingStatus;
using test::InterleavedPolicy;
using test::Interleaving;
using test::SeededRandom;

namespace
{

using Writer = rt::RingWriter<InterleavedPolicy>;
using Reader = rt::RingReader<InterleavedPolicy>;

/** A first-in-first-out queue. */
struct Specification
{
    struct Call
    {
        enum class Kind
        {
            push, ///< of `values`, at once
            pop,  ///< of the oldest, or of nothing
            look  ///< whether there is one: as many `values` as that
        } kind;

        std::vector<int> values;
    };

    bool apply (const Call& call)
    {
        switch (call.kind)
        {
            case Call::Kind::push: items.insert (items.end(), call.values.begin(), call.values.end()); return true;
            case Call::Kind::look: return call.values.empty() == items.empty();
            case Call::Kind::pop: break;
        }

        if (call.values.empty() || items.empty())
            return call.values.empty() && items.empty();

        const auto isRight = items.front() == call.values.front();
        items.pop_front();
        return isRight;
    }

    auto operator<=> (const Specification&) const = default;

    std::deque<int> items;
};

using Call = Specification::Call;
using History = test::History<Call>;

/** Checks the steps of an operation against what it may take. */
template <typename Operation>
auto within (std::uint64_t mostSteps, Operation&& operation)
{
    const auto before = Interleaving::getSteps();
    auto result = operation();
    const auto steps = Interleaving::getSteps() - before;

    if (steps > mostSteps)
        throw std::runtime_error (std::to_string (steps) + " steps instead of " + std::to_string (mostSteps));

    return result;
}

// A value is written into messages of many sizes, a multiple of four, so that the ring goes round all the time.
void fill (std::span<std::byte> bytes, int value)
{
    for (std::size_t i = 0; i < bytes.size(); i += sizeof (value))
        std::memcpy (bytes.data() + i, &value, sizeof (value));
}

std::size_t sizeOf (int value) { return static_cast<std::size_t> (1 + value % 7) * 200; }

int valueOf (std::span<const std::byte> bytes)
{
    int value = 0;
    std::memcpy (&value, bytes.data(), sizeof (value));

    for (std::size_t i = 0; i < bytes.size(); i += sizeof (value))
        if (std::memcmp (bytes.data() + i, &value, sizeof (value)) != 0)
            throw std::runtime_error ("a message is not whole");

    if (bytes.size() != sizeOf (value))
        throw std::runtime_error ("a message has another's size");

    return value;
}

/** One ring for all runs: making one takes longer than a run. Empty whenever a run begins. */
rt::MirroredRing& getRing()
{
    static auto ring = []
    {
        rt::MirroredRingOptions options;
        options.capacity = 4000;
        return rt::MirroredRing::createAnonymous (options);
    }();

    return ring;
}

void write (Writer& writer, History& history, SeededRandom& random, int numOperations)
{
    for (int i = 0, next = 1; i < numOperations; ++i)
    {
        if (random.below (2) == 0)
        {
            auto message = within (1, [&] { return writer.reserve (sizeOf (next)); });

            if (! message || random.below (4) == 0)
                continue; // full, or given up

            fill (message.getBytes(), next);
            history.record (
                [&]
                {
                    within (3, [&] { return message.commit(), 0; });
                    return Call{ Call::Kind::push, { next } };
                });
            ++next;
            continue;
        }

        auto batch = within (0, [&] { return writer.startBatch(); });
        std::vector<int> values;

        for (auto left = random.below (4); left > 0; --left)
        {
            const auto value = next + static_cast<int> (values.size());
            const auto bytes = within (2, [&] { return batch.add (sizeOf (value)); });

            if (bytes.data() == nullptr)
                break;

            fill (bytes, value);
            values.push_back (value);
        }

        history.record (
            [&]
            {
                within (3, [&] { return batch.commit(), 0; });
                return Call{ Call::Kind::push, values };
            });
        next += static_cast<int> (values.size());
    }
}

void read (Reader& reader, History& history, SeededRandom& random, int numOperations)
{
    const auto valuesOf = [] (std::span<const std::byte> bytes)
    { return bytes.data() != nullptr ? std::vector{ valueOf (bytes) } : std::vector<int>(); };

    for (int i = 0; i < numOperations; ++i)
        switch (random.below (4))
        {
            case 0:
                history.record (
                    [&]
                    {
                        const auto status = within (1, [&] { return reader.canRead(); });
                        return Call{ Call::Kind::look, std::vector<int> (status == RingStatus::ok ? 1 : 0) };
                    });
                break;

            case 1:
            {
                auto batch = reader.readBatch();

                for (auto most = random.below (4), isThere = std::uint64_t{ 1 }; most > 0 && isThere != 0; --most)
                    history.record (
                        [&]
                        {
                            const auto bytes = within (1, [&] { return batch.next(); });
                            isThere = bytes.data() != nullptr ? 1 : 0;
                            return Call{ Call::Kind::pop, valuesOf (bytes) };
                        });

                within (1, [&] { return batch.release(), 0; });
                break;
            }

            default:
                history.record (
                    [&]
                    {
                        auto message = within (1, [&] { return reader.read(); });
                        auto values = valuesOf (message.getBytes());
                        within (1, [&] { return message.release(), 0; });
                        return Call{ Call::Kind::pop, std::move (values) };
                    });
        }
}

bool play (Interleaving& interleaving, std::uint64_t seed, int numOperations)
{
    auto writer = getRing().attachWriter<InterleavedPolicy>();
    auto reader = getRing().attachReader<InterleavedPolicy>();
    History history;
    SeededRandom writersRandom (2 * seed), readersRandom (2 * seed + 1);
    interleaving.add ([&] { write (writer, history, writersRandom, numOperations); });
    interleaving.add ([&] { read (reader, history, readersRandom, numOperations); });

    if (! interleaving.run())
        return false;

    reader.skipAll();
    INFO ("seed " << seed);
    REQUIRE (writer.getStatus() == RingStatus::ok);
    REQUIRE (reader.getStatus() == RingStatus::ok);
    REQUIRE (test::isLinearizable<Specification> (history));
    return true;
}

} // namespace

TEST_CASE ("Histories of a MirroredRing are linearizable, and no operation takes too many steps")
{
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed)
    {
        Interleaving interleaving (seed);
        REQUIRE (play (interleaving, seed, 4 + static_cast<int> (seed % 9)));
    }
}

TEST_CASE ("Whoever is frozen at whatever step of a MirroredRing, the other one finishes")
{
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        for (std::size_t frozen = 0; frozen < 2; ++frozen)
            for (std::uint64_t step = 0, hasFrozen = 1; hasFrozen != 0; ++step)
            {
                Interleaving interleaving (seed);
                interleaving.freeze (frozen, step);
                REQUIRE (play (interleaving, seed, 10));
                hasFrozen = interleaving.hasFrozen() ? 1 : 0;
            }
}

TEST_CASE ("Sleepers at a MirroredRing are woken, whatever comes between")
{
    using Header = rt::detail::RingHeader<rt::StdPolicy>;
    auto* const memory = mmap (nullptr, sizeof (Header), PROT_READ, MAP_SHARED, getRing().getDescriptor(), 0);
    REQUIRE (memory != MAP_FAILED);
    const auto& header = *static_cast<const Header*> (memory);

    // As the kernel does it: not at all if the word has changed, else until it has.
    const auto sleepOn = [] (const std::atomic<std::uint32_t>& word)
    {
        while (word.load() == 1)
            InterleavedPolicy::pause();
    };

    for (std::uint64_t seed = 1; seed <= 20'000; ++seed)
    {
        Interleaving interleaving (seed);
        auto writer = getRing().attachWriter<InterleavedPolicy>();
        auto reader = getRing().attachReader<InterleavedPolicy>();
        constexpr auto numMessages = 6;

        interleaving.add (
            [&]
            {
                for (int i = 1; i <= numMessages; ++i)
                {
                    while (writer.canWrite (2000) != RingStatus::ok)
                        if (writer.prepareToWait (2000))
                            sleepOn (header.writerAsleep);

                    auto message = writer.reserve (2000);
                    std::memset (message.getBytes().data(), i, 2000);
                    message.commit();
                    within (1, [&] { return writer.takeWakeRequest(); });
                }
            });
        interleaving.add (
            [&]
            {
                for (int i = 1; i <= numMessages; ++i)
                {
                    while (reader.canRead() != RingStatus::ok)
                        if (reader.prepareToWait())
                            sleepOn (header.readerAsleep);

                    auto message = reader.read();
                    REQUIRE (message.getBytes().back() == static_cast<std::byte> (i));
                    message.release();
                    within (1, [&] { return reader.takeWakeRequest(); });
                }
            });
        REQUIRE (interleaving.run());
    }

    munmap (memory, sizeof (Header));
}
