// A MirroredRing between two threads: nothing lost, doubled, reordered or seen half written. The bytes of messages are plain memory
// on purpose: ThreadSanitizer then reports every missing order.

#include "RingMessages.h"
#include "Stress.h"

#include <rt_queues/MirroredRing.h>

#include <chrono>

namespace
{

using stress::Random;
using stress::require;
using stress::RingMessage;

rt::MirroredRing makeRing (std::uint64_t seed)
{
    rt::MirroredRingOptions options;
    options.capacity = 3000 + Random (seed).below (30'000);
    options.alignment = std::size_t{ 8 } << Random (seed + 7).below (4);
    return rt::MirroredRing::createAnonymous (options);
}

/** Both as fast as they can, through one mapping or two. */
void playMessages (std::uint64_t seed)
{
    constexpr std::uint64_t numMessages = 5000;
    const auto ring = makeRing (seed);
    const auto other = seed % 2 == 0 ? rt::MirroredRing::openDescriptor (ring.getDescriptor()) : ring;

    const auto write = [&]
    {
        Random random (seed * 2);
        auto writer = ring.attachWriter();
        stress::RingAuthor author (writer, 1, seed, [&random] { random.maybePause(); });

        while (author.getNext() <= numMessages)
        {
            author.write();
            random.maybePause();
        }
    };

    const auto read = [&]
    {
        Random random (seed * 2 + 1);
        auto reader = other.attachReader();
        stress::RingCritic critic (reader.getLargestMessage());

        while (critic.getNext() <= numMessages)
        {
            const auto dice = random.below (8);

            if (dice == 0)
            {
                auto message = reader.read();

                if (message)
                    RingMessage::check (message.getBytes(), reader.getLargestMessage());

                message.keep();
            }
            else if (dice < 4)
            {
                auto batch = reader.readBatch();

                for (auto most = random.below (20); most > 0; --most)
                {
                    const auto bytes = batch.next();

                    if (bytes.data() == nullptr)
                        break;

                    critic.check (bytes);
                }
            }
            else if (const auto message = reader.read())
            {
                critic.check (message.getBytes());
            }

            require (reader.getStatus() == rt::RingStatus::ok, "nobody has damaged the ring");
            random.maybePause();
        }
    };

    stress::runTogether ({ write, read });
}

/** Both sleep whenever there is nothing to do. Nobody looks by himself in less than a tenth of a second, so a wake that gets lost
    shows as a wait that takes as long as that; the machine may take as long once, but not ever again.
*/
void playSleepers (std::uint64_t seed)
{
    constexpr std::uint64_t numMessages = 1000;
    const auto ring = makeRing (seed);
    auto writer = ring.attachWriter();
    auto reader = ring.attachReader();
    const auto largest = reader.getLargestMessage();
    int numLate = 0, numLateToo = 0;

    const auto timed = [] (int& late, auto wait)
    {
        const auto start = std::chrono::steady_clock::now();
        require (wait() == rt::RingWait::ready, "a wait ends when there is something");
        late += std::chrono::steady_clock::now() - start > std::chrono::milliseconds (90) ? 1 : 0;
    };

    const auto write = [&]
    {
        Random random (seed * 2);

        for (std::uint64_t n = 1; n <= numMessages; ++n)
        {
            const auto length = RingMessage::lengthOf (n, largest);
            timed (numLate, [&] { return writer.wait (length, std::chrono::hours (1)); });
            auto message = writer.reserve (length);
            RingMessage::fill (message.getBytes(), { n, 0, 1 }, [&random] { random.maybePause(); });
            message.commit();
            random.maybePause();
            writer.wake();
        }
    };

    const auto read = [&]
    {
        Random random (seed * 2 + 1);
        stress::RingCritic critic (largest);

        while (critic.getNext() <= numMessages)
        {
            timed (numLateToo, [&] { return reader.wait (std::chrono::hours (1)); });
            critic.check (reader.read().getBytes());
            random.maybePause();
            reader.wake();
        }
    };

    stress::runTogether ({ write, read });
    require (numLate + numLateToo < 20, "wakes are not lost");
}

} // namespace

int main (int numArguments, char** arguments)
{
    return stress::playAll ({ { "messages", playMessages }, { "sleepers", playSleepers } }, numArguments, arguments);
}
