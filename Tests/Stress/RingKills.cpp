// kill -9 of either side of a MirroredRing, at every step that it takes and at any other time: what was committed is read, once;
// what was not has never been; a reader's successor goes on with the first message that was not released.
//
//     stress_ring_kills [KILLS]        at every step once, and then that many at random

#include "RingMessages.h"
#include "Stress.h"

#include <rt_queues/MirroredRing.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <new>
#include <thread>

namespace
{

using stress::Random;
using stress::require;
using stress::RingMessage;

/** Ends this process before its n-th step, as kill -9 does. A step is an atomic operation, or a pause in what is between them. */
struct Fate
{
    static inline std::uint64_t stepsLeft = 0; // 0: for ever

    static void step()
    {
        if (stepsLeft > 0 && --stepsLeft == 0)
            kill (getpid(), SIGKILL);
    }
};

struct FatalPolicy : rt::StdPolicy
{
    template <typename T>
    class Atomic
    {
    public:
        T load (std::memory_order order) const
        {
            Fate::step();
            return value.load (order);
        }

        void store (T v, std::memory_order order)
        {
            Fate::step();
            value.store (v, order);
        }

        T exchange (T v, std::memory_order order)
        {
            Fate::step();
            return value.exchange (v, order);
        }

    private:
        std::atomic<T> value{};
    };
};

/** What a reader that may die says of itself, in memory that outlives it. */
struct Diary
{
    std::atomic<std::uint64_t> isReleasing{ 0 }; // the number of the last message that it was about to release
    std::atomic<std::uint64_t> hasReleased{ 0 }; // and of the last one that it has released
    std::atomic<bool> isStarted{ false };
};

Diary& getDiary()
{
    static auto* const diary = []
    {
        auto* const memory = mmap (nullptr, sizeof (Diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require (memory != MAP_FAILED, "there is memory");
        return ::new (memory) Diary();
    }();

    return *diary;
}

/** Runs this in a child, in which everything that goes wrong ends with 1. */
template <typename Function>
pid_t startChild (Function&& function)
{
    getDiary().isStarted = false;
    const auto child = fork();
    require (child >= 0, "there can be another process");

    if (child == 0)
    {
        try
        {
            function();
            _exit (0);
        }
        catch (const std::exception& error)
        {
            std::fprintf (stderr, "FAILED: %s\n", error.what());
        }

        _exit (1);
    }

    return child;
}

/** Waits for its end; true if it was killed, false if it came to its own. */
bool wasKilled (pid_t child)
{
    int status = 0;

    while (waitpid (child, &status, 0) != child)
        require (errno == EINTR, "a child can be waited for");

    const auto isKilled = WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL;
    require (isKilled || (WIFEXITED (status) && WEXITSTATUS (status) == 0), "the other process has found nothing wrong");
    return isKilled;
}

rt::MirroredRing makeRing()
{
    rt::MirroredRingOptions options;
    options.capacity = 4000;
    return rt::MirroredRing::createAnonymous (options);
}

rt::MirroredRing openAgain (const rt::MirroredRing& ring) { return rt::MirroredRing::openDescriptor (ring.getDescriptor()); }

void readAll (rt::RingReader<>& reader, stress::RingCritic& critic)
{
    for (;;)
    {
        const auto message = reader.read();
        require (message.getStatus() == rt::RingStatus::ok || message.getStatus() == rt::RingStatus::empty,
                 "the ring is whole");

        if (! message)
            return;

        critic.check (message.getBytes());
    }
}

// Everything that a reader does, with its diary. Goes on until the ring is empty, or for ever.
template <typename Policy>
void readWithDiary (rt::RingReader<Policy>& reader, std::uint64_t first, std::uint64_t seed, bool goesOn)
{
    stress::RingCritic critic (reader.getLargestMessage());
    critic.expect (first);
    Random random (seed);
    auto& diary = getDiary();
    diary.isStarted = true;

    // What is between batches does not matter to a reader that begins anywhere.
    const auto look = [&] (std::span<const std::byte> bytes)
    {
        const auto message = RingMessage::check (bytes, reader.getLargestMessage());
        require (message.number == critic.getNext(), "messages come in order");
        critic.expect (message.number + 1);
        Fate::step();
        return message.number;
    };

    for (;;)
    {
        auto number = std::uint64_t{ 0 };

        if (random.below (2) == 0)
        {
            auto batch = reader.readBatch();

            for (auto most = 1 + random.below (5); most > 0; --most)
            {
                const auto bytes = batch.next();

                if (bytes.data() == nullptr)
                    break;

                number = look (bytes);
            }

            if (number != 0)
            {
                diary.isReleasing = number;
                batch.release();
                diary.hasReleased = number;
            }
        }
        else if (auto message = reader.read())
        {
            number = look (message.getBytes());

            if (random.below (3) == 0)
            {
                message.keep();
                critic.expect (number);
                continue;
            }

            diary.isReleasing = number;
            message.release();
            diary.hasReleased = number;
        }

        require (reader.getStatus() == rt::RingStatus::ok, "the ring is whole");

        if (number == 0 && ! goesOn)
            return;
    }
}

// The first message after a reader's death is the one after the last that it released, or that it was releasing.
std::uint64_t firstAfter (rt::RingReader<>& reader, std::uint64_t firstUnread)
{
    auto& diary = getDiary();
    auto message = reader.read();

    if (! message)
    {
        require (message.getStatus() == rt::RingStatus::empty, "the ring is whole");
        require (diary.isReleasing + 1 == firstUnread, "a message that was not released is there");
        return firstUnread;
    }

    const auto first = RingMessage::check (message.getBytes(), reader.getLargestMessage()).number;
    message.keep();
    require (first == diary.hasReleased + 1 || first == diary.isReleasing + 1, "a reader goes on where its predecessor was");
    return first;
}

std::uint64_t numKills = 0;

/** A writer dies before each of its steps in turn. */
void killWriterAtEveryStep()
{
    const auto ring = makeRing();
    auto reader = ring.attachReader();
    stress::RingCritic critic (reader.getLargestMessage());

    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        for (std::uint64_t step = 1, isKilled = 1; isKilled != 0; ++step)
        {
            isKilled = wasKilled (startChild (
                           [&]
                           {
                               Fate::stepsLeft = step;
                               auto writer = openAgain (ring).attachWriter<FatalPolicy>();
                               stress::RingAuthor author (writer, critic.getNext(), seed, Fate::step);

                               // Until the ring has been full.
                               for (auto i = 0; i < 30; ++i)
                                   author.write();

                               writer.takeWakeRequest();
                           }))
                           ? 1
                           : 0;
            numKills += isKilled;
            require (! reader.isPeerAlive(), "a death is noticed");

            // A successor goes on before any of it is read.
            auto ahead = critic;
            auto batch = reader.readBatch();

            for (auto bytes = batch.next(); bytes.data() != nullptr; bytes = batch.next())
                ahead.check (bytes);

            batch.keep();
            require (ahead.isBetweenBatches(), "a batch is there or it is not");
            auto successor = ring.attachWriter();
            stress::RingAuthor author (successor, ahead.getNext(), step, [] {});
            author.write();
            readAll (reader, critic);
            require (critic.getNext() == author.getNext(), "a writer goes on where its predecessor was");
        }
}

/** A reader dies before each of its steps in turn. */
void killReaderAtEveryStep()
{
    const auto ring = makeRing();
    auto writer = ring.attachWriter();
    stress::RingAuthor author (writer, 1, 5, [] {});
    std::uint64_t first = 1;

    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        for (std::uint64_t step = 1, isKilled = 1; isKilled != 0; ++step)
        {
            while (author.write())
                continue;

            auto& diary = getDiary();
            diary.isReleasing = diary.hasReleased = first - 1;
            isKilled = wasKilled (startChild (
                           [&]
                           {
                               Fate::stepsLeft = step;
                               auto reader = openAgain (ring).attachReader<FatalPolicy>();
                               readWithDiary (reader, first, seed, false);
                               reader.takeWakeRequest();
                           }))
                           ? 1
                           : 0;
            numKills += isKilled;
            require (! writer.isPeerAlive(), "a death is noticed");
            auto reader = openAgain (ring).attachReader();
            first = firstAfter (reader, author.getNext());
            require (isKilled != 0 || first == author.getNext(), "a reader reads all");
        }
}

void sleepMicroseconds (std::uint64_t microseconds)
{
    const timespec time{ 0, static_cast<long> (microseconds * 1000) };
    nanosleep (&time, nullptr);
}

// Some deaths while the other process begins, most in the middle of its work.
void killSoon (pid_t child, Random& random)
{
    if (random.below (8) != 0)
        while (! getDiary().isStarted)
            std::this_thread::yield();

    sleepMicroseconds (random.below (400));
    kill (child, SIGKILL);
}

/** Writers die while what they write is read. */
void killWritersAtRandom (std::uint64_t howMany)
{
    const auto ring = makeRing();
    auto reader = ring.attachReader();
    stress::RingCritic critic (reader.getLargestMessage());
    Random random (1);

    for (std::uint64_t i = 0; i < howMany; ++i)
    {
        const auto child = startChild (
            [&]
            {
                auto writer = openAgain (ring).attachWriter();
                stress::RingAuthor author (writer, critic.getNext(), i, [] {});
                getDiary().isStarted = true;

                for (;;)
                    author.write();
            });

        std::thread killer ([&] { killSoon (child, random); });

        for (;;)
        {
            readAll (reader, critic);

            if (siginfo_t information{};
                waitid (P_PID, static_cast<id_t> (child), &information, WEXITED | WNOHANG | WNOWAIT) == 0
                && information.si_pid == child)
                break;
        }

        killer.join();
        require (wasKilled (child), "a writer that is killed has not ended before");
        require (! reader.isPeerAlive(), "a death is noticed");
        readAll (reader, critic);
        require (critic.isBetweenBatches(), "a batch is there or it is not");
    }

    require (critic.getNext() > howMany, "writers got to write");
    numKills += howMany;
}

/** Readers die while what they read is written. */
void killReadersAtRandom (std::uint64_t howMany)
{
    const auto ring = makeRing();
    auto writer = ring.attachWriter();
    stress::RingAuthor author (writer, 1, 5, [] {});
    Random random (2);
    std::uint64_t first = 1;

    for (std::uint64_t i = 0; i < howMany; ++i)
    {
        auto& diary = getDiary();
        diary.isReleasing = diary.hasReleased = first - 1;
        const auto child = startChild (
            [&]
            {
                auto reader = openAgain (ring).attachReader();
                readWithDiary (reader, first, i, true);
            });

        std::atomic<bool> isDead{ false };
        std::thread killer (
            [&]
            {
                killSoon (child, random);
                require (wasKilled (child), "a reader that is killed has not ended before");
                isDead = true;
            });

        while (! isDead)
            author.write();

        killer.join();
        require (! writer.isPeerAlive(), "a death is noticed");
        auto reader = openAgain (ring).attachReader();
        first = firstAfter (reader, author.getNext());
    }

    require (first > howMany, "readers got to read");
    numKills += howMany;
}

} // namespace

int main (int numArguments, char** arguments)
{
    const auto atRandom = numArguments > 1 ? std::strtoull (arguments[1], nullptr, 10) : 600;
    killWriterAtEveryStep();
    killReaderAtEveryStep();
    require (numKills > 1000, "there are steps to die at");
    std::printf ("at every step: %llu kills\n", static_cast<unsigned long long> (numKills));
    killWritersAtRandom (atRandom / 2);
    killReadersAtRandom (atRandom - atRandom / 2);
    std::printf ("at random: %llu kills\n", static_cast<unsigned long long> (atRandom));
    return 0;
}
