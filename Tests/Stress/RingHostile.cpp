// A peer that writes what it likes over a MirroredRing, header and messages, all the time and from another process, while this one
// opens the ring, attaches, reads and writes. Nothing may be read or written outside of the ring, and what cannot be must be an
// error. Built with AddressSanitizer, whatever the rest is built with.
//
//     stress_ring_hostile [SECONDS]

#include "Stress.h"

#include <rt_queues/MirroredRing.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <thread>

namespace
{

using rt::RingStatus;
using rt::detail::RingGeometry;
using rt::detail::RingWord;
using stress::Random;
using stress::require;

constexpr std::size_t pageBytes = 4096;
constexpr std::size_t dataBytes = 4 * pageBytes;
constexpr std::size_t fileBytes = pageBytes + dataBytes;

/** What the peer is doing just now. */
enum class Attack
{
    none,
    bytes,    ///< random bytes anywhere
    header,   ///< random bytes in the header
    messages, ///< random bytes in the messages
    words,    ///< words that are right, in front of sizes that are not, and of some that are
    offsets,  ///< offsets that are nearly right
    number
};

struct Orders
{
    std::atomic<Attack> attack{ Attack::none };
    std::atomic<std::uint64_t> numDone{ 0 };
};

template <typename T>
T* share()
{
    auto* const memory = mmap (nullptr, sizeof (T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require (memory != MAP_FAILED, "there is memory");
    return ::new (memory) T();
}

// Whole words, so that both sides' accesses are what they are between processes that keep to the rules.
class Memory
{
public:
    explicit Memory (int descriptor)
        : words (static_cast<std::atomic<std::uint64_t>*> (
              mmap (nullptr, fileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)))
    {
        require (static_cast<void*> (words) != MAP_FAILED, "the ring's file can be mapped by anybody");
    }

    std::atomic<std::uint64_t>& at (std::uint64_t offset) const { return words[offset / 8]; }

    std::atomic<std::uint8_t>& byteAt (std::uint64_t offset) const
    {
        return static_cast<std::atomic<std::uint8_t>*> (static_cast<void*> (words))[offset];
    }

    rt::detail::RingHeader<rt::StdPolicy>& header() const
    {
        return *static_cast<rt::detail::RingHeader<rt::StdPolicy>*> (static_cast<void*> (words));
    }

private:
    std::atomic<std::uint64_t>* words;
};

std::uint64_t anyNumber (Random& random)
{
    return random.below (~std::uint64_t{ 0 }) << random.below (64) ^ random.below (300);
}

[[noreturn]] void attackForEver (const Memory& memory, Orders& orders)
{
    Random random (99);

    for (;;)
    {
        for (int i = 0; i < 64; ++i)
            switch (orders.attack.load())
            {
                case Attack::bytes:
                    memory.byteAt (random.below (fileBytes)).store (static_cast<std::uint8_t> (random.below (256)));
                    break;

                case Attack::header:
                    if (random.below (2) == 0)
                        memory.byteAt (random.below (1024)).store (static_cast<std::uint8_t> (random.below (256)));
                    else
                        memory.at (random.below (1024)).store (anyNumber (random));
                    break;

                case Attack::messages: memory.at (pageBytes + random.below (dataBytes)).store (anyNumber (random)); break;

                case Attack::words:
                {
                    // Where the reader looks next, or anywhere; the size mostly fits.
                    const auto offset = random.below (4) != 0 ? memory.header().released.load() & ~std::uint64_t{ 7 }
                                                              : random.below (4 * dataBytes / 8) * 8;
                    const auto size = random.below (16) == 0 ? anyNumber (random) & (RingWord::sizeMask >> 1)
                                                             : random.below (random.below (16) == 0 ? 2 * dataBytes : 500);
                    memory.at (pageBytes + offset % dataBytes).store (RingWord::make (offset, size));
                    break;
                }

                case Attack::offsets:
                {
                    auto& offset = random.below (2) == 0 ? memory.header().released : memory.header().committed;
                    const auto change = random.below (64) * (random.below (8) == 0 ? 1 : 8);
                    offset.store (random.below (8) == 0 ? anyNumber (random) : offset.load() + change - 128);
                    memory.header().readerAsleep.store (static_cast<std::uint32_t> (random.below (3)));
                    memory.header().writerAsleep.store (static_cast<std::uint32_t> (random.below (3)));
                    memory.header().writerVisits.store (static_cast<std::uint32_t> (random.below (5)));
                    break;
                }

                case Attack::none: std::this_thread::yield(); [[fallthrough]];
                case Attack::number: i = 64; break;
            }

        orders.numDone.fetch_add (1);
    }
}

/** What came of it all. */
struct Tally
{
    std::uint64_t refusedToOpen = 0, refusedToAttach = 0, corruptReading = 0, corruptWriting = 0, corruptWaiting = 0;
    std::uint64_t numRead = 0, numWritten = 0, numRounds = 0;
};

class Victim
{
public:
    Victim (const rt::MirroredRing& ringToUse, Orders& ordersToGive)
        : ring (ringToUse), memory (ring.getDescriptor()), orders (ordersToGive)
    {
    }

    void playRound (std::uint64_t seed)
    {
        Random random (seed);
        const auto attack = static_cast<Attack> (1 + random.below (static_cast<std::uint64_t> (Attack::number) - 1));
        cleanUp();
        ++tally.numRounds;

        // Some attacks begin before we do, some only when we are at work.
        const auto isEarly = random.below (2) == 0;

        if (isEarly)
            begin (attack);

        std::optional<rt::MirroredRing> opened;

        try
        {
            opened = rt::MirroredRing::openDescriptor (ring.getDescriptor());
            require (opened->getDataBytes() == dataBytes && opened->getAlignment() >= 8 && opened->getAlignment() <= 4096,
                     "a ring is opened only as what it can be");
        }
        catch (const rt::MirroredRingError& error)
        {
            require (isEarly, "nothing is refused that nobody has touched");
            require (error.getReason() == rt::MirroredRingError::Reason::notARing
                         || error.getReason() == rt::MirroredRingError::Reason::otherVersion,
                     "a header that cannot be is called that");
            ++tally.refusedToOpen;
        }

        // The one that was opened in good times looks at the same memory.
        const auto& used = opened && random.below (2) == 0 ? *opened : ring;

        try
        {
            if (random.below (2) == 0)
                read (used, attack, isEarly, random);
            else
                write (used, attack, isEarly, random);
        }
        catch (const rt::MirroredRingError& error)
        {
            require (isEarly && error.getReason() == rt::MirroredRingError::Reason::corrupt,
                     "what cannot be is called corrupt");
            ++tally.refusedToAttach;
        }

        orders.attack = Attack::none;
    }

    const Tally& getTally() const { return tally; }

private:
    void begin (Attack attack)
    {
        orders.attack = attack;

        for (const auto before = orders.numDone.load(); orders.numDone.load() < before + 2;)
            std::this_thread::yield();
    }

    // A new ring, but for what the peer has still under way.
    void cleanUp()
    {
        orders.attack = Attack::none;

        for (const auto before = orders.numDone.load(); orders.numDone.load() < before + 2;)
            std::this_thread::yield();

        for (std::uint64_t offset = 0; offset < fileBytes; offset += 8)
            memory.at (offset).store (0);

        RingGeometry geometry;
        geometry.magic = RingGeometry::theMagic;
        geometry.version = RingGeometry::theVersion;
        geometry.spacing = 128;
        geometry.headerBytes = pageBytes;
        geometry.dataBytes = dataBytes;
        geometry.alignment = 8;
        std::memcpy (&memory.header().geometry, &geometry, sizeof (geometry));
    }

    // Where the ring's memory is in this process: the bytes of the first and of the largest message.
    void touch (std::span<const std::byte> bytes, const rt::MirroredRing& used)
    {
        require (bytes.size() <= used.getLargestMessage(), "no message is larger than the ring");
        unsigned sum = 0;

        for (const auto byte : bytes)
            sum += static_cast<unsigned> (byte);

        static_cast<void> (*const_cast<volatile unsigned*> (&sum));

        if (low == nullptr || bytes.data() < low)
            low = bytes.data();

        if (high == nullptr || bytes.data() + bytes.size() > high)
            high = bytes.data() + bytes.size();

        require (static_cast<std::size_t> (high - low) <= 2 * dataBytes, "all messages are in the ring");
    }

    void read (const rt::MirroredRing& used, Attack attack, bool isEarly, Random& random)
    {
        auto reader = used.attachReader();
        low = high = nullptr;

        if (! isEarly)
            begin (attack);

        for (int i = 0; i < 3000 && reader.getStatus() == RingStatus::ok; ++i)
        {
            if (random.below (4) == 0)
            {
                auto batch = reader.readBatch();

                for (int most = 0; most < 100; ++most)
                {
                    const auto bytes = batch.next();

                    if (bytes.data() == nullptr)
                        break;

                    touch (bytes, used);
                    ++tally.numRead;
                }
            }
            else if (const auto message = reader.read())
            {
                touch (message.getBytes(), used);
                ++tally.numRead;
            }
            else if (i % 256 == 0)
            {
                std::this_thread::yield(); // the peer may need this processor
            }

            if (random.below (64) == 0)
            {
                if (reader.wait (std::chrono::microseconds (50)) == rt::RingWait::corrupt)
                    ++tally.corruptWaiting;

                reader.wake();
            }
        }

        // A random word is right once in 2^60.
        const auto isRandom = attack == Attack::bytes || attack == Attack::messages;
        require (! isRandom || tally.numRead == numReadBefore, "random bytes are no message");
        numReadBefore = tally.numRead;

        if (reader.getStatus() == RingStatus::corrupt)
        {
            ++tally.corruptReading;
            require (reader.read().getStatus() == RingStatus::corrupt && reader.skipAll() == 0, "an error stays");
        }
    }

    void write (const rt::MirroredRing& used, Attack attack, bool isEarly, Random& random)
    {
        auto writer = used.attachWriter();
        low = high = nullptr;

        if (! isEarly)
            begin (attack);

        for (int i = 0; i < 1000 && writer.getStatus() == RingStatus::ok; ++i)
        {
            const auto size = random.below (random.below (16) == 0 ? used.getLargestMessage() + 1 : 300);

            if (random.below (4) == 0)
            {
                auto batch = writer.startBatch();

                for (auto most = random.below (10); most > 0; --most)
                {
                    const auto bytes = batch.add (size);

                    if (bytes.data() == nullptr)
                        break;

                    std::memset (bytes.data(), 0x55, size);
                    touch (bytes, used);
                    batch.shrinkLast (random.below (size + 1));
                    ++tally.numWritten;
                }

                batch.commit();
            }
            else if (auto message = writer.reserve (size))
            {
                std::memset (message.getBytes().data(), 0xaa, size);
                touch (message.getBytes(), used);
                message.commit();
                ++tally.numWritten;
            }

            if (random.below (64) == 0)
            {
                if (writer.wait (size, std::chrono::microseconds (50)) == rt::RingWait::corrupt)
                    ++tally.corruptWaiting;

                writer.wake();
            }
        }

        if (writer.getStatus() == RingStatus::corrupt)
        {
            ++tally.corruptWriting;
            require (writer.reserve (1).getStatus() == RingStatus::corrupt && ! writer.startBatch().add (1).data(),
                     "an error stays");
        }
    }

    const rt::MirroredRing& ring;
    Memory memory;
    Orders& orders;
    Tally tally;
    std::uint64_t numReadBefore = 0;
    const std::byte* low = nullptr;
    const std::byte* high = nullptr;
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto seconds = numArguments > 1 ? std::atof (arguments[1]) : 3.0;
    rt::MirroredRingOptions options;
    options.capacity = dataBytes - 16;
    const auto ring = rt::MirroredRing::createAnonymous (options);
    auto& orders = *share<Orders>();
    const auto parent = getpid();
    const auto peer = fork();
    require (peer >= 0, "there can be another process");

    if (peer == 0)
    {
        // Not for longer than whoever it plagues.
        const Memory memory (ring.getDescriptor());
        std::signal (SIGALRM, [] (int) { _exit (2); });
        alarm (static_cast<unsigned> (seconds) + 300);
        attackForEver (memory, orders);
    }

    Victim victim (ring, orders);
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double> (seconds);
    std::uint64_t seed = 0;

    while (std::chrono::steady_clock::now() < end || seed < 200)
        victim.playRound (++seed);

    kill (peer, SIGKILL);
    int status = 0;
    waitpid (peer, &status, 0);
    require (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL && getpid() == parent, "the peer was at it to the end");

    const auto& tally = victim.getTally();
    std::printf (
        "%llu rounds: %llu messages read, %llu written; refused to open %llu, to attach %llu; corrupt reading %llu, writing "
        "%llu, waiting %llu\n",
        static_cast<unsigned long long> (tally.numRounds), static_cast<unsigned long long> (tally.numRead),
        static_cast<unsigned long long> (tally.numWritten), static_cast<unsigned long long> (tally.refusedToOpen),
        static_cast<unsigned long long> (tally.refusedToAttach), static_cast<unsigned long long> (tally.corruptReading),
        static_cast<unsigned long long> (tally.corruptWriting), static_cast<unsigned long long> (tally.corruptWaiting));
    require (tally.refusedToOpen > 5 && tally.refusedToAttach > 5 && tally.corruptReading > 5 && tally.corruptWriting > 5
                 && tally.numRead > 20 && tally.numWritten > 1000,
             "all that can go wrong has gone wrong, and some went well");
    return 0;
}
