// Who has a ring, and where: backends, roles, peers that die, waiting, damage.

#include "RingTesting.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <thread>

using rt::MirroredRing;
using rt::RingPeer;
using rt::RingStatus;
using rt::RingWait;
using test::asBytes;
using test::readText;
using test::reasonOf;
using test::ringOf;
using Reason = rt::MirroredRingError::Reason;

namespace
{

std::string uniqueName() { return "/audiohost-ring-test-" + std::to_string (getpid()); }

std::string uniquePath() { return (std::filesystem::temp_directory_path() / uniqueName().substr (1)).string(); }

// A descriptor sent through a socket, as to a process that has not inherited it.
int passOverSocket (int descriptor)
{
    int ends[2]{};
    REQUIRE (socketpair (AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    char dummy = 0;
    iovec part{ &dummy, 1 };
    alignas (cmsghdr) char control[CMSG_SPACE (sizeof (int))]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof (control);
    auto* const header = CMSG_FIRSTHDR (&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN (sizeof (int));
    std::memcpy (CMSG_DATA (header), &descriptor, sizeof (int));
    REQUIRE (sendmsg (ends[0], &message, 0) == 1);
    std::memset (control, 0, sizeof (control));
    message.msg_controllen = sizeof (control);
    REQUIRE (recvmsg (ends[1], &message, 0) == 1);
    int received = -1;
    std::memcpy (&received, CMSG_DATA (CMSG_FIRSTHDR (&message)), sizeof (int));
    close (ends[0]);
    close (ends[1]);
    return received;
}

} // namespace

TEST_CASE ("MirroredRing: one ring at two addresses, and in two processes")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (10'000));
    const auto again = MirroredRing::openDescriptor (ring.getDescriptor());
    CHECK (again.getDataBytes() == ring.getDataBytes());
    CHECK (again.getLargestMessage() == ring.getLargestMessage());
    auto writer = again.attachWriter();
    REQUIRE (writer.write (asBytes ("hello")) == RingStatus::ok);

    SECTION ("inherited")
    {
        CHECK (test::doesInChild (
            [&]
            {
                auto reader = MirroredRing::openDescriptor (ring.getDescriptor()).attachReader();
                return readText (reader) == "hello";
            }));
    }

    SECTION ("passed over a socket")
    {
        const auto passed = passOverSocket (ring.getDescriptor());
        REQUIRE (passed >= 0);
        auto other = MirroredRing::openDescriptor (passed);
        close (passed);
        auto reader = other.attachReader();
        CHECK (readText (reader) == "hello");

        // The lock must not be shared with whoever passed the descriptor.
        CHECK (reasonOf ([&] { static_cast<void> (ring.attachReader()); }) == Reason::roleTaken);
        CHECK (reasonOf ([&] { static_cast<void> (other.attachWriter()); }) == Reason::roleTaken);
    }
}

TEST_CASE ("MirroredRing: a ring with a name")
{
    const auto name = uniqueName();
    MirroredRing::removeNamed (name);
    CHECK (reasonOf ([&] { MirroredRing::openNamed (name); }) == Reason::system);
    const auto ring = MirroredRing::createNamed (name, ringOf (1000));
    std::string text;
    CHECK (reasonOf ([&] { MirroredRing::createNamed (name, ringOf (1000)); }, &text) == Reason::system);
    CHECK (text.find (name) != std::string::npos);
    CHECK (text.find ("File exists; open it, remove it") != std::string::npos);

    auto writer = ring.attachWriter();
    REQUIRE (writer.write (asBytes ("hello")) == RingStatus::ok);
    CHECK (test::doesInChild (
        [&]
        {
            auto reader = MirroredRing::openNamed (name).attachReader();
            return readText (reader) == "hello";
        }));

    CHECK (MirroredRing::removeNamed (name));
    CHECK_FALSE (MirroredRing::removeNamed (name));
    CHECK (writer.write (asBytes ("still there")) == RingStatus::ok);

    // Whoever cuts a file off can end its readers: not with a ring that a stranger passed.
    CHECK (reasonOf ([&] { MirroredRing::openDescriptor (ring.getDescriptor()); }) == Reason::notSealed);
}

TEST_CASE ("MirroredRing: a ring in a file outlives those who use it")
{
    const auto path = uniquePath();
    std::remove (path.c_str());

    {
        const auto ring = MirroredRing::createFile (path, ringOf (1000));
        auto writer = ring.attachWriter();
        REQUIRE (writer.write (asBytes ("one")) == RingStatus::ok);
        REQUIRE (writer.write (asBytes ("two")) == RingStatus::ok);
        auto reader = ring.attachReader();
        CHECK (readText (reader) == "one");
        CHECK (reasonOf ([&] { MirroredRing::createFile (path, ringOf (1000)); }) == Reason::system);
    }

    const auto sizeBefore = std::filesystem::file_size (path);

    {
        const auto ring = MirroredRing::openFile (path);
        auto writer = ring.attachWriter();
        REQUIRE (writer.write (asBytes ("three")) == RingStatus::ok);
        auto reader = ring.attachReader();
        CHECK (readText (reader) == "two");
        CHECK (readText (reader) == "three");
        CHECK (readText (reader) == "(none)");
        CHECK (reader.getPeer() == RingPeer::here);
    }

    CHECK (std::filesystem::file_size (path) == sizeBefore);
    std::remove (path.c_str());
    CHECK (reasonOf ([&] { MirroredRing::openFile (path); }) == Reason::system);
    CHECK_FALSE (std::filesystem::exists (path));
}

TEST_CASE ("MirroredRing: options that cannot be are refused, and leave nothing behind")
{
    const auto name = uniqueName();
    const auto path = uniquePath();
    MirroredRing::removeNamed (name);

    for (const auto& options :
         { ringOf (0), ringOf (std::numeric_limits<std::size_t>::max()), ringOf (std::size_t{ 1 } << 60), ringOf (100, 0),
           ringOf (100, 4), ringOf (100, 24), ringOf (100, 8192), ringOf (100, std::size_t{ 1 } << 63) })
    {
        std::string text;
        CHECK (reasonOf ([&] { MirroredRing::createAnonymous (options); }, &text) == Reason::badOption);
        CHECK (text.starts_with ("MirroredRing: a"));
        CHECK (reasonOf ([&] { MirroredRing::createNamed (name, options); }) == Reason::badOption);
        CHECK (reasonOf ([&] { MirroredRing::createFile (path, options); }) == Reason::badOption);
    }

    for (const auto& bad : { std::string(), std::string ("/"), std::string ("no-slash"), std::string ("/two/slashes"),
                             std::string ("/nul\0inside", 11) })
        CHECK (reasonOf ([&] { MirroredRing::createNamed (bad, ringOf (100)); }) == Reason::badOption);

    CHECK (reasonOf ([&] { MirroredRing::createNamed ("/" + std::string (300, 'x'), ringOf (100)); }) == Reason::badOption);
    CHECK (reasonOf ([&] { MirroredRing::createFile ("/no/such/folder/ring", ringOf (100)); }) == Reason::system);

    // Half a terabyte is in no machine's memory.
    auto huge = ringOf (std::size_t{ 1 } << 39);
    CHECK (reasonOf ([&] { MirroredRing::createNamed (name, huge); }) == Reason::system);
    CHECK (reasonOf ([&] { MirroredRing::openNamed (name); }) == Reason::system);
    CHECK_FALSE (std::filesystem::exists (path));
}

TEST_CASE ("MirroredRing: no descriptor is left open, and no memory mapped, whatever fails")
{
    const auto countOpen = []
    {
        const std::filesystem::directory_iterator all ("/proc/self/fd");
        return std::distance (begin (all), end (all));
    };

    const auto countMapped = []
    {
        std::ifstream maps ("/proc/self/maps");
        std::string line;
        auto count = 0;

        while (std::getline (maps, line))
            count += line.find ("MirroredRing") != std::string::npos ? 1 : 0;

        return count;
    };

    const auto before = countOpen();

    for (int i = 0; i < 10; ++i)
    {
        auto ring = MirroredRing::createAnonymous (ringOf (100));
        CHECK (countMapped() == 2);
        CHECK ((fcntl (ring.getDescriptor(), F_GETFD) & FD_CLOEXEC) != 0);
        const auto writer = ring.attachWriter();
        reasonOf ([&] { static_cast<void> (ring.attachWriter()); });
        test::RawFile (ring).geometry().version = 77;
        reasonOf ([&] { MirroredRing::openDescriptor (ring.getDescriptor()); });
        reasonOf ([&] { MirroredRing::openDescriptor (-1); });
    }

    CHECK (countOpen() == before);
    CHECK (countMapped() == 0);
}

TEST_CASE ("MirroredRing: a role is one's alone, until it leaves or dies")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    const auto again = MirroredRing::openDescriptor (ring.getDescriptor());
    CHECK_FALSE (ring.hasWriter());

    {
        const auto writer = ring.attachWriter();
        CHECK (ring.hasWriter());
        CHECK (again.hasWriter());
        CHECK_FALSE (ring.hasReader());
        std::string text;
        CHECK (reasonOf ([&] { static_cast<void> (ring.attachWriter()); }, &text) == Reason::roleTaken);
        CHECK (text == "MirroredRing: the ring has a writer already; wait until it has left or died");
        CHECK (reasonOf ([&] { static_cast<void> (again.attachWriter()); }) == Reason::roleTaken);
        CHECK_FALSE (test::doesInChild (
            [&]
            {
                static_cast<void> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter());
                return true;
            }));
        const auto reader = again.attachReader();
        CHECK (reasonOf ([&] { static_cast<void> (ring.attachReader()); }) == Reason::roleTaken);
    }

    CHECK_FALSE (again.hasWriter());
    CHECK_FALSE (again.hasReader());

    test::dieAfter ([&] { new rt::RingWriter<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter()); });
    CHECK_FALSE (ring.hasWriter());
    const auto writer = ring.attachWriter();
    CHECK (writer.getStatus() == RingStatus::ok);
}

TEST_CASE ("MirroredRing: what each side knows of the other")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    auto reader = ring.attachReader();
    CHECK (reader.getPeer() == RingPeer::never);
    CHECK_FALSE (reader.isPeerAlive());
    CHECK (reader.getPeerVisits() == 0);

    {
        auto writer = ring.attachWriter();
        CHECK (writer.getPeer() == RingPeer::here);
        CHECK (writer.isPeerAlive());
        CHECK (reader.getPeer() == RingPeer::here);
        CHECK (reader.isPeerAlive());
        CHECK (writer.write (asBytes ("last words")) == RingStatus::ok);
    }

    CHECK (reader.getPeer() == RingPeer::left);
    CHECK_FALSE (reader.isPeerAlive());
    CHECK (readText (reader) == "last words");
    const auto visits = reader.getPeerVisits();

    // One that is killed says nothing, but the kernel knows.
    test::dieAfter ([&] { new rt::RingWriter<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter()); });
    CHECK (reader.getPeer() == RingPeer::here);
    CHECK_FALSE (reader.isPeerAlive());
    CHECK (reader.getPeerVisits() != visits);
    const auto visitsOfDead = reader.getPeerVisits();

    auto writer = ring.attachWriter();
    CHECK (reader.getPeer() == RingPeer::here);
    CHECK (reader.isPeerAlive());
    CHECK (reader.getPeerVisits() != visitsOfDead);
    reader = {};
    CHECK (writer.getPeer() == RingPeer::left);
    CHECK_FALSE (writer.isPeerAlive());
}

TEST_CASE ("MirroredRing: a peer's zombie is a dead peer")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    const auto reader = ring.attachReader();
    const auto child = fork();
    REQUIRE (child >= 0);

    if (child == 0)
    {
        new rt::RingWriter<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter());
        kill (getpid(), SIGKILL);
    }

    siginfo_t information{};
    REQUIRE (waitid (P_PID, static_cast<id_t> (child), &information, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE (reader.isPeerAlive());
    REQUIRE (waitpid (child, nullptr, 0) == child);
}

TEST_CASE ("MirroredRing: a new peer goes on where the old one was")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    auto reader = ring.attachReader();

    // A writer leaves with a batch that is not committed, and then one dies with one.
    for (int i = 0; i < 50; ++i)
    {
        const auto write = [&]
        {
            auto* const writer = new rt::RingWriter<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter());
            writer->write (asBytes ("committed " + std::to_string (i)));
            auto* const batch = new auto(writer->startBatch());
            std::memset (batch->add (100).data(), 'x', 100);
            std::memset (batch->add (200).data(), 'y', 200);
        };

        test::dieAfter (write);
        REQUIRE (readText (reader) == "committed " + std::to_string (i));
        REQUIRE (readText (reader) == "(none)");
    }

    auto writer = ring.attachWriter();

    for (int i = 0; i < 5; ++i)
        REQUIRE (writer.write (asBytes (std::to_string (i))) == RingStatus::ok);

    reader = {};

    // A reader dies with a message in its hands: the next one gets it again, and nothing that was released.
    test::dieAfter (
        [&]
        {
            auto* const other = new rt::RingReader<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachReader());
            readText (*other);
            readText (*other);
            new auto(other->read());
        });
    reader = ring.attachReader();
    CHECK (readText (reader) == "2");
    CHECK (readText (reader) == "3");
}

TEST_CASE ("MirroredRing: a wait ends when there is something, when the time is over, or when nobody is left")
{
    using namespace std::chrono_literals;
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    auto reader = ring.attachReader();
    auto writer = ring.attachWriter();
    const auto largest = writer.getLargestMessage();

    CHECK (reader.wait (0ns) == RingWait::timedOut);
    CHECK (reader.wait (-1h) == RingWait::timedOut);
    CHECK (reader.wait (1ms) == RingWait::timedOut);
    CHECK (writer.wait (largest, std::chrono::nanoseconds::max()) == RingWait::ready);
    CHECK (writer.wait (largest + 1, 1h) == RingWait::impossible);

    SECTION ("woken")
    {
        constexpr auto numRounds = 200;
        std::thread other (
            [&]
            {
                for (int i = 0; i < numRounds; ++i)
                {
                    while (writer.write (test::bytesOf (900, 1)) == RingStatus::full)
                        static_cast<void> (writer.wait (900, 1h));

                    writer.wake();
                }
            });

        auto numReady = 0;

        for (int i = 0; i < numRounds; ++i)
        {
            numReady += reader.wait (1h) == RingWait::ready ? 1 : 0;
            numReady += reader.read().getBytes().size() == 900 ? 1 : 0;
            reader.wake();
        }

        other.join();
        CHECK (numReady == 2 * numRounds);
    }

    SECTION ("the other side has left")
    {
        REQUIRE (writer.write (asBytes ("last")) == RingStatus::ok);
        writer = {};
        CHECK (reader.wait (1h) == RingWait::ready); // what it wrote is there first
        CHECK (readText (reader) == "last");
        CHECK (reader.wait (1h) == RingWait::peerGone);
    }

    SECTION ("the other side is killed in the meantime")
    {
        writer = {};
        std::atomic<pid_t> child = fork();

        if (child == 0)
        {
            new rt::RingWriter<> (MirroredRing::openDescriptor (ring.getDescriptor()).attachWriter());

            for (;;)
                pause();
        }

        while (! reader.isPeerAlive())
            std::this_thread::yield();

        std::thread killer ([&] { kill (child, SIGKILL); });
        CHECK (reader.wait (1h) == RingWait::peerGone);
        killer.join();
        waitpid (child, nullptr, 0);
    }

    SECTION ("there has never been anybody")
    {
        const auto other = MirroredRing::createAnonymous (ringOf (1000));
        auto lonely = other.attachReader();
        CHECK (lonely.wait (1ms) == RingWait::timedOut);
    }
}

TEST_CASE ("MirroredRing: a wake is asked for by whoever sleeps, and by nobody else")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    auto reader = ring.attachReader();
    auto writer = ring.attachWriter();
    CHECK_FALSE (writer.takeWakeRequest());
    CHECK_FALSE (reader.takeWakeRequest());

    CHECK (reader.prepareToWait());
    CHECK (writer.takeWakeRequest());
    CHECK_FALSE (writer.takeWakeRequest());

    REQUIRE (writer.write (asBytes ("x")) == RingStatus::ok);
    CHECK_FALSE (reader.prepareToWait());
    CHECK_FALSE (writer.takeWakeRequest());

    const auto largest = writer.getLargestMessage();
    CHECK (writer.prepareToWait (largest));
    CHECK (reader.takeWakeRequest());
    readText (reader);
    CHECK_FALSE (writer.prepareToWait (largest));
    CHECK_FALSE (reader.takeWakeRequest());
}

TEST_CASE ("MirroredRing: a file whose header cannot be is not opened")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (10'000));
    const test::RawFile raw (ring);
    const auto good = raw.geometry();
    const auto open = [&] { MirroredRing::openDescriptor (ring.getDescriptor()); };
    const auto refuse = [&] (auto change, Reason reason)
    {
        raw.geometry() = good;
        change (raw.geometry());
        CHECK (reasonOf (open) == reason);
        raw.geometry() = good;
        REQUIRE_NOTHROW (open());
    };

    using Geometry = rt::detail::RingGeometry;
    refuse ([] (Geometry& g) { g.magic = 0; }, Reason::notARing);
    refuse ([] (Geometry& g) { g.magic ^= 1; }, Reason::notARing);
    refuse ([] (Geometry& g) { g.version = 0; }, Reason::otherVersion);
    refuse ([] (Geometry& g) { g.version = 2; }, Reason::otherVersion);
    refuse ([] (Geometry& g) { g.spacing = 64; }, Reason::notARing);

    for (const std::uint64_t bad : { std::uint64_t{ 0 }, std::uint64_t{ 1 }, std::uint64_t{ 7 }, std::uint64_t{ 24 },
                                     std::uint64_t{ 8192 }, std::uint64_t{ 1 } << 63, ~std::uint64_t{ 0 } })
        refuse ([bad] (Geometry& g) { g.alignment = bad; }, Reason::notARing);

    for (const auto bad :
         { std::uint64_t{ 0 }, std::uint64_t{ 4095 }, std::uint64_t{ 4096 }, good.dataBytes - 4096, good.dataBytes + 4096,
           std::uint64_t{ 1 } << 50, std::uint64_t{ 1 } << 63, ~std::uint64_t{ 4095 }, ~std::uint64_t{ 0 } })
        refuse ([bad] (Geometry& g) { g.dataBytes = bad; }, Reason::notARing);

    for (const auto bad : { std::uint64_t{ 0 }, std::uint64_t{ 1 }, std::uint64_t{ 8192 }, std::uint64_t{ 12288 },
                            std::uint64_t{ 1 } << 40, std::uint64_t{ 1 } << 63, ~std::uint64_t{ 4095 } })
        refuse ([bad] (Geometry& g) { g.headerBytes = bad; }, Reason::notARing);

    // Sizes that together are right again, or would be if they wrapped.
    refuse (
        [&] (Geometry& g)
        {
            g.headerBytes += g.dataBytes;
            g.dataBytes = 0;
        },
        Reason::notARing);
    refuse (
        [&] (Geometry& g)
        {
            g.headerBytes = 12288;
            g.dataBytes -= 8192;
        },
        Reason::notARing);
    refuse (
        [&] (Geometry& g)
        {
            g.headerBytes = std::uint64_t{ 1 } << 63;
            g.dataBytes += 4096 - g.headerBytes;
        },
        Reason::notARing);
}

TEST_CASE ("MirroredRing: what is no ring is not opened")
{
    SECTION ("a sealed file that is too short")
    {
        for (const auto size : { 0, 1, 8, 39, 4096 })
        {
            const auto file = memfd_create ("short", MFD_ALLOW_SEALING | MFD_CLOEXEC);
            REQUIRE (ftruncate (file, size) == 0);
            const auto magic = rt::detail::RingGeometry::theMagic;

            if (size >= 8)
                REQUIRE (pwrite (file, &magic, sizeof (magic), 0) == 8);

            REQUIRE (fcntl (file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
            const auto reason = reasonOf ([&] { MirroredRing::openDescriptor (file); });
            CHECK (reason == (size < 4096 ? Reason::notARing : Reason::otherVersion));
            close (file);
        }
    }

    SECTION ("half sealed, or not at all")
    {
        for (const auto seals : { 0, F_SEAL_GROW, F_SEAL_SHRINK })
        {
            const auto file = memfd_create ("unsealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
            REQUIRE (ftruncate (file, 8192) == 0);
            REQUIRE (fcntl (file, F_ADD_SEALS, seals) == 0);
            CHECK (reasonOf ([&] { MirroredRing::openDescriptor (file); }) == Reason::notSealed);
            close (file);
        }
    }

    SECTION ("something that would make one wait")
    {
        int ends[2]{};
        REQUIRE (pipe (ends) == 0);
        CHECK (reasonOf ([&] { MirroredRing::openDescriptor (ends[0]); }) == Reason::notARing);
        close (ends[0]);
        close (ends[1]);
        CHECK (reasonOf ([&] { MirroredRing::openDescriptor (9999); }) == Reason::notARing);

        const auto path = uniquePath();
        REQUIRE (mkfifo (path.c_str(), 0600) == 0);
        CHECK (reasonOf ([&] { MirroredRing::openFile (path); }) == Reason::notARing);
        std::remove (path.c_str());
    }

    SECTION ("a ring that somebody is still making")
    {
        const auto path = uniquePath();
        std::ofstream (path) << std::string (8192, '\0');
        std::string text;
        CHECK (reasonOf ([&] { MirroredRing::openFile (path); }, &text) == Reason::notARing);
        CHECK (text.find ("not done yet") != std::string::npos);
        std::remove (path.c_str());
    }
}

TEST_CASE ("MirroredRing: the size of a ring that is passed on cannot be changed")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (1000));
    CHECK (ftruncate (ring.getDescriptor(), 0) != 0);
    CHECK (ftruncate (ring.getDescriptor(), 1 << 20) != 0);
    CHECK (fcntl (ring.getDescriptor(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
}

TEST_CASE ("MirroredRing: a reader believes no word that cannot be")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (4080));
    const test::RawFile raw (ring);
    using rt::detail::RingWord;
    const auto largest = ring.getLargestMessage();

    for (const auto word : { std::uint64_t{ 1 }, RingWord::make (8, 10), RingWord::make (0, largest + 1),
                             RingWord::make (0, largest + 8), RingWord::make (0, RingWord::sizeMask - 1),
                             RingWord::tagOf (0) << 40 | 0, ~std::uint64_t{ 0 }, std::uint64_t{ 1 } << 63 })
    {
        if (word == 0)
            continue;

        {
            auto reader = ring.attachReader();
            raw.wordAt (0) = word;
            CAPTURE (word);
            CHECK (reader.read().getStatus() == RingStatus::corrupt);
            raw.wordAt (0) = RingWord::make (0, 10);
            CHECK (reader.read().getStatus() == RingStatus::corrupt); // and from then on nothing
            CHECK (reader.readBatch().getStatus() == RingStatus::corrupt);
            CHECK (reader.getStatus() == RingStatus::corrupt);
            CHECK (reader.wait (std::chrono::hours (1)) == RingWait::corrupt);
        }

        {
            auto reader = ring.attachReader();
            raw.wordAt (0) = word;
            auto batch = reader.readBatch();
            CHECK (batch.next().data() == nullptr);
            CHECK (batch.getStatus() == RingStatus::corrupt);
            raw.wordAt (0) = RingWord::make (0, 10);
            CHECK (batch.next().data() == nullptr);
        }

        // Nor does a writer that comes to it.
        raw.wordAt (0) = word;
        CHECK (reasonOf ([&] { static_cast<void> (ring.attachWriter()); }) == Reason::corrupt);
        raw.wordAt (0) = 0;
    }

    // The largest that can be is read, and is in the memory.
    raw.wordAt (0) = RingWord::make (0, largest);
    auto reader = ring.attachReader();
    CHECK (reader.read().getBytes().size() == largest);
}

TEST_CASE ("MirroredRing: messages that go round in circles are noticed")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (4080));
    const test::RawFile raw (ring);
    auto reader = ring.attachReader();
    using rt::detail::RingWord;

    // Sixteen messages fill the ring to the last byte, which no writer does. The seventeenth would be the first once more.
    for (std::uint64_t i = 0; i < 16; ++i)
        raw.wordAt (i * 256) = RingWord::make (i * 256, 248);

    auto batch = reader.readBatch();
    auto numRead = 0;

    while (batch.next().data() != nullptr && numRead < 100)
        ++numRead;

    CHECK (numRead == 15);
    CHECK (batch.getStatus() == RingStatus::corrupt);
    CHECK (reasonOf ([&] { static_cast<void> (ring.attachWriter()); }) == Reason::corrupt);
}

TEST_CASE ("MirroredRing: a writer believes no offset that cannot be")
{
    for (const auto bad : { std::uint64_t{ 1 }, std::uint64_t{ 7 }, std::uint64_t{ 4096 }, std::uint64_t{ 1024 + 8 },
                            std::uint64_t{ 1 } << 63, ~std::uint64_t{ 7 }, ~std::uint64_t{ 0 } })
    {
        const auto ring = MirroredRing::createAnonymous (ringOf (4080));
        const test::RawFile raw (ring);
        auto writer = ring.attachWriter();
        REQUIRE (writer.write (test::bytesOf (1016, 1)) == RingStatus::ok);
        raw.header().released.store (bad);
        CAPTURE (bad);

        // As long as it knows of room it does not look.
        REQUIRE (writer.write (test::bytesOf (1016, 1)) == RingStatus::ok);
        CHECK (writer.reserve (4000).getStatus() == (bad == 1024 + 8 ? RingStatus::full : RingStatus::corrupt));

        if (bad == 1024 + 8)
            continue; // a reader that lies, but what it says could be

        CHECK (writer.write (test::bytesOf (1, 1)) == RingStatus::corrupt);
        CHECK (writer.getStatus() == RingStatus::corrupt);
        CHECK (writer.startBatch().getStatus() == RingStatus::corrupt);
        CHECK (writer.wait (1, std::chrono::hours (1)) == RingWait::corrupt);
    }

    // One that goes back.
    const auto ring = MirroredRing::createAnonymous (ringOf (4080));
    const test::RawFile raw (ring);
    auto writer = ring.attachWriter();
    auto reader = ring.attachReader();

    for (int i = 0; i < 5; ++i)
    {
        REQUIRE (writer.write (test::bytesOf (1016, 1)) == RingStatus::ok);
        REQUIRE (reader.read());
    }

    raw.header().released.store (0);
    CHECK (writer.reserve (4000).getStatus() == RingStatus::corrupt);
}

TEST_CASE ("MirroredRing: offsets that cannot be keep everybody from attaching")
{
    const auto ring = MirroredRing::createAnonymous (ringOf (4080));
    const test::RawFile raw (ring);
    raw.header().released.store (4);
    CHECK (reasonOf ([&] { static_cast<void> (ring.attachReader()); }) == Reason::corrupt);
    CHECK (reasonOf ([&] { static_cast<void> (ring.attachWriter()); }) == Reason::corrupt);
    CHECK_FALSE (ring.hasReader());
    raw.header().released.store (0);
    raw.header().committed.store (12);
    CHECK (reasonOf ([&] { static_cast<void> (ring.attachWriter()); }) == Reason::corrupt);
    raw.header().committed.store (std::uint64_t{ 1 } << 40); // behind the reader by more than a ring: only a hint
    CHECK_NOTHROW (ring.attachWriter());
    CHECK_NOTHROW (ring.attachReader());
}

TEST_CASE ("MirroredRing: a ring that is populated is in memory at once")
{
    if (test::isSanitized)
    {
        WARN ("skipped under a sanitizer");
        return;
    }

    const auto countResident = [] (const rt::MirroredRingMapping& mapping)
    {
        auto options = ringOf (1 << 20);
        options.mapping = mapping;
        const auto ring = MirroredRing::createAnonymous (options);
        rusage before{}, after{};
        auto writer = ring.attachWriter();
        writer.write (test::bytesOf (8, 1));
        getrusage (RUSAGE_SELF, &before);
        auto message = writer.reserve (1'000'000);
        std::memset (message.getBytes().data(), 1, 1'000'000);
        getrusage (RUSAGE_SELF, &after);
        return after.ru_minflt - before.ru_minflt;
    };

    CHECK (countResident ({}) > 5);
    CHECK (countResident ({ true, false }) <= 2);
}

TEST_CASE ("MirroredRing: a ring that is locked stays in memory, or the error says how")
{
    if (test::isSanitized)
    {
        WARN ("skipped under a sanitizer");
        return;
    }

    const auto getLockedKilobytes = []
    {
        std::ifstream status ("/proc/self/status");
        std::string word;
        long kilobytes = -1;

        while (status >> word)
            if (word == "VmLck:")
                status >> kilobytes;

        return kilobytes;
    };

    auto options = ringOf (100'000);
    options.mapping.lock = true;
    CHECK (getLockedKilobytes() == 0);

    {
        const auto ring = MirroredRing::createAnonymous (options);
        CHECK (getLockedKilobytes() >= 200);
        CHECK (MirroredRing::openDescriptor (ring.getDescriptor(), { true, true }).getDataBytes() == ring.getDataBytes());
    }

    CHECK (getLockedKilobytes() == 0);

    // Without the right to, and with a limit that is too low.
    CHECK (test::doesInChild (
        [&]
        {
            const rlimit limit{ 65536, 65536 };

            if (setrlimit (RLIMIT_MEMLOCK, &limit) != 0 || (getuid() == 0 && setuid (65534) != 0))
                return false;

            try
            {
                MirroredRing::createAnonymous (options);
            }
            catch (const rt::MirroredRingError& error)
            {
                return error.getReason() == Reason::cannotLock && error.getSystemError() != 0
                       && std::string (error.what()).find ("ulimit -l") != std::string::npos;
            }

            return false;
        }));
}

TEST_CASE ("MirroredRing: huge pages may be asked for")
{
    auto options = ringOf (1000);
    options.pages = rt::MirroredRingOptions::Pages::transparentHuge;
    const auto ring = MirroredRing::createAnonymous (options);
    CHECK (ring.getDataBytes() == 2 << 20);
    auto writer = ring.attachWriter();
    auto reader = MirroredRing::openDescriptor (ring.getDescriptor()).attachReader();
    CHECK (writer.write (test::bytesOf (2'000'000, 1)) == RingStatus::ok);
    CHECK (test::areSame (reader.read().getBytes(), test::bytesOf (2'000'000, 1)));

    // Those of the pool belong to no name; see huge_pages_ring for the rest.
    options.pages = rt::MirroredRingOptions::Pages::huge;
    CHECK (reasonOf ([&] { MirroredRing::createNamed (uniqueName(), options); }) == Reason::badOption);
    CHECK (reasonOf ([&] { MirroredRing::createFile (uniquePath(), options); }) == Reason::badOption);
}
