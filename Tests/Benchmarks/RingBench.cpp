#include "RingBench.h"
#include "Threads.h"

#include <rt_queues/MirroredRing.h>

#include <boost/interprocess/ipc/message_queue.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace bench
{

namespace
{

constexpr std::size_t ringBytes = 1 << 20;
constexpr std::size_t boostDepth = 4096;

/** Something that two processes share, at the same address, until the program ends. */
template <typename T>
class Shared
{
public:
    Shared() : memory (mmap (nullptr, sizeof (T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0))
    {
        if (memory == MAP_FAILED)
            std::abort();

        object = ::new (memory) T();
    }

    ~Shared() { munmap (memory, sizeof (T)); }
    Shared (const Shared&) = delete;
    Shared& operator= (const Shared&) = delete;

    T* operator->() const { return object; }
    T& operator*() const { return *object; }

private:
    void* memory;
    T* object;
};

/** Runs `other` in a process of its own on the second core, and `mine` here on the first one; both begin together. */
template <typename Mine, typename Other>
void runInTwoProcesses (Mine&& mine, Other&& other)
{
    Shared<std::atomic<int>> numReady;

    const auto meet = [&numReady]
    {
        numReady->fetch_add (1);
        spinUntil ([&numReady] { return numReady->load() == 2; });
    };

    std::fflush (nullptr);
    const auto child = fork();

    if (child == 0)
    {
        bindToCore (1);
        other (meet);
        _exit (0);
    }

    bindToCore (0);
    mine (meet);
    int status = 0;

    if (child < 0 || waitpid (child, &status, 0) != child || status != 0)
    {
        std::fprintf (stderr, "the other process ended badly\n");
        std::exit (1);
    }
}

// What every contender does with its messages: all bytes are written, and all are looked at.
template <std::size_t size>
using Payload = std::array<std::uint64_t, size / sizeof (std::uint64_t)>;

template <std::size_t size>
void look (const void* bytes, std::uint64_t& sum)
{
    Payload<16> words[2]; // more sums than one, so that adding is not what is measured
    words[0].fill (0);
    words[1].fill (0);

    for (std::size_t i = 0; i < size; i += sizeof (words))
    {
        Payload<16> now[2];
        std::memcpy (now, static_cast<const char*> (bytes) + i, sizeof (now));

        for (std::size_t k = 0; k < 2; ++k)
            for (std::size_t j = 0; j < 2; ++j)
                words[k][j] += now[k][j];
    }

    sum += words[0][0] + words[0][1] + words[1][0] + words[1][1];
}

// A contender is a `Writer` and a `Reader`, each made in its own process after a fork, of a thing made before it. They say how
// many messages they wrote or read, 0 if there was no room or nothing there.

struct OurRing
{
    // 1 MiB of ring, neither less nor more.
    static rt::MirroredRing makeRing()
    {
        rt::MirroredRingOptions options;
        options.capacity = ringBytes - 16;
        options.mapping.populate = true;
        return rt::MirroredRing::createAnonymous (options);
    }

    // The other process maps the memory anew.
    rt::MirroredRing openAgain() const { return rt::MirroredRing::openDescriptor (ring.getDescriptor(), { true, false }); }

    rt::MirroredRing ring = makeRing();
};

/** Ours, one commit a message, and one release. */
struct Ours : OurRing
{
    struct Writer
    {
        explicit Writer (OurRing& o) : writer (o.openAgain().attachWriter()) {}

        template <std::size_t size>
        int write (const Payload<size>& payload)
        {
            auto message = writer.reserve (size);

            if (! message)
                return 0;

            std::memcpy (message.getBytes().data(), &payload, size);
            message.commit();
            return 1;
        }

        rt::RingWriter<> writer;
    };

    struct Reader
    {
        explicit Reader (OurRing& o) : reader (o.ring.attachReader()) {}

        template <std::size_t size>
        int read (std::uint64_t& sum)
        {
            const auto message = reader.read();

            if (! message)
                return 0;

            look<size> (message.getBytes().data(), sum);
            return 1;
        }

        rt::RingReader<> reader;
    };
};

/** Ours, sixteen messages a commit, and at most as many a release. */
struct OursInBatches : OurRing
{
    static constexpr int batchSize = 16;

    struct Writer
    {
        explicit Writer (OurRing& o) : writer (o.openAgain().attachWriter()) {}

        template <std::size_t size>
        int write (const Payload<size>& payload)
        {
            auto batch = writer.startBatch();

            for (int i = 0; i < batchSize; ++i)
            {
                const auto bytes = batch.add (size);

                if (bytes.data() == nullptr)
                    return 0; // and nothing has happened

                std::memcpy (bytes.data(), &payload, size);
            }

            batch.commit();
            return batchSize;
        }

        rt::RingWriter<> writer;
    };

    struct Reader
    {
        explicit Reader (OurRing& o) : reader (o.ring.attachReader()) {}

        template <std::size_t size>
        int read (std::uint64_t& sum)
        {
            auto batch = reader.readBatch();

            for (int i = 0; i < batchSize; ++i)
            {
                const auto bytes = batch.next();

                if (bytes.data() == nullptr)
                    return i;

                look<size> (bytes.data(), sum);
            }

            return batchSize;
        }

        rt::RingReader<> reader;
    };
};

template <std::size_t messageBytes>
struct Boost
{
    using Queue = boost::interprocess::message_queue;

    // Made once: the memory is large. Both processes have it mapped, so it needs its name no longer.
    static Queue& getQueue()
    {
        static const auto queue = []
        {
            const auto name = "bench-ring-" + std::to_string (getpid()) + "-" + std::to_string (messageBytes);
            Queue::remove (name.c_str());
            auto made = std::make_unique<Queue> (boost::interprocess::create_only, name.c_str(), boostDepth, messageBytes);
            Queue::remove (name.c_str());
            return made;
        }();

        return *queue;
    }

    struct Writer
    {
        explicit Writer (Boost&) {}

        template <std::size_t size>
        int write (const Payload<size>& payload)
        {
            return getQueue().try_send (&payload, size, 0) ? 1 : 0;
        }
    };

    struct Reader
    {
        explicit Reader (Boost&) {}

        template <std::size_t size>
        int read (std::uint64_t& sum)
        {
            std::size_t received = 0;
            unsigned priority = 0;

            if (! getQueue().try_receive (buffer.get(), messageBytes, received, priority))
                return 0;

            look<size> (buffer.get(), sum);
            return 1;
        }

        std::unique_ptr<char[]> buffer = std::make_unique<char[]> (messageBytes);
    };

    Queue& queue = getQueue(); // made before the fork
};

/** The same loop with nothing between the processes: messages are written and looked at in a process's own memory. */
struct Nothing
{
    struct Writer
    {
        explicit Writer (Nothing&) {}

        template <std::size_t size>
        int write (const Payload<size>& payload)
        {
            std::memcpy (buffer.get(), &payload, size);
            keep (*buffer.get());
            return 1;
        }

        std::unique_ptr<char[]> buffer = std::make_unique<char[]> (65536);
    };

    struct Reader
    {
        explicit Reader (Nothing&) {}

        template <std::size_t size>
        int read (std::uint64_t& sum)
        {
            keep (*buffer.get());
            look<size> (buffer.get(), sum);
            return 1;
        }

        std::unique_ptr<char[]> buffer = std::make_unique<char[]> (65536);
    };
};

/** Messages a second, while both processes go as fast as they can. */
template <typename Contender, std::size_t size>
std::vector<Value> measureThroughput()
{
    constexpr int numTimed = size <= 64 ? 640'000 : size <= 1024 ? 160'000 : 8'192;
    constexpr int numAtFirst = numTimed / 8;
    static_assert ((numAtFirst + numTimed) % OursInBatches::batchSize == 0);
    Contender contender;
    auto perSecond = 0.0;

    runInTwoProcesses (
        [&] (auto meet)
        {
            typename Contender::Reader reader (contender);
            std::uint64_t sum = 0;
            meet();

            const auto readSome = [&] (int number)
            {
                auto numRead = 0;

                while (numRead < number)
                {
                    auto now = 0;
                    spinUntil ([&] { return (now = reader.template read<size> (sum)) > 0; });
                    numRead += now;
                }

                return numRead;
            };

            const auto already = readSome (numAtFirst);
            const auto start = Clock::now();
            const auto numRead = readSome (numAtFirst + numTimed - already);
            perSecond = 1e9 * numRead / nanosecondsSince (start);
            keep (sum);
        },
        [&] (auto meet)
        {
            typename Contender::Writer writer (contender);
            const auto payload = std::make_unique<Payload<size>>();
            payload->fill (1);
            meet();

            for (auto numWritten = 0; numWritten < numAtFirst + numTimed;)
            {
                auto now = 0;
                spinUntil ([&] { return (now = writer.template write<size> (*payload)) > 0; });
                numWritten += now;
            }
        });

    return { { "ops_per_s", perSecond } };
}

/** How long a message of 8 bytes is under way: half of what it takes there and back, as the probe is a line's way there and back.
    p50 is the median over batches of round trips, as the probe is, so that reading the clock is no part of it; p99 and p999 are of
    single trips, with a clock in each.
*/
template <typename Contender>
std::vector<Value> measureOneWay()
{
    constexpr std::size_t numBatches = 101, tripsPerBatch = 500, numSingle = 50'000;
    const auto perTick = getNanosecondsPerTick();
    std::vector<double> batches (numBatches), singles (numSingle);
    Contender there, back;

    runInTwoProcesses (
        [&] (auto meet)
        {
            typename Contender::Sender sender (there);
            typename Contender::Receiver receiver (back);
            std::uint64_t number = 0;
            meet();

            const auto time = [&] (std::size_t numTrips)
            {
                const auto start = readTicks();

                for (std::size_t i = 0; i < numTrips; ++i)
                {
                    sender.send (++number);
                    std::uint64_t came = 0;
                    spinUntil ([&] { return receiver.tryReceive (came); });
                }

                return 0.5 * static_cast<double> (readTicks() - start) * perTick / static_cast<double> (numTrips);
            };

            for (auto& batch : batches)
                batch = time (tripsPerBatch);

            for (auto& single : singles)
                single = time (1);
        },
        [&] (auto meet)
        {
            typename Contender::Receiver receiver (there);
            typename Contender::Sender sender (back);
            meet();

            for (std::size_t i = 0; i < numBatches * tripsPerBatch + numSingle; ++i)
            {
                std::uint64_t came = 0;
                spinUntil ([&] { return receiver.tryReceive (came); });
                sender.send (came);
            }
        });

    const auto percentile = [] (std::vector<double>& values, double share)
    {
        std::sort (values.begin(), values.end());
        return values[static_cast<std::size_t> (share * static_cast<double> (values.size() - 1))];
    };

    return { { "p50", percentile (batches, 0.5) },
             { "p99", percentile (singles, 0.99) },
             { "p999", percentile (singles, 0.999) } };
}

struct OneWayOurs : OurRing
{
    struct Sender
    {
        explicit Sender (OneWayOurs& o) : writer (o.openAgain().attachWriter()) {}

        void send (std::uint64_t number)
        {
            auto message = writer.reserve (sizeof (number));
            std::memcpy (message.getBytes().data(), &number, sizeof (number));
            message.commit();
        }

        rt::RingWriter<> writer;
    };

    struct Receiver
    {
        explicit Receiver (OneWayOurs& o) : reader (o.openAgain().attachReader()) {}

        bool tryReceive (std::uint64_t& number)
        {
            const auto message = reader.read();

            if (! message)
                return false;

            std::memcpy (&number, message.getBytes().data(), sizeof (number));
            return true;
        }

        rt::RingReader<> reader;
    };
};

/** boost's, made anew each time: two of 4096 messages. */
struct OneWayBoost
{
    using Queue = boost::interprocess::message_queue;

    static std::unique_ptr<Queue> makeQueue()
    {
        static int number = 0;
        const auto name = "bench-oneway-" + std::to_string (getpid()) + "-" + std::to_string (++number);
        Queue::remove (name.c_str());
        auto queue =
            std::make_unique<Queue> (boost::interprocess::create_only, name.c_str(), boostDepth, sizeof (std::uint64_t));
        Queue::remove (name.c_str());
        return queue;
    }

    struct Sender
    {
        explicit Sender (OneWayBoost& b) : queue (*b.queue) {}
        void send (std::uint64_t number) { queue.send (&number, sizeof (number), 0); }
        Queue& queue;
    };

    struct Receiver
    {
        explicit Receiver (OneWayBoost& b) : queue (*b.queue) {}

        bool tryReceive (std::uint64_t& number)
        {
            std::size_t received = 0;
            unsigned priority = 0;
            return queue.try_receive (&number, sizeof (number), received, priority);
        }

        Queue& queue;
    };

    std::unique_ptr<Queue> queue = makeQueue();
};

/** No queue: the number itself on a cache line. */
struct OneWayLine
{
    struct Sender
    {
        explicit Sender (OneWayLine& l) : line (*l.line) {}
        void send (std::uint64_t number) { line.store (number, std::memory_order_release); }
        std::atomic<std::uint64_t>& line;
    };

    struct Receiver
    {
        explicit Receiver (OneWayLine& l) : line (*l.line) {}

        bool tryReceive (std::uint64_t& number)
        {
            number = line.load (std::memory_order_acquire);
            return std::exchange (last, number) != number;
        }

        std::atomic<std::uint64_t>& line;
        std::uint64_t last = 0;
    };

    Shared<std::atomic<std::uint64_t>> line;
};

template <std::size_t size>
Bench getThroughput (const char* name)
{
    return { name,
             true,
             { { "ours", measureThroughput<Ours, size> },
               { "boost", measureThroughput<Boost<size>, size> },
               { "loop", measureThroughput<Nothing, size> } } };
}

} // namespace

std::vector<Bench> getRingBenches()
{
    return { getThroughput<64> ("ring.throughput.64"),
             { "ring.throughput.64.batch16",
               true,
               { { "ours", measureThroughput<OursInBatches, 64> },
                 { "boost", measureThroughput<Boost<64>, 64> },
                 { "loop", measureThroughput<Nothing, 64> } } },
             getThroughput<1024> ("ring.throughput.1024"),
             getThroughput<65536> ("ring.throughput.65536"),
             { "ring.oneway",
               true,
               { { "ours", measureOneWay<OneWayOurs> },
                 { "boost", measureOneWay<OneWayBoost> },
                 { "loop", measureOneWay<OneWayLine> } } } };
}

} // namespace bench
