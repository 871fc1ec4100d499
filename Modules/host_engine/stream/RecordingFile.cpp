#include "RecordingFile.h"

#include <host_graph/Error.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace host
{

static_assert (std::endian::native == std::endian::little, "samples are written as they lie in memory");

namespace
{
constexpr auto stallPatience = std::chrono::seconds (5);
constexpr auto* advice = "check the folder, who may write there, and the free space";

[[noreturn]] void refuse (const std::string& name, const std::string& why)
{
    throw Error (name, "cannot be recorded to: " + why, advice, Error::Kind::failed);
}
} // namespace

std::array<char, RecordingFile::headerBytes> RecordingFile::makeHeader (int numChannels, double sampleRate,
                                                                        std::int64_t numDataBytes)
{
    std::array<char, headerBytes> header{};
    std::size_t place = 0;

    const auto put = [&] (const auto& value, std::size_t size)
    {
        std::memcpy (header.data() + place, &value, size);
        place += size;
    };
    const auto id = [&] (const char* text)
    {
        std::memcpy (header.data() + place, text, 4);
        place += 4;
    };

    constexpr std::uint32_t unknown = 0xffffffff;
    const auto isLarge = numDataBytes > std::int64_t (unknown) - std::int64_t (headerBytes);
    const auto is32 = numDataBytes >= 0 && ! isLarge;
    const auto frameBytes = std::uint32_t (numChannels) * 4;
    const auto rate = std::uint32_t (std::llround (sampleRate));

    id (isLarge ? "RF64" : "RIFF");
    put (is32 ? std::uint32_t (numDataBytes + std::int64_t (headerBytes) - 8) : unknown, 4);
    id ("WAVE");

    // What a RF64 needs, or as much to skip.
    id (isLarge ? "ds64" : "JUNK");
    put (std::uint32_t (28), 4);
    put (isLarge ? std::uint64_t (numDataBytes + std::int64_t (headerBytes) - 8) : 0, 8);
    put (isLarge ? std::uint64_t (numDataBytes) : 0, 8);
    put (isLarge ? std::uint64_t (numDataBytes) / frameBytes : 0, 8);
    put (std::uint32_t (0), 4);

    id ("fmt ");
    put (std::uint32_t (16), 4);
    put (std::uint16_t (3), 2); // float
    put (std::uint16_t (numChannels), 2);
    put (rate, 4);
    put (rate * frameBytes, 4);
    put (std::uint16_t (frameBytes), 2);
    put (std::uint16_t (32), 2);

    id ("data");
    put (is32 ? std::uint32_t (numDataBytes) : unknown, 4);
    return header;
}

void RecordingFile::check (const juce::File& file)
{
    const auto path = file.getFullPathName().toStdString();
    const auto folder = file.getParentDirectory().getFullPathName().toStdString();
    struct stat status{};

    if (::stat (path.c_str(), &status) == 0)
    {
        if (S_ISDIR (status.st_mode))
            refuse (path, "it is a folder");

        if (::access (path.c_str(), W_OK) != 0)
            refuse (path, std::strerror (errno));
    }
    else if (::access (folder.c_str(), W_OK | X_OK) != 0)
    {
        refuse (path, std::strerror (errno));
    }
}

RecordingFile::RecordingFile (const juce::File& file, int channels, double rate, const std::atomic<bool>& giveUp)
    : name (file.getFullPathName().toStdString()), numChannels (channels), sampleRate (rate), isGivingUp (giveUp)
{
    struct stat status{};
    isPipe = ::stat (name.c_str(), &status) == 0 && ! S_ISREG (status.st_mode);

    if (isPipe)
    {
        openPipe (giveUp);
        writeToPipe (makeHeader (numChannels, sampleRate, -1));
        return;
    }

    descriptor = ::open (name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (descriptor < 0)
        fail (errno);

    if (::flock (descriptor, LOCK_EX | LOCK_NB) != 0)
    {
        ::close (descriptor);
        refuse (name, "another recorder is writing it");
    }

    if (::ftruncate (descriptor, 0) != 0)
    {
        const auto error = errno;
        ::close (descriptor);
        fail (error);
    }

    writeAt (makeHeader (numChannels, sampleRate, 0), 0);
}

RecordingFile::~RecordingFile()
{
    if (descriptor >= 0)
        ::close (descriptor);
}

void RecordingFile::fail (int error) const { refuse (name, std::strerror (error)); }

void RecordingFile::openPipe (const std::atomic<bool>& giveUp)
{
    const auto start = std::chrono::steady_clock::now();

    for (;;)
    {
        descriptor = ::open (name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);

        if (descriptor >= 0)
            return;

        if (errno != ENXIO)
            fail (errno);

        if (giveUp.load (std::memory_order_acquire) && std::chrono::steady_clock::now() - start > stallPatience)
            refuse (name, "nobody reads it");

        std::this_thread::sleep_for (std::chrono::milliseconds (5));
    }
}

void RecordingFile::write (std::span<const char> bytes)
{
    if (bytes.empty())
        return;

    if (isPipe)
        return writeToPipe (bytes);

    // First the samples, then the header that promises them: whenever the program ends, what it says is there.
    writeAt (bytes, std::int64_t (headerBytes) + numWritten);
    numWritten += std::int64_t (bytes.size());
    writeAt (makeHeader (numChannels, sampleRate, numWritten), 0);
}

void RecordingFile::writeAt (std::span<const char> bytes, std::int64_t offset)
{
    while (! bytes.empty())
    {
        const auto count = ::pwrite (descriptor, bytes.data(), bytes.size(), off_t (offset));

        if (count < 0 && errno != EINTR)
            fail (errno);

        if (count > 0)
        {
            bytes = bytes.subspan (std::size_t (count));
            offset += count;
        }
    }
}

void RecordingFile::writeToPipe (std::span<const char> bytes)
{
    // A pipe whose reader has gone is an error to tell, and not the end of the program.
    sigset_t brokenPipe;
    sigemptyset (&brokenPipe);
    sigaddset (&brokenPipe, SIGPIPE);
    pthread_sigmask (SIG_BLOCK, &brokenPipe, nullptr);

    auto lastProgress = std::chrono::steady_clock::now();

    while (! bytes.empty())
    {
        const auto count = ::write (descriptor, bytes.data(), bytes.size());

        if (count > 0)
        {
            bytes = bytes.subspan (std::size_t (count));
            lastProgress = std::chrono::steady_clock::now();
            continue;
        }

        if (count < 0 && errno != EAGAIN && errno != EINTR)
            fail (errno);

        if (isGivingUp.load (std::memory_order_acquire) && std::chrono::steady_clock::now() - lastProgress > stallPatience)
            refuse (name, "nobody reads it any more");

        pollfd wanted{ descriptor, POLLOUT, 0 };
        ::poll (&wanted, 1, 50);
    }
}

void RecordingFile::sync()
{
    if (! isPipe && ::fdatasync (descriptor) != 0)
        fail (errno);
}

} // namespace host
